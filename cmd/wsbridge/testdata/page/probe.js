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

/** The kernel's equations as the page shows them: both sides, and whether it says that they hold. */
function sums() {
  return [...document.querySelectorAll('#kernel .sum')].map((sum) => {
    const terms = [...sum.querySelectorAll('.sum-line > .term, .sum-line > .op')].map((el) => (
      el.matches('.op') ? el.textContent : Number(el.querySelector('b').textContent.replace(/\D/g, ''))));
    const at = terms.findIndex((x) => x === '=' || x === '≠');
    const signed = (side) => side.flatMap((x, i) => (typeof x === 'number' ? [side[i - 1] === '−' ? -x : x] : []));
    return { name: sum.querySelector('strong').textContent, left: signed(terms.slice(0, at)), right: signed(terms.slice(at + 1)), holds: Boolean(sum.querySelector('.holds')) };
  });
}

/** Opens everything that can be unfolded. */
function unfold() {
  for (let n = 0; n < 3; n++) for (const fold of document.querySelectorAll('details:not([open])')) fold.open = true;
}

const seen = (el) => el.checkVisibility({ visibilityProperty: true });

/** What is said on the page: [text, where], of text nodes and of attributes that are read out. */
function texts() {
  const all = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.data.trim();
    if (text && seen(node.parentElement) && !node.parentElement.closest('script, noscript')) all.push({ text, el: node.parentElement });
  }
  for (const name of ['aria-label', 'title', 'placeholder', 'alt']) {
    for (const el of document.querySelectorAll(`[${name}]`)) if (seen(el)) all.push({ text: el.getAttribute(name), el });
  }
  return all;
}

/** What comes from the wire or is code, in no language of ours. */
const DATA = 'code, pre, kbd, .mono, .x-mono, textarea, body [lang], .entry, .piece, .streams, svg, .here, #where';

/** The names of texts, the ones of events among them. */
async function keys() {
  const files = ['en', 'layers.en', 'x.en'].map((name) => `/page/text/${name}.json`);
  const tables = await Promise.all([...files, '/api/words/en'].map(async (url) => (await fetch(url)).json()));
  return new Set(tables.flatMap((table) => Object.keys(table)).filter((key) => key.includes('.')));
}

/** Texts that are wrong in a language: names of texts, places nobody filled, and words of the other language. */
async function strays(lang) {
  const names = await keys();
  const CJK = /[\u3000-\u9fff\uff00-\uffef]/;
  const SENTENCE = /[A-Za-z’']{2,}( [A-Za-z’']{2,}){3,}/;
  const wrong = [];
  for (const { text, el } of texts()) {
    const say = (what) => wrong.push(`${what}: ${text.slice(0, 120)} (${where(el)})`);
    if (text.split(/\s+/).some((word) => names.has(word)) || /^[a-z]+(\.[a-z0-9-]+){2,}$/.test(text)) say('name of a text');
    if (el.closest(DATA)) continue;
    if (/\{\w+(\|[^}]*)?\}/.test(text)) say('not filled');
    if (/\b(undefined|NaN|null|\[object)\b/.test(text)) say('no value');
    const ours = text.replaceAll(/[发送数据]|"[^"]*"|^wsbridge: .*/g, ''); // the sample, reasons, bodies of refusals
    if (lang === 'en' && CJK.test(ours)) say('Chinese');
    if (lang === 'zh' && !CJK.test(ours) && SENTENCE.test(ours)) say('English');
  }
  return wrong;
}

function where(el) {
  const names = [];
  for (let e = el; e && e !== document.body && names.length < 4; e = e.parentElement) names.unshift(e.id ? `#${e.id}` : `${e.localName}${e.classList.length ? `.${[...e.classList].join('.')}` : ''}`);
  return names.join(' ');
}

const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });

/** A colour in any notation as [red, green, blue, alpha], 0 to 1. */
function rgba(colour) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data].map((v) => v / 255);
}

