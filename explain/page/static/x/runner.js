// Runs experiments, one at a time and in bounded time, and writes down what they found. No DOM here.

import { here } from '../here.js';
import { open } from '../session.js';

/**
 * What an experiment leaves behind. It can be drawn again from this alone.
 * @typedef {object} Evidence
 * @property {string} experiment  its id
 * @property {string} version     of wsbridge
 * @property {string} userAgent
 * @property {string} started     date and time, ISO 8601
 * @property {number} took_ms
 * @property {object} options     as run with
 * @property {object} facts       measured, nothing else
 * @property {string} verdict     key of the verdict's words; "stopped", "late" and "failed" exist for each experiment
 * @property {boolean} ok         the experiment could show what it is about
 * @property {object[]} [events]  of the sessions, without long payloads
 */

/** No experiment takes longer. */
export const LIMIT_MS = 20_000;

/** Payload bytes an event keeps in the evidence. */
const KEEP_BYTES = 64;

/** The means an experiment is given: everything ends with the run. */
export class Run {
  /** @param {object} options @param {AbortSignal} signal @param {(run: Run) => void} onShow */
  constructor(options, signal, onShow) {
    this.options = options;
    this.signal = signal;
    this.facts = {};
    this.events = [];
    this.done = 0;
    this.of = 0;
    this.lives = [];
    this.onShow = onShow;
  }

  /** Opens a watched session that ends with the run. */
  async open(what) {
    this.signal.throwIfAborted();
    const live = await open({ ...what, early: (l) => this.own(l) });
    this.signal.throwIfAborted();
    return live;
  }

  /** Takes a session into the run before its WebSocket exists, or ends it when the run has ended meanwhile. */
  own(live) {
    if (this.signal.aborted) live.dispose();
    this.signal.throwIfAborted();
    this.lives.push(live);
  }

  /** Says how far the run is and shows the facts so far. */
  progress(done, of) {
    this.done = done;
    this.of = of;
    this.onShow(this);
  }

  /** Waits ms milliseconds, or throws when the run is stopped. */
  sleep(ms) {
    return new Promise((resolve, reject) => {
      const stop = () => { clearTimeout(timer); reject(this.signal.reason); };
      const timer = setTimeout(() => { this.signal.removeEventListener('abort', stop); resolve(); }, ms);
      if (this.signal.aborted) stop();
      else this.signal.addEventListener('abort', stop, { once: true });
    });
  }

  /**
   * Waits until test returns something true and returns it; null after ms milliseconds.
   * Looks at timers, not at animation frames: those stop in a tab that is not shown.
   */
  async until(test, ms) {
    const end = performance.now() + ms;
    for (;;) {
      const got = test();
      if (got) return got;
      if (performance.now() >= end) return null;
      await this.sleep(5);
    }
  }

  /** Waits for a promise, at most ms milliseconds: null then. */
  async within(promise, ms) {
    let value = null;
    promise.then((v) => { value = { v }; }, () => {});
    const got = await this.until(() => value, ms);
    return got ? got.v : null;
  }

  /** POSTs or GETs JSON of the bridge's own API. */
  async json(path, init = {}) {
    const response = await fetch(here(path), { ...init, signal: this.signal });
    if (!response.ok) throw new Error(`${response.status} ${path}: ${(await response.text()).trim()}`);
    return response.json();
  }

  /** Runs a raw client inside the bridge's process: browsers refuse to break the protocol. */
  raw(name, body = {}) {
    return this.json(`/api/runs/${name}`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
    });
  }

  /** Keeps the events of a session that keep() likes, for the evidence. */
  record(store, keep = () => true) {
    this.events.push(...store.events.filter(keep).map(plain));
  }

  dispose() {
    for (const live of this.lives) live.dispose();
  }
}

/** An event as JSON: bytes in base64, long payloads left out and counted. */
export function plain(e) {
  const copy = { ...e };
  for (const [name, value] of Object.entries(e)) {
    if (name === 'data' && value != null && (e.len ?? 0) > KEEP_BYTES) {
      delete copy.data;
      copy.omitted = e.len;
    } else if (value instanceof Uint8Array) {
      copy[name] = base64(value);
    }
  }
  return copy;
}

function base64(bytes) {
  let text = '';
  for (const b of bytes) text += String.fromCharCode(b);
  return btoa(text);
}

/** The run that is under way: {stop, ended}. */
let current = null;

/** Ends the run under way, if there is one, and waits for its end. */
export async function stop() {
  if (!current) return;
  current.stop();
  await current.ended;
}

/** Whether a run is under way. */
export function busy() { return current !== null; }

/**
 * Performs an experiment. One that is under way is stopped first.
 * Never rejects: what went wrong is in the evidence.
 * @param {{id: string, run: (run: Run) => Promise<{verdict: string, ok: boolean}>}} experiment
 * @param {object} options
 * @param {{version: string, onShow?: (evidence: Evidence, run: Run) => void}} around
 * @returns {Promise<Evidence>}
 */
export async function perform(experiment, options, around) {
  while (current) await stop();
  const control = new AbortController();
  let ended;
  current = { stop: () => control.abort(new Error('stopped')), ended: new Promise((r) => { ended = r; }) };
  const late = setTimeout(() => control.abort(new Error('late')), LIMIT_MS);
  const evidence = begin(experiment, options, around.version);
  const run = new Run(options, control.signal, (r) => {
    evidence.facts = r.facts;
    around.onShow?.(evidence, r);
  });
  const start = performance.now();
  try {
    Object.assign(evidence, await experiment.run(run));
  } catch (error) {
    Object.assign(evidence, failure(error, control.signal, run));
  } finally {
    clearTimeout(late);
    run.dispose();
    evidence.facts = run.facts;
    evidence.took_ms = Math.round(performance.now() - start);
    if (run.events.length) evidence.events = run.events;
    current = null;
    ended();
  }
  return evidence;
}

function begin(experiment, options, version) {
  return {
    experiment: experiment.id, version, userAgent: navigator.userAgent, started: new Date().toISOString(), took_ms: 0,
    options, facts: {}, verdict: '', ok: false,
  };
}

function failure(error, signal, run) {
  if (signal.aborted) return { verdict: signal.reason.message, ok: false };
  run.facts.error = String(error?.message ?? error);
  return { verdict: 'failed', ok: false };
}
