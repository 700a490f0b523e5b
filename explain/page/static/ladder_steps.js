/**
 * What a step of the ladder is: an event that crossed from one lane to the next, or happened on one. Lanes are 0 your
 * JavaScript, 1 the browser, 2 the bridge, 3 the target.
 * @typedef {{from: number, to: number, who: 'js'|'a'|'bridge'|'b', key: string, params: Record<string, any>, bad?: boolean}} Step
 */
import { text } from './glyphs.js';

const READABLE = 24;

/** @param {any} store @param {any} e @returns {Step|null} null for what the ladder leaves to other parts */
export function step(store, e) {
  const make = BY_LAYER[e.layer];
  return make ? make(e, () => what(store, e)) : null;
}

const BY_LAYER = { js, socket, http, pair, frame, read, write, recv, send };

function arrow(from, to, who, key, params = {}, bad = false) {
  return { from, to, who, key: `ladder.${key}`, params, bad };
}

const at = (lane, who, key, params, bad) => arrow(lane, lane, who, key, params, bad);

function js(e, bytes) {
  switch (e.kind) {
    case 'new': return arrow(0, 1, 'js', 'new');
    case 'open': return arrow(1, 0, 'js', 'open');
    case 'send': return arrow(0, 1, 'js', e.n ? 'send' : 'send.lost', { what: bytes() });
    case 'message': return arrow(1, 0, 'js', 'message', { what: bytes() });
    case 'state': return e.call ? arrow(0, 1, 'js', 'close', { code: String(e.code ?? '') }) : null;
    case 'error': return arrow(1, 0, 'js', 'error', {}, true);
    case 'close': return arrow(1, 0, 'js', 'onclose', { code: String(e.code), reason: e.reason || '' }, !e.wasClean);
  }
  return null;
}

function socket(e) {
  const [far, who] = e.stream === 'A' ? [1, 'a'] : [3, 'b'];
  switch (e.kind) {
    case 'accept': return arrow(1, 2, 'a', 'accept');
    case 'connect': return arrow(2, 3, 'b', 'connect');
    case 'connect-failed': return arrow(2, 3, 'b', 'connect-failed', { error: e.error || '' }, true);
    case 'preface': return e.stream === 'A' ? arrow(1, 2, 'a', 'preface', { n: e.len || 0 }) : arrow(2, 3, 'b', 'preface', { n: e.len || 0 });
    case 'shutdown': return arrow(2, far, who, e.tls ? 'fin.tls' : 'fin');
    case 'eof': return arrow(far, 2, who, e.tls ? 'eof.tls' : 'eof');
    case 'error': return arrow(far, 2, who, 'failed', { error: e.error || '' }, true);
    case 'close': return at(2, who, 'closed', { stream: e.stream });
  }
  return null;
}

function http(e) {
  const line = e.http?.line || '';
  if (e.kind === 'request') return arrow(1, 2, 'a', 'request', { line: line.replace(/\?.* HTTP/, ' HTTP') });
  return arrow(2, 1, 'a', 'response', { line: line.replace(/^HTTP\/\S+ /, '') });
}

function pair(e) {
  switch (e.kind) {
    case 'dial': return at(2, 'bridge', 'dial', { target: e.target || '' });
    case 'refused': return at(2, 'bridge', 'refused', { status: String(e.status ?? ''), why: e.why || '' }, true);
    case 'dial-failed': return at(2, 'bridge', 'dial-failed', { why: e.why || '' }, true);
    case 'cause': return at(2, 'bridge', 'cause', { why: e.why || '' });
    case 'end': return at(2, 'bridge', 'end');
  }
  return null;
}

function frame(e, bytes) {
  if (e.kind === 'begin') return null;
  const [from, to] = e.dir === 'in' ? [1, 2] : [2, 1];
  const close = e.kind === 'close';
  const params = { n: e.n, kind: e.kind, what: close ? `${e.code} ${e.reason || ''}`.trim() : bytes() };
  return arrow(from, to, 'a', close ? 'frame.close' : 'frame', params, Boolean(e.violation) || e.kind === 'cut');
}

function read(e) {
  if (e.stream === 'B') return arrow(3, 2, 'b', 'read.b', { n: e.len || 0 });
  return e.by === 'http' ? null : at(2, 'bridge', 'read.a', { n: e.len || 0 });
}

function write(e) {
  if (e.kind === 'short') return at(2, 'bridge', 'short', { n: e.len || 0 });
  return e.stream === 'B' ? arrow(2, 3, 'b', 'write.b', { n: e.len || 0 }) : null;
}

function recv(e, bytes) {
  switch (e.kind) {
    case 'recv': return at(3, 'b', 'recv', { what: bytes() });
    case 'eof': return at(3, 'b', 'recv.eof');
  }
  return at(3, 'b', 'recv.error', { error: e.error || '' }, true);
}

function send(e, bytes) {
  switch (e.kind) {
    case 'send': return at(3, 'b', 'tsend', { what: bytes() });
    case 'shutdown': return at(3, 'b', 'tsend.shutdown');
    case 'close': return at(3, 'b', 'tsend.close');
  }
  return at(3, 'b', 'tsend.error', { error: e.error || '' }, true);
}

/** The payload when it is short text, else {n} bytes. */
function what(store, e) {
  const n = e.size ?? e.len ?? 0;
  const data = n <= READABLE ? store.bytesOf(e) : null;
  const chars = data && data.length === n ? text(data) : null;
  return chars === null ? n : `“${chars}”`;
}
