/**
 * Two equations that hold exactly while nothing moves, because the kernel's counts and ours are about the same bytes:
 *   what read() returned + what waits for it = bytes_received
 *   bytes_acked − 1 (the SYN) = what the target has read + what waits for it
 * A PROXY header that went before is a term of its own. Under TLS neither holds, and that is said.
 */
import { h } from './dom.js';
import { t, num } from './lang.js';
import { encrypted, gotFIN, prefaceLength } from './wire.js';

const QUIET = 100_000; // microseconds after the last call; a sample that is older may be of a moment in between

/** States in which our FIN is acknowledged; the kernel counts it as one byte. */
const FIN_ACKED = new Set(['FIN-WAIT-2', 'TIME-WAIT']);

/** @param {any} store @returns {HTMLElement[]} those whose numbers are all known */
export function equations(store) {
  const [a, b, target] = ['A', 'B', 'target'].map((which) => store.latestTCP(which));
  return [received(store, 'A', a), received(store, 'B', b), acked(store, b, target), ...secret(store)].filter(Boolean);
}

/** One socket, one sample. */
function received(store, stream, sample) {
  const { bytes_read: read, inq, bytes_received: got } = sample?.tcp || {};
  if (read === undefined || inq === undefined || got === undefined || encrypted(store, stream)) return null;
  const fin = gotFIN(store, stream, sample) ? 1 : 0;
  const preface = prefaceLength(store, stream, 'in');
  const left = [...(preface ? [[preface, 'preface']] : []), [read, 'read'], [inq, 'inq'], ...(fin ? [[1, 'fin']] : [])];
  const holds = preface + read + inq + fin === got;
  return line(stream === 'A' ? 'a' : 'b', t(`kernel.column.${stream}`), left, '+', [[got, 'received']], verdict(store, holds, sample));
}

/** Two sockets, two samples. */
function acked(store, b, target) {
  const { bytes_acked: got, state } = b?.tcp || {};
  const { bytes_read: read, inq } = target?.tcp || {};
  if (got === undefined || read === undefined || inq === undefined || encrypted(store, 'B')) return null;
  const fin = FIN_ACKED.has(state) || store.events.some((e) => e.layer === 'recv' && e.kind === 'eof' && e.t <= b.t) ? 1 : 0;
  const left = [[got, 'acked'], [1, 'syn'], ...(fin ? [[1, 'fin']] : [])];
  return line('b', t('kernel.across'), left, '−', [[read, 'target-read'], [inq, 'target-inq']], verdict(store, got - 1 - fin === read + inq, b, target));
}

/** The kernel counts what is on the wire, which under TLS is more than was read and written. */
function secret(store) {
  return ['A', 'B'].filter((stream) => encrypted(store, stream))
    .map((stream) => h('p', { class: 'small soft' }, t('kernel.tls', { stream })));
}

/** holds; moving: bytes were on their way when it was sampled; differs: they were not. */
function verdict(store, holds, ...samples) {
  if (holds) return 'holds';
  const last = store.events.findLast((e) => ['read', 'write', 'recv', 'send'].includes(e.layer));
  return last && samples.some((s) => s.t < last.t + QUIET) ? 'moving' : 'differs';
}

function line(who, name, left, sign, right, how) {
  return h('div', { class: `sum who-${who}` }, h('strong', null, name),
    h('p', { class: 'sum-line' }, side(left, sign), h('span', { class: 'op' }, how === 'holds' ? '=' : '≠'), side(right, '+'),
      h('span', { class: `sum-verdict ${how}` }, t(`kernel.${how}`))));
}

function side(terms, sign) {
  return terms.flatMap(([n, name], i) => [i ? h('span', { class: 'op' }, sign) : null,
    h('span', { class: 'term' }, h('b', { class: 'num' }, num(n)), h('small', null, t(`kernel.term.${name}`)))]);
}
