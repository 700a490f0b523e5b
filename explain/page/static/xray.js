/** The X-ray: one event taken apart. What it is, who else had its bytes, every byte, and how to check it by hand. */
import { h, clear } from './dom.js';
import { t, words, onLang, loadTexts } from './lang.js';
import { fill } from './words.js';
import { chain, chainLine, fingerprint } from './chain.js';
import { frameBody } from './xray_frame.js';
import { httpBody } from './xray_http.js';
import { bytesBody } from './xray_bytes.js';
import { factsBody } from './xray_facts.js';
import { byHand } from './byhand.js';
import { calmly } from './calm.js';
import { encrypted } from './wire.js';

/** @param {HTMLElement} root @param {any} ctx */
export async function create(root, ctx) {
  await loadTexts('layers');
  let event = null;
  let links = '';
  const box = h('article', { class: 'xray' });
  root.append(box);

  function draw() {
    const store = ctx.store;
    clear(box);
    if (!event) return box.append(h('p', { class: 'soft' }, t('xray.nothing')));
    const w = fill(words(), event);
    const list = chain(store, event);
    links = fingerprint(list);
    box.append(
      h('h3', { class: `xray-title who-${owner(event)}`, tabindex: '-1' }, w.title),
      h('div', { class: 'xray-chain' }, list.length ? chainLine(store, list, event) : null),
      h('p', { class: 'xray-why' }, w.text, ' ', w.rfc ? rfc(w.rfc) : null),
      plaintext(store, event) || '',
      body(store, event) || '',
      byHand(store, event) || '');
  }

  /** Later events can add to the chain of the one that is shown; nothing else of it moves. */
  function follow() {
    if (!event) {
      event = ctx.store.events.find((e) => e.layer === 'frame' && e.dir === 'in' && e.kind !== 'begin' && e.size) || null;
      if (event) draw();
      return;
    }
    const list = chain(ctx.store, event);
    if (fingerprint(list) === links) return;
    links = fingerprint(list);
    clear(box.querySelector('.xray-chain')).append(chainLine(ctx.store, list, event));
  }

  const soon = calmly(root, follow);
  ctx.onStore((store) => {
    event = null;
    store.addEventListener('change', soon);
    store.addEventListener('inspect', ({ detail }) => {
      event = detail.event;
      draw();
      requestAnimationFrame(() => box.querySelector('.xray-title')?.focus({ preventScroll: true }));
    });
    draw();
    follow();
  });
  onLang(draw);
}

function body(store, e) {
  switch (e.layer) {
    case 'frame': return frameBody(store, e);
    case 'http': return httpBody(store, e);
    case 'read': case 'write': case 'recv': case 'send': case 'message': return bytesBody(store, e);
    case 'socket': return e.kind === 'preface' ? h('div', null, bytesBody(store, e), factsBody(e)) : factsBody(e);
    case 'js': return e.data ? bytesBody(store, e) : factsBody(e);
  }
  return factsBody(e);
}

/** Under TLS the bridge sees, and the page shows, what is inside. */
function plaintext(store, e) {
  if (!['frame', 'http', 'read', 'write'].includes(e.layer) || !encrypted(store, e.stream)) return null;
  return h('p', { class: 'xray-tls soft small' }, t('xray.tls', { stream: e.stream }));
}

/** Whose colour an event has. */
function owner(e) {
  if (e.layer === 'js') return 'js';
  if (e.layer === 'read' || e.layer === 'write' || e.layer === 'pair') return 'bridge';
  return e.stream === 'B' ? 'b' : 'a';
}

/** "RFC 6455 section 5.3" as a link to that section. */
function rfc(name) {
  const [, number, section] = name.match(/^RFC (\d+)(?:\D+([\d.]*\d))?/) || [];
  if (!number) return name;
  const href = `https://www.rfc-editor.org/rfc/rfc${number}${section ? `#section-${section}` : ''}`;
  return h('a', { href, target: '_blank', rel: 'noopener noreferrer', class: 'rfc' }, name);
}
