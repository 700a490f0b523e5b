/** The ruler again as a table: one line per row and direction, its pieces as [from…to). */
import { h, clear } from './dom.js';
import { t, num } from './lang.js';

const MOST = 40;

/** @param {HTMLElement} details @param {[string, [number, number], import('./rows.js').Row[]][]} parts */
export function twin(details, parts) {
  const head = ['row', 'pieces', 'bytes', 'where', 'vanished'].map((k) => h('th', { scope: 'col' }, t(`ruler.table.${k}`)));
  const body = parts.flatMap(([flow, , all]) => all.map((row) => line(flow, row)));
  clear(details).append(h('summary', null, t('layers.table')),
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': t('layers.table') },
      h('table', null, h('thead', null, h('tr', null, head)), h('tbody', null, body))));
}

function line(flow, row) {
  const name = h('th', { scope: 'row' }, `${t(`ruler.arrow.${flow}`)} ${t(row.label)}`);
  if (!row.known) return h('tr', null, name, h('td', { colspan: '4' }, t(row.note)));
  const places = row.blocks.slice(0, MOST).map((b) => `[${num(b.pos)}…${num(b.pos + b.len)})${b.n > 1 ? ` ×${b.n}` : ''}`).join(' ');
  const more = row.blocks.length > MOST ? ` ${t('layers.more', { n: row.blocks.length - MOST })}` : '';
  return h('tr', null, name,
    h('td', null, num(row.blocks.reduce((n, b) => n + b.n, 0))),
    h('td', null, num(row.blocks.reduce((n, b) => n + b.len, 0))),
    h('td', { class: 'mono' }, places + more),
    h('td', null, row.vanished.length ? row.vanished.slice(0, MOST).map(num).join(', ') : '–'));
}
