// Where the bytes of a session are: between send() and the practice server's recv(), from three kernel samples.

import { off, pick } from './pick.js';

/** Samples of one moment are taken one after the other, in microseconds; the next moment is 250 ms later. */
const SAME_MOMENT = 5000;

/**
 * Payload bytes by place, at the newest moment of which all is known; null when this system measures nothing.
 *
 * Six places are measured. The seventh, `rest`, is what is left of what was sent: the browser's own process and its
 * kernel, of which JavaScript is told nothing. The queue of A counts frame headers too: 14 bytes for 64 KiB.
 *
 * Bytes that have reached the target stay in SIOCOUTQ until they are acknowledged, which may be a little later: so what
 * is on the way on B is what was written less what the target has.
 * @param {import('../store.js').Store} store
 * @param {[number, number][]} points bufferedAmount, by microseconds since start
 * @param {number} start performance.now()
 * @param {number} sent payload bytes given to send()
 */
export function reached(store, points, start, sent) {
  const moment = together(store);
  if (!moment) return null;
  const { a, b, target } = moment;
  const [written, read] = [b.tcp.bytes_written ?? 0, target.tcp.bytes_read ?? 0];
  const places = {
    js: nearest(points, store, start, target.t), inq_a: a.tcp.inq, user: payloadRead(store, a.tcp.bytes_read ?? 0) - written,
    outq_b: written - read - target.tcp.inq, inq_target: target.tcp.inq, read,
  };
  const rest = sent - Object.values(places).reduce((sum, n) => sum + n, 0);
  return { ...places, rest, siocoutq_b: b.tcp.outq, at_us: target.t };
}

/** The newest samples of one moment. What has not changed is not sampled again, so that an older one of A still holds. */
function together(store) {
  const of = (stream, kind) => pick(store, 'kernel', stream, '', kind);
  const [as, bs] = [of('A', 'sample'), of('B', 'sample')];
  for (const target of of('', 'target').reverse()) {
    const b = bs.findLast((e) => Math.abs(e.t - target.t) < SAME_MOMENT);
    const a = as.findLast((e) => e.t < target.t + SAME_MOMENT);
    if (a?.tcp?.inq != null && b?.tcp?.outq != null) return { a, b, target };
  }
  return null;
}

/** bufferedAmount when the bridge's clock said time. */
function nearest(points, store, start, time) {
  const place = ([us]) => store.clock.place(start * 1000 + us) ?? 0;
  return points.reduce((best, p) => (Math.abs(place(p) - time) < Math.abs(place(best) - time) ? p : best))[1];
}

/** Payload among the first n bytes that the bridge read on connection A: all but the handshake and frame headers. */
function payloadRead(store, n) {
  const frames = new Map();
  for (const e of store.events) {
    if (e.layer === 'frame' && e.stream === 'A' && e.dir === 'in' && e.head && off(e) < n) frames.set(off(e), e);
  }
  if (!frames.size) return 0;
  let heads = 0;
  for (const e of frames.values()) heads += Math.min(store.bytesOf({ data: e.head }).length, n - off(e));
  return n - Math.min(...frames.keys()) - heads;
}
