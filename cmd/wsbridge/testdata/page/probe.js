// What the tests of the page ask it: put into each page before its own scripts, as globalThis.probe.

const violations = [];
addEventListener('securitypolicyviolation', (e) => violations.push(`${e.violatedDirective} ${e.blockedURI}`));

/** When the first bytes were on the screen, in milliseconds since the navigation began. */
const first = {};
const FIRST = { message: '#console .entry.in, #console .entry.out', chain: '#console .chain', ruler: '#ruler .piece', verdict: '.ruler-verdict' };
new MutationObserver(() => {
  for (const [name, selector] of Object.entries(FIRST)) {
    if (name in first || !document.querySelector(selector)?.textContent) continue;
    first[name] = Infinity;
    requestAnimationFrame(() => { first[name] = performance.now(); });
  }
}).observe(document, { subtree: true, childList: true, characterData: true });

const store = () => globalThis.wsbridge.store();
const live = () => globalThis.wsbridge.live();
const part = (file) => import(new URL(`/page/${file}`, location.href).href);

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((b) => b.toString(16).padStart(2, '0')).join('');
}

function joined(chunks) {
  const all = new Uint8Array(chunks.reduce((n, c) => n + c.length, 0));
  chunks.reduce((at, c) => (all.set(c, at), at + c.length), 0);
  return all;
}

/** Collects what the page's WebSocket gets from now on, beside the page and not through it. */
function listen() {
  const got = [];
  live().ws.addEventListener('message', (e) => got.push(typeof e.data === 'string' ? new TextEncoder().encode(e.data) : new Uint8Array(e.data)));
  globalThis.probe.received = {
    messages: () => got.length,
    bytes: () => got.reduce((n, c) => n + c.length, 0),
    sha256: () => sha256(joined(got)),
  };
}

/** Types into the page's console as a visitor does and presses send(). */
function say(text, as = 'text', end = 'none') {
  const box = document.querySelector('#console');
  const [kind, ending] = box.querySelectorAll('.options select');
  choose(kind, as);
  choose(ending, end);
  const input = box.querySelector('textarea');
  input.value = text;
  input.dispatchEvent(new Event('input', { bubbles: true }));
  box.querySelector('button.send').click();
}

function choose(select, value) {
  if (select.value === value) return;
  select.value = value;
  select.dispatchEvent(new Event('change', { bubbles: true }));
}

/**
 * Each row of the ruler: its pieces as [place, length, base64 of their bytes], and the SHA-256 of all bytes, empty when
 * some were not kept. Of a piece that was not kept whole the first KEPT bytes are told.
 */
async function ruler(flow) {
  const { rows, rowBytes } = await part('rows.js');
  const { payloadBytes } = await part('wire.js');
  return Promise.all(rows(store(), flow).map(async (row) => {
    const bytes = row.known ? rowBytes(store(), row) : null;
    const kept = (b) => payloadBytes(store(), b) ?? payloadBytes(store(), { ...b, len: Math.min(b.len, KEPT) }) ?? new Uint8Array();
    return {
      id: row.id, known: row.known, note: row.note, sha256: bytes ? await sha256(bytes) : '',
      pieces: row.blocks.map((b) => ({ place: b.pos, length: b.len, bytes: base64(kept(b)) })),
      end: row.blocks.reduce((end, b) => (b.pos === end ? end + b.len : NaN), 0),
    };
  }));
}

const KEPT = 1000;

function base64(bytes) {
  let text = '';
  for (const b of bytes) text += String.fromCharCode(b);
  return btoa(text);
}

globalThis.probe = { violations, first, store, live, part, listen, say, choose, ruler, sha256 };
