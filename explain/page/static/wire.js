/**
 * Bytes as they were on connection A, found again at their offsets in what read() and write() told, and where they lie
 * on the payload axis.
 */
import { isData, headLength } from './spans.js';

/** The span of the axis that bytes [off, off+len) from the client carried; null when they are headers only. */
export function axisOf(store, off, len) {
  const span = store.span({ layer: 'read', stream: 'A', dir: 'in', off, len });
  return span && { pos: span.pos, len: span.len };
}

/**
 * The bytes [off, off+len) of a connection in one direction, taken from the calls that carried them.
 * @returns {Uint8Array|null} null when some of them were not kept
 */
export function wireAt(store, stream, dir, off, len) {
  const out = new Uint8Array(len);
  let have = 0;
  for (const e of calls(store, stream, dir)) {
    const start = e.off || 0;
    const from = Math.max(off, start);
    const data = from < off + len && from < start + (e.len || 0) ? store.bytesOf(e) : null;
    if (!data) continue;
    const part = data.subarray(from - start, off + len - start);
    out.set(part, from - off);
    have += part.length;
  }
  return have >= len ? out : null;
}

/** The calls that carried any of [off, off+len). */
export function callsAt(store, stream, dir, off, len) {
  return calls(store, stream, dir).filter((e) => (e.off || 0) < off + len && (e.off || 0) + (e.len || 0) > off);
}

/** The frames, control frames too, that have a byte in [off, off+len) of connection A. */
export function framesAt(store, dir, off, len) {
  const found = new Map();
  for (const e of store.events) {
    if (e.layer !== 'frame' || e.dir !== dir) continue;
    const start = e.off || 0;
    if (start < off + len && start + (e.len || headLength(e) + (e.size || 0)) > off) found.set(start, e);
  }
  return [...found.values()];
}

/** Puts the mask on, or takes it off: the same operation (RFC 6455 section 5.3). `at` is where in the payload it starts. */
export function mask(bytes, key, at = 0) {
  return bytes.map((b, i) => b ^ key[(at + i) % 4]);
}

/**
 * The payload a block of the cut ruler carried, by its own layer's account: a read() on A is unmasked with the keys of
 * the frames it cut, segments are cut out of what read() returned. null when some of it was not kept.
 */
export function payloadBytes(store, block) {
  const e = block.event;
  const onA = e.stream === 'A' && (e.layer === 'read' || e.layer === 'kernel');
  if (onA) return fromFrames(store, e.dir || 'in', block.pos, block.len);
  if (e.layer === 'kernel') return wireAt(store, e.stream, 'in', block.pos, block.len);
  const span = store.span(e);
  const data = store.bytesOf(e);
  if (!data || !span || data.length < block.pos - span.pos + block.len) return block.len ? null : new Uint8Array();
  return data.subarray(block.pos - span.pos, block.pos - span.pos + block.len);
}

/** Bytes [pos, pos+len) of the axis, from the wire: each frame's share is cut out of the calls and unmasked. */
function fromFrames(store, dir, pos, len) {
  const out = new Uint8Array(len);
  let have = 0;
  const seen = new Set();
  for (const f of store.events) {
    if (f.layer !== 'frame' || f.stream !== 'A' || f.dir !== dir || !isData(f) || seen.has(f.off || 0)) continue;
    seen.add(f.off || 0);
    const from = Math.max(pos, f.pos || 0);
    const n = Math.min(pos + len, (f.pos || 0) + (f.size || 0)) - from;
    if (n <= 0) continue;
    const into = from - (f.pos || 0);
    const wire = wireAt(store, 'A', dir, (f.off || 0) + headLength(f) + into, n);
    if (!wire) return null;
    out.set(f.masked ? mask(wire, keyOf(f), into) : wire, from - pos);
    have += n;
  }
  return have === len ? out : null;
}

/** The masking key of a frame: its 4 bytes come base64 in JSON. */
export function keyOf(e) {
  return unbase64(e.key || '');
}

/** @param {string} text @returns {Uint8Array} */
export function unbase64(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

const GOT_FIN = new Set(['CLOSE-WAIT', 'LAST-ACK', 'CLOSING', 'TIME-WAIT']);

/** Whether the peer's FIN, which the kernel counts as a byte received, had come when a socket was sampled. */
export function gotFIN(store, stream, sample) {
  return GOT_FIN.has(sample.tcp.state)
    || store.events.some((e) => e.layer === 'socket' && e.kind === 'eof' && e.stream === stream && e.t <= sample.t);
}

/** How many bytes of a PROXY header came before the first that offsets count; 0 without one. */
export function prefaceLength(store, stream, dir) {
  return store.events.find((e) => e.kind === 'preface' && e.stream === stream && e.dir === dir)?.len || 0;
}

const BEGINS = new Set(['accept', 'connect']);

/** Whether the wire of a connection has TLS records, of which only the kernel's counts know. */
export function encrypted(store, stream) {
  return Boolean(store.events.find((e) => e.layer === 'socket' && e.stream === stream && BEGINS.has(e.kind))?.tls);
}

/** Reads or writes of one direction: what comes in is read, what goes out written. */
function calls(store, stream, dir) {
  const layer = dir === 'in' ? 'read' : 'write';
  return store.events.filter((e) => e.layer === layer && e.stream === stream && e.kind !== 'short');
}
