/** What was sent and what came, as messages or as the two streams of bytes that the target sees. */
import { clear, h } from './dom.js';
import { bytes, t } from './lang.js';
import { StreamText, hex, visible } from './streamtext.js';

const MOST_ENTRIES = 200;
const MOST_BYTES = 1024; // shown of one message

/** @typedef {{fact: any, data: Uint8Array, text?: string}} Entry */

export class Transcript {
  /** @param {{select: (fact: any|null) => void, inspect: (fact: any) => void}} on */
  constructor(on) {
    this.on = on;
    this.list = h('ol', { class: 'messages' });
    this.streams = h('div', { class: 'streams', hidden: true });
    this.root = h('div', { class: 'transcript', tabindex: 0, role: 'log', 'aria-live': 'off' }, this.list, this.streams);
    this.encoding = 'utf-8';
    this.asStream = false;
    this.reset();
  }

  /** Begins anew, for another session. */
  reset() {
    /** @type {Entry[]} */
    this.entries = [];
    this.seen = new WeakSet();
    this.gone = 0;
    this.redraw();
  }

  /** @param {string} encoding */
  decodeAs(encoding) {
    this.encoding = encoding;
    this.redraw();
  }

  /** @param {boolean} on */
  showStream(on) {
    this.asStream = on;
    this.redraw();
  }

  /** Takes JavaScript's facts out of events, each once. @param {any[]} events */
  add(events) {
    const news = events.filter((e) => shown(e) && !this.seen.has(e));
    if (!news.length) return;
    for (const fact of news) this.seen.add(fact);
    const follow = this.atEnd();
    if (news.length > MOST_ENTRIES) this.skip(news.splice(0, news.length - MOST_ENTRIES));
    for (const fact of news) this.put(fact);
    this.tellGone();
    if (this.asStream) this.drawStreams();
    if (follow) this.root.scrollTop = this.root.scrollHeight;
  }

  /** Lights the entries of the selected event or span. @param {(fact: any) => boolean} isLit */
  light(isLit) {
    for (const el of this.list.children) el.classList.toggle('lit', Boolean(el.fact && isLit(el.fact)));
  }

  /** Too many at once: what is not shown is not decoded either, so the streams begin anew behind it. */
  skip(facts) {
    this.gone += facts.length;
    this.decoders = freshDecoders(this.encoding);
  }

  put(fact) {
    const entry = { fact, data: (fact.data || new Uint8Array(0)).subarray(0, MOST_BYTES) };
    this.entries.push(entry);
    this.list.append(this.line(entry));
    while (this.entries.length > MOST_ENTRIES) {
      this.entries.shift();
      this.list.querySelector('.entry')?.remove();
      this.gone++;
    }
  }

  redraw() {
    this.decoders = freshDecoders(this.encoding);
    clear(this.list).append(...this.entries.map((entry) => this.line(entry)));
    this.list.hidden = this.asStream;
    this.streams.hidden = !this.asStream;
    this.tellGone();
    if (this.asStream) this.drawStreams();
    this.root.scrollTop = this.root.scrollHeight;
  }

  line(entry) {
    const { fact } = entry;
    if (fact.kind === 'open' || fact.kind === 'close') return turn(fact);
    const decoded = this.decode(entry);
    const mark = fact.kind === 'send' ? 'out' : 'in';
    const el = h('li', { class: `entry ${mark}`, tabindex: -1, on: {
      mouseenter: () => this.on.select(fact), mouseleave: () => this.on.select(null), click: () => this.on.inspect(fact),
    } },
    h('span', { class: 'mark', 'aria-hidden': 'true' }, mark === 'out' ? '→' : '←'),
    h('span', { class: 'visually-hidden' }, t(`console.${mark}`)),
    h('span', { class: 'what' }, decoded ? marked(decoded) : h('span', { class: 'soft' }, empty(fact)), cutMark(fact)),
    h('span', { class: 'size soft num' }, bytes(fact.len)));
    el.fact = fact;
    return el;
  }

  /** The text of an entry. What was sent as text is known; all else is decoded, in one stream per direction. */
  decode(entry) {
    const { fact, data } = entry;
    const decoder = this.decoders[fact.kind];
    const cut = data.length < fact.len;
    const text = decoder.push(data) + (cut ? decoder.end() : '');
    return fact.text && fact.kind === 'send' ? new TextDecoder().decode(data) : text;
  }

  drawStreams() {
    const side = (kind, label) => h('div', null,
      h('h3', null, t(label)),
      h('pre', { class: 'wrap' }, this.streamOf(kind)));
    clear(this.streams).append(side('send', 'console.stream.up'), side('message', 'console.stream.down'));
  }

  /** All bytes of one direction, with nothing between the messages. */
  streamOf(kind) {
    const decoder = new StreamText(this.encoding);
    const parts = this.entries.filter((e) => e.fact.kind === kind).map((e) => {
      const cut = e.data.length < e.fact.len;
      return decoder.push(e.data) + (cut ? `${decoder.end()} … ${bytes(e.fact.len)} … ` : '');
    });
    return marked(parts.join('') || t('console.nothing'));
  }

  tellGone() {
    this.note?.remove();
    if (!this.gone) return;
    this.note = h('li', { class: 'soft small' }, t('console.gone', { n: this.gone }));
    this.list.prepend(this.note);
  }

  atEnd() {
    return this.root.scrollHeight - this.root.scrollTop - this.root.clientHeight < 40;
  }
}

function freshDecoders(encoding) {
  return { send: new StreamText(encoding), message: new StreamText(encoding) };
}

/** What is worth a line: what was really sent, what came, and the two ends. */
function shown(e) {
  return e.src === 'js' && (e.kind === 'send' ? Boolean(e.n) : ['message', 'open', 'close'].includes(e.kind));
}

/** What onclose said. */
export function closedText({ code, reason, wasClean }) {
  return t('console.closed', { code: String(code), reason: JSON.stringify(reason), clean: String(wasClean) });
}

function turn(fact) {
  const text = fact.kind === 'open' ? t('console.opened') : closedText(fact);
  const el = h('li', { class: 'entry turn soft' }, h('span', null, text));
  el.fact = fact;
  return el;
}

/** The text with its control characters set apart. */
function marked(text) {
  return visible(text).map((part, i) => (i % 2 ? h('span', { class: 'ctl' }, part) : part));
}

/** What is said of a message that shows no character (yet). */
function empty(fact) {
  if (!fact.len) return t('console.empty');
  return fact.data ? t('console.half', { hex: hex(fact.data.subarray(0, 8)) }) : t('console.blob');
}

function cutMark(fact) {
  if (fact.len <= MOST_BYTES) return null;
  return h('span', { class: 'soft' }, ' ', t('console.cut', { shown: MOST_BYTES, all: fact.len }));
}
