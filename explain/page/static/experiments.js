// The experiments: cards that run, show what was measured and say what this run showed.
//
// For tests: window.wsbridge.experiments = {ids, run(id, options?) -> Promise<Evidence>, stop()}. run() presses the
// card's button: it never rejects, takes at most 20 s, and the evidence (see x/runner.js) is what the card shows.

import { h, say } from './dom.js';
import { loadTexts, onLang, t } from './lang.js';
import { Card } from './x/frame.js';
import { stop } from './x/runner.js';
import { encrypted } from './wire.js';
import threeSends from './x/three-sends.js';
import oneMib from './x/one-mib.js';
import closeVsFin from './x/close-vs-fin.js';
import killTarget from './x/kill-target.js';
import slowTarget from './x/slow-target.js';
import pollSseWs from './x/poll-sse-ws.js';
import handshake from './x/handshake.js';
import mask from './x/mask.js';
import ping from './x/ping.js';
import utf8 from './x/utf8.js';
import idle from './x/idle.js';

const EXPERIMENTS = [threeSends, oneMib, closeVsFin, killTarget, slowTarget, pollSseWs, handshake, mask, ping, utf8, idle];

/** Renders the cards into root. They use practice servers only, whatever the page itself is connected to. */
export async function create(root, ctx) {
  await loadTexts('x');
  const status = h('p', { class: 'x-status', role: 'status' });
  const cards = EXPERIMENTS.map((x, i) => new Card(x, i + 1, ctx, status));
  const intro = h('p', { class: 'x-intro' });
  const plaintext = h('p', { class: 'x-intro' });
  root.append(intro, plaintext, h('div', { class: 'x-cards' }, cards.map((c) => c.root)), status);
  const sayTLS = () => {
    plaintext.hidden = !encrypted(ctx.store, 'A');
    say(plaintext, plaintext.hidden ? '' : t('x.ui.tls'));
  };
  const render = () => { intro.textContent = t('x.ui.intro'); sayTLS(); for (const c of cards) c.render(); };
  render();
  ctx.onStore((store) => store.addEventListener('change', () => { if (store === ctx.store) sayTLS(); }));
  onLang(render);
  followHash(cards);
  publish(cards);
}

/** /#x=close-vs-fin shows its card. */
function followHash(cards) {
  const asked = () => {
    const id = new URLSearchParams(location.hash.slice(1)).get('x');
    return cards.find((c) => c.experiment.id === id);
  };
  addEventListener('hashchange', () => asked()?.show());
  if (asked()) hold(asked());
}

/** How long the parts above may grow after the page was opened. */
const SETTLE_MS = 3000;

/** Keeps a card in view while the parts above it still grow, until somebody does something. */
function hold(card) {
  const observer = new ResizeObserver(() => card.show());
  const stop = () => observer.disconnect();
  observer.observe(document.body);
  for (const name of ['wheel', 'touchstart', 'pointerdown', 'keydown']) addEventListener(name, stop, { once: true, passive: true });
  setTimeout(stop, SETTLE_MS);
}

function publish(cards) {
  const card = (id) => cards.find((c) => c.experiment.id === id);
  globalThis.wsbridge ??= {};
  globalThis.wsbridge.experiments = {
    ids: cards.map((c) => c.experiment.id),
    run: async (id, options = {}) => {
      if (!card(id)) throw new Error(`no experiment ${id}`);
      return card(id).perform(options);
    },
    stop,
  };
}
