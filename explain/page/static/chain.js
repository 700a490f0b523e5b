/** Who had the same bytes in hand: send() → message → frame → read() → write() → recv(), each a link to its event. */
import { h } from './dom.js';
import { t } from './lang.js';
import { rows } from './rows.js';

const MOST = 3; // links of a kind; a large message is many frames

/**
 * The events that carried any of an event's payload, by row of the ruler and in the order of the bytes.
 * @returns {{id: string, who: string, events: any[]}[]} empty for what carries no payload
 */
export function chain(store, event) {
  const span = store.span(event);
  if (!span || !span.len) return [];
  return rows(store, span.flow, span.pos, span.pos + span.len)
    .filter((r) => r.known && r.id !== 'segment' && r.blocks.length)
    .map((r) => ({ id: r.id, who: r.who, events: r.blocks.map((b) => b.event) }));
}

/** What changes when the chain does. */
export function fingerprint(links) {
  return links.map((l) => `${l.id}:${l.events.length}`).join(' ');
}

/** The chain as links. @param {any} store @param {any} current the event shown now */
export function chainLine(store, links, current) {
  const list = h('ol', { class: 'xray-links', 'aria-label': t('xray.chain') });
  for (const { id, who, events } of links) {
    const shown = events.slice(0, MOST).map((e) => link(store, id, e, current));
    const more = events.length > MOST ? h('span', { class: 'soft' }, t('layers.more', { n: events.length - MOST })) : null;
    list.append(h('li', { class: `who-${who}` }, shown, more));
  }
  return list;
}

function link(store, id, e, current) {
  const params = { n: e.n ?? '?', from: e.off || 0, to: (e.off || 0) + (e.len || 0), stream: e.stream || '' };
  return h('button', {
    type: 'button', class: 'chain-link', 'aria-current': e === current ? 'true' : null,
    on: { pointerenter: () => store.select(e), focus: () => store.select(e), click: () => store.inspect(e) },
  }, t(`xray.chain.${id}`, params));
}
