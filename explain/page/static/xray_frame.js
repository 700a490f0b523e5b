/** A WebSocket frame, byte by byte (RFC 6455 section 5.2): the header by its bits, the payload with and without mask. */
import { h } from './dom.js';
import { t } from './lang.js';
import { headLength } from './spans.js';
import { encrypted, keyOf, mask, unbase64, wireAt } from './wire.js';
import { hex, two } from './glyphs.js';
import { columns } from './xray_bytes.js';

const MOST = 256;
const OPCODES = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };

/** @param {any} store @param {any} e a frame event */
export function frameBody(store, e) {
  const head = unbase64(e.head || '');
  if (head.length < 2) return h('p', { class: 'soft' }, t('xray.frame.cut'));
  return h('div', { class: 'xray-frame' }, header(e, head), payload(store, e, head.length));
}

/** The header's bytes as boxes, and what each bit says. */
function header(e, head) {
  const opcode = t(`xray.opcode.${OPCODES[e.opcode || 0] || 'unknown'}`);
  const length = head[1] & 0x7f;
  const extended = length === 126 ? 2 : length === 127 ? 8 : 0;
  const boxes = [
    box(head.subarray(0, 1), [
      ['fin', bits(head[0], 7, 1), t(`xray.fin.${(e.opcode || 0) > 7 ? 'control' : Number(Boolean(e.final))}`)],
      ['rsv', bits(head[0], 4, 3), t(e.reserved ? 'xray.rsv.set' : 'xray.rsv')],
      ['opcode', bits(head[0], 0, 4), `${e.opcode || 0} = ${opcode}`]]),
    box(head.subarray(1, 2), [
      ['mask', bits(head[1], 7, 1), t(e.masked ? 'xray.mask.1' : 'xray.mask.0')],
      ['length', bits(head[1], 0, 7), t(extended ? 'xray.length.more' : 'xray.length', { n: length, bytes: extended })]]),
  ];
  if (extended) boxes.push(box(head.subarray(2, 2 + extended), [['extended', '', t('xray.extended', { bits: extended * 8, n: e.size || 0 })]]));
  if (e.masked) boxes.push(box(head.subarray(2 + extended), [['key', '', t('xray.key')]]));
  return h('div', { class: 'xray-part' }, h('h4', null, t('xray.header', { n: head.length })), h('div', { class: 'xray-boxes who-a' }, boxes));
}

function box(bytes, parts) {
  return h('div', { class: 'xray-box' },
    h('code', { class: 'xray-hex' }, hex(bytes)),
    h('dl', null, parts.map(([name, value, says]) => h('div', null,
      h('dt', null, value ? h('code', null, value) : null, ` ${t(`xray.name.${name}`)}`), h('dd', null, says)))));
}

/** n bits of a byte from bit `low` on, as digits. */
function bits(byte, low, n) {
  return ((byte >> low) & ((1 << n) - 1)).toString(2).padStart(n, '0');
}

function payload(store, e, headLen) {
  const size = e.size || 0;
  const n = Math.min(size, MOST, (e.len || Infinity) - headLen);
  const part = h('div', { class: 'xray-part' }, h('h4', null, t('xray.payload', { n: size })));
  if (!size) return part;
  const wire = wireAt(store, 'A', e.dir, (e.off || 0) + headLength(e), n);
  const told = store.bytesOf(e).subarray(0, n);
  const other = (e.opcode || 0) <= 2 ? wireAt(store, 'B', e.dir === 'in' ? 'out' : 'in', e.pos || 0, n) : null;
  const key = e.masked ? keyOf(e) : null;
  if (!wire) {
    part.append(h('p', { class: 'soft' }, t('xray.wire.lost')), columns([['payload', told]], told));
    return part;
  }
  const plain = key ? mask(wire, key) : wire;
  const lines = key ? [['wire', wire], ['key', wire.map((_, i) => key[i % 4])], ['plain', plain]] : [['plain', wire]];
  part.append(columns(lines, plain, { tls: encrypted(store, 'A'), code: e.kind === 'close' && plain.length > 1 ? e.code : undefined }));
  if (size > n) part.append(h('p', { class: 'soft small' }, t('xray.more', { n: size - n })));
  if (other || told.length === n) part.append(check(e, plain, other || told, key && wire, Boolean(other)));
  return part;
}

/** The bytes of connection A against those of B, which other calls carried; where there is no B, what the frame held. */
function check(e, plain, told, wire, onB) {
  const same = plain.every((b, i) => b === told[i]);
  const first = wire ? `${two(wire[0])} ⊕ ${two(keyOf(e)[0])} = ${two(plain[0])}. ` : '';
  const text = same ? `xray.check.${onB ? e.dir : 'frame'}` : 'xray.check.no';
  return h('p', { class: `xray-check ${same ? 'yes' : 'no'}` }, first, t(text, { n: plain.length }));
}
