/**
 * Bytes as text. A stream of bytes is decoded as one, so that a character that was cut in two messages stays whole: it
 * appears with the message that completes it.
 */

/** Encodings a target may speak; names for TextDecoder. */
export const ENCODINGS = ['utf-8', 'gbk', 'big5', 'shift_jis', 'iso-8859-1'];

/** One direction of a connection, decoded as it comes. */
export class StreamText {
  /** @param {string} encoding one of ENCODINGS */
  constructor(encoding) {
    this.decoder = new TextDecoder(encoding);
  }

  /** The text that these bytes complete. @param {Uint8Array} bytes */
  push(bytes) {
    return this.decoder.decode(bytes, { stream: true });
  }

  /** What is left at the end: a replacement character when a character was never completed. */
  end() {
    return this.decoder.decode();
  }
}

/**
 * Text in which control characters can be seen, as JavaScript writes them: pieces in turn, [plain, control, plain …]. A
 * line end keeps its effect when something follows.
 * @param {string} text
 * @returns {string[]}
 */
export function visible(text) {
  const parts = text.split(/([\x00-\x1f\x7f]+)/);
  return parts.map((part, i) => {
    if (i % 2 === 0) return part;
    const shown = Array.from(part, escape).join('');
    return parts[i + 1] ? shown : shown.replace(/\n$/, '');
  });
}

const SHORT = { '\n': '\\n\n', '\r': '\\r', '\t': '\\t', '\0': '\\0' };

function escape(c) {
  return SHORT[c] || `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/**
 * Bytes typed as hex: pairs of digits, with spaces, commas, line ends or 0x where one likes. null when it is no hex.
 * @param {string} text
 * @returns {Uint8Array|null}
 */
export function parseHex(text) {
  const digits = text.replace(/0x|[\s,;:]+/gi, '');
  if (digits.length % 2 || /[^0-9a-f]/i.test(digits)) return null;
  return Uint8Array.from(digits.match(/../g) || [], (pair) => parseInt(pair, 16));
}

/** The first place where text is no hex, for the message: the character, or '' when a digit is missing at the end. */
export function badHex(text) {
  return /[^0-9a-fx\s,;:]/iu.exec(text)?.[0] ?? '';
}

/** @param {Uint8Array} bytes */
export function hex(bytes) {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(' ');
}
