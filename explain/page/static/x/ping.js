// The bridge pings, the browser answers, and JavaScript is not told.

import { ms, t } from '../lang.js';
import { hex, mono, table } from './charts.js';
import { pick } from './pick.js';

const PING_MS = 300;
const WANTED = 3;
const LONGEST_MS = 5000;

export default {
  id: 'ping',
  guesses: ['message', 'nothing', 'error'],
  run, draw, params, answer,
};

/** What a WebSocket object fires once it is open: there is no event for a ping or a pong. */
const EVENTS = ['message', 'error', 'close'];

async function run(run) {
  const live = await run.open({ path: '/lab/ws-echo', wishes: { ping_ms: PING_MS } });
  const events = Object.fromEntries(EVENTS.map((name) => [name, 0]));
  for (const name of EVENTS) live.ws.addEventListener(name, () => { events[name]++; });
  const pings = () => pairs(live.store);
  await run.until(() => {
    run.facts = { ping_ms: PING_MS, pings: pings(), events };
    run.progress(run.facts.pings.filter((p) => p.rtt_us != null).length, WANTED);
    return run.done >= WANTED;
  }, LONGEST_MS);
  run.facts.events = { ...events }; // as they were before we close
  run.record(live.store, (e) => ['frame', 'js', 'pair'].includes(e.layer));
  const answered = run.facts.pings.filter((p) => p.rtt_us != null);
  if (!answered.length) return { verdict: 'unanswered', ok: false };
  return Object.values(events).some((n) => n > 0) ? { verdict: 'told', ok: false } : { verdict: 'untold', ok: true };
}

/** The pings and the pongs that answered them, in order: a pong carries its ping's payload. */
function pairs(store) {
  const pongs = pick(store, 'frame', 'A', 'in', 'pong');
  return pick(store, 'frame', 'A', 'out', 'ping').map((ping, i) => {
    const pong = pongs[i];
    return {
      ping: hex(head(store, ping)), pong: pong ? hex(head(store, pong)) : null,
      rtt_us: pong ? pong.t - ping.t : null,
    };
  });
}

/** Header and payload of a small frame, as on the wire but for the mask. */
function head(store, frame) {
  return store.bytesOf({ data: frame.head });
}

function answer({ facts: f, verdict }) {
  if (verdict === 'untold') return 'nothing';
  return f.events?.message ? 'message' : f.events?.error ? 'error' : null;
}

function params({ facts: f }) {
  const rtts = (f.pings ?? []).map((p) => p.rtt_us).filter((v) => v != null);
  return { pings: f.pings?.length ?? 0, pongs: rtts.length, least: rtts.length ? ms(Math.min(...rtts)) : '–', most: rtts.length ? ms(Math.max(...rtts)) : '–' };
}

function draw({ facts: f }) {
  if (!f.pings) return [];
  return [
    table(['n', 'ping', 'pong', 'rtt'].map((c) => t(`x.ping.col.${c}`)), f.pings.map((p, i) => [
      String(i + 1), mono(p.ping), p.pong ? mono(p.pong) : t('x.ping.pending'), p.rtt_us == null ? '–' : ms(p.rtt_us)])),
    table([t('x.ping.col.event'), t('x.ping.col.fired')], Object.entries(f.events).map(([name, n]) => [mono(`on${name}`), String(n)])),
  ];
}
