/** The bar of one row: its pieces, what is missing between them, and the cuts as lines to the rows above and below. */
import { h } from './dom.js';
import { t, num } from './lang.js';
import { cuts, gaps } from './rows.js';
import { payloadBytes } from './wire.js';
import { text, hex } from './glyphs.js';

const MOST = 160; // pieces in a bar; more are drawn in lumps
const FEW = 12; // vanished cuts that are drawn strongly; a hundred of them are drawn thin
const READABLE = 48; // bytes whose characters are shown

/**
 * @param {any} store @param {'up'|'down'} flow @param {import('./rows.js').Row} row
 * @param {HTMLElement[]} lines cuts, see stroke
 * @param {(block: any, open: boolean) => void} pick
 */
export function bar(store, flow, row, from, to, lines, pick) {
  const box = h('div', { class: `ruler-bar row-${row.id}${row.vanished.length > FEW ? ' many' : ''}` });
  const place = placer(from, to);
  for (const line of lines) box.append(put(line, place(line.at, 0)));
  if (!row.known) {
    box.append(h('span', { class: 'unknown' }, t(row.note)));
    return box;
  }
  for (const [pos, len] of gaps(row.blocks, from, to)) {
    const hole = h('span', { class: 'hole', title: t('ruler.hole', { n: len }) }, h('span', null, t('ruler.hole.short')));
    box.append(put(hole, place(pos, len)));
  }
  for (const lump of lumps(row.blocks, (to - from) / MOST)) {
    box.append(put(piece(store, flow, row, lump, pick), place(lump.pos, lump.len)));
  }
  return box;
}

/** The cuts of `upper` as lines toward `lower`: kept ones thin, vanished ones hot. side: above or below a bar, or through. */
export function stroke(upper, lower, side) {
  if (!upper || !lower) return [];
  const inner = cuts(upper.blocks);
  if (inner.length > MOST) return [];
  const gone = new Set(lower.vanished);
  const many = gone.size > FEW ? ' thin' : '';
  return inner.map((at) => Object.assign(h('i', { class: `cut ${side}${gone.has(at) ? ` gone${many}` : ''}` }), { at }));
}

function piece(store, flow, row, lump, pick) {
  const label = caption(store, row, lump);
  const swallowed = row.vanished.some((at) => lump.pos < at && at < lump.pos + lump.len);
  const block = { ...lump, flow };
  const el = h('button', {
    type: 'button', tabindex: '-1', 'data-piece': `${flow}-${row.id}-${lump.pos}`,
    class: `piece${swallowed ? ' swallowed' : ''}${lump.len ? '' : ' empty'}${lump.n > 1 && row.id === 'segment' ? ' several' : ''}`,
    'aria-label': t('ruler.aria', {
      row: t(row.label), n: lump.many > 1 ? `×${lump.many}` : lump.event.n ?? '', from: lump.pos, to: lump.pos + lump.len, label,
    }),
    on: { pointerenter: () => pick(block, false), focus: () => pick(block, false), click: () => pick(block, true) },
  }, lump.head && !(lump.many > 1) ? h('span', { class: 'cap', title: t('ruler.cap', { n: lump.head }) }, `+${num(lump.head)}`) : null,
  h('span', { class: 'fit' }, h('span', { class: 'text' }, label)),
  row.id === 'segment' && lump.n > 1 ? h('span', { class: 'brief' }, `${num(lump.n)} ×`) : null);
  el.span = { flow, pos: lump.pos, len: lump.len };
  return el;
}

/** What is written in a piece: its characters when they are few, else how much it is. */
function caption(store, row, b) {
  if (b.many > 1) return t('ruler.lump', { n: b.many, bytes: b.len });
  if (row.id === 'segment' && b.n > 1) return t('ruler.segments', { n: b.n, bytes: b.wire });
  if (row.id === 'segment') return t('ruler.wire', { n: b.wire });
  if (b.event.stream === 'A' && row.id === 'read') return t('ruler.wire', { n: b.wire });
  if (!b.len) return '∅';
  const data = b.len <= READABLE ? payloadBytes(store, b) : null;
  if (!data) return t('ruler.size', { n: b.len });
  return text(data) ?? (b.len <= 6 ? hex(data) : t('ruler.size', { n: b.len }));
}

/** Neighbours that would be too thin to see, put together. */
function lumps(blocks, least) {
  if (blocks.length <= MOST) return blocks.map((b) => ({ ...b, many: 1 }));
  const out = [];
  for (const b of blocks) {
    const last = out[out.length - 1];
    if (last && last.pos + last.len === b.pos && last.len + b.len <= least) {
      Object.assign(last, { len: last.len + b.len, many: last.many + 1, n: last.n + b.n, head: last.head + b.head });
    } else out.push({ ...b, many: 1 });
  }
  return out;
}

function placer(from, to) {
  const span = Math.max(1, to - from);
  return (pos, len) => [((pos - from) / span) * 100, (len / span) * 100];
}

function put(el, [left, width]) {
  el.style.setProperty('--x', left.toFixed(4));
  el.style.setProperty('--w', width.toFixed(4));
  return el;
}
