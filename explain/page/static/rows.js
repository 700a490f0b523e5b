/**
 * The rows of the cut ruler: one string of payload bytes, cut in pieces by everybody who had it in hand. Every row
 * covers the same axis, so only the cuts differ. Nothing here draws, and nothing here has words: texts are keys.
 *
 * @typedef {{pos: number, len: number, event: any, n: number, wire: number, head: number, partial?: boolean}} Block
 *   Bytes [pos, pos+len) of the axis. `n` is how many segments it stands for (1 elsewhere: a block is one piece),
 *   `wire` how many bytes of the connection it was, `head` how many of them were frame header.
 * @typedef {{id: string, who: 'js'|'a'|'bridge'|'b', label: string, known: boolean, note: string, blocks: Block[],
 *   sub: {key: string, params: Record<string, any>}, exact: boolean, vanished: number[]}} Row
 *   `vanished`: the places where a row above has a cut and this one, although it has the bytes, has none. `exact` is
 *   false for a row whose cuts are not all known: segments that were only counted.
 */
import { isData, headLength } from './spans.js';
import { axisOf, gotFIN, payloadBytes, prefaceLength } from './wire.js';

/** Who has the bytes in hand, in order. */
export const ROWS = {
  up: [['send', 'js'], ['message', 'a'], ['frame', 'a'], ['segment', 'a'], ['read', 'bridge'], ['write', 'bridge'], ['recv', 'b']],
  down: [['tsend', 'b'], ['segment', 'b'], ['read', 'bridge'], ['frame', 'a'], ['message', 'a'], ['onmessage', 'js']],
};

/**
 * @param {any} store
 * @param {'up'|'down'} flow
 * @param {number} [from] only bytes from here on the axis
 * @param {number} [to] only bytes before it
 * @returns {Row[]}
 */
export function rows(store, flow, from = 0, to = Infinity) {
  const facts = collect(store)[flow];
  const out = ROWS[flow].map(([id, who]) => ({
    id, who, label: `ruler.${id}`, vanished: [], ...known(facts, id), blocks: clip(facts[id], from, to),
  }));
  let above = null;
  for (const row of out) {
    row.exact = row.known && row.blocks.length > 0 && row.blocks.every((b) => b.n === 1);
    if (!row.known || !row.blocks.length) continue;
    row.vanished = above ? vanished(above.blocks, row.blocks.filter((b) => b.n === 1)) : [];
    if (row.exact) above = row;
  }
  for (const row of out) row.sub = sentence(row, out);
  return out;
}

/** The bytes of a row as its own layer told them, in the order of the axis; null when some were not kept. */
export function rowBytes(store, row) {
  const parts = row.blocks.map((b) => payloadBytes(store, b));
  if (parts.includes(null)) return null;
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  parts.reduce((at, p) => (all.set(p, at), at + p.length), 0);
  return all;
}

/** The places inside a row where one piece ends and the next begins. @param {Block[]} blocks */
export function cuts(blocks) {
  return blocks.slice(1).filter((b, i) => b.pos === blocks[i].pos + blocks[i].len && b.len > 0).map((b) => b.pos);
}

/** What of [from, to) a row has no block for: [[pos, len], …]. @param {Block[]} blocks */
export function gaps(blocks, from, to) {
  const out = [];
  let at = from;
  for (const b of blocks) {
    if (b.pos > at) out.push([at, b.pos - at]);
    at = Math.max(at, b.pos + b.len);
  }
  if (at < to) out.push([at, to - at]);
  return out;
}

/** How many bytes of the axis anybody has told of. @param {any} store */
export function extent(store, flow) {
  let end = 0;
  const facts = collect(store)[flow];
  for (const [id] of ROWS[flow]) for (const b of facts[id]) end = Math.max(end, b.pos + b.len);
  return end;
}

const memo = new WeakMap();

/** Every event put into its row, once per state of the store. */
function collect(store) {
  const events = store.events;
  const had = memo.get(store);
  if (had && had.events === events && had.length === events.length) return had;
  const facts = { up: empty('up'), down: empty('down'), events, length: events.length };
  for (const e of events) sort(store, facts, e);
  for (const flow of ['up', 'down']) {
    facts[flow].frame = withoutBegins(facts[flow].frame);
    for (const [id] of ROWS[flow]) facts[flow][id].sort((x, y) => x.pos - y.pos);
  }
  for (const [stream, flow] of [['A', 'up'], ['B', 'down']]) facts[flow].segment = segments(store, facts[flow], stream);
  memo.set(store, facts);
  return facts;
}

function empty(flow) {
  return { ...Object.fromEntries(ROWS[flow].map(([id]) => [id, []])), samples: [], tls: false, b: false, lab: false };
}

function sort(store, facts, e) {
  if (e.stream === 'B') facts.up.b = facts.down.b = true;
  if (e.layer === 'recv' || e.layer === 'send' || e.kind === 'target' || /^lab:/.test(e.target || '')) facts.up.lab = facts.down.lab = true;
  if (e.layer === 'kernel' && e.kind === 'sample' && e.tcp) facts[e.stream === 'A' ? 'up' : 'down'].samples.push(e);
  if (e.layer === 'socket' && e.tls) facts[e.stream === 'A' ? 'up' : 'down'].tls = true;
  if (e.kind === 'short') return shorten(facts.up.write, e);
  const id = rowOf(e);
  const span = id && spanOf(store, e);
  if (!span) return;
  const head = e.layer === 'frame' ? headLength(e) : 0;
  facts[span.flow][id].push({
    pos: span.pos, len: span.len, event: e, n: 1, wire: e.layer === 'frame' ? head + span.len : e.len ?? span.len, head,
    partial: e.kind === 'begin',
  });
}

