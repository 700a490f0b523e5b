/** "Do it yourself": shell lines with the visitor's own values, to check the page with other tools. */
import { h } from './dom.js';
import { t } from './lang.js';
import { GUID } from './handshake.js';
import { hex, text } from './glyphs.js';
import { headLength } from './spans.js';
import { keyOf, mask, wireAt } from './wire.js';

const MOST = 64; // bytes in a shell line

/** @param {any} store @param {any} e */
export function byHand(store, e) {
  const list = commands(store, e).filter(([, line]) => line);
  if (!list.length) return null;
  return h('div', { class: 'xray-part byhand' }, h('h4', null, t('xray.byhand')),
    list.map(([name, line]) => h('div', { class: 'byhand-line' }, h('p', { class: 'small soft' }, t(`xray.byhand.${name}`)),
      h('div', { class: 'command' }, h('pre', { tabindex: '0' }, h('code', null, line)), copy(line)))));
}

function copy(line) {
  const click = async (ev) => {
    const button = ev.currentTarget;
    try { await navigator.clipboard.writeText(line); } catch { return select(button.previousSibling); }
    button.textContent = t('layers.copied');
  };
  return h('button', { type: 'button', class: 'quiet', on: { click } }, t('layers.copy'));
}

/** Where the clipboard is not allowed, the line is selected at least. */
function select(el) {
  getSelection().selectAllChildren(el);
}

/** @returns {[string, string|null][]} name of its sentence, and the line */
function commands(store, e) {
  switch (e.layer) {
    case 'http': return [['accept', accept(e)], [curlName(), curl(store)]];
    case 'frame': return [['unmask', unmask(store, e)], again(store, e)];
    case 'message': case 'write': case 'recv': return [again(store, e)];
    case 'js': return e.kind === 'send' ? [again(store, e)] : [];
    case 'socket': case 'kernel': return [['ss', ss(store, e)]];
  }
  return [];
}

function accept(e) {
  return e.http?.key ? `printf '%s' ${quote(e.http.key + GUID)} | openssl sha1 -binary | base64` : null;
}

const secured = () => location.protocol === 'https:';

function curlName() { return secured() ? 'curl.tls' : 'curl'; }

/**
 * The visitor's own request again, without the browser. The session's id is used up, so it is left out; a password is
 * not known here, so curl asks for it.
 */
function curl(store) {
  const http = store.events.find((e) => e.layer === 'http' && e.kind === 'request')?.http;
  const value = (name) => http?.headers?.find(([n]) => n.toLowerCase() === name)?.[1];
  const path = http?.line.split(' ')[1]?.split('?')[0];
  if (!path || !value('host')) return null;
  const headers = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${value('sec-websocket-key')}`];
  const how = [secured() && '-k', value('authorization') && '-u NAME'].filter(Boolean).map((flag) => ` ${flag}`).join('');
  const url = `${location.protocol}//${value('host')}${path}`;
  return `curl -i -N${how} --http1.1 --max-time 2 ${headers.map((line) => `-H ${quote(line)}`).join(' ')} ${quote(url)}`;
}

function unmask(store, e) {
  if (!e.masked || !e.size) return null;
  const wire = wireAt(store, 'A', e.dir, (e.off || 0) + headLength(e), Math.min(e.size, MOST));
  if (!wire) return null;
  const decode = text(mask(wire, keyOf(e))) === null ? '' : '.decode()';
  return `python3 -c "k=bytes.fromhex('${hex(keyOf(e))}'); d=bytes.fromhex('${hex(wire)}'); print(bytes(b ^ k[i % 4] for i, b in enumerate(d))${decode})"`;
}

/** The same payload, and the header that went before it, to the same target without a bridge. */
function again(store, e) {
  const b = store.events.find((x) => x.layer === 'socket' && x.kind === 'connect' && x.stream === 'B');
  const up = e.layer === 'js' || (e.stream === 'A') === (e.dir === 'in');
  const data = store.bytesOf(e);
  if (!up || !b || !data.length || data.length > MOST || (e.opcode || 0) > 2) return ['nc', null];
  const preface = store.events.find((x) => x.layer === 'socket' && x.kind === 'preface' && x.stream === 'B');
  if (b.tls) return ['tls', preface ? null : secure(store, b, data)]; // s_client cannot say anything before TLS
  const before = preface ? store.bytesOf(preface) : new Uint8Array();
  const [, host, port] = b.remote?.match(/^\[?(.*?)\]?:(\d+)$/) || [];
  if (!port || before.length < (preface?.len || 0)) return ['nc', null];
  return ['nc', `printf '${octal(before)}${octal(data)}' | nc -w 1 ${host} ${port}`];
}

/** By the name that the target was dialled by, because TLS sends that too. */
function secure(store, b, data) {
  const dial = store.events.find((e) => e.layer === 'pair' && e.kind === 'dial');
  const address = /^tls:\/\/([A-Za-z0-9.:[\]-]+)$/.exec(dial?.target || '')?.[1] || b.remote;
  return `(printf '${octal(data)}'; sleep 1) | openssl s_client -quiet -no_ign_eof -connect ${quote(address)}`;
}

/** The kernel's account of the same socket, by its ports. */
function ss(store, e) {
  const stream = e.stream || 'B';
  const made = store.events.find((x) => x.layer === 'socket' && x.stream === stream && x.kind !== 'preface' && x.local && x.remote);
  const port = (address) => address.split(':').pop();
  return made ? `ss -tniO '( sport = :${port(made.local)} and dport = :${port(made.remote)} )'` : null;
}

/** For printf of any shell: letters and digits as they are, the rest in octal. */
function octal(bytes) {
  const plain = (b) => b < 128 && /[A-Za-z0-9 .,:;_+]/.test(String.fromCharCode(b));
  return Array.from(bytes, (b) => (plain(b) ? String.fromCharCode(b) : `\\${b.toString(8).padStart(3, '0')}`)).join('');
}

function quote(word) {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
