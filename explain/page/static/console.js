/** Part 2: type, send, receive, close. */
import { clear, h, say } from './dom.js';
import { onLang, t, words } from './lang.js';
import { fill } from './words.js';
import { overlap } from './spans.js';
import { ENDS, optionsRow, placeSelect } from './options.js';
import { badHex, parseHex } from './streamtext.js';
import { callOf, showSizes } from './sizes.js';
import { Transcript } from './transcript.js';
import { Story, lost } from './story.js';

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
    this.bad = false;
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
    const live = this.ctx.live();
    live?.closed.then(() => live === this.ctx.live() && this.update()); // a tab that is not seen has no animation frames
    store.addEventListener('select', () => {
      const { span, event } = store.selection;
      this.transcript.light((fact) => fact === event || overlap(store.span(fact), span));
    });
    this.update();
  }

  draw() {
    this.build();
    clear(this.root).append(
      h('div', { class: 'top' }, this.status, this.place, this.closeButton),
      this.transcript.root,
      h('div', { class: 'row' }, this.input, this.sendButton, this.quickButton),
      this.error, this.options.root, this.ran, this.story.root);
    this.transcript.root.setAttribute('aria-label', t('console.log'));
    this.transcript.redraw();
    this.story.draw();
    this.asked = null;
    if (this.last) this.last.shown = false;
    this.update();
  }

  /** Makes the controls, in the page's language; what was typed stays. */
  build() {
    const typed = this.input?.value ?? t('console.first');
    const button = (name, act, text) => h('button', { type: 'button', class: name, on: { click: act } }, text);
    this.state = h('strong');
    this.reason = h('a', { href: '#why', hidden: true });
    this.status = h('p', { class: 'status' }, this.state, ' ', this.reason);
    this.error = h('p', { class: 'error hot', id: 'hex-error', role: 'alert' });
    this.ran = h('div', { class: 'ran' });
    this.input = h('textarea', {
      rows: 1, class: 'mono', spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off',
      'aria-label': t('console.input'), 'aria-describedby': 'hex-error',
      on: { keydown: (e) => this.key(e), input: () => this.typed() },
    });
    this.input.value = typed;
    this.sendButton = button('send', () => this.submit(), 'send()');
    this.quickButton = button('quick', () => this.quick(), t('console.quick'));
    this.closeButton = button('close', () => this.closeOrOpen());
    this.options = optionsRow(this.choice, (name, value) => this.choose(name, value));
    this.place = placeSelect(this.ctx.store.path || this.ctx.bridge.path, this.ctx.bridge, this.ctx.connect);
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
    this.options.set('end', 'LF');
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
    document.getElementById('begin').classList.remove('pulses');
    this.story.tell(this.send(QUICK.map((text) => callOf(text, 'text', text)).join('; '), QUICK));
  }

  /** Sends and remembers which messages that were. */
  send(call, payloads) {
    const live = this.ctx.live();
    const run = {
      call, from: live.sent.n + 1, to: live.sent.n + payloads.length, up: live.sent.pos, got: live.got.n, lost: lost(live.store),
    };
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
    else this.ctx.connect(this.place.value);
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
    this.quickButton.disabled = document.getElementById('begin').disabled = !open;
    if (!this.last) clear(this.ran);
    else if (!this.last.shown) this.last.shown = showSizes(this.ran, this.ctx.store, this.last);
    this.story.update();
  }
}

function badHexText(text) {
  const what = badHex(text);
  return what ? t('console.hex.bad', { what }) : t('console.hex.odd');
}
