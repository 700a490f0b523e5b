// Where the bytes of a session are: between send() and the practice server's recv(), from three kernel samples.

import { off } from './pick.js';

/**
 * Payload bytes by place, at the newest sample; null when this system measures nothing.
 *
 * Six places are measured. The seventh, `rest`, is what is left of what was sent: the browser's own process and its
 * kernel, of which JavaScript is told nothing. The queue of A counts frame headers too: 14 bytes for 64 KiB.
 * @param {import('../store.js').Store} store
 * @param {[number, number][]} points bufferedAmount, by microseconds since start
 * @param {number} start performance.now()
 * @param {number} sent payload bytes given to send()
 */
export function reached(store, points, start, sent) {
  const [a, b, target] = ['A', 'B', 'target'].map((which) => store.latestTCP(which));
  if (a?.tcp?.inq == null || b?.tcp?.outq == null) return null;
  const at = Math.max(...[a, b, target].filter(Boolean).map((e) => e.t)); // an older sample says: nothing has changed since
  const js = nearest(points, store, start, at);
  const written = b.tcp.bytes_written ?? null;
  const taken = payloadRead(store, a.tcp.bytes_read);
  const known = {
    js, inq_a: a.tcp.inq, user: taken == null || written == null ? null : taken - written, outq_b: b.tcp.outq,
    inq_target: target?.tcp?.inq ?? null, read: target?.tcp?.bytes_read ?? null,
  };
  const sum = Object.values(known).reduce((n, v) => n + (v ?? 0), 0);
  return { ...known, rest: sent - sum, at_us: at };
}

/** bufferedAmount when the bridge's clock said time. */
function nearest(points, store, start, time) {
  const place = ([us]) => store.clock.place(start * 1000 + us) ?? 0;
  return points.reduce((best, p) => (Math.abs(place(p) - time) < Math.abs(place(best) - time) ? p : best))[1];
}

/** Payload among the first n bytes that the bridge read on connection A: all but the handshake and frame headers. */
function payloadRead(store, n) {
  if (n == null) return null;
  const frames = new Map();
  for (const e of store.events) {
    if (e.layer === 'frame' && e.stream === 'A' && e.dir === 'in' && e.head && off(e) < n) frames.set(off(e), e);
  }
  if (!frames.size) return 0;
  let heads = 0;
  for (const e of frames.values()) heads += Math.min(store.bytesOf({ data: e.head }).length, n - off(e));
  return n - Math.min(...frames.keys()) - heads;
}
