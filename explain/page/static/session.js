import { Store } from './store.js';
import { measureGrain, now } from './clock.js';
import { here } from './here.js';

/**
 * A watched WebSocket: the page asks for an id, follows it on the live feed, and only then connects, so that the feed
 * has the handshake from its first byte. The feed is another connection, so that it does not mix with what is watched.
 *
 * @typedef {object} Wishes only practice routes grant them
 * @property {number} [hold_fin_ms]
 * @property {number} [ping_ms]
 * @property {number} [pong_timeout_ms]
 * @property {number} [idle_ms]
 *
 * @typedef {object} Ending
 * @property {number} code
 * @property {string} reason
 * @property {boolean} wasClean
 * @property {Record<string, any>|null} fate the bridge's cause of death, also when the browser was only told 1006
 */

let grain = 0;

/**
 * Opens a watched WebSocket. Resolves when it is open or has failed (then `closed` is settled soon).
 * @param {{path: string, wishes?: Wishes, binaryType?: BinaryType, protocols?: string[],
 *   early?: (live: Live) => void}} how early: called before the WebSocket exists, with its store
 * @returns {Promise<Live>}
 */
export async function open(how) {
  grain ||= measureGrain();
  const id = await newSession(how.wishes);
  const live = new Live(id, how);
  await live.follow();
  how.early?.(live);
  live.connect();
  await live.settled;
  return live;
}

/** One watched connection. */
export class Live {
  constructor(id, how) {
    this.id = id;
    this.how = how;
    this.store = new Store({ id, path: how.path, grain });
    /** @type {WebSocket|null} */
    this.ws = null;
    /** @type {Promise<Ending>} */
    this.closed = new Promise((resolve) => { this.ended = resolve; });
    this.settled = new Promise((resolve) => { this.settle = resolve; });
    this.sent = { n: 0, pos: 0 };
    this.got = { n: 0, pos: 0 };
    this.state = -1;
    this.looks = [];
  }

  /**
   * ws.send(x), noted. What is sent when it is not open is noted without a number: the browser throws (0) or throws it
   * away (2, 3).
   * @param {string|ArrayBuffer|ArrayBufferView|Blob} x
   */
  send(x) {
    const fact = { kind: 'send', at: now(), ...measure(x) };
    if (this.ws.readyState === WebSocket.OPEN) {
      Object.assign(fact, { n: ++this.sent.n, pos: this.sent.pos });
      this.sent.pos += fact.len;
    }
    this.ws.send(x);
    fact.buffered = this.ws.bufferedAmount;
    this.store.addJS(fact);
    this.watchBuffer();
  }

  /** ws.close(code, reason), noted. @param {number} [code] @param {string} [reason] */
  close(code, reason) {
    const fact = { kind: 'state', call: 'close()', at: now(), code, reason };
    if (code === undefined) this.ws.close();
    else this.ws.close(code, reason);
    this.state = this.ws.readyState;
    this.store.addJS({ ...fact, readyState: this.state });
  }

  /** Gives it up: the connection is closed, and the feed after it has told the end. */
  dispose() {
    this.given = true;
    this.ws?.close();
    setTimeout(() => this.feed.close(), this.ws ? 5000 : 0);
  }

  /** Follows the live feed. Resolves when it has started. */
  follow() {
    const asked = now();
    this.feed = new EventSource(here(`/api/sessions/${this.id}/events`));
    this.feed.addEventListener('message', (m) => this.store.add(JSON.parse(m.data)));
    this.feed.addEventListener('end', () => this.feed.close());
    return new Promise((resolve, reject) => {
      this.feed.addEventListener('start', (m) => {
        this.looks.push({ asked, got: now(), us: JSON.parse(m.data).now_us });
        this.tieClocks(JSON.parse(m.data).start_us);
        resolve(undefined);
      });
      this.feed.addEventListener('error', () => {
        if (this.feed.readyState === EventSource.CLOSED) reject(new Error('feed'));
      });
    });
  }

  /** The bridge looked at its clock after we asked and before we read the answer. @param {number} [start] */
  tieClocks(start) {
    if (start === undefined) return; // the session has not begun
    this.start = start;
    for (const look of this.looks.splice(0)) {
      this.store.clock.before(look.asked, look.us - start);
      this.store.clock.after(look.got, look.us - start);
    }
  }

  /** Asks the bridge for its time until the clocks agree well enough, or a few times. It is another connection. */
  async tune() {
    for (let asks = 0; asks < 6 && this.start !== undefined && !(this.store.clock.plusminus < 500); asks++) {
      const asked = now();
      const answer = await fetch(here('/api/clock')).catch(() => null);
      const got = now();
      if (!answer?.ok) return;
      this.looks.push({ asked, got, us: (await answer.json()).now });
      this.tieClocks(this.start);
    }
    this.store.later();
  }

