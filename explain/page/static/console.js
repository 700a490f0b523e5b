/** Part 2: type, send, receive, close. */
import { clear, h, say } from './dom.js';
import { onLang, t, words } from './lang.js';
import { fill } from './words.js';
import { overlap } from './spans.js';
import { ENCODINGS, badHex, parseHex } from './streamtext.js';
import { callOf, showSizes } from './sizes.js';
import { Transcript } from './transcript.js';
import { Story } from './story.js';

const ENDS = { none: '', LF: '\n', CR: '\r', CRLF: '\r\n' };
const KINDS = ['text', 'binary', 'hex'];
const PLACES = ['/lab/echo', '/lab/ws-echo', '/lab/line'];
const QUICK = ['A', 'BB', 'CCC'];

/** @param {HTMLElement} root @param {import('./main.js').Context} ctx */
export async function create(root, ctx) {
  const panel = new Console(root, ctx);
  onLang(() => panel.draw());
  ctx.onStore((store) => panel.follow(store));
  return panel;
}

class Console {
  constructor(root, ctx) {
    this.root = root;
    this.ctx = ctx;
    this.choice = { as: 'text', end: 'none', encoding: 'utf-8', stream: false };
    this.last = null;
    this.picks = {};
    this.bad = false;
    this.quickUsed = false;
    this.transcript = new Transcript({
      select: (fact) => ctx.store.select(fact),
      inspect: (fact) => ctx.store.inspect(fact),
    });
    this.story = new Story(h('div', { class: 'story' }), ctx);
    this.draw();
  }

  /** Watches another session. */
  follow(store) {
    this.transcript.reset();
    this.last = null;
    this.story.reset();
    this.transcript.add(store.events);
    if (store.path === '/lab/line') this.endLines();
    store.addEventListener('change', (e) => {
      if (store !== this.ctx.store) return;
      this.transcript.add(/** @type {CustomEvent} */ (e).detail.added);
      this.update();
    });
    store.addEventListener('select', () => {
      const { span, event } = store.selection;
      this.transcript.light((fact) => fact === event || overlap(store.span(fact), span));
    });
    this.update();
  }

  draw() {
    const typed = this.input?.value ?? t('console.first');
    this.state = h('strong');
    this.reason = h('a', { href: '#why', hidden: true });
    this.status = h('p', { class: 'status' }, this.state, ' ', this.reason);
    this.error = h('p', { class: 'error hot', id: 'hex-error', role: 'alert' });
    this.ran = h('div', { class: 'ran' });
    this.input = h('textarea', { rows: 1, class: 'mono', spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off', 'aria-label': t('console.input'),
      'aria-describedby': 'hex-error', on: { keydown: (e) => this.key(e), input: () => this.typed() } });
    this.input.value = typed;
    this.sendButton = h('button', { type: 'button', class: 'send', on: { click: () => this.submit() } }, 'send()');
    this.quickButton = h('button', { type: 'button', class: `primary quick ${this.quickUsed ? '' : 'pulses'}`, on: { click: () => this.quick() } }, t('console.quick'));
    this.closeButton = h('button', { type: 'button', on: { click: () => this.closeOrOpen() } });
    clear(this.root).append(
      h('div', { class: 'top' }, this.status, this.place(), this.closeButton),
      this.transcript.root,
      h('div', { class: 'row' }, this.input, this.sendButton, this.quickButton),
      this.error, this.options(), this.ran, this.story.root);
    this.transcript.root.setAttribute('aria-label', t('console.log'));
    this.transcript.redraw();
    this.story.draw();
    this.asked = null;
    this.update();
  }

  /** Where it is connected; in practice, and beside a target, the practice servers. */
  place() {
    const here = this.ctx.store.path || this.ctx.bridge.path;
    const places = [...new Set([this.ctx.bridge.path, here, ...PLACES].filter(Boolean))];
    const label = (path) => (PLACES.includes(path) ? t(`console.place.${path.slice(5)}`) : t('console.place.target', { path, target: this.ctx.bridge.target || '' }));
    this.select = h('select', { 'aria-label': t('console.place'), on: { change: (e) => this.ctx.connect(e.target.value) } },
      places.map((path) => h('option', { value: path, selected: path === here }, label(path))));
    return this.select;
  }

