/** What became of the last send()s, in one sentence and four numbers, counted in this run's events. Why is the ruler's. */
import { clear, h, rich } from './dom.js';
import { num, t } from './lang.js';
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
    this.root.append(h('ol', { class: 'chain' }, links(found)), h('p', null, rich(sentence(found))));
  }
}

/** How many calls had this run's bytes in hand, layer by layer. */
function count(store, run) {
  const up = { flow: 'up', pos: run.up, len: run.bytes };
  const down = { flow: 'down', pos: run.down, len: run.bytes };
  const some = (layer, kind, stream, span) => store.events.filter((e) => e.layer === layer && e.kind === kind && e.stream === stream
    && overlap(store.span(e), span));
  const came = store.events.filter((e) => e.src === 'js' && e.kind === 'message' && overlap(store.span(e), down));
  const recvs = some('recv', 'recv', 'B', up);
  const sum = (list) => list.reduce((n, e) => n + e.len, 0);
  const reads = some('read', 'read', 'A', up);
  return {
    sent: run.to - run.from + 1, bytes: run.bytes,
    reads: reads.length, writes: some('write', 'write', 'B', up).length,
    recvs: recvs.length, back: came.length, backBytes: sum(came),
    settled: reads.length > 0 && sum(came) >= run.bytes,
  };
}

function links(found) {
  const link = (colour, n, what) => h('li', { class: `of-${colour}` }, h('strong', { class: 'num' }, num(n)), ' ', h('code', null, what));
  return [
    link('js', found.sent, 'send()'),
    found.reads > 0 && link('bridge', found.reads, 'read()'),
    found.recvs > 0 && link('b', found.recvs, 'recv()'),
    found.back > 0 && link('js', found.back, 'onmessage'),
  ];
}

function sentence(found) {
  if (!found.settled) return t('story.sent', found);
  return t(found.recvs ? 'story.target' : 'story.direct', found);
}
