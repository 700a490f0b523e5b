/** Part 7: why the connection closed, from both of its sides, and how little of that the browser told the page. */
import { clear, h, rich } from './dom.js';
import { ms, onLang, t, words } from './lang.js';
import { flow } from './spans.js';
import { fill } from './words.js';

const MOST = 6; // endings kept on the page

/** @param {HTMLElement} root @param {import('./main.js').Context} ctx */
export async function create(root, ctx) {
  const part = new Why(root, ctx);
  onLang(() => part.draw());
  ctx.onStore((store) => {
    store.addEventListener('change', () => part.look());
    part.look();
  });
}

class Why {
  constructor(root, ctx) {
    this.root = root;
    this.ctx = ctx;
    /** Newest first. @type {{live: any, ending: import('./session.js').Ending, store: any}[]} */
    this.endings = [];
    this.watched = new WeakSet();
    this.draw();
  }

  /** Waits for the end of the current connection, once. */
  look() {
    const live = this.ctx.live();
    if (!this.endings.length) this.draw();
    if (!live || this.watched.has(live)) return;
    this.watched.add(live);
    live.closed.then((ending) => {
      this.endings = [{ live, ending, store: live.store }, ...this.endings].slice(0, MOST);
      this.draw();
      live.store.addEventListener('change', () => this.draw());
    });
  }

  draw() {
    const open = Boolean(this.root.querySelector('.older')?.open);
    clear(this.root);
    if (!this.endings.length) {
      if (this.ctx.live()?.ws?.readyState === WebSocket.OPEN) this.root.append(h('p', { class: 'soft' }, rich(t('why.none'))));
      return;
    }
    const [newest, ...older] = this.endings;
    this.root.append(story(newest));
    if (!older.length) return;
    this.root.append(h('details', { class: 'older', open },
      h('summary', null, t('why.older', { n: older.length })), older.map(story)));
  }
}

/** One ending: the cause, what went over both connections, what the page got. */
function story({ ending, store }) {
  const { fate } = ending;
  const said = fate ? fill(words(), fate) : { title: t('why.unknown'), text: '', rfc: '' };
  return h('article', { class: 'ending' },
    h('h3', null, said.title),
    h('p', { class: 'cause' }, said.text, ' ', said.rfc && h('span', { class: 'rfc soft small' }, said.rfc)),
    sides(store),
    h('p', { class: 'got' }, h('span', { class: 'soft' }, t('why.got')), ' ', h('code', { class: 'js' }, onclose(ending))),
    !said.text.includes('1006') && h('p', null, rich(otherwise(ending, store))));
}

function onclose({ code, reason, wasClean }) {
  return `onclose({code: ${code}, reason: ${JSON.stringify(reason)}, wasClean: ${wasClean}})`;
}

/** What would have been, or was, without a Close frame. */
function otherwise(ending, store) {
  const sent = closeFrames(store).some((e) => e.dir === 'out');
  if (ending.code === 1006) return t(ending.fate ? 'why.1006' : 'why.1006.unknown');
  return sent ? t('why.counterfactual', { code: String(ending.code) }) : t('why.noframe');
}

/** How connections A and B ended, side by side, in order. */
function sides(store) {
  const start = store.events.find((e) => e.stream && isEnd(e))?.t ?? 0;
  const column = (stream, colour) => {
    const events = store.events.filter((e) => e.stream === stream && isEnd(e));
    return h('div', { class: `side of-${colour}` },
      h('h4', null, t(`why.side.${stream}`)),
      events.length
        ? h('ol', null, events.map((e) => h('li', null,
          h('span', { class: 'when num' }, `+${ms(e.t - start)}`), ' ', way(e), ' ', fill(words(), e).title)))
        : h('p', { class: 'soft' }, t('why.side.nothing')));
  };
  return h('div', { class: 'sides' }, column('A', 'a'), column('B', 'b'));
}

/** Towards the target or back, as in the path. */
function way(e) {
  if (!e.dir || e.kind === 'close' && e.layer === 'socket') return '·';
  return flow(e) === 'up' ? '→' : '←';
}

function isEnd(e) {
  if (e.layer === 'frame') return e.kind === 'close' || e.kind === 'cut';
  return e.layer === 'socket' && !['accept', 'connect', 'preface'].includes(e.kind);
}

function closeFrames(store) {
  return store.events.filter((e) => e.layer === 'frame' && e.kind === 'close');
}
