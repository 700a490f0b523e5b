// The same 100 updates by polling, by server-sent events and by WebSocket: bytes on the socket, requests, latency.

import { h } from '../dom.js';
import { here } from '../here.js';
import { ms, num, t } from '../lang.js';
import { histogram, table } from './charts.js';
import { bytesOfMessage, first, quantile } from './pick.js';

const UPDATES = 100;
const EVERY_MS = 10;
const LONGEST_MS = 5000;
const LINE = /^update (\d\d) (\d{16})$/; // of tcp/lab/updates.go: number, microseconds since 1970 on the bridge's clock

export default {
  id: 'poll-sse-ws',
  guesses: ['poll', 'sse', 'ws'],
  run, draw, params, answer,
};

async function run(run) {
  const ways = {};
  const got = { poll: await poll(run), sse: await sse(run), ws: await ws(run) };
  const clock = got.ws.clock;
  for (const [name, way] of Object.entries(got)) ways[name] = await account(run, way, clock);
  run.facts = { updates: UPDATES, payload: got.poll.size, plusminus_us: clock?.plusminus_us ?? null, ways };
  const all = Object.values(ways).every((w) => w.updates === UPDATES);
  return { verdict: all ? 'counted' : 'missing', ok: all };
}

/** Collects updates as they come, whatever the pieces: lines, with the time of their arrival. */
class Lines {
  constructor(run, before) {
    Object.assign(this, { run, before, rest: '', came: [], size: 0, requests: 1 });
  }

  add(text) {
    const at = performance.now() * 1000;
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop();
    for (const line of lines) {
      const m = LINE.exec(line);
      if (!m) continue;
      this.came.push({ at, stamp: Number(m[2]) });
      this.size += line.length + 1;
    }
    this.run.progress(this.before + this.came.length, 3 * UPDATES);
  }

  get all() { return this.came.length >= UPDATES; }
}

/** Asks again and again for what is new, at the pace of the updates. */
async function poll(run) {
  const lines = new Lines(run, 0);
  const { id } = await run.json('/api/sessions', { method: 'POST' });
  const end = performance.now() + LONGEST_MS;
  lines.requests = 0;
  while (!lines.all && performance.now() < end) {
    const asked = performance.now();
    lines.requests++;
    const answer = await fetch(here(`/api/updates?via=poll&after=${lines.came.length}&session=${id}`), { signal: run.signal });
    if (!answer.ok) throw new Error((await answer.text()).trim());
    lines.add(await answer.text());
    if (!lines.all) await run.sleep(Math.max(0, EVERY_MS - (performance.now() - asked)));
  }
  return Object.assign(lines, { id });
}

async function sse(run) {
  const lines = new Lines(run, UPDATES);
  const { id } = await run.json('/api/sessions', { method: 'POST' });
  const source = new EventSource(here(`/api/updates?via=sse&session=${id}`));
  try {
    source.onmessage = (e) => {
      lines.add(`${e.data}\n`);
      if (lines.all) source.close(); // or it would connect again
    };
    await run.until(() => lines.all || source.readyState === EventSource.CLOSED, LONGEST_MS);
  } finally {
    source.close();
  }
  return Object.assign(lines, { id });
}

async function ws(run) {
  const lines = new Lines(run, 2 * UPDATES);
  const live = await run.open({ path: '/lab/updates' });
  const decoder = new TextDecoder();
  live.ws.addEventListener('message', (e) => lines.add(decoder.decode(bytesOfMessage(e.data), { stream: true })));
  await run.within(live.closed, LONGEST_MS);
  return Object.assign(lines, { id: live.id, clock: clockOf(live.store) });
}

/** What to add to JavaScript's microseconds to get the bridge's since 1970; null when it is not known. */
function clockOf(store) {
  const began = first(store, 'pair', '', '', 'begin')?.began;
  const { offset, plusminus } = store.clock;
  if (!began || offset == null) return null;
  return { wall: unixMicros(began) + offset, plusminus_us: Math.ceil(plusminus) };
}

/** Microseconds since 1970 of an RFC 3339 time; Date keeps only milliseconds. */
function unixMicros(text) {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  return Date.parse(text.replace(/\.\d+/, '')) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/** What a way cost, by the bridge's count of its socket. */
async function account(run, way, clock) {
  const { totals } = await run.json(`/api/sessions/${way.id}`);
  const late = clock ? way.came.map((u) => u.at + clock.wall - u.stamp) : [];
  return {
    updates: way.came.length, requests: way.requests, up: totals.a.in.bytes, down: totals.a.out.bytes,
    p50_us: round(quantile(late, 0.5)), p95_us: round(quantile(late, 0.95)),
  };
}

function round(v) { return v == null ? null : Math.round(v); }

function total(w) { return w.up + w.down; }

function answer({ facts: f }) {
  const ways = Object.entries(f.ways).sort((a, b) => total(b[1]) - total(a[1]));
  return ways[0][0];
}

function params({ facts: f }) {
  const say = (v) => (v == null ? t('x.ui.unmeasured') : ms(v));
  const all = { updates: f.updates, requests: f.ways.poll.requests, payload: f.payload };
  for (const [name, w] of Object.entries(f.ways)) Object.assign(all, { [name]: total(w), [`${name}_updates`]: w.updates, [`${name}_p50`]: say(w.p50_us) });
  return all;
}

function draw({ facts: f }) {
  if (!f.ways) return [];
  const say = (v) => (v == null ? t('x.ui.unmeasured') : ms(v));
  const ways = Object.entries(f.ways);
  const label = (name) => t(`x.poll-sse-ws.${name}`);
  return [
    histogram(t('x.poll-sse-ws.total'), ways.map(([name, w]) => ({ label: label(name), value: total(w), text: num(total(w)) })), 'a',
      [t('x.poll-sse-ws.col.way'), t('x.poll-sse-ws.col.total')]),
    table(['way', 'updates', 'requests', 'up', 'down', 'p50', 'p95'].map((c) => t(`x.poll-sse-ws.col.${c}`)), ways.map(([name, w]) => [
      label(name), num(w.updates), num(w.requests), num(w.up), num(w.down), say(w.p50_us), say(w.p95_us)])),
    h('p', { class: 'x-fine' }, t('x.poll-sse-ws.clock', { plusminus: say(f.plusminus_us) })),
  ];
}
