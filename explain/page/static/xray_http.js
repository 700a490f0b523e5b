/** The opening handshake, line by line, and the one piece of arithmetic in it: Key + GUID → SHA-1 → Accept. */
import { h } from './dom.js';
import { t } from './lang.js';
import { derive, firstKey, lineKey } from './handshake.js';
import { hex } from './glyphs.js';

/** @param {any} store @param {any} e an http event */
export function httpBody(store, e) {
  const http = e.http || { line: '', headers: [] };
  const lines = [line(http.line, t(firstKey(e)), 'first')];
  for (const [name, value] of http.headers || []) {
    lines.push(line(h('span', null, h('b', null, `${name}:`), ` ${value}`), t(lineKey(e.kind, name))));
  }
  if (http.body) lines.push(line(http.body, t('xray.http.body')));
  return h('div', null,
    h('div', { class: 'xray-part' }, h('h4', null, t(`xray.http.${e.kind}`)), h('dl', { class: 'http' }, lines)),
    http.key ? accept(store, http) : null);
}

function line(what, says, extra = '') {
  return h('div', { class: extra }, h('dt', null, h('code', null, what)), h('dd', null, says));
}

/** Computed here, from the key on the wire, and held against what the bridge sent. */
function accept(store, http) {
  const { joined, digest, accept: derived } = derive(http.key);
  const sent = http.accept || store.events.find((e) => e.layer === 'http' && e.kind === 'response')?.http?.accept;
  const same = derived === sent;
  const step = (name, value) => h('div', null, h('dt', null, t(`xray.accept.${name}`)), h('dd', null, h('code', null, value)));
  return h('div', { class: 'xray-part' }, h('h4', null, t('xray.accept')),
    h('dl', { class: 'accept' }, step('key', http.key), step('joined', joined), step('sha1', hex(digest)),
      step('derived', derived), step('sent', sent || '–')),
    h('p', { class: `xray-check ${same ? 'yes' : 'no'}` }, t(`xray.accept.${!sent ? 'none' : same ? 'yes' : 'no'}`)));
}
