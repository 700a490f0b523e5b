/**
 * The kernel's own account: TCP_INFO of both sockets side by side, and of the practice server's when there is one; what
 * it does not tell is "–". Two equations tie its counts to ours.
 */
import { h, clear, say } from './dom.js';
import { t, num, ms, onLang, loadTexts } from './lang.js';
import { equations } from './kernel_sums.js';
import { calmly } from './calm.js';

const GROUPS = {
  alive: ['state', 'rtt', 'min_rtt'],
  carried: ['bytes_received', 'data_segs_in', 'bytes_acked', 'data_segs_out'],
  waiting: ['inq', 'outq', 'notsent_bytes', 'unacked'],
  room: ['snd_mss', 'rcv_mss', 'cwnd', 'snd_wnd', 'rcv_wnd'],
  lost: ['total_retrans', 'bytes_retrans'],
};
const TIMES = new Set(['rtt', 'min_rtt']);

/** @param {HTMLElement} root @param {any} ctx */
export async function create(root, ctx) {
  await loadTexts('layers');
  const sums = h('div', { class: 'kernel-sums' });
  const table = h('table', { class: 'kernel' });
  const when = h('p', { class: 'small soft' });
  root.append(sums, h('div', { class: 'scroll' }, table), when);
  let cells = [];
  let columns = [];

  /** The table is built once for a set of columns; after that only numbers change. */
  function build(streams) {
    columns = streams;
    cells = [];
    const column = (text, extra = '') => h('th', { scope: 'col', class: extra }, text);
    const head = h('tr', null, column(t('kernel.field')),
      streams.map((s) => column(t(`kernel.column.${s}`), `who-${s === 'A' ? 'a' : 'b'}`)), column(t('kernel.says'), 'says'));
    clear(table).append(h('thead', null, head), ...Object.entries(GROUPS).map(([group, fields]) => h('tbody', null,
      h('tr', { class: 'group' }, h('th', { colspan: String(streams.length + 2), scope: 'rowgroup' }, t(`kernel.group.${group}`))),
      fields.map((field) => line(field, streams)))));
  }

  function line(field, streams) {
    const values = streams.map((stream) => {
      const cell = h('td', { class: 'num value' });
      cells.push({ cell, stream, field });
      return cell;
    });
    return h('tr', null, h('th', { scope: 'row' }, h('code', null, field)), values, h('td', { class: 'says' }, t(`kernel.says.${field}`)));
  }

  function draw(anew = false) {
    const store = ctx.store;
    const samples = { A: store.latestTCP('A'), B: store.latestTCP('B'), target: store.latestTCP('target') };
    const measured = ['A', 'B', 'target'].some((s) => samples[s]?.tcp && Object.keys(samples[s].tcp).length);
    table.hidden = sums.hidden = !measured;
    if (!measured) return say(when, t(ctx.bridge.kernel === false ? 'kernel.not-measured' : 'kernel.waiting'));
    const streams = ['A', 'B', ...(samples.target ? ['target'] : [])];
    if (anew || String(streams) !== String(columns)) build(streams);
    for (const { cell, stream, field } of cells) say(cell, value(field, samples[stream]?.tcp?.[field]));
    say(when, t('kernel.when', { ms: ms(Math.max(...streams.map((s) => samples[s]?.t || 0))) }));
    clear(sums).append(...equations(store));
  }

  const soon = calmly(root, () => draw());
  ctx.onStore((store) => {
    store.addEventListener('change', soon);
    soon();
  });
  onLang(() => draw(true));
  draw(true);
}

function value(field, v) {
  if (v === undefined || v === null) return '–';
  if (TIMES.has(field)) return v < 1000 ? t('kernel.us', { n: v }) : ms(v);
  return typeof v === 'number' ? num(v) : String(v);
}
