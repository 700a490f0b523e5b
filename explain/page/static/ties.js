/**
 * Ties JavaScript's facts to the bridge's events by counting, and so the two clocks: WebSocket keeps order, so the n-th
 * send() is the n-th data message in, and the n-th data message out is the n-th onmessage.
 */
export class Ties {
  /** @param {import('./clock.js').Clock} clock */
  constructor(clock) {
    this.clock = clock;
    this.waiting = new Map();
    this.written = undefined;
  }

  /** @param {Record<string, any>} e an event of the bridge */
  add(e) {
    if (e.layer === 'http' && e.kind === 'request') this.meet('new', 't', e.t);
    if (e.stream !== 'A') return;
    if (e.layer === 'write' && e.kind === 'write') this.write(e);
    if (e.layer === 'frame' && e.kind === 'close') {
      if (e.dir === 'in') this.meet('close()', 't', e.t);
      else this.meet('onclose', 't', Math.min(e.t, this.written ?? e.t));
    }
    if (e.layer === 'message') {
      if (e.dir === 'in') this.meet(`send ${e.n}`, 't', e.t);
      else this.meet(`onmessage ${e.n}`, 't', Math.min(e.t, this.written ?? e.t));
    }
  }

  /** @param {Record<string, any>} fact */
  addJS(fact) {
    switch (fact.kind) {
      case 'new': return this.meet('new', 'js', fact.at);
      case 'open': return this.meet('onopen', 'js', fact.at);
      case 'send': return fact.n ? this.meet(`send ${fact.n}`, 'js', fact.at) : undefined;
      case 'message': return this.meet(`onmessage ${fact.n}`, 'js', fact.at);
      case 'state': return fact.call === 'close()' ? this.meet('close()', 'js', fact.at) : undefined;
      case 'close': return this.meet('onclose', 'js', fact.at);
    }
  }

  /** A write is recorded before its system call, so it is the earliest moment its bytes can have left. */
  write(e) {
    if (this.written === undefined) this.meet('onopen', 't', e.t);
    this.written = e.t;
  }

  /** One of the two ends of a tie. What begins with "on" the bridge caused, all else JavaScript did. */
  meet(name, end, value) {
    const tie = this.waiting.get(name) || {};
    tie[end] ??= value;
    this.waiting.set(name, tie);
    if (tie.js === undefined || tie.t === undefined) return this.bound();
    this.waiting.delete(name);
    if (name.startsWith('on')) this.clock.after(tie.js, tie.t);
    else this.clock.before(tie.js, tie.t);
  }

  /** Ends whose other end was dropped do not pile up. */
  bound() {
    if (this.waiting.size > 2000) this.waiting.delete(this.waiting.keys().next().value);
  }
}
