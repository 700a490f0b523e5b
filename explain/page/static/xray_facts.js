/** The fields of an event that carries no bytes, as the feed has them: names are those of the schema. */
import { h } from './dom.js';
import { t, num } from './lang.js';

const SHOWN = ['stream', 'local', 'remote', 'error', 'target', 'path', 'began', 'status', 'code', 'reason', 'why', 'tls', 'version', 'n',
  'url', 'call', 'readyState', 'buffered', 'wasClean'];

/** @param {any} e */
export function factsBody(e) {
  const fields = [...SHOWN.filter((name) => e[name] !== undefined && e[name] !== '').map((name) => [name, e[name]]), ...Object.entries(e.tcp || {})];
  if (!fields.length) return null;
  return h('div', { class: 'xray-part' }, h('h4', null, t('xray.facts')),
    h('dl', { class: 'xray-facts' }, fields.map(([name, value]) => h('div', null,
      h('dt', null, h('code', null, name)), h('dd', null, h('code', null, text(name, value)))))));
}

function text(name, value) {
  return typeof value === 'number' && name !== 'code' && name !== 'status' ? num(value) : String(value);
}
