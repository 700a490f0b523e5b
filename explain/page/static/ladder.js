/**
 * The ladder: what crossed between JavaScript, browser, bridge and target, by time. It shows the latest steps and more
 * when asked, and it never moves under somebody who reads it.
 */
import { h, clear, say } from './dom.js';
import { t, bytes, ms, onLang, loadTexts } from './lang.js';
import { step } from './ladder_steps.js';
import { overlap } from './spans.js';
import { calmly } from './calm.js';

const WINDOW = 60;
const LANES = ['js', 'browser', 'bridge', 'target'];

/** @param {HTMLElement} root @param {any} ctx */
export async function create(root, ctx) {
  await loadTexts('layers');
  const clock = h('p', { class: 'ladder-clock small soft' });
  const lanes = h('div', { class: 'ladder-lanes', 'aria-hidden': 'true' });
  const earlier = h('button', { type: 'button', class: 'quiet ladder-more', on: { click: more } });
  const news = h('button', { type: 'button', class: 'ladder-news', hidden: true, on: { click: catchUp } });
  const list = h('ol', { class: 'ladder-list', on: { keydown: walk } });
  const box = h('div', { class: 'ladder-box', on: { scroll: scrolled } }, lanes, earlier, list);
  root.append(clock, h('div', { class: 'ladder' }, box, news));
  let most = WINDOW;
  let made = new Map();
  let shown = [];
  let atEnd = true;
  const soon = calmly(root, () => draw());

  /** Somebody is in the list: the pointer, the focus, or it is scrolled away from its end. */
  function reading() {
    return !atEnd || list.matches(':hover') || list.contains(document.activeElement);
  }

  function scrolled() {
    atEnd = box.scrollTop + box.clientHeight > box.scrollHeight - 48;
    if (!reading()) soon();
  }

  function draw(force = false) {
    const all = steps(ctx.store);
    const plusminus = ctx.store.clock.plusminus;
    say(clock, `${t('ladder.unit')} ${plusminus === null ? t('ladder.clock.unknown') : t('ladder.clock', { ms: ms(plusminus) })}`);
    if (!force && shown.length && reading()) return waiting(all);
    news.hidden = true;
    show(all.slice(-most), all.length);
    box.scrollTop = box.scrollHeight;
    atEnd = true;
  }

  /** How many steps came since; they wait until they are asked for. */
  function waiting(all) {
    const last = shown[shown.length - 1];
    const n = all.length - 1 - all.findLastIndex((s) => s.event === last.event);
    news.hidden = n === 0;
    say(news, t('ladder.news', { n }));
  }

  function show(wanted, total) {
    shown = wanted;
    const kept = new Map();
    wanted.forEach((s, i) => {
      const row = made.get(s.event) || line(s);
      say(row.querySelector('.ladder-time'), time(ctx.store, s.event));
      if (s.step.gap) say(row.lastElementChild, label(s.event, s.step));
      kept.set(s.event, row);
      if (list.children[i] !== row) list.insertBefore(row, list.children[i] || null);
    });
    while (list.children.length > wanted.length) list.lastChild.remove();
    made = kept;
    earlier.hidden = total <= wanted.length;
    say(earlier, t('ladder.earlier', { n: Math.min(WINDOW, total - wanted.length), of: total - wanted.length }));
    if (!list.querySelector('[tabindex="0"]')) list.querySelector('button')?.setAttribute('tabindex', '0');
    light();
  }

  function line({ event: e, step: s }) {
    const name = label(e, s);
    if (s.gap) return h('li', { class: 'ladder-gap' }, h('span', { class: 'ladder-time' }), h('span', null, name));
    const where = s.from === s.to ? t(`ladder.lane.${LANES[s.from]}`) : `${t(`ladder.lane.${LANES[s.from]}`)} → ${t(`ladder.lane.${LANES[s.to]}`)}`;
    return h('li', { class: `who-${s.who}` }, h('button', {
      type: 'button', tabindex: '-1', class: `ladder-step${s.bad ? ' bad' : ''}`, title: name, 'aria-label': `${time(ctx.store, e)}, ${where}: ${name}`,
      on: { pointerenter: () => ctx.store.select(e), focus: (ev) => { tab(ev.currentTarget); ctx.store.select(e); }, click: () => ctx.store.inspect(e) },
    }, h('span', { class: 'ladder-time num' }), track(s, name)));
  }

  function more() {
    const all = steps(ctx.store);
    const from = all.findIndex((s) => s.event === shown[0]?.event);
    const before = box.scrollHeight - box.scrollTop;
    most = shown.length + WINDOW;
    show(all.slice(Math.max(0, from - WINDOW), from + shown.length), all.length);
    box.scrollTop = box.scrollHeight - before;
  }

  function catchUp() {
    most = WINDOW;
    draw(true);
    list.lastElementChild?.querySelector('button')?.focus({ preventScroll: true });
  }

  function light() {
    const { span, event } = ctx.store.selection;
    for (const [e, row] of made) row.classList.toggle('lit-step', e === event || overlap(span, ctx.store.span(e)));
  }

  function tab(button) {
    list.querySelector('[tabindex="0"]')?.setAttribute('tabindex', '-1');
    button.setAttribute('tabindex', '0');
  }

  function walk(ev) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[ev.key];
    const all = [...list.querySelectorAll('button')];
    const next = by && all[all.indexOf(document.activeElement) + by];
    if (!next) return;
    ev.preventDefault();
    next.focus();
  }

  function relabel() {
    clear(lanes).append(...['time', ...LANES].map((lane) => h('span', { class: `lane-${lane}` }, t(`ladder.lane.${lane}`))));
    list.setAttribute('aria-label', t('ladder.h'));
    clear(list);
    made = new Map();
    draw(true);
  }

  ctx.onStore((store) => {
    Object.assign(news, { hidden: true });
    [most, shown, made] = [WINDOW, [], new Map()];
    clear(list);
    store.addEventListener('change', soon);
    store.addEventListener('select', light);
    soon();
  });
  list.addEventListener('pointerleave', soon);
  list.addEventListener('focusout', soon);
  root.closest('details')?.addEventListener('toggle', () => draw(true)); // a closed one cannot be scrolled to its end
  onLang(relabel);
  relabel();
}

/** The step of an event does not change, and there are thousands. */
const known = new WeakMap();

/** The steps of a session by time, what is missing among them. */
function steps(store) {
  const out = [];
  for (const event of store.events) {
    let s = known.get(event);
    if (s === undefined) known.set(event, s = event.layer === 'feed' ? { gap: true } : step(store, event));
    if (s) out.push({ event, step: s });
  }
  return out;
}

function label(e, s) {
  if (s.gap) return t('ladder.gap', { n: e.n || 0 });
  const { what } = s.params;
  return t(s.key, typeof what === 'number' ? { ...s.params, what: bytes(what) } : s.params);
}

/** Milliseconds without the unit, which stands above; a fact of JavaScript's has none until the clocks are tied. */
function time(store, e) {
  return e.src === 'js' && store.clock.place(e.at) === null ? '–' : (e.t / 1000).toFixed(2);
}

/** The arrow between two lanes, or the dot on one, with its name. */
function track(s, name) {
  const left = Math.min(s.from, s.to);
  const way = s.from === s.to ? 'dot' : s.to > s.from ? 'right' : 'left';
  return h('span', { class: 'ladder-track', 'aria-hidden': 'true' }, h('span', {
    class: `ladder-mark ${way} lane-${left}`, style: { '--from': left, '--steps': Math.abs(s.to - s.from) },
  }, h('span', { class: 'ladder-name' }, name), h('i')));
}
