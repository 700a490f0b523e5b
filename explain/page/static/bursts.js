/**
 * Where one action ends and the next begins, so that the ruler can show one at a time: what was sent without a pause,
 * and all that came back until more was sent. What comes before anything was sent is parted by its pauses.
 * @typedef {{up: [number, number]|null, down: [number, number]|null, t: number}} Burst
 */
import { rows } from './rows.js';

const PAUSE = 400_000; // microseconds
const MOST = 256; // pieces in one direction: a stream without pauses has to be cut somewhere

/** @returns {Burst[]} in order of time */
export function bursts(store) {
  const out = [];
  let last = null;
  for (const p of [...points(store, 'up'), ...points(store, 'down')].sort((a, b) => a.t - b.t)) {
    if (!last || begins(last, p)) out.push(last = { up: null, down: null, t: p.t, at: {}, pieces: { up: 0, down: 0 } });
    last.pieces[p.flow]++;
    last.at[p.flow] = p.t;
    last[p.flow] = widen(last[p.flow], p);
  }
  return out;
}

/** Whether a piece begins a new action: the answer to what was sent belongs to it, however late it comes. */
function begins(burst, p) {
  if (burst.pieces[p.flow] >= MOST) return true;
  if (p.flow === 'up' && !burst.up) return true;
  const paused = p.t - (burst.at[p.flow] ?? p.t) > PAUSE;
  return paused && (p.flow === 'up' || !burst.up);
}

/** The pieces of a direction as the first who knows them tells it. */
function points(store, flow) {
  const row = rows(store, flow).find((r) => r.known && r.blocks.length && r.id !== 'segment');
  return row ? row.blocks.map((b) => ({ flow, t: b.event.t, pos: b.pos, end: b.pos + b.len })) : [];
}

function widen(range, p) {
  return range ? [Math.min(range[0], p.pos), Math.max(range[1], p.end)] : [p.pos, p.end];
}
