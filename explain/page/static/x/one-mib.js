// One send() of 1 MiB: every layer cuts it its own way, and the bytes come back the same.

import { num, t } from '../lang.js';
import { strips, table, twin } from './charts.js';
import { bytesOfMessage, equal, first, join, last, len, off, pick, runs } from './pick.js';

const SIZE = 1 << 20;
const RANDOM_MOST = 65_536; // what getRandomValues gives at once

export default {
  id: 'one-mib',
  guesses: ['one', 'few', 'many'],
  run, draw, params, answer,
};

async function run(run) {
  const live = await run.open({ path: '/lab/echo' });
  const sent = random(SIZE);
  const back = [];
  let got = 0;
  live.ws.addEventListener('message', (e) => { const b = bytesOfMessage(e.data); back.push(b); got += b.length; });
  await run.until(() => last(live.store, 'kernel', 'A'), 500); // segments are counted from here on
  const before = last(live.store, 'kernel', 'A')?.tcp ?? null;
  const start = performance.now();
  live.send(sent);
  await run.until(() => { run.progress(got, SIZE); return got >= SIZE; }, 10_000);
  const took_us = Math.round((performance.now() - start) * 1000);
  live.close(1000, '');
  await run.until(() => last(live.store, 'pair', '', '', 'end'), 3000);
  run.facts = { size: SIZE, back: got, equal: equal(join(back), sent), took_us, ...layers(live.store, back, before) };
  run.record(live.store, (e) => ['pair', 'http', 'socket', 'feed'].includes(e.layer));
  if (got < SIZE) return { verdict: 'short', ok: false };
  return { verdict: run.facts.equal ? 'same' : 'changed', ok: run.facts.equal };
}

function random(size) {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += RANDOM_MOST) crypto.getRandomValues(bytes.subarray(at, at + RANDOM_MOST));
  return bytes;
}

/** How each layer cut the way up, and the messages that came back. */
function layers(store, back, before) {
  const request = first(store, 'http', 'A', 'in', 'request');
  const base = request ? off(request) + len(request) : 0;
  const all = pick(store, 'read', 'A', 'in');
  const byHTTP = Math.max(0, ...all.filter((e) => off(e) + len(e) <= base).map((e) => e.n));
  const end = first(store, 'frame', 'A', 'in', 'close')?.off ?? Infinity;
  const reads = all.filter((e) => off(e) >= base && off(e) < end);
  const closing = all.find((e) => off(e) === end)?.n ?? 0; // the read() behind those of the data
  const tcp = last(store, 'kernel', 'A')?.tcp ?? null;
  return {
    frames: frames(store), segments: segments(before, tcp),
    reads: part(reads.map((e) => ({ off: off(e), len: len(e), n: e.n - byHTTP })), base, closing - 1 - byHTTP),
    writes: part(pick(store, 'write', 'B', 'out', 'write'), 0, store.totals.b.out.calls),
    recvs: atLeast(part(pick(store, 'recv', 'B', 'out', 'recv'))),
    messages: part(placed(back.map((b) => b.length))),
    mss: tcp?.snd_mss ?? null,
  };
}

/** Data frames; of one whose end was not shown the header is enough. */
function frames(store) {
  const data = new Map();
  for (const e of pick(store, 'frame', 'A', 'in')) if (e.opcode === undefined || e.opcode <= 2) data.set(e.n, { off: e.pos ?? 0, len: e.size ?? 0, n: e.n });
  return part([...data.values()]);
}

/** Segments that carried data to the bridge since the send(), by its kernel's count. */
function segments(before, after) {
  if (before?.data_segs_in == null || after?.data_segs_in == null) return null;
  return after.data_segs_in - before.data_segs_in;
}

function placed(sizes) {
  let at = 0;
  return sizes.map((size) => ({ off: (at += size) - size, len: size }));
}

/**
 * {n, known, sizes, ends, spans}: offsets from base. n is the layer's own count, counted by number or for us, known how
 * many of them were seen.
 */
function part(pieces, base = 0, counted = 0) {
  return {
    n: Math.max(pieces.length, counted, ...pieces.map((p) => p.n ?? 0)), known: pieces.length,
    sizes: runs(pieces.map(len)), ends: pieces.map((p) => off(p) + len(p) - base),
    spans: together(pieces.map((p) => [off(p) - base, off(p) + len(p) - base])),
  };
}

/** Nobody counts for the target: when its last calls were not seen there was one more, or several. */
function atLeast(cuts) {
  return (cuts.ends.at(-1) ?? 0) < SIZE ? { ...cuts, n: cuts.n + 1, least: true } : cuts;
}

/** Intervals in order, with those that touch made one. */
function together(intervals) {
  const spans = [];
  for (const [from, to] of intervals) {
    const before = spans.at(-1);
    if (before && before[1] >= from) before[1] = Math.max(before[1], to);
    else spans.push([from, to]);
  }
  return spans;
}

function answer({ facts: f }) {
  const n = f.frames?.n;
  if (!n) return null;
  return n === 1 ? 'one' : n <= 20 ? 'few' : 'many';
}

function params({ facts: f }) {
  const n = (p) => p?.n ?? 0;
  return {
    frames: n(f.frames), reads: n(f.reads), writes: n(f.writes), recvs: (f.recvs?.least ? '≥ ' : '') + num(n(f.recvs)), messages: n(f.messages),
    segments: f.segments == null ? t('x.ui.unmeasured') : num(f.segments), back: f.back ?? 0, size: f.size ?? 0,
  };
}

const ROWS = [['frames', 'a'], ['reads', 'bridge'], ['writes', 'bridge'], ['recvs', 'b'], ['messages', 'js']];

function draw({ facts: f }) {
  if (!f.frames) return [];
  const note = (p) => [t('x.one-mib.pieces', { n: p.n }), unseen(p)].filter(Boolean).join(', ');
  const rows = ROWS.map(([name, colour]) => ({ label: t(`x.one-mib.${name}`), note: note(f[name]), colour, cuts: f[name].ends, spans: f[name].spans }));
  const cells = ROWS.map(([name]) => [t(`x.one-mib.${name}`), (f[name].least ? '≥ ' : '') + num(f[name].n), sizes(f[name])]);
  cells.splice(1, 0, [t('x.one-mib.segments'), f.segments == null ? t('x.ui.unmeasured') : num(f.segments), t('x.one-mib.segments-note')]);
  cells.unshift([t('x.one-mib.sends'), '1', num(f.size)]);
  return [
    strips([{ label: t('x.one-mib.sends'), note: note({ n: 1, known: 1 }), colour: 'js', cuts: [f.size], spans: [[0, f.size]] }, ...rows], f.size),
    twin(table([t('x.one-mib.col.layer'), t('x.one-mib.col.pieces'), t('x.one-mib.col.sizes')], cells)),
  ];
}

/** "8 × 131 072 · 1 × 576", the largest groups first. */
function sizes(p) {
  const groups = [...p.sizes].sort((a, b) => b[1] - a[1]);
  const text = groups.slice(0, 4).map(([size, n]) => `${num(n)} × ${num(size)}`).join(' · ');
  const rest = groups.slice(4).reduce((n, g) => n + g[1], 0);
  return [text, rest ? t('x.one-mib.others', { n: rest }) : '', unseen(p)].filter(Boolean).join(' · ');
}

/** How many pieces the feed left out. */
function unseen(p) { return p.known < p.n ? t('x.ui.missing', { n: p.n - p.known }) : ''; }
