// Finding facts among the events of a session (see explain/event.go for their fields).

/** Events of a layer, optionally of one stream, direction and kind. @returns {object[]} */
export function pick(store, layer, stream, dir, kind) {
  return store.events.filter((e) => e.layer === layer && (!stream || e.stream === stream) &&
    (!dir || e.dir === dir) && (!kind || e.kind === kind));
}

/** The first of them, or null. */
export function first(...what) { return pick(...what)[0] ?? null; }

/** The last of them, or null. */
export function last(...what) { return pick(...what).at(-1) ?? null; }

export const off = (e) => e.off ?? 0;
export const len = (e) => e.len ?? 0;

/** Data frames that came from the client. */
export function dataFrames(store, stream = 'A', dir = 'in') {
  return pick(store, 'frame', stream, dir).filter((e) => ['text', 'binary', 'continuation'].includes(e.kind));
}

/** What read() or write() calls had of bytes [from, to): their lengths. */
export function cuts(calls, from, to) {
  return calls.filter((e) => off(e) < to && off(e) + len(e) > from)
    .map((e) => Math.min(to, off(e) + len(e)) - Math.max(from, off(e)));
}

/** Bytes of a message event's data. @returns {Uint8Array} */
export function bytesOfMessage(data) {
  return typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data);
}

/** Parts one after the other. @param {Uint8Array[]} parts */
export function join(parts) {
  const whole = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  parts.reduce((at, p) => { whole.set(p, at); return at + p.length; }, 0);
  return whole;
}

/** Whether two byte strings are the same, every byte looked at. */
export function equal(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Adds one to tally[key]. */
export function tally(all, key) { all[key] = (all[key] ?? 0) + 1; }

/** The p-th part of sorted values, 0.5 for the median; null for none. */
export function quantile(values, p) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] : null;
}

/** Sizes in short: [7, 7, 3] is [[7, 2], [3, 1]], in the order of their first appearance. */
export function runs(sizes) {
  const counts = new Map();
  for (const s of sizes) counts.set(s, (counts.get(s) ?? 0) + 1);
  return [...counts];
}
