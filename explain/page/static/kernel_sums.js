/**
 * Two equations that hold exactly while nothing moves, because the kernel's counts and ours are about the same bytes:
 *   what read() returned + what waits for it = bytes_received
 *   bytes_acked − 1 (the SYN) = what the target has read + what waits for it
 */
import { h } from './dom.js';
import { t, num } from './lang.js';

/** States in which the peer's FIN has come, or ours is acknowledged; the kernel counts each as one byte. */
const GOT_FIN = new Set(['CLOSE-WAIT', 'LAST-ACK', 'CLOSING', 'TIME-WAIT']);
const FIN_ACKED = new Set(['FIN-WAIT-2', 'TIME-WAIT']);

/** @param {{A: any, B: any, target: any}} samples the newest of each @returns {HTMLElement[]} */
export function equations(samples) {
  return [received('A', samples.A), received('B', samples.B), acked(samples.B, samples.target)].filter(Boolean);
}

/** One socket, one sample: all three numbers are of the same moment, or nearly. */
function received(stream, sample) {
  const { bytes_read: read, inq, bytes_received: got, state } = sample?.tcp || {};
  if (read === undefined || inq === undefined || got === undefined) return null;
  const fin = GOT_FIN.has(state) ? 1 : 0;
  const left = [[read, 'read'], [inq, 'inq'], ...(fin ? [[1, 'fin']] : [])];
  return line(stream === 'A' ? 'a' : 'b', t(`kernel.column.${stream}`), left, '+', [[got, 'received']], read + inq + fin === got);
}

/** Two sockets, two samples. */
function acked(b, target) {
  const { bytes_acked: got, state } = b?.tcp || {};
  const { bytes_read: read, inq } = target?.tcp || {};
  if (got === undefined || read === undefined || inq === undefined) return null;
  const fin = FIN_ACKED.has(state) ? 1 : 0;
  const left = [[got, 'acked'], [1, 'syn'], ...(fin ? [[1, 'fin']] : [])];
  return line('b', t('kernel.across'), left, '−', [[read, 'target-read'], [inq, 'target-inq']], got - 1 - fin === read + inq);
}

function line(who, name, left, sign, right, holds) {
  return h('div', { class: `sum who-${who}` }, h('strong', null, name),
    h('p', { class: 'sum-line' }, side(left, sign), h('span', { class: 'op' }, '='), side(right, '+'),
      h('span', { class: `sum-verdict ${holds ? 'yes' : 'moving'}` }, t(holds ? 'kernel.holds' : 'kernel.moving'))));
}

function side(terms, sign) {
  return terms.flatMap(([n, name], i) => [i ? h('span', { class: 'op' }, sign) : null,
    h('span', { class: 'term' }, h('b', { class: 'num' }, num(n)), h('small', null, t(`kernel.term.${name}`)))]);
}
