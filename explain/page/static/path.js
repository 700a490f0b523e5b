/** Part 1: the five stations between your JavaScript and the target, with what each has counted so far. */
import { clear, h, say } from './dom.js';
import { num, onLang, t } from './lang.js';
import { valuesOf } from './path_values.js';
import { create as createAPI } from './api.js';

const STATIONS = [
  { id: 'js', colour: 'js', rows: ['send', 'bytes', 'message', 'buffered'] },
  { id: 'a', colour: 'a', pipe: true, rows: ['frames', 'bytes', 'segments', 'rtt'] },
  { id: 'bridge', colour: 'bridge', rows: ['read', 'write', 'masks'] },
  { id: 'b', colour: 'b', pipe: true, rows: ['frames', 'bytes', 'segments', 'cwnd'] },
  { id: 'target', colour: 'b', rows: ['recv', 'bytes', 'tsend', 'knows'] },
];

/** @param {HTMLElement} root @param {import('./main.js').Context} ctx */
export async function create(root, ctx) {
  const list = h('ol', { class: 'stations' });
  const api = h('div');
  root.append(list, api);
  let stations;
  const draw = () => { stations = build(list); fill(stations, ctx); };
  draw();
  onLang(draw);
  const flows = new Flows(list);
  ctx.onStore((store) => {
    flows.restart();
    fill(stations, ctx);
    store.addEventListener('change', () => {
      if (store !== ctx.store) return;
      fill(stations, ctx);
      flows.look(store.totals);
    });
    store.addEventListener('select', () => light(list, store.selection.event));
  });
  await createAPI(api, ctx);
}

/** Builds the stations. Returns the elements to fill: {station: {root, state, note, rows: {row: [to, back]}}}. */
function build(list) {
  clear(list);
  const built = {};
  for (const { id, colour, pipe, rows } of STATIONS) {
    const cells = Object.fromEntries(rows.map((row) => [row, [h('td', { class: 'num' }), h('td', { class: 'num' })]]));
    const state = h('p', { class: 'state' });
    const note = h('p', { class: 'note' });
    const root = h('li', { class: `station ${pipe ? 'pipe' : 'box'} of-${colour}`, dataset: { station: id } },
      h('h3', null, t(`path.${id}`)), state, h('table', null, head(), h('tbody', null, rows.map((row) =>
        h('tr', null, h('th', { scope: 'row' }, t(`path.row.${row}`)), cells[row])))), note);
    list.append(root);
    built[id] = { root, state, note, rows: cells };
  }
  return built;
}

/** The arrows are in path.css, because they turn where the stations stand below each other. */
function head() {
  const way = (name) => h('th', { scope: 'col', class: name }, h('span', { class: 'visually-hidden' }, t(`path.${name}`)));
  return h('thead', null, h('tr', null, h('td'), way('to'), way('back')));
}

function fill(stations, ctx) {
  for (const [id, values] of Object.entries(valuesOf(ctx))) {
    const { root, state, note, rows } = stations[id];
    root.classList.toggle('absent', Boolean(values.absent));
    say(state, values.state);
    say(note, values.note);
    for (const [row, pair] of Object.entries(values.rows)) pair.forEach((value, i) => put(rows[row][i], value));
  }
}

function put(cell, value) {
  say(cell, typeof value === 'number' ? num(value) : value);
  cell.classList.toggle('words', typeof value === 'string' && value.length > 8);
}

/** Lights the station where the selected event happened. */
function light(list, event) {
  const at = event && stationOf(event);
  for (const el of list.children) el.classList.toggle('lit', el.dataset.station === at);
}

function stationOf(e) {
  if (e.layer === 'js') return 'js';
  if (e.layer === 'recv' || e.layer === 'send' || e.kind === 'target') return 'target';
  if (e.layer === 'read' || e.layer === 'write') return 'bridge';
  return e.stream ? e.stream.toLowerCase() : 'bridge';
}

/** Lets a pipe glow for a moment when bytes passed it; what a screen reader needs is in the numbers. */
class Flows {
  constructor(list) {
    this.list = list;
    this.restart();
  }

  restart() {
    this.had = null;
  }

  look(totals) {
    const sums = { a: totals.a.in.bytes + totals.a.out.bytes, b: totals.b.in.bytes + totals.b.out.bytes };
    for (const id of ['a', 'b']) if (this.had && sums[id] !== this.had[id]) this.glow(id);
    this.had = sums;
  }

  glow(id) {
    const pipe = this.list.querySelector(`[data-station="${id}"]`);
    if (!pipe || pipe.classList.contains('flows')) return;
    pipe.classList.add('flows');
    setTimeout(() => pipe.classList.remove('flows'), 700);
  }
}