  connect() {
    if (this.given) return this.settle();
    const { path, protocols, binaryType = 'arraybuffer' } = this.how;
    const url = new URL(path, location.origin.replace(/^http/, 'ws'));
    url.hash = '';
    url.searchParams.set('session', this.id);
    const at = now();
    this.ws = protocols ? new WebSocket(url.href, protocols) : new WebSocket(url.href);
    this.ws.binaryType = binaryType;
    this.state = this.ws.readyState;
    this.store.addJS({ kind: 'new', at, url: url.href, readyState: this.state });
    this.ws.addEventListener('open', () => { this.note({ kind: 'open' }); this.settle(); });
    this.ws.addEventListener('message', (m) => this.received(m));
    this.ws.addEventListener('error', () => this.note({ kind: 'error' }));
    this.ws.addEventListener('close', (e) => this.end(e));
  }

  note(fact) {
    this.state = this.ws.readyState;
    this.store.addJS({ at: now(), readyState: this.state, ...fact });
  }

  received(m) {
    const { units, ...what } = measure(m.data);
    this.note({ kind: 'message', n: ++this.got.n, pos: this.got.pos, ...what, ...(what.text && { units }) });
    this.got.pos += what.len;
  }

  async end(e) {
    const { code, reason, wasClean } = e;
    this.note({ kind: 'close', code, reason, wasClean, buffered: this.ws.bufferedAmount });
    this.settle();
    const fate = await this.fate();
    this.ended({ code, reason, wasClean, fate });
    setTimeout(() => this.feed.close(), 10_000);
  }

  /** Why it ended, as the feed told it. When the feed does not tell, the bridge is asked; it may be gone by now. */
  async fate() {
    const told = () => this.store.events.find((e) => e.layer === 'pair' && FATES.includes(e.kind));
    for (let wait = 10; wait < 500 && !told(); wait *= 2) await new Promise((resolve) => setTimeout(resolve, wait));
    return told() ?? fateOf(this.id);
  }

  /** Notes bufferedAmount and readyState when they changed, until nothing is buffered any more. */
  watchBuffer() {
    if (this.watching) return;
    this.watching = true;
    let last = this.ws.bufferedAmount;
    const look = () => {
      const buffered = this.ws.bufferedAmount;
      const moved = buffered !== last || this.ws.readyState !== this.state;
      if (moved) this.note({ kind: 'buffered', buffered });
      last = buffered;
      this.watching = buffered > 0 && this.ws.readyState !== WebSocket.CLOSED;
      if (this.watching) setTimeout(look, 50);
    };
    setTimeout(look, 0);
  }
}

/** Asks for a session's id. @param {Wishes} [wishes] @returns {Promise<string>} */
async function newSession(wishes) {
  const answer = await fetch(here('/api/sessions'), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(wishes || {}),
  });
  if (!answer.ok) throw new Error((await answer.text()).trim() || String(answer.status));
  return (await answer.json()).id;
}

/**
 * Why the session ended, as the bridge knows it. The bridge may learn it a little after the page, so it is asked for a
 * while; null when it does not say.
 * @param {string} id
 */
export async function fateOf(id) {
  for (let wait = 20; wait < 3000; wait *= 2) {
    const answer = await fetch(here(`/api/sessions/${id}`)).catch(() => null);
    const known = answer?.ok ? await answer.json() : null;
    if (known?.fate) return known.fate;
    if (known?.state === 'ended') return null;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  return null;
}

/** The bytes of a payload and their sizes. A text's bytes are its UTF-8, as WebSocket sends it. */
function measure(x) {
  if (typeof x === 'string') {
    const data = new TextEncoder().encode(x);
    return { text: true, units: x.length, len: data.length, ...cut(data) };
  }
  if (x instanceof Blob) return { len: x.size };
  const view = ArrayBuffer.isView(x) ? new Uint8Array(x.buffer, x.byteOffset, x.byteLength) : new Uint8Array(x);
  return { len: view.length, ...cut(view) };
}

/** Of a huge payload the first part is kept. */
function cut(data) {
  if (data.length <= MOST_KEPT) return { data: data.slice() };
  return { data: data.slice(0, MOST_KEPT), omitted: data.length - MOST_KEPT };
}

const FATES = ['cause', 'refused', 'dial-failed'];
const MOST_KEPT = 1 << 20;
