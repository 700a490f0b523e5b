/**
 * Boots the page: language, what the bridge is, the first session, the parts.
 *
 * For browser tests and the curious, `window.wsbridge` is {store(), live(), ready}: the current session's store and
 * connection, and a promise that settles when the first session is open (or has failed) and all parts are there.
 */
import { clear, h, rich } from './dom.js';
import { here } from './here.js';
import { onLang, startLang, t } from './lang.js';
import { open } from './session.js';
import { Store } from './store.js';
import { announce, startKeys } from './keys.js';
import { closedText } from './transcript.js';
import { startTools } from './tools.js';

/**
 * What every part gets.
 * @typedef {object} Context
 * @property {Store} store of the current session
 * @property {(fn: (store: Store) => void) => void} onStore fn is called at once, and when a new session replaces the store
 * @property {() => import('./session.js').Live|null} live
 * @property {Record<string, any>} bridge GET /api/bridge
 * @property {(path: string) => Promise<import('./session.js').Live|null>} connect begins another session
 * @property {(id: string) => void} reveal unfolds a section and scrolls to it
 */

const FIRST = ['path', 'console', 'ruler'];
const LATER = ['ladder', 'xray', 'kernel', 'why', 'experiments'];

const current = { store: new Store(), live: null, watchers: [], trouble: '', turn: 0 };

/** @type {Context} */
const ctx = {
  get store() { return current.store; },
  onStore(fn) { current.watchers.push(fn); fn(current.store); },
  live: () => current.live,
  bridge: {},
  connect,
  reveal,
};

const ready = boot();
Object.assign(globalThis, { wsbridge: { store: () => current.store, live: () => current.live, ready } });

/** The connection does not wait for texts and parts; what is seen first is loaded first. */
async function boot() {
  const bridge = getBridge();
  const connected = bridge.then((b) => connect(b.path || '/'));
  [ctx.bridge] = await Promise.all([bridge, startLang()]);
  label();
  onLang(label);
  startTools(document.getElementById('tools'), ctx);
  const [, panel] = await Promise.all(FIRST.map(load));
  offerToBegin(panel);
  const live = await connected;
  if (live?.ws.readyState === WebSocket.OPEN && ctx.bridge.practice) panel?.greet(t('console.first'));
  await Promise.all(LATER.map(load));
  startKeys(ctx);
  revealHash();
  addEventListener('hashchange', revealHash);
  live?.tune();
  return live;
}

async function getBridge() {
  const answer = await fetch(here('/api/bridge')).catch(() => null);
  return answer?.ok ? answer.json() : {};
}

/** The one thing to do first. It is not offered in front of a target that may take the three messages for something. */
function offerToBegin(panel) {
  const begin = document.getElementById('begin');
  begin.hidden = !ctx.bridge.practice;
  begin.addEventListener('click', () => { panel?.quick(); reveal('console'); });
}

/** Begins the page's session; the one before it is given up. null when the bridge grants none. */
async function connect(path) {
  current.live?.dispose();
  const turn = ++current.turn;
  try {
    return await open({ path, early: (live) => (turn === current.turn ? adopt(live) : live.dispose()) });
  } catch (error) {
    trouble(error.message);
    return null;
  }
}

function adopt(live) {
  current.live = live;
  current.store = live.store;
  trouble('');
  for (const fn of current.watchers) fn(live.store);
  live.store.addEventListener('inspect', () => reveal('xray'));
  live.closed.then((ending) => announce(closedText(ending)));
}

/** Says that there is no session, in the bridge's words; '' takes that back. */
function trouble(why) {
  current.trouble = why;
  const el = document.getElementById('trouble');
  el.hidden = !why;
  el.textContent = why && t('trouble', { why });
}

/** A part that cannot be loaded says so in one line, and the others go on. */
async function load(name) {
  const root = document.querySelector(`#${name} .part`);
  try {
    const part = await import(`./${name}.js`);
    return await part.create(root, ctx);
  } catch (error) {
    console.warn(name, error);
    clear(root).append(h('p', { class: 'soft' }, t('part.failed', { name: t(`${name}.h`) })));
  }
}

function reveal(id) {
  const section = document.getElementById(id);
  const fold = section?.querySelector(':scope > details');
  if (fold) fold.open = true;
  section?.scrollIntoView({ block: 'start' });
}

/** /#kernel unfolds that section. /#x=… is the experiments' own. */
function revealHash() {
  const id = location.hash.slice(1);
  if ([...FIRST, ...LATER].includes(id)) reveal(id);
}

/** Fills the texts that stand in index.html. */
function label() {
  for (const el of document.querySelectorAll('[data-t]')) clear(el).append(...rich(t(el.dataset.t)));
  trouble(current.trouble);
}
