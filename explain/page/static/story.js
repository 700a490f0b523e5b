/** What became of the last send()s, in one sentence and four numbers, counted in this run's events. Why is the ruler's. */
import { clear, h, rich } from './dom.js';
import { lang, num, t } from './lang.js';
import { announce } from './keys.js';
import { overlap } from './spans.js';

export class Story {
  /**
   * @param {HTMLElement} root
   * @param {import('./main.js').Context} ctx
   */
  constructor(root, ctx) {
    this.root = root;
    this.ctx = ctx;
    this.run = null;
    this.shown = '';
  }

  reset() {
    this.run = null;
    this.draw();
  }

  /** Tells of the messages run.from to run.to. @param {Record<string, any>} run see Console.send */
  tell(run) {
    this.run = run;
    this.draw();
  }

  draw() {
    this.shown = '';
    this.update();
  }

  update() {
    const found = this.run && count(this.ctx.store, this.run);
    const sign = JSON.stringify(found);
    if (sign === this.shown) return;
    this.shown = sign;
    clear(this.root);
    if (!found) return;
    const text = sentence(found);
    const on = found.sent > 1 && found.back > 0 && h('a', { href: '#ruler' }, t('story.on'));
    this.root.append(h('ol', { class: 'chain' }, links(found)), h('p', null, rich(text), ' ', on));
    announce(text.replaceAll('**', ''));
  }
}

/** How many events are not here to be counted. */
export function lost(store) {
  return store.counts.dropped + (store.gap?.n || 0);
}

/** How many calls had this run's bytes in hand, layer by layer. */
function count(store, run) {
  const up = { flow: 'up', pos: run.up, len: run.bytes };
  const some = (kind, stream) => store.events.filter((e) => e.layer === kind && e.kind === kind && e.stream === stream
    && overlap(store.span(e), up));
  return {
    sent: run.to - run.from + 1,
    self: Boolean(run.self),
    partial: lost(store) > run.lost,
    reads: some('read', 'A').length,
    recvs: some('recv', 'B').length,
    back: store.events.filter((e) => e.src === 'js' && e.kind === 'message' && e.n > run.got).length,
  };
}

function links(found) {
  const link = (colour, n, what) => h('li', { class: `of-${colour}` },
    h('strong', { class: 'num' }, num(n)), ' ', h('code', null, what));
  return [
    link('js', found.sent, 'send()'),
    found.reads > 0 && link('bridge', found.reads, 'read()'),
    found.recvs > 0 && link('b', found.recvs, 'recv()'),
    found.back > 0 && link('js', found.back, 'onmessage'),
  ];
}

/** Only what has been seen so far is told. */
function sentence(found) {
  const parts = [found.self ? 'story.self' : 'story.you'];
  if (found.reads) parts.push(found.recvs ? 'story.target' : 'story.bridge');
  if (found.reads) parts.push(found.back ? 'story.back' : 'story.silence');
  if (found.partial) parts.push('story.partial');
  return parts.map((key) => t(key, found)).join(lang() === 'zh' ? '' : ' ');
}