function over([r, g, b, a], [R, G, B]) {
  return [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
}

function ground(el) {
  const layers = [];
  for (let e = el; e; e = e.parentElement) {
    const colour = rgba(getComputedStyle(e).backgroundColor);
    if (colour[3] > 0) layers.push(colour);
    if (colour[3] === 1) break;
  }
  const base = document.documentElement.dataset.theme === 'dark' || (!document.documentElement.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches) ? [0, 0, 0, 1] : [1, 1, 1, 1];
  return layers.reverse().reduce((under, colour) => over(colour, under), base);
}

function luminance([r, g, b]) {
  const [x, y, z] = [r, g, b].map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}

/** Contrast of all text (WCAG 2.2, 1.4.3): how many texts, the least ratio, and those below what their size needs. */
function contrast() {
  for (const moving of document.getAnimations()) {
    try { moving.finish(); } catch { moving.cancel(); } // one without end
  }
  let least = Infinity;
  let n = 0;
  const low = new Set();
  for (const el of new Set(texts().map((t) => t.el))) {
    if (el.closest(':disabled, .visually-hidden, .skip') || ![...el.childNodes].some((c) => c.nodeType === 3 && c.data.trim())) continue;
    const style = getComputedStyle(el);
    const back = ground(el);
    const colour = rgba(el instanceof SVGElement ? style.fill : style.color);
    for (let e = el; e; e = e.parentElement) colour[3] *= Number(getComputedStyle(e).opacity);
    const [a, b] = [luminance(over(colour, back)), luminance(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const need = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    n++;
    least = Math.min(least, ratio);
    if (ratio < need - 0.005) low.add(`${ratio.toFixed(2)} "${el.textContent.trim().slice(0, 30)}" (${where(el)})`);
  }
  return { n, least, low: [...low] };
}

/** Whether the page is dark now. */
function isDark() { return luminance(rgba(getComputedStyle(document.body).backgroundColor)) < 0.2; }

/** Whether test holds, or nothing on the page has changed for a while. */
async function settled(test) {
  if (await test()) return true;
  const text = document.body.textContent;
  await new Promise((resolve) => { setTimeout(resolve, 1500); });
  return document.body.textContent === text;
}

/** What is wider than the window, and not inside a box of its own that scrolls. */
function wide() {
  const root = document.scrollingElement;
  if (root.scrollWidth <= innerWidth) return [];
  const scrolls = (el) => { for (let e = el.parentElement; e; e = e.parentElement) if (getComputedStyle(e).overflowX !== 'visible') return true; return false; };
  const all = [...document.body.querySelectorAll('*')].filter((el) => seen(el) && !scrolls(el) && el.getBoundingClientRect().right > innerWidth + 0.5);
  return [`${root.scrollWidth} pixels in ${innerWidth}`, ...all.slice(-5).map(where)];
}

/** What Tab must reach. Of a group of radio buttons that is one, and of a list that arrows walk through, one. */
function controls() {
  const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary')];
  const radio = (el) => el.type === 'radio' && el.name;
  const walked = (el) => el.tabIndex < 0 && Boolean(el.closest('ol, ul, [role="group"]')?.querySelector('[tabindex="0"]'));
  return all.filter((el, i) => seen(el) && !el.disabled && !walked(el)
    && !(radio(el) && all.findIndex((other) => radio(other) === el.name) !== i));
}

/** Where the focus is: its number among the controls, and whether one sees it. */
function focused() {
  const el = document.activeElement;
  if (!el || el === document.body) return { at: -1, shown: true, where: 'body' };
  const same = (other) => other === el || (el.type === 'radio' && other.type === 'radio' && other.name === el.name);
  const shown = (e) => { const s = getComputedStyle(e); return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none'; };
  return { at: controls().findIndex(same), shown: shown(el) || Boolean(el.parentElement && shown(el.parentElement)), where: where(el) };
}

globalThis.probe = { violations, first, store, live, part, listen, say, choose, ruler, sums, sha256, unfold, strays, contrast, wide, controls, focused, where, isDark, settled };
