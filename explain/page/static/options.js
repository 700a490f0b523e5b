/** How the console sends and reads: the row of choices below the input, and where it is connected. */
import { h } from './dom.js';
import { t } from './lang.js';
import { ENCODINGS } from './streamtext.js';

/** The bytes at the end of a line, by name. */
export const ENDS = { none: '', LF: '\n', CR: '\r', CRLF: '\r\n' };

const KINDS = ['text', 'binary', 'hex'];
const PRACTICE = ['/lab/echo', '/lab/ws-echo', '/lab/line'];

/**
 * The row of choices. `set` shows another value.
 * @param {{as: string, end: string, encoding: string, stream: boolean}} choice
 * @param {(name: string, value: any) => void} choose
 */
export function optionsRow(choice, choose) {
  const selects = {};
  const pick = (name, values, label) => {
    selects[name] = h('select', { on: { change: (e) => choose(name, e.target.value) } },
      values.map((v) => h('option', { value: v, selected: v === choice[name] }, label(v))));
    return h('label', null, h('span', null, t(`console.${name}`)), selects[name]);
  };
  const stream = h('input', {
    type: 'checkbox', checked: choice.stream, on: { change: (e) => choose('stream', e.target.checked) },
  });
  const root = h('div', { class: 'options' },
    pick('as', KINDS, (v) => t(`console.as.${v}`)),
    pick('end', Object.keys(ENDS), (v) => (v === 'none' ? t('console.end.none') : v)),
    pick('encoding', ENCODINGS, (v) => t(`console.encoding.${v}`)),
    h('label', { class: 'check' }, stream, ' ', h('span', null, t('console.stream'))));
  return { root, set: (name, value) => { selects[name].value = value; } };
}

/** Where to connect: what the operator named, and the practice servers beside it. */
export function placeSelect(here, bridge, choose) {
  const places = [...new Set([bridge.path, here, ...PRACTICE].filter(Boolean))];
  const label = (path) => (PRACTICE.includes(path)
    ? t(`console.place.${path.slice(5)}`)
    : t('console.place.target', { path, target: bridge.target || '' }));
  return h('select', { 'aria-label': t('console.place'), on: { change: (e) => choose(e.target.value) } },
    places.map((path) => h('option', { value: path, selected: path === here }, label(path))));
}