  options() {
    const pick = (name, values, label) => h('label', null, h('span', null, t(`console.${name}`)),
      this.picks[name] = h('select', { on: { change: (e) => this.choose(name, e.target.value) } },
        values.map((v) => h('option', { value: v, selected: v === this.choice[name] }, label(v)))));
    const stream = h('input', { type: 'checkbox', checked: this.choice.stream, on: { change: (e) => this.choose('stream', e.target.checked) } });
    return h('div', { class: 'options' },
      pick('as', KINDS, (v) => t(`console.as.${v}`)),
      pick('end', Object.keys(ENDS), (v) => (v === 'none' ? t('console.end.none') : v)),
      pick('encoding', ENCODINGS, (v) => t(`console.encoding.${v}`)),
      h('label', { class: 'check' }, stream, ' ', h('span', null, t('console.stream'))));
  }

  choose(name, value) {
    this.choice[name] = value;
    if (name === 'encoding') this.transcript.decodeAs(value);
    if (name === 'stream') this.transcript.showStream(value);
    this.typed();
  }

  /** A line service waits for the end of the line. */
  endLines() {
    if (this.choice.end !== 'none') return;
    this.choice.end = 'LF';
    this.picks.end.value = 'LF';
  }

  key(e) {
    if (e.key !== 'Enter' || e.shiftKey || e.isComposing) return;
    e.preventDefault();
    this.submit();
  }

  typed() {
    this.input.rows = Math.min(6, this.input.value.slice(0, 2000).split('\n').length);
    const bad = this.bad = this.choice.as === 'hex' && parseHex(this.input.value) === null;
    this.input.toggleAttribute('aria-invalid', bad);
    say(this.error, bad ? badHexText(this.input.value) : '');
    this.update();
  }

  /** What send() gets: a string, or bytes. null when it is no hex. */
  payload() {
    const { as, end } = this.choice;
    if (as === 'hex') return parseHex(this.input.value);
    const text = this.input.value + ENDS[end];
    return as === 'text' ? text : new TextEncoder().encode(text);
  }

  submit() {
    const x = this.payload();
    const live = this.ctx.live();
    if (x === null) return this.typed();
    if (live?.ws?.readyState !== WebSocket.OPEN) return;
    this.story.tell(this.send(callOf(x, this.choice.as, this.input.value + ENDS[this.choice.end]), [x]));
    this.input.select();
  }

  /** Three messages in one turn of JavaScript: nothing gives the network time to go between them. */
  quick() {
    if (this.ctx.live()?.ws?.readyState !== WebSocket.OPEN) return;
    this.quickUsed = true;
    this.quickButton.classList.remove('pulses');
    this.story.tell(this.send(QUICK.map((text) => callOf(text, 'text', text)).join('; '), QUICK));
  }

  /** Sends and remembers which messages that were. */
  send(call, payloads) {
    const live = this.ctx.live();
    const run = { call, from: live.sent.n + 1, to: live.sent.n + payloads.length, up: live.sent.pos, got: live.got.n };
    for (const x of payloads) live.send(x);
    this.last = { ...run, bytes: live.sent.pos - run.up };
    return this.last;
  }

  /** The message that the page sends by itself when it opens. @param {string} text */
  greet(text) {
    this.story.tell({ ...this.send(callOf(text, 'text', text), [text]), self: true });
  }

  /** Once closed: the cause in a few words, which lead to all of it. */
  tellWhy(state) {
    const live = this.ctx.live();
    this.reason.hidden = state !== WebSocket.CLOSED || !live;
    if (this.reason.hidden || this.asked === live) return;
    this.asked = live;
    say(this.reason, t('console.why'));
    live.closed.then(({ fate }) => fate && this.asked === live && say(this.reason, fill(words(), fate).title));
  }

  closeOrOpen() {
    const live = this.ctx.live();
    if (live?.ws && live.ws.readyState <= WebSocket.OPEN) live.close();
    else this.ctx.connect(this.select.value);
  }

  update() {
    const ws = this.ctx.live()?.ws;
    const state = ws ? ws.readyState : 3;
    const open = state === WebSocket.OPEN;
    say(this.state, ws ? t(`ready.${state}`) : t('console.off'));
    this.tellWhy(state);
    this.status.dataset.state = String(state);
    say(this.closeButton, state <= 1 ? 'close()' : t('console.reconnect'));
    this.closeButton.disabled = state === WebSocket.CLOSING;
    this.sendButton.disabled = !open || this.bad;
    this.quickButton.disabled = !open;
    if (this.last && !this.last.shown) this.last.shown = showSizes(this.ran, this.ctx.store, this.last.call, this.last.from, this.last.to);
    if (!this.last) clear(this.ran);
    this.story.update();
  }
}

function badHexText(text) {
  const what = badHex(text);
  return what ? t('console.hex.bad', { what }) : t('console.hex.odd');
}