/** An empty message or frame has a place too. */
function spanOf(store, e) {
  if (e.layer !== 'frame' && e.layer !== 'message') return store.span(e);
  return { flow: e.dir === 'in' ? 'up' : 'down', pos: e.pos || 0, len: e.size || 0 };
}

/** The row an event belongs to, or null. */
function rowOf(e) {
  const upward = (e.stream === 'A') === (e.dir === 'in');
  switch (e.layer) {
    case 'js': return e.kind === 'send' ? 'send' : e.kind === 'message' ? 'onmessage' : null;
    case 'message': return 'message';
    case 'frame': return isData(e) && e.kind !== 'cut' ? 'frame' : null;
    case 'read': return 'read';
    case 'write': return upward ? 'write' : null;
    case 'recv': return e.kind === 'recv' ? 'recv' : null;
    case 'send': return e.kind === 'send' ? 'tsend' : null;
  }
  return null;
}

/** A write() that took less than it was given; the next one gives the rest again. */
function shorten(writes, e) {
  const w = writes[writes.length - 1];
  if (w && w.pos === (e.off || 0)) Object.assign(w, { len: e.len || 0, wire: e.len || 0 });
}

/** A frame is told twice when it comes slowly: its header first. The whole one replaces that. */
function withoutBegins(frames) {
  const whole = new Set(frames.filter((b) => !b.partial).map((b) => b.event.off || 0));
  return frames.filter((b) => !b.partial || !whole.has(b.event.off || 0));
}

/**
 * Segments as the kernel counted them. Two samples say how many segments with data came between them and how many
 * bytes; where one segment ended and the next began is not told unless it was only one.
 */
function segments(store, facts, stream) {
  const out = [];
  let bytes = 0;
  let count = 0;
  const preface = prefaceLength(store, stream, 'in');
  for (const e of facts.samples) {
    const n = e.tcp.data_segs_in;
    const b = e.tcp.bytes_received - preface - (gotFIN(store, stream, e) ? 1 : 0);
    if (!(b > bytes && n > count)) continue;
    const span = stream === 'A' ? axisOf(store, bytes, b - bytes) : { pos: bytes, len: b - bytes };
    if (span) out.push({ ...span, event: e, n: n - count, wire: b - bytes, head: 0 });
    [bytes, count] = [b, n];
  }
  return out;
}

/** Whether a row can be known at all in this session, and the key of the reason when not. */
function known(facts, id) {
  const no = (note) => ({ known: false, note: `ruler.note.${note}` });
  const onB = ['write', 'recv', 'tsend'].includes(id) || (facts.tsend && (id === 'read' || id === 'segment'));
  if (onB && !facts.b) return no('no-b');
  if ((id === 'recv' || id === 'tsend') && !facts.lab) return no('other-process');
  if (id === 'segment' && facts.tls) return no('tls');
  if (id === 'segment' && !facts.samples.some((e) => e.tcp.data_segs_in !== undefined)) return no('kernel');
  return { known: true, note: '' };
}

/** The parts of blocks inside [from, to). */
function clip(blocks, from, to) {
  const out = [];
  for (const b of blocks) {
    const pos = Math.max(b.pos, from);
    const end = Math.min(b.pos + b.len, to);
    if (end > pos || (b.len === 0 && b.pos >= from && b.pos <= to)) out.push(end - pos === b.len ? b : { ...b, pos, len: end - pos });
  }
  return out;
}

function vanished(above, blocks) {
  const here = new Set(blocks.map((b) => b.pos));
  return cuts(above).filter((at) => !here.has(at) && blocks.some((b) => b.pos < at && at < b.pos + b.len));
}

/** How many bytes a row has blocks for; less than another when some were not kept. @param {Row} row */
function coverage(row) {
  return row.blocks.reduce((n, b) => n + b.len, 0);
}

/** What a row did with the bytes: a key and the numbers for it. */
function sentence(row, all) {
  const whole = row.blocks.length === 1 && coverage(row) === Math.max(...all.map(coverage));
  const sum = (name) => row.blocks.reduce((n, b) => n + b[name], 0);
  const params = { n: row.blocks.length, bytes: sum('len'), wire: sum('wire'), head: sum('head'), segs: sum('n'), gone: row.vanished.length };
  const of = (id) => all.find((r) => r.id === id);
  const key = (name) => ({ key: `ruler.sub.${name}`, params });
  if (!row.known) return { key: row.note, params };
  if (!params.n) return key('none');
  switch (row.id) {
    case 'frame':
      params.messages = of('message').blocks.length;
      if (all[0].id === 'tsend') return key('frame.down');
      return key(params.messages !== params.n && coverage(row) === coverage(of('message')) ? 'frame.cut' : 'frame.same');
    case 'message':
      if (all[0].id !== 'send') return key('message.down');
      return key(params.n > 1 && params.n === of('send').blocks.length && !params.gone ? 'message.same' : 'message');
    case 'segment': return key(row.blocks.some((b) => b.n > 1) ? 'segment.many' : 'segment.one');
    case 'read': return key(all[0].id === 'tsend' ? 'read.down' : whole ? 'read.one' : 'read.many');
    case 'send': case 'recv': return key(whole ? `${row.id}.one` : `${row.id}.many`);
  }
  return key(row.id);
}
