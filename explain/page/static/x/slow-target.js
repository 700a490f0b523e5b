// 16 MiB into a target that reads slowly: send() never waits, so the bytes queue up in every place on the way.

import { h } from '../dom.js';
import { bytes, ms, num, t } from '../lang.js';
import { curve, stack, table, twin } from './charts.js';
import { first, pick } from './pick.js';
import { reached } from './whereabouts.js';

const SIZE = 64 << 10;
const TIMES = 256;
const WATCH_MS = 4000; // before close(), and again after it
const LOOK_MS = 100;

export default {
  id: 'slow-target',
  guesses: ['blocks', 'lost', 'buffers'],
  run, draw, params, answer,
};

async function run(run) {
  const live = await run.open({ path: '/lab/slow' });
  const f = run.facts = { sent: SIZE * TIMES, points: [], send_us: 0, where: null, closing: null, zero_window: {} };
  const start = performance.now();
  for (let i = 0; i < TIMES; i++) live.send(new Uint8Array(SIZE));
  f.send_us = since(start);
  await watch(run, live, start, WATCH_MS, 0);
  const before = live.ws.bufferedAmount;
  live.close(1000, 'done');
  const called = performance.now();
  f.closing = { called_us: since(start), buffered: before, states: [[live.ws.readyState, 0]], over: false };
  await watch(run, live, start, WATCH_MS, 1, () => live.ws.readyState === 3);
  Object.assign(f.closing, { watched_us: since(called), over: live.ws.readyState === 3, buffered_then: live.ws.bufferedAmount });
  f.closing.states.push([live.ws.readyState, f.closing.watched_us]);
  f.closing.close_frame_seen = Boolean(first(live.store, 'frame', 'A', 'in', 'close'));
  run.record(live.store, (e) => e.layer === 'pair' || e.layer === 'feed');
  if (!f.where) return { verdict: before > 0 ? 'unmeasured' : 'drained', ok: before > 0 };
  if (f.where.read >= f.sent) return { verdict: 'drained', ok: false };
  if (before === 0) return { verdict: 'kernel', ok: true };
  return { verdict: f.closing.over ? 'closed' : 'waits', ok: true };
}

/** Looks at bufferedAmount and at the kernel's samples for a while. */
async function watch(run, live, start, most, phase, over = () => false) {
  const f = run.facts;
  const began = performance.now();
  while (performance.now() - began < most && !over()) {
    f.points.push([since(start), live.ws.bufferedAmount]);
    if (phase === 0) f.where = reached(live.store, f.points, start, f.sent) ?? f.where;
    f.zero_window = zeroWindows(live.store);
    run.progress(Math.round(performance.now() - start), 2 * WATCH_MS);
    await run.sleep(LOOK_MS);
  }
}

function since(start) { return Math.round((performance.now() - start) * 1000); }

/** Samples in which a window was 0: A is what the bridge offers the browser, B what the target offers the bridge. */
function zeroWindows(store) {
  const told = (stream, field) => {
    const all = pick(store, 'kernel', stream, '', 'sample').filter((e) => e.tcp?.[field] != null);
    return all.length ? { samples: all.length, zero: all.filter((e) => e.tcp[field] === 0).length, least: Math.min(...all.map((e) => e.tcp[field])) } : null;
  };
  return { a: told('A', 'rcv_wnd'), b: told('B', 'snd_wnd') };
}

/** send() neither waits nor loses. */
function answer({ verdict }) { return verdict === 'drained' ? null : 'buffers'; }

function params({ facts: f }) {
  const w = f.where;
  return {
    sent: f.sent, took: ms(f.send_us), buffered: f.closing?.buffered ?? 0, read: w ? bytes(w.read) : t('x.ui.unmeasured'), state: f.closing?.states.at(-1)[0] ?? '–',
    queued: w ? w.inq_a + w.outq_b + w.inq_target : 0,
    watched: ms(f.closing?.watched_us ?? 0), then: f.closing?.buffered_then ?? 0,
  };
}

const PARTS = [
  ['js', 'js'], ['rest', 'rest'], ['inq_a', 'a'], ['user', 'bridge'], ['outq_b', 'b'], ['inq_target', 'b-soft'], ['read', 'b-deep'],
];

function draw({ facts: f }) {
  if (!f.points?.length) return [];
  const rows = f.points.filter((_, i) => i % 5 === 0 || i === f.points.length - 1);
  const nodes = [
    curve(f.points, { colour: 'js', top: 'bufferedAmount', right: axis(f), say: bytes, mark: f.closing?.called_us }),
    twin(table([t('x.slow-target.col.time'), 'bufferedAmount'], rows.map(([at, n]) => [ms(at), num(n)]))),
  ];
  if (f.where) nodes.push(...whereabouts(f.where));
  if (f.zero_window?.a || f.zero_window?.b) nodes.push(windows(f.zero_window));
  if (f.closing?.watched_us) nodes.push(closing(f.closing));
  return nodes;
}

function axis(f) {
  const end = ms(f.points.at(-1)[0]);
  return f.closing ? t('x.slow-target.axis-close', { end, at: ms(f.closing.called_us) }) : t('x.slow-target.axis', { end });
}

function whereabouts(w) {
  const parts = PARTS.map(([key, colour]) => ({ colour, label: t(`x.slow-target.where.${key}`), value: w[key], note: t(`x.slow-target.how.${key}`, { n: w.siocoutq_b }) }));
  const head = ['place', 'bytes'].map((c) => t(`x.slow-target.col.${c}`));
  return [stack(parts, num, head), h('p', { class: 'x-fine' }, t('x.slow-target.sampled', { at: ms(w.at_us) }))];
}

function windows(z) {
  const row = (key, v) => [t(`x.slow-target.window.${key}`), v ? num(v.least) : t('x.ui.unmeasured'), v ? t('x.slow-target.window.zero', { zero: v.zero, samples: v.samples }) : ''];
  return table([t('x.slow-target.col.window'), t('x.slow-target.col.least'), t('x.slow-target.col.zero')], [row('a', z.a), row('b', z.b)]);
}

function closing(c) {
  return table([t('x.slow-target.col.closing'), t('x.slow-target.col.value')], [
    [t('x.slow-target.closing.state'), c.states.map(([s]) => s).join(' → ')],
    [t('x.slow-target.closing.watched'), ms(c.watched_us)],
    [t('x.slow-target.closing.frame'), t(c.close_frame_seen ? 'x.ui.yes' : 'x.ui.no')],
    [t('x.slow-target.closing.before'), num(c.buffered)],
    [t('x.slow-target.closing.then'), num(c.buffered_then)],
  ]);
}
