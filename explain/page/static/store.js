import { Clock } from './clock.js';
import { Spans } from './spans.js';
import { Counts } from './counts.js';
import { Ties } from './ties.js';

/**
 * All that is known of one session: the bridge's events and JavaScript's facts, on one clock and one payload axis.
 *
 * It is bounded: the oldest events that are not vital go first, and one event `{src:'page', layer:'feed',
 * kind:'dropped', n}` in their place says how many went, here or already at the bridge.
 *
 * Fires, each with `detail`:
 *  change  {added: events}  at most once per animation frame
 *  select  {span, event}    something is pointed at, or nothing (both null)
 *  inspect {event}          somebody wants to see it in the X-ray
 *
 * @typedef {Record<string, any>} Event an event of explain/event.go, or a fact with src 'js'
 * @typedef {import('./spans.js').Span} Span
 */
export class Store extends EventTarget {
  /** @param {{id?: string, path?: string, grain?: number}} [of] grain: see Clock */
  constructor(of = {}) {
    super();
    this.id = of.id || '';
    this.path = of.path || '';
    /** Everything kept, by time as of the last change. @type {Event[]} */
    this.events = [];
    this.clock = new Clock(of.grain);
    this.counts = new Counts();
    /** @type {{span: Span|null, event: Event|null}} */
    this.selection = { span: null, event: null };
    this.spans = new Spans();
    this.ties = new Ties(this.clock);
    this.decoded = new WeakMap();
    this.samples = {};
    this.fresh = [];
    this.weight = 0;
    this.gap = null;
    this.due = false;
    this.cost = 0;
  }

  /** What has been counted, by connection and direction: Totals of explain/event.go. */
  get totals() {
    return this.counts.totals;
  }

  /** The newest kernel sample of connection 'A' or 'B', or of the practice 'target'. @returns {Event|null} */
  latestTCP(which) {
    return this.samples[which] || null;
  }

  /** Takes a batch of the bridge's events. @param {Event[]} batch */
  add(batch) {
    this.counts.addAll(batch);
    for (const e of batch) {
      if (e.layer === 'kernel') this.samples[e.kind === 'target' ? 'target' : e.stream] = e;
      this.spans.add(e);
      this.ties.add(e);
      this.keep(e);
    }
    this.later();
  }

  /** Takes a fact of JavaScript's that happened at `at`, microseconds of performance.now. @param {Event} fact */
  addJS(fact) {
    Object.assign(fact, { src: 'js', layer: 'js', t: 0 });
    this.counts.addJS(fact);
    this.ties.addJS(fact);
    this.keep(fact);
    this.later();
  }

  /** The bytes of an event, decoded once; empty when it has none. @param {Event} e @returns {Uint8Array} */
  bytesOf(e) {
    if (e.data instanceof Uint8Array) return e.data;
    if (!e.data) return new Uint8Array(0);
    let bytes = this.decoded.get(e);
    if (!bytes) this.decoded.set(e, bytes = fromBase64(e.data));
    return bytes;
  }

  /** Where an event's payload lies, or null when it carries none. @param {Event} e @returns {Span|null} */
  span(e) {
    return this.spans.of(e);
  }

  /**
   * Points at some bytes or at an event; null points at nothing.
   * @param {Span|Event|null} what
   * @param {{event?: Event|null}} [more] the event, when `what` is a span
   */
  select(what, more = {}) {
    const isEvent = Boolean(what && what.layer);
    const event = isEvent ? what : more.event || null;
    const span = isEvent ? this.span(what) : what || null;
    if (event === this.selection.event && same(span, this.selection.span)) return;
    this.selection = { span, event };
    this.fire('select', this.selection);
  }

  /** Points at an event and asks the page to show it in the X-ray. @param {Event} event */
  inspect(event) {
    this.select(event);
    this.fire('inspect', { event });
  }

  keep(e) {
    this.events.push(e);
    this.fresh.push(e);
    this.weight += weigh(e);
    if (this.events.length > MOST_EVENTS || this.weight > MOST_BYTES) this.prune();
  }

  /** Lets the oldest go, a tenth more than must be so that it need not be done for each event. */
  prune() {
    this.sort();
    const kept = [];
    let many = this.events.length - MOST_EVENTS * 0.9;
    let last = 0;
    for (const e of this.events) {
      const must = many > 0 || this.weight > MOST_BYTES * 0.9;
      if (e === this.gap) continue;
      if (!must || vital(e)) { kept.push(e); continue; }
      this.forget(e);
      last = kept.length;
      many--;
    }
    if (this.gap) kept.splice(last, 0, this.gap);
    this.events = kept;
    this.fresh = this.fresh.slice(-MOST_EVENTS);
  }

  /** Counts e among those that are gone. */
  forget(e) {
    this.gap ||= { src: 'page', layer: 'feed', kind: 'dropped', n: 0, t: 0 };
    this.gap.n += e.layer === 'feed' ? e.n || 0 : 1;
    this.gap.t = e.t;
    this.weight -= weigh(e);
  }

  /** Brings all into the order of time; JavaScript's facts move with what is known of the clocks. */
  sort() {
    for (const e of this.events) if (e.src === 'js') e.t = Math.round(this.clock.place(e.at) ?? 0);
    this.events.sort((a, b) => a.t - b.t);
  }

  /** Tells soon: in the next frame, or later when telling takes long, so that most of the time is the visitor's. */
  later() {
    if (this.due) return;
    this.due = true;
    const go = () => { this.due = false; this.flush(); };
    const inFrame = () => (document.hidden ? setTimeout(go, 250) : requestAnimationFrame(go));
    if (this.cost > 6) setTimeout(inFrame, Math.min(this.cost * 5, 500));
    else inFrame();
  }

  flush() {
    const start = performance.now();
    this.sort();
    const added = this.fresh;
    this.fresh = [];
    this.fire('change', { added });
    this.cost = performance.now() - start;
  }

  fire(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

const MOST_EVENTS = 5000;
const MOST_BYTES = 32 << 20;

function weigh(e) {
  return e.data ? e.data.length : 0;
}

/** Those that are kept to the end, as explain/event.go has it. */
function vital(e) {
  switch (e.layer) {
    case 'read': case 'write': case 'recv': case 'send': case 'message': case 'kernel':
      return e.kind === 'short' || e.kind === 'eof';
    case 'frame': return e.kind === 'close' || e.kind === 'cut' || Boolean(e.violation);
    case 'js': return !['send', 'message', 'buffered'].includes(e.kind);
    case 'feed': return false;
  }
  return true;
}

function same(a, b) {
  return a === b || Boolean(a && b && a.flow === b.flow && a.pos === b.pos && a.len === b.len);
}

function fromBase64(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}
