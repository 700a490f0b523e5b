/**
 * Where one action ends and the next begins, so that the ruler can show one at a time: a burst is what was sent and
 * what came back without a pause.
 * @typedef {{up: [number, number]|null, down: [number, number]|null, t: number}} Burst
 */
import { rows } from './rows.js';

const PAUSE = 400_000; // microseconds
const MOST = 64; // pieces in one direction: a stream without pauses has to be cut somewhere

/** @returns {Burst[]} in order of time */
export function bursts(store) {
  const out = [];
  let last = null;
  const full = { up: 0, down: 0 };
  for (const p of [...points(store, 'up'), ...points(store, 'down')].sort((a, b) => a.t - b.t)) {
    if (!last || p.t - last.end > PAUSE || full[p.flow] >= MOST) {
      last = { up: null, down: null, t: p.t, end: p.t };
      full.up = full.down = 0;
      out.push(last);
    }
    full[p.flow]++;
    last.end = p.t;
    last[p.flow] = widen(last[p.flow], p);
  }
  return out;
}

/** The pieces of a direction as the first who knows them tells it. */
function points(store, flow) {
  const row = rows(store, flow).find((r) => r.known && r.blocks.length && r.id !== 'segment');
  return row ? row.blocks.map((b) => ({ flow, t: b.event.t, pos: b.pos, end: b.pos + b.len })) : [];
}

function widen(range, p) {
  return range ? [Math.min(range[0], p.pos), Math.max(range[1], p.end)] : [p.pos, p.end];
}
