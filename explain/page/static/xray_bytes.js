/** Plain bytes: hex over characters, sizes, and for what read() and write() carried on A the frames they cut. */
import { h } from './dom.js';
import { t, num } from './lang.js';
import { characters, two } from './glyphs.js';
import { encrypted, framesAt } from './wire.js';

const MOST = 256;
const FRAMES = 12;

/** @param {any} store @param {any} e an event with bytes */
export function bytesBody(store, e) {
  const data = store.bytesOf(e);
  const total = e.size ?? e.len ?? data.length;
  const shown = data.subarray(0, MOST);
  const part = h('div', { class: 'xray-part' }, h('h4', null, t('xray.bytes', { n: total })));
  const sizes = e.layer === 'js' && e.text ? h('p', { class: 'soft small' }, t('xray.units', { units: e.units, bytes: total })) : null;
  const raw = e.stream === 'A' && e.layer !== 'message';
  part.append(sizes || '', shown.length ? columns([[raw ? 'wire' : 'plain', shown]], shown, { raw, tls: encrypted(store, e.stream) })
    : h('p', { class: 'soft' }, t(total ? 'xray.bytes.lost' : 'xray.bytes.none')));
  if (shown.length && total > shown.length) part.append(h('p', { class: 'soft small' }, t('xray.more', { n: total - shown.length })));
  const onA = e.stream === 'A' && (e.layer === 'read' || e.layer === 'write');
  return h('div', null, part, onA ? frames(store, e) : null);
}

/**
 * Bytes in columns, one line of hex for each account of them, and the characters below. Characters of several bytes
 * span their columns; the whole wraps between characters.
 * @param {[string, Uint8Array][]} lines name and bytes, all of the same length
 * @param {Uint8Array} plain what the characters are read from
 * @param {{raw?: boolean, code?: number, tls?: boolean}} [how] raw: these are not text, so no character has several bytes; code: the
 *   first two bytes are this number; tls: the wire has them inside TLS
 */
export function columns(lines, plain, how = {}) {
  const list = h('div', { class: 'bytes', role: 'img', 'aria-label': t('xray.columns', { n: plain.length }) }, legend(lines, how.tls));
  let at = 0;
  for (const { bytes, char } of groups(plain, how)) {
    const n = bytes.length;
    const cells = lines.flatMap(([name, all]) => Array.from(all.subarray(at, at + n), (b) => h('span', { class: `byte ${name}` }, two(b))));
    list.append(h('span', { class: 'char-group', style: { '--n': n } }, cells, h('span', { class: 'char' }, char ?? '·')));
    at += n;
  }
  return list;
}

function groups(plain, { raw, code }) {
  if (raw) return single(plain);
  if (code === undefined) return characters(plain);
  return [{ bytes: plain.subarray(0, 2), char: String(code) }, ...characters(plain.subarray(2))];
}

function legend(lines, tls) {
  const names = [...lines.map(([name]) => name), 'char'];
  return h('span', { class: 'char-group legend' }, names.map((name) => h('span', { class: 'byte' }, t(tls && name === 'wire' ? 'xray.line.wire.tls' : `xray.line.${name}`))));
}

/** Bytes that are not text: printable ASCII is shown, the rest is a dot. */
function single(bytes) {
  return Array.from(bytes, (b) => ({ bytes: [b], char: b > 32 && b < 127 ? String.fromCharCode(b) : null }));
}

/** What of which frames a call on A carried. */
function frames(store, e) {
  const from = e.off || 0;
  const to = from + (e.len || 0);
  const list = framesAt(store, e.dir, from, e.len || 0);
  if (!list.length) return null;
  const items = list.slice(0, FRAMES).map((f) => {
    const start = f.off || 0;
    const end = start + (f.len || 0);
    const whole = from <= start && end <= to;
    const params = { n: f.n, from: num(Math.max(from, start)), to: num(Math.min(to, end)), of: f.len || 0 };
    const on = { click: () => store.inspect(f), pointerenter: () => store.select(f), focus: () => store.select(f) };
    return h('li', null, h('button', { type: 'button', class: 'chain-link', on }, t(whole ? 'xray.frames.whole' : 'xray.frames.part', params)));
  });
  if (list.length > FRAMES) items.push(h('li', { class: 'soft' }, t('layers.more', { n: list.length - FRAMES })));
  return h('div', { class: 'xray-part' }, h('h4', null, t(`xray.frames.${e.layer}`, { n: list.length })), h('ul', { class: 'xray-frames who-a' }, items));
}
