// Small charts of measured facts. Each is a table, or has one as its twin.

import { h, svg } from '../dom.js';
import { t } from '../lang.js';

/** A table. Cells are strings or nodes; the first of a row is its head. */
export function table(head, rows, caption) {
  return h('div', { class: 'x-scroll' }, h('table', { class: 'x-table' },
    ...(caption ? [h('caption', {}, caption)] : []),
    h('thead', {}, h('tr', {}, ...head.map((c) => h('th', { scope: 'col' }, c)))),
    h('tbody', {}, ...rows.map(([first, ...rest]) => h('tr', {},
      h('th', { scope: 'row' }, first), ...rest.map(cell))))));
}

/** A cell; what is short stays on one line, and a sentence gets some width. */
function cell(content) {
  const n = typeof content === 'string' ? content.length : 0;
  return h('td', { class: n > 40 ? 'x-long' : n > 0 && n < 16 ? 'x-short' : null }, content);
}

/** A small square in a layer's colour. */
export function swatch(colour) { return h('span', { class: `x-swatch x-${colour}`, 'aria-hidden': 'true' }); }

/** A table that unfolds below a drawing. */
export function twin(node) {
  return h('details', { class: 'x-twin' }, h('summary', {}, t('x.ui.table')), node);
}

/** A horizontal bar: value of most, in the colour of a layer. */
export function bar(value, most, colour) {
  const fill = h('span', { class: `x-bar-fill x-${colour}` });
  fill.style.setProperty('--part', most > 0 ? value / most : 0);
  return h('span', { class: 'x-bar', 'aria-hidden': 'true' }, fill);
}

/**
 * A histogram that is a table. A bar of full length is most.
 * @param {{label: string, value: number, text?: string}[]} rows
 */
export function histogram(caption, rows, colour, head, most = Math.max(...rows.map((r) => r.value), 1)) {
  return h('table', { class: 'x-hist' },
    h('caption', {}, caption),
    h('thead', { class: 'x-quiet' }, h('tr', {}, ...head.map((c) => h('th', { scope: 'col' }, c)))),
    h('tbody', {}, ...rows.map((r) => h('tr', {},
      h('th', { scope: 'row' }, r.label),
      h('td', {}, h('div', { class: 'x-bar-row' }, bar(r.value, most, colour), h('span', { class: 'x-num' }, r.text ?? String(r.value))))))));
}

/**
 * Strips of one length, cut where cuts says: bytes keep their place, only the cuts move. What lies in none of the spans
 * was not seen and stays empty.
 * @param {{label: string, note: string, colour: string, cuts: number[], spans: [number, number][]}[]} rows from 0 to length
 */
export function strips(rows, length) {
  const x = (at) => (at / length * 1000).toFixed(2);
  return h('div', { class: 'x-strips' }, ...rows.flatMap((r) => [
    h('span', { class: 'x-strip-label' }, r.label),
    svg('svg', { class: `x-strip x-${r.colour}`, viewBox: '0 0 1000 20', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      r.spans.map(([from, to]) => svg('rect', { x: x(from), y: 0, width: x(to - from), height: 20 })),
      svg('path', { d: r.cuts.map((c) => `M${x(c)} 0V20`).join('') })),
    h('span', { class: 'x-strip-note' }, r.note),
  ]));
}

/**
 * Lanes on one time axis, with numbered marks; the table below says what each mark is.
 * @param {{label: string, spans: {from: number, to: number, colour: string, text?: string}[], marks: {at: number, colour: string, text: string}[]}[]} lanes
 * @param {(v: number) => string} say
 */
export function lanes(rows, from, to, say) {
  const place = (v) => Math.min(1, Math.max(0, (v - from) / (to - from || 1)));
  const wide = (s) => place(s.to) - place(s.from) > 0.2; // enough for its text
  return h('div', { class: 'x-lanes', 'aria-hidden': 'true' }, ...rows.map((r) => h('div', { class: 'x-lane' },
    h('span', { class: 'x-lane-label' }, r.label),
    h('span', { class: 'x-lane-track' },
      ...r.spans.map((s) => {
        const node = h('span', { class: `x-span x-${s.colour}` }, wide(s) ? s.text : '');
        node.style.setProperty('--from', place(s.from));
        node.style.setProperty('--to', place(s.to));
        return node;
      }),
      ...r.marks.map((m) => {
        const node = h('span', { class: `x-mark x-${m.colour}`, title: m.text });
        node.style.setProperty('--from', place(m.at));
        return node;
      })))),
  h('div', { class: 'x-axis' }, h('span', {}, say(from)), h('span', {}, say(to))));
}

/** A curve through points [x, y], with a line at mark; the labels stand around it. */
export function curve(points, { colour, top, right, say, mark }) {
  const mostX = Math.max(...points.map((p) => p[0]), 1);
  const mostY = Math.max(...points.map((p) => p[1]), 1);
  const at = ([x, y]) => `${(x / mostX * 600).toFixed(1)} ${(150 - y / mostY * 146).toFixed(1)}`;
  return h('div', { class: 'x-curve' },
    h('span', { class: 'x-curve-top' }, `${top}: ${say(mostY)}`),
    svg('svg', { class: `x-${colour}`, viewBox: '0 0 600 152', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      svg('path', { class: 'x-area', d: `M${at([points[0][0], 0])}L${points.map(at).join('L')}L600 150Z` }),
      svg('path', { class: 'x-line', d: `M${points.map(at).join('L')}` }),
      mark != null && svg('path', { class: 'x-at', d: `M${at([mark, 0])}V0` })),
    h('span', { class: 'x-curve-right' }, right));
}

/**
 * One bar made of parts, and the table that says what each is.
 * @param {{colour: string, label: string, value: number, note: string}[]} parts
 */
export function stack(parts, say, head) {
  return h('div', { class: 'x-stack' },
    h('div', { class: 'x-stack-bar', 'aria-hidden': 'true' }, ...parts.filter((p) => p.value > 0).map((p) => {
      const node = h('span', { class: `x-part x-${p.colour}`, title: p.label });
      node.style.setProperty('flex-grow', String(p.value));
      return node;
    })),
    table(head, parts.map((p) => [
      h('span', {}, swatch(p.colour), ` ${p.label}`, h('span', { class: 'x-note' }, p.note)), say(p.value),
    ])));
}

/** Bytes and keys: in the typeface of bytes. */
export function mono(text) { return h('span', { class: 'x-mono' }, text); }

/** Bytes in hex, in pairs; at most most of them. */
export function hex(bytes, most = 24) {
  const pairs = [...bytes.slice(0, most)].map((b) => b.toString(16).padStart(2, '0')).join(' ');
  return bytes.length > most ? `${pairs} …` : pairs;
}
