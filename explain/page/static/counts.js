import { isData } from './spans.js';

/**
 * Running counts of a session. What the feed had to leave out is in the totals that come with its `dropped` event, so
 * A and B are complete; `seen` counts what has no totals (recv, send, JavaScript) and says when some were left out.
 */
export class Counts {
  constructor() {
    /** Totals of explain/event.go. */
    this.totals = { a: { in: zero(), out: zero() }, b: { in: zero(), out: zero() } };
    /** The practice target's calls. `atLeast` when events were left out. */
    this.target = { recv: { calls: 0, bytes: 0 }, send: { calls: 0, bytes: 0 }, atLeast: false };
    /** JavaScript's own: calls of send() that were sent, and onmessage. */
    this.js = { send: { calls: 0, bytes: 0 }, message: { calls: 0, bytes: 0 }, buffered: 0, readyState: 0 };
    this.dropped = 0;
  }

  /**
   * Takes a batch of the bridge's events. Totals in it were taken when the batch was made, so they count all of it.
   * @param {Record<string, any>[]} batch
   */
  addAll(batch) {
    for (const e of batch) this.add(e);
    const last = batch.findLast((e) => e.totals);
    if (last) this.replace(last.totals);
  }

  add(e) {
    switch (e.layer) {
      case 'read': case 'write': return this.call(e);
      case 'frame': return this.frame(e);
      case 'message': this.side(e).messages++; return;
      case 'recv': case 'send': return this.targetCall(e);
      case 'feed': this.dropped += e.n || 0; this.target.atLeast = true;
    }
  }

  /** @param {Record<string, any>} fact */
  addJS(fact) {
    if (fact.readyState !== undefined) this.js.readyState = fact.readyState;
    if (fact.buffered !== undefined) this.js.buffered = fact.buffered;
    if ((fact.kind !== 'send' && fact.kind !== 'message') || !fact.n) return;
    this.js[fact.kind].calls++;
    this.js[fact.kind].bytes += fact.len;
  }

  side(e) {
    return this.totals[e.stream.toLowerCase()][e.dir];
  }

  call(e) {
    const side = this.side(e);
    if (e.kind === 'short') { // of the write() before
      side.bytes -= e.omitted || 0;
      return;
    }
    side.calls++;
    side.bytes += e.len || 0;
  }

  frame(e) {
    if (e.kind === 'begin' || e.kind === 'cut') return;
    const side = this.side(e);
    side.frames++;
    if (isData(e)) side.payload += e.size || 0;
  }

  targetCall(e) {
    if (e.kind === 'eof') return;
    this.target[e.layer].calls++;
    this.target[e.layer].bytes += e.len || 0;
  }

  replace(totals) {
    for (const stream of ['a', 'b']) {
      for (const dir of ['in', 'out']) this.totals[stream][dir] = { ...zero(), ...totals[stream][dir] };
    }
  }
}

function zero() {
  return { bytes: 0, calls: 0, frames: 0, messages: 0, payload: 0 };
}
