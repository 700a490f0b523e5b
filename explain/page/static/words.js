/**
 * Fills the words of an event with its fields. The twin of explain/words.go, which has the rules: both are tested with
 * the cases of explain/testdata/words/fill.json.
 *
 * @typedef {{title: string, text: string, note?: string, rfc?: string}} Words
 */

/**
 * What an event is, in the language of the table.
 * @param {Record<string, Words>} words a table of /api/words/en or /zh
 * @param {Record<string, any>} event of the live feed, with `say`; or a fact of JavaScript's
 * @returns {Words}
 */
export function fill(words, event) {
  const { title, text, note = '', rfc = '' } = words[event.say ?? `${event.layer}.${event.kind}`] ?? words.unknown;
  return { title: fillOne(title, event), text: fillOne(text, event), note: fillOne(note, event), rfc };
}

const TEXTS = new Set(['layer', 'kind', 'local', 'remote', 'error', 'reason', 'path', 'target', 'why']);

function fillOne(text, event) {
  return text.replace(/\{([A-Za-z_.]+)(?:\|([^|}]*)\|([^|}]*))?\}/g, (_, name, one, many) => {
    const value = name.split('.').reduce((v, key) => v?.[key], event);
    if (one !== undefined) return value === 1 ? one : many;
    return fieldText(name, value);
  });
}

function fieldText(name, value) {
  if (name.includes('.') && (value === undefined || value === '')) return '–';
  if (name === 'head' || name === 'key') return hex(value ?? '');
  if (typeof value === 'string' || TEXTS.has(name)) {
    const text = cut(value ?? '', 200);
    return name === 'error' && text ? ` (${text})` : text;
  }
  return name === 'code' || name === 'status' ? String(value ?? 0) : digits(value ?? 0);
}

/** The digits of a number in groups of three. */
function digits(n) {
  return String(n).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** Bytes in base64 as pairs of hex digits. */
function hex(base64) {
  return [...atob(base64)].map((c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join(' ');
}

function cut(text, most) {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most).join('')}…` : text;
}
