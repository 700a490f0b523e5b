/** Bytes as people read them: hex, characters, and short labels. */

const strict = new TextDecoder('utf-8', { fatal: true });

/** "81 81 9c" @param {Uint8Array} bytes */
export function hex(bytes) {
  return Array.from(bytes, two).join(' ');
}

/** "81" @param {number} b */
export function two(b) {
  return b.toString(16).padStart(2, '0');
}

/** The bytes as UTF-8 with control characters made visible, or null when they are no UTF-8. @param {Uint8Array} bytes */
export function text(bytes) {
  try { return visible(strict.decode(bytes)); } catch { return null; }
}

const ESCAPES = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0' };

/** Control characters as JavaScript writes them, so that a line end can be seen. @param {string} s */
export function visible(s) {
  return s.replace(/[\u0000-\u001f\u007f]/g, (c) => ESCAPES[c] ?? `\\x${two(c.charCodeAt(0))}`);
}

/**
 * The bytes grouped into characters: [{bytes, char}], char null for a byte that is no text.
 * @param {Uint8Array} bytes
 */
export function characters(bytes) {
  const out = [];
  for (let i = 0; i < bytes.length;) {
    const n = lead(bytes[i]);
    const part = bytes.subarray(i, i + n);
    const all = part.length === n ? text(part) : null;
    const char = all && all.startsWith('\\x') ? null : all;
    out.push(char === null ? { bytes: bytes.subarray(i, i + 1), char: null } : { bytes: part, char });
    i += char === null ? 1 : n;
  }
  return out;
}

/** How many bytes a character has that begins so. */
function lead(b) {
  return b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : b >= 0xc0 ? 2 : 1;
}
