/** The WebSocket API with its current values, and what is often told wrong about it, each with evidence of this session. */
import { clear, h, rich, say } from './dom.js';
import { num, onLang, t } from './lang.js';
import { isData } from './spans.js';
import { encrypted } from './wire.js';

const ROWS = ['url', 'readyState', 'bufferedAmount', 'binaryType', 'protocol', 'extensions',
  'onopen', 'onmessage', 'onerror', 'onclose', 'send()', 'close()'];
const COLUMNS = ['api.member', 'api.value', 'api.means'];
const NOTES = ['socket', 'location', 'tcp', 'origin', 'buffered'];

/** @param {HTMLElement} root @param {import('./main.js').Context} ctx */
export async function create(root, ctx) {
  const fold = h('details', { class: 'api' });
  root.append(fold);
  let cells = {};
  const fill = () => {
    if (!fold.open) return;
    const values = valuesOf(ctx);
    for (const row of ROWS) say(cells[row], values[row]);
    for (const note of NOTES) say(cells[note], evidence(note, ctx));
  };
  const draw = () => { cells = build(fold); fill(); };
  draw();
  onLang(draw);
  fold.addEventListener('toggle', fill);
  ctx.onStore((store) => {
    fill();
    store.addEventListener('change', () => { if (store === ctx.store) fill(); });
  });
}

function build(fold) {
  const cells = {};
  const rows = ROWS.map((row) => h('tr', null,
    h('th', { scope: 'row' }, h('code', { class: 'js' }, row)),
    cells[row] = h('td', { class: 'mono value' }),
    h('td', { class: 'soft' }, rich(t(`api.${row}`)))));
  const notes = NOTES.map((note) => h('li', null,
    h('p', null, rich(t(`note.${note}`))),
    cells[note] = h('p', { class: 'soft small' })));
  clear(fold).append(
    h('summary', null, t('api.h')),
    h('div', { class: 'wide' }, h('table', null,
      h('thead', null, h('tr', null, COLUMNS.map((key) => h('th', { scope: 'col' }, t(key))))),
      h('tbody', null, rows))),
    h('h3', null, t('note.h')),
    h('ul', { class: 'notes' }, notes));
  return cells;
}

/** What each member of the API says or did, now. */
function valuesOf(ctx) {
  const ws = ctx.live()?.ws;
  const { js } = ctx.store.counts;
  const facts = ctx.store.events.filter((e) => e.src === 'js');
  const last = (kind) => facts.findLast((e) => e.kind === kind);
  const close = last('close');
  const closing = facts.findLast((e) => e.call === 'close()');
  return {
    url: ws ? new URL(ws.url).pathname : '–',
    readyState: ws ? t(`ready.${ws.readyState}`) : '–',
    bufferedAmount: ws ? num(ws.bufferedAmount) : '–',
    binaryType: ws ? quoted(ws.binaryType) : '–',
    protocol: ws ? quoted(ws.protocol) : '–',
    extensions: ws ? quoted(ws.extensions) : '–',
    onopen: last('open') ? t('api.once') : t('api.never'),
    onmessage: t('api.times', { n: js.message.calls }),
    onerror: last('error') ? t('api.once') : t('api.never'),
    onclose: close ? `${close.code}, ${quoted(close.reason)}, ${close.wasClean}` : t('api.never'),
    'send()': t('api.times', { n: js.send.calls }),
    'close()': closing ? argumentsOf(closing) || t('api.once') : t('api.never'),
  };
}

function argumentsOf({ code, reason }) {
  return [code, reason && quoted(reason)].filter(Boolean).join(', ');
}

/** What this session says to a note. */
function evidence(note, ctx) {
  const { events, totals } = ctx.store;
  const http = (kind) => events.find((e) => e.layer === 'http' && e.kind === kind)?.http;
  const headers = (kind) => (http(kind)?.headers || []).map(([name]) => name).join(', ');
  switch (note) {
    case 'socket': return t('note.socket.seen', { reads: totals.a.in.calls, writes: totals.a.out.calls });
    case 'location': return http('response') ? t('note.location.seen', { names: headers('response') }) : t('note.unseen');
    case 'tcp': return frameSeen(ctx.store);
    case 'origin': return originSeen(http('request'));
    case 'buffered': return t('note.buffered.seen', { n: ctx.live()?.ws?.bufferedAmount ?? 0 });
  }
  return '';
}

function frameSeen(store) {
  const frame = store.events.findLast((e) => e.layer === 'frame' && e.dir === 'in' && e.kind !== 'begin' && isData(e) && e.size);
  return frame ? t(encrypted(store, 'A') ? 'note.tcp.seen.tls' : 'note.tcp.seen', { payload: frame.size, wire: frame.len }) : t('note.unseen');
}

function originSeen(request) {
  const origin = request?.headers.find(([name]) => name.toLowerCase() === 'origin');
  return origin ? t('note.origin.seen', { origin: origin[1] }) : t('note.unseen');
}

function quoted(text) {
  return JSON.stringify(text);
}
