/** The JavaScript that was run, and how large that was in three measures. Wire bytes are those of the frame events. */
import { clear, h, rich } from './dom.js';
import { t } from './lang.js';
import { encrypted } from './wire.js';

const MOST = 56; // characters of a literal

/**
 * The call as code.
 * @param {string|Uint8Array} x what is sent
 * @param {'text'|'binary'|'hex'} as
 * @param {string} typed what was typed
 */
export function callOf(x, as, typed) {
  if (as === 'text') return `ws.send(${literal(typed)})`;
  if (as === 'binary') return `ws.send(new TextEncoder().encode(${literal(typed)}))`;
  const list = Array.from(/** @type {Uint8Array} */ (x).slice(0, 12), (b) => `0x${b.toString(16).padStart(2, '0')}`);
  return `ws.send(new Uint8Array([${list.join(', ')}${x.length > 12 ? ', …' : ''}]))`;
}

/** Shows a run's sizes (see Console.send) under the call. Returns whether all of its frames have been seen. */
export function showSizes(el, store, { call, from, to }) {
  const facts = store.events.filter((e) => e.src === 'js' && e.kind === 'send' && e.n >= from && e.n <= to);
  const frames = store.events.filter((e) => e.layer === 'frame' && e.stream === 'A' && e.dir === 'in' && e.kind !== 'begin'
    && e.kind !== 'cut' && (e.opcode || 0) <= 2 && e.message >= from && e.message <= to);
  const sum = (list, of) => list.reduce((n, e) => n + of(e), 0);
  const utf8 = sum(facts, (e) => e.len);
  const whole = sum(frames, (e) => e.size || 0) === utf8 && frames.length > 0;
  const units = facts.every((e) => e.text) ? t('sizes.units', { n: sum(facts, (e) => e.units) }) : null;
  const wire = whole
    ? t(encrypted(store, 'A') ? 'sizes.wire.tls' : 'sizes.wire', { n: sum(frames, (e) => e.len), extra: sum(frames, (e) => e.len - e.size), frames: frames.length })
    : t('sizes.waiting');
  clear(el).append(
    h('code', { class: 'call js' }, call),
    h('ul', { class: 'sizes' }, [units, t('sizes.utf8', { n: utf8 }), wire].map((s) => s && h('li', null, rich(s)))));
  return whole;
}

/** A string as JavaScript writes it, cut when long. */
export function literal(text) {
  const chars = Array.from(text.slice(0, MOST * 2));
  return JSON.stringify(chars.slice(0, MOST).join('') + (chars.length > MOST ? '…' : ''));
}
