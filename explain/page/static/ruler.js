/**
 * The cut ruler: the same bytes on one axis, a row for everybody who had them in hand. Bytes keep their place from row
 * to row; only the cuts move. Where cuts vanished, the piece that swallowed them is outlined.
 */
import { h, clear, rich } from './dom.js';
import { t, num, lang, onLang, loadTexts } from './lang.js';
import { rows, extent, gaps } from './rows.js';
import { bursts } from './bursts.js';
import { bar, stroke } from './ruler_bar.js';
import { twin } from './ruler_table.js';
import { overlap } from './spans.js';
import { calmly } from './calm.js';

/** @param {HTMLElement} root @param {any} ctx */
export async function create(root, ctx) {
  await loadTexts('layers');
  // at: index of the burst that was asked for; null follows the latest, but not under somebody who is in the figure
  const view = { at: null, all: false, seen: Infinity };
  const steps = h('div', { class: 'ruler-steps', role: 'group' });
  const verdict = h('p', { class: 'ruler-verdict' });
  const figure = h('div', { class: 'ruler-figure', role: 'group', on: { keydown: walk } });
  const table = h('details', { class: 'twin' });
  root.append(verdict, steps, figure, table);
  let list = [];
  const soon = calmly(root, draw);

  function draw() {
    const store = ctx.store;
    list = store ? bursts(store) : [];
    const reading = figure.matches(':hover') || figure.contains(document.activeElement);
    const latest = list.length - 1;
    const index = Math.min(latest, view.at ?? (reading ? view.seen : latest));
    view.seen = index;
    const shown = view.all ? whole(store) : list[index];
    const parts = ['up', 'down'].map((flow) => [flow, shown?.[flow] || [0, 0], shown?.[flow] ? rows(store, flow, ...shown[flow]) : []]);
    const now = signature(parts, list.length, view.all);
    if (now === view.drawn) return;
    view.drawn = now;
    const had = document.activeElement?.dataset?.piece;
    clear(figure);
    buttons(index);
    steps.hidden = table.hidden = !shown;
    if (!shown) {
      figure.append(h('p', { class: 'ruler-empty' }, t('ruler.empty')));
      clear(verdict).dataset.text = '';
      return;
    }
    for (const [flow, range, all] of parts) figure.append(half(store, flow, range, all, pick));
    conclude(verdict, parts);
    twin(table, parts);
    const again = had && figure.querySelector(`[data-piece="${had}"]`);
    const first = figure.querySelector('.piece');
    (again || first)?.setAttribute('tabindex', '0');
    again?.focus({ preventScroll: true });
    light();
  }

  function buttons(index) {
    const go = (to) => { Object.assign(view, { all: false, at: to >= list.length - 1 ? null : to, seen: Infinity }); draw(); };
    const button = (key, off, click, extra) => h('button', { type: 'button', class: 'quiet', disabled: off, on: { click }, ...extra }, t(key));
    const focused = document.activeElement?.dataset?.step;
    clear(steps).append(
      button('ruler.previous', view.all || index <= 0, () => go(index - 1), { 'data-step': 'previous' }),
      h('span', { class: 'ruler-where' }, list.length ? t(view.all ? 'ruler.where.all' : 'ruler.where', { n: index + 1, of: list.length }) : ''),
      button('ruler.next', view.all || index >= list.length - 1, () => go(index + 1), { 'data-step': 'next' }),
      button('ruler.all', list.length < 2, () => { view.all = !view.all; draw(); }, { 'data-step': 'all', 'aria-pressed': String(view.all) }),
    );
    if (focused) steps.querySelector(`[data-step="${focused}"]`)?.focus();
  }

  function pick(block, open) {
    const store = ctx.store;
    const span = { flow: block.flow, pos: block.pos, len: block.len };
    store.select(span, { event: block.event });
    if (open) store.inspect(block.event);
  }

  function light() {
    const span = ctx.store?.selection.span;
    for (const el of figure.querySelectorAll('.piece')) el.classList.toggle('lit', overlap(span, el.span));
  }

  /** Arrow keys: along a row, and from row to row at the same byte. */
  function walk(ev) {
    const from = ev.target.closest?.('.piece');
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[ev.key];
    if (!from || !step || ev.ctrlKey || ev.metaKey || ev.altKey) return;
    const bars = [...figure.querySelectorAll('.ruler-bar')].filter((b) => b.querySelector('.piece'));
    const here = from.closest('.ruler-bar');
    const next = step[0] ? sibling(here, from, step[0]) : nearest(bars[bars.indexOf(here) + step[1]], from);
    if (!next) return;
    ev.preventDefault();
    from.setAttribute('tabindex', '-1');
    next.setAttribute('tabindex', '0');
    next.focus();
  }

  const listen = (store) => {
    Object.assign(view, { at: null, all: false, seen: Infinity, drawn: null });
    store.addEventListener('change', soon);
    store.addEventListener('select', light);
    soon();
  };
  ctx.onStore(listen);
  onLang(draw);
  figure.addEventListener('pointerleave', soon);
  figure.addEventListener('focusout', soon);
  draw();
}

