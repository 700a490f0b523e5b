/** The keyboard: j and k walk through the events, Enter shows one in the X-ray, ? helps, Esc lets go. */
import { clear, h, rich } from './dom.js';
import { ms, num, onLang, t, words } from './lang.js';
import { fill } from './words.js';

const KEYS = ['j', 'k', 'Enter', 'Esc', '?'];
const COLOURS = ['js', 'a', 'bridge', 'b', 'hot'];

/** @param {import('./main.js').Context} ctx */
export function startKeys(ctx) {
  const here = h('div', { class: 'here', hidden: true });
  document.body.append(here);
  const help = helpDialog();
  const title = (e) => (e.src === 'js' ? t(`fact.${e.kind}`, { n: e.n ?? '' }) : fill(words(), e).title);
  const show = (index) => {
    const e = ctx.store.events[index];
    ctx.store.select(e);
    here.hidden = false;
    clear(here).append(h('span', { class: 'num soft' }, `${num(index + 1)}/${num(ctx.store.events.length)}`), ' ',
      h('span', { class: 'num soft' }, ms(e.t)), ' ', [e.stream, title(e)].filter(Boolean).join(' '));
    announce(title(e));
  };
  const actions = {
    j: () => show(next(ctx.store, 1)),
    k: () => show(next(ctx.store, -1)),
    '?': () => help.showModal(),
    Enter: () => ctx.store.selection.event && ctx.store.inspect(ctx.store.selection.event),
    Escape: () => { ctx.store.select(null); here.hidden = true; },
  };
  document.addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || busy(e) || !actions[e.key]) return;
    if ((e.key === 'j' || e.key === 'k') && !ctx.store.events.length) return;
    actions[e.key]();
    if (e.key !== 'Escape') e.preventDefault();
  });
}

/** Opens the help. */
export function openHelp() {
  /** @type {HTMLDialogElement} */ (document.getElementById('help')).showModal();
}

let said = 0;
let waiting = 0;

/** Tells a screen reader, politely and not more than once a second; the last word wins. @param {string} text */
export function announce(text) {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    said = Date.now();
    document.getElementById('live').textContent = text;
  }, Math.max(0, said + 1000 - Date.now()));
}

/** The index of the next event from the selected one; kernel samples are passed by. */
function next(store, step) {
  const { events, selection } = store;
  let i = events.indexOf(selection.event);
  if (i < 0) i = step > 0 ? -1 : events.length;
  do i += step; while (i > 0 && i < events.length - 1 && events[i].layer === 'kernel');
  return Math.max(0, Math.min(events.length - 1, i));
}

/** Whether the key belongs to what has the focus. */
function busy(e) {
  const el = /** @type {HTMLElement} */ (e.target);
  if (el.closest?.('dialog')) return true;
  if (el.matches?.('input, textarea, select')) return true;
  return e.key === 'Enter' && Boolean(el.closest?.('button, a, summary, [role="button"], [tabindex]'));
}

function helpDialog() {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById('help'));
  const draw = () => {
    clear(dialog).append(
      h('h2', { id: 'help-h' }, t('help.h')),
      h('dl', null, KEYS.map((key) => [h('dt', null, h('kbd', null, key)), h('dd', null, rich(t(`help.${key}`)))])),
      h('p', { class: 'soft' }, rich(t('help.colours'))),
      h('ul', { class: 'colours' }, COLOURS.map((c) => h('li', { class: `of-${c}` }, t(`help.colour.${c}`)))),
      h('form', { method: 'dialog' }, h('button', { class: 'primary' }, t('help.close'))));
  };
  draw();
  onLang(draw);
  return dialog;
}
