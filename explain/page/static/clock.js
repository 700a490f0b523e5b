/**
 * Two clocks on one axis: JavaScript's (performance.now, in microseconds) and the bridge's (Event.t).
 *
 * No message tells one the time of the other without delay, but causes come before effects. A send() is before the
 * read() that found its frame; a write() is before the onmessage it caused. Each such pair bounds the offset from one
 * side, and the truth lies between: at `offset`, give or take `plusminus`.
 */
export class Clock {
  /** @param {number} [grain] how coarse JavaScript's clock is, in microseconds */
  constructor(grain = 0) {
    this.grain = grain;
    this.low = -Infinity;
    this.high = Infinity;
  }

  /** Something at JavaScript's `js` caused what the bridge saw at `t`. Returns whether that told anything new. */
  before(js, t) {
    const high = t - js + this.grain;
    if (!(high < this.high)) return false;
    this.high = high;
    if (this.low > high) this.low = -Infinity;
    return true;
  }

  /** What the bridge did at `t` caused something at JavaScript's `js`. */
  after(js, t) {
    const low = t - js - this.grain;
    if (!(low > this.low)) return false;
    this.low = low;
    if (this.high < low) this.high = Infinity;
    return true;
  }

  /** Add this to JavaScript's time to get the bridge's. null until both sides are bounded. */
  get offset() {
    return this.bounded ? (this.low + this.high) / 2 : null;
  }

  /** The truth is at most this far from offset, in microseconds. */
  get plusminus() {
    return this.bounded ? (this.high - this.low) / 2 : null;
  }

  get bounded() {
    return Number.isFinite(this.low) && Number.isFinite(this.high);
  }

  /** JavaScript's time on the bridge's clock, by the best knowledge so far. @param {number} js */
  place(js) {
    if (this.bounded) return js + this.offset;
    if (Number.isFinite(this.high)) return js + this.high;
    if (Number.isFinite(this.low)) return js + this.low;
    return null;
  }
}

/** JavaScript's time in microseconds. */
export function now() {
  return performance.now() * 1000;
}

/** The smallest step of JavaScript's clock, measured: browsers make it coarse on purpose. At most 5 ms are spent. */
export function measureGrain() {
  const start = performance.now();
  let last = start;
  let grain = Infinity;
  for (let steps = 0; steps < 4 && last - start < 5;) {
    const t = performance.now();
    if (t === last) continue;
    grain = Math.min(grain, t - last);
    last = t;
    steps++;
  }
  return Math.ceil(grain * 1000);
}
