/** Part 1: the five stations between your JavaScript and the target, with what each has counted so far. */
import { clear, h, say } from './dom.js';
import { ms, num, onLang, t } from './lang.js';
import { create as createAPI } from './api.js';

/** @typedef {import('./main.js').Context} Context */

const STATIONS = [
  { id: 'js', colour: 'js', rows: ['send', 'bytes', 'message', 'buffered'] },
  { id: 'a', colour: 'a', pipe: true, rows: ['frames', 'bytes', 'segments', 'rtt'] },
  { id: 'bridge', colour: 'bridge', rows: ['read', 'write', 'masks'] },
  { id: 'b', colour: 'b', pipe: true, rows: ['frames', 'bytes', 'segments', 'cwnd'] },
  { id: 'target', colour: 'b', rows: ['recv', 'bytes', 'tsend', 'knows'] },
];

/** @param {HTMLElement} root @param {Context} ctx */
export async function create(root, ctx) {
  const list = h('ol', { class: 'stations' });
  const api = h('div');
  root.append(list, api);
  let cells = new Map();
  const draw = () => { cells = build(list); fill(cells, ctx); };
  draw();
  onLang(draw);
  const flows = new Flows(list);
  ctx.onStore((store) => {
    flows.restart();
    fill(cells, ctx);
    store.addEventListener('change', () => {
      if (store !== ctx.store) return;
      fill(cells, ctx);
      flows.look(store.totals);
    });
    store.addEventListener('select', () => light(list, store.selection.event));
  });
  await createAPI(api, ctx);
}

/** Builds the stations and returns their cells, by "station.row". */
function build(list) {
  const cells = new Map();
  const cell = (name, tag, attrs) => {
    const el = h(tag, attrs);
    cells.set(name, el);
    return el;
  };
  clear(list);
  for (const s of STATIONS) {
    const rows = s.rows.map((row) => h('tr', null,
      h('th', { scope: 'row' }, t(`path.row.${row}`)),
      cell(`${s.id}.${row}.to`, 'td', { class: 'num' }),
      cell(`${s.id}.${row}.back`, 'td', { class: 'num' })));
    list.append(h('li', { class: `station ${s.pipe ? 'pipe' : 'box'} of-${s.colour}`, dataset: { station: s.id } },
      h('h3', null, t(`path.${s.id}`)),
      cell(`${s.id}.state`, 'p', { class: 'state' }),
      h('table', null, head(), h('tbody', null, rows)),
      cell(`${s.id}.note`, 'p', { class: 'note' })));
  }
  return cells;
}

function head() {
  return h('thead', null, h('tr', null,
    h('td'),
    h('th', { scope: 'col', class: 'to' }, h('span', { class: 'visually-hidden' }, t('path.to'))),
    h('th', { scope: 'col', class: 'back' }, h('span', { class: 'visually-hidden' }, t('path.back')))));
}

/** Puts the newest numbers into the cells. */
function fill(cells, ctx) {
  const { store } = ctx;
  const { totals, js, target } = store.counts;
  const seen = sight(ctx);
  const a = store.latestTCP('A')?.tcp || {};
  const b = store.latestTCP('B')?.tcp || {};
  const set = (name, to, back) => {
    put(cells.get(`${name}.to`), to);
    put(cells.get(`${name}.back`), back);
  };
  set('js.send', js.send.calls, '');
  set('js.bytes', js.send.bytes, js.message.bytes);
  set('js.message', '', js.message.calls);
  set('js.buffered', js.buffered, '');
  set('a.frames', totals.a.in.frames, totals.a.out.frames);
  set('a.bytes', totals.a.in.bytes, totals.a.out.bytes);
  set('a.segments', measured(a.data_segs_in), measured(a.data_segs_out));
  set('a.rtt', a.min_rtt === undefined ? measured() : ms(a.min_rtt), '');
  set('bridge.read', totals.a.in.calls, seen.b ? totals.b.in.calls : '–');
  set('bridge.write', seen.b ? totals.b.out.calls : '–', totals.a.out.calls);
  set('bridge.masks', totals.a.in.frames, '');
  set('b.frames', seen.b ? 0 : '–', seen.b ? 0 : '–');
  set('b.bytes', seen.b ? totals.b.out.bytes : '–', seen.b ? totals.b.in.bytes : '–');
  set('b.segments', measured(b.data_segs_out), measured(b.data_segs_in));
  set('b.cwnd', measured(b.cwnd), '');
  set('target.recv', calls(target, 'recv', seen), '');
  set('target.bytes', seen.target ? totals.b.out.bytes && targetBytes(store, 'recv') : '–', seen.target ? targetBytes(store, 'send') : '–');
  set('target.tsend', '', calls(target, 'send', seen));
  set('target.knows', t('no'), '');
  put(cells.get('js.state'), t(`ready.${js.readyState}`));
  put(cells.get('a.state'), tcpState(store, 'A', a));
  put(cells.get('bridge.state'), t('path.bridge.state'));
  put(cells.get('b.state'), seen.b ? tcpState(store, 'B', b) : t('path.b.none'));
  put(cells.get('target.state'), targetName(ctx));
  put(cells.get('js.note'), t('path.js.note'));
  put(cells.get('a.note'), t('path.a.note'));
  put(cells.get('bridge.note'), t('path.bridge.note'));
  put(cells.get('b.note'), t('path.b.note'));
  put(cells.get('target.note'), seen.target ? t('path.target.note') : t('path.target.unseen'));
}

/** What can be seen: whether there is a connection B, and whether the target is a practice server of ours. */
function sight(ctx) {
  const path = ctx.store.path;
  const own = /^\/(lab\/ws-)?echo$/.test(path) && (ctx.bridge.practice || path.startsWith('/lab/'));
  return { b: !own, target: !own && (ctx.bridge.practice || path.startsWith('/lab/')) };
}

function calls(target, layer, seen) {
  if (!seen.target) return '–';
  return target.atLeast ? t('path.atleast', { n: target[layer].calls }) : target[layer].calls;
}

/** Bytes of the practice server's calls; when the feed left some out, the server's own count of the last sample. */
function targetBytes(store, layer) {
  const { target } = store.counts;
  if (!target.atLeast) return target[layer].bytes;
  const sample = store.latestTCP('target')?.tcp || {};
  return sample[layer === 'recv' ? 'bytes_read' : 'bytes_written'] ?? target[layer].bytes;
}

/** What stands behind the path, as the bridge names it. */
function targetName(ctx) {
  const dial = ctx.store.events.find((e) => e.layer === 'pair' && e.kind === 'dial');
  const lab = /^\/lab\/([\w-]+)$/.exec(ctx.store.path)?.[1];
  if (lab) return t('path.lab', { name: lab });
  return dial?.target || ctx.bridge.target || '';
}

/** The TCP state in words; once the bridge has given the connection up, that. */
function tcpState(store, stream, tcp) {
  const closed = store.events.some((e) => e.layer === 'socket' && e.kind === 'close' && e.stream === stream);
  if (closed) return t('tcp.gone');
  if (tcp.state) return t(`tcp.${tcp.state}`);
  return store.events.some((e) => e.layer === 'socket' && e.stream === stream) ? t('tcp.there') : t('tcp.none');
}

function measured(n) {
  return n === undefined ? t('unmeasured') : n;
}

function put(el, value) {
  say(el, typeof value === 'number' ? num(value) : value);
  if (el.tagName === 'TD') el.classList.toggle('words', /[^\d\s.,≥–]{4}/.test(el.textContent));
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