/** What of the rows can change: when this does not, nothing is drawn again. */
function signature(parts, count, all) {
  const row = (r) => `${r.known}${r.note}${r.blocks.length}:${r.blocks.reduce((n, b) => n + b.len + b.n, 0)}`;
  return [lang(), count, all, ...parts.map(([flow, range, list]) => `${flow}${range}${list.map(row)}`)].join('|');
}

/** One direction: its heading, its axis, its rows. */
function half(store, flow, [from, to], all, pick) {
  const known = all.filter((r) => r.known && r.blocks.length);
  const box = h('div', { class: `ruler-half flow-${flow}` },
    h('h3', null, t(`ruler.flow.${flow}`)),
    known.length ? axis(from, to) : h('p', { class: 'ruler-empty' }, t(`ruler.nothing.${flow}`)));
  if (!known.length) return box;
  for (const group of together(all)) {
    const row = group[0];
    box.append(h('div', { class: `ruler-row who-${row.who}` },
      h('div', { class: 'ruler-label' }, group.map((r) => h('strong', { class: `who-${r.who}` }, t(r.label))), h('span', null, ...sentence(row))),
      bar(store, flow, row, from, to, linesAt(all, row), pick)));
  }
  return box;
}

/** Rows in groups of one; neighbours that are unknown for the same reason say it together. */
function together(all) {
  const out = [];
  for (const row of all) {
    const last = out[out.length - 1]?.[0];
    if (last && !row.known && last.note === row.note) out[out.length - 1].push(row);
    else out.push([row]);
  }
  return out;
}

/** The cuts that run into a row, out of it, or past it. */
function linesAt(all, row) {
  const next = (i) => all.slice(i + 1).find((r) => r.exact);
  const above = all.slice(0, all.indexOf(row)).findLast((r) => r.exact);
  const below = next(all.indexOf(row));
  if (row.exact) return [...stroke(above, row, 'above'), ...stroke(row, below, 'below')];
  return stroke(above, below, 'through');
}

function sentence(row) {
  if (!row.known) return [];
  const gone = row.vanished.length ? t('ruler.gone', { n: row.vanished.length }) : '';
  return [...rich(t(row.sub.key, row.sub.params)), gone ? h('em', { class: 'gone' }, ` ${gone}`) : null].filter(Boolean);
}

function axis(from, to) {
  return h('div', { class: 'ruler-axis', 'aria-hidden': 'true' },
    h('span', null, t('ruler.axis.from', { n: from })), h('span', null, num(to)));
}

/** What it comes to: how many messages went, how many came back. Counted, not expected. */
function conclude(el, [[, upRange, up], [, downRange, down]]) {
  const sent = first(up, 'send', 'message');
  const back = first(down, 'onmessage', 'message');
  const size = (list) => list.reduce((n, b) => n + b.len, 0);
  const params = { n: sent.length, m: back.length, sent: size(sent), back: size(back) };
  const name = which(params, {
    direct: up.some((r) => r.note === 'ruler.note.no-b'),
    missing: gaps(sent, ...upRange).length > 0 || gaps(back, ...downRange).some(([pos, len]) => pos + len < downRange[1]),
    under: gaps(back, ...downRange).length > 0,
  });
  const text = name ? t(`ruler.verdict.${name}`, params) : '';
  if (el.dataset.text === text) return;
  el.dataset.text = text;
  clear(el).append(...rich(text));
}

/** The blocks of the first of these rows that has any. */
function first(all, ...ids) {
  return ids.map((id) => all.find((r) => r.id === id)?.blocks || []).find((blocks) => blocks.length) || [];
}

/** @param {{direct: boolean, missing: boolean, under: boolean}} is missing: some was not kept; under: under way */
function which({ n, m, sent, back }, is) {
  if (is.missing) return 'missing';
  if (!n) return m ? 'down' : '';
  if (!m) return 'up';
  if (is.under) return 'soon';
  if (is.direct) return 'direct';
  if (sent !== back) return 'other';
  return m < n ? 'merged' : m > n ? 'split' : 'same';
}

function whole(store) {
  const range = (flow) => { const to = extent(store, flow); return to ? [0, to] : null; };
  return { up: range('up'), down: range('down') };
}

function sibling(bar, from, step) {
  const all = [...bar.querySelectorAll('.piece')];
  return all[all.indexOf(from) + step];
}

/** The piece of a bar that has the byte in the middle of another piece. */
function nearest(bar, from) {
  if (!bar) return null;
  const middle = (el) => el.offsetLeft + el.offsetWidth / 2;
  const at = middle(from);
  return [...bar.querySelectorAll('.piece')].reduce((best, el) => (!best || Math.abs(middle(el) - at) < Math.abs(middle(best) - at) ? el : best), null);
}

