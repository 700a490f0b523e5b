// Silence: a proxy ends it, pings break it, and a peer that is dead is found by them.

import { num, t } from '../lang.js';
import { lanes, table } from './charts.js';

export default {
  id: 'idle',
  guesses: ['tcp', 'ping', 'nothing'],
  run, draw, params, answer,
};

async function run(run) {
  run.progress(0, 0);
  const got = await run.raw('idle');
  const [silent, pinged] = got.behind_proxy;
  run.facts = { ...got, silent, pinged, dead: got.dead_peer };
  const shown = silent.ended !== 'alive' && pinged.ended === 'alive' && got.dead_peer.ended !== 'alive' && got.dead_peer.pings > 0;
  return { verdict: shown ? 'shown' : 'partly', ok: shown };
}

function answer({ verdict }) { return verdict === 'shown' ? 'ping' : null; }

const CASES = ['silent', 'pinged', 'dead'];

/** Milliseconds, whole. */
function whole(n) { return t('unit.ms', { n: num(Math.round(n)) }); }

function params({ facts: f }) {
  return {
    limit: whole(f.proxy_limit_ms), watched: whole(f.watched_ms), silent: whole(f.silent.lived_ms), pinged: whole(f.pinged.lived_ms), pings: f.pinged.pings,
    pinged_end: ended(f.pinged), silent_end: ended(f.silent), dead_end: ended(f.dead), every: whole(f.pinged.ping_ms), dead: whole(f.dead.lived_ms),
    dead_pings: f.dead.pings, wait: whole(f.dead.pong_ms), keepalive: idleOf(f),
  };
}

function ended(s) { return t(`x.idle.end.${s.close ? 'close' : s.ended}`, { code: String(s.close ?? '') }); }

/** When TCP keepalive would first probe: as the kernel has it, or as it was set up. */
function idleOf(f) {
  const p = f.keepalive.measured ?? f.keepalive.set_up;
  return p?.enabled ? t('x.idle.seconds', { n: p.idle_s }) : t('x.ui.none');
}

function draw({ facts: f }) {
  if (!f.silent) return [];
  const most = Math.max(...CASES.map((c) => f[c].lived_ms)) * 1.02;
  const span = (s) => ({ from: 0, to: s.lived_ms, colour: s.ended === 'alive' ? 'a' : 'bridge', text: ended(s) });
  return [
    lanes(CASES.map((c) => ({ label: t(`x.idle.case.${c}`), spans: [span(f[c])], marks: [] })), 0, most, whole),
    table(['case', 'pings', 'pongs', 'lived', 'end'].map((c) => t(`x.idle.col.${c}`)), CASES.map((c) => [
      t(`x.idle.case.${c}`), num(f[c].pings), num(f[c].pongs), whole(f[c].lived_ms), ended(f[c])])),
    probing(f.keepalive),
  ];
}

function probing(k) {
  const row = (key, p) => [t(`x.idle.${key}`), ...(p ? [t(p.enabled ? 'x.ui.yes' : 'x.ui.no'), num(p.idle_s), num(p.interval_s), num(p.count)]
    : [t('x.ui.unmeasured'), '–', '–', '–'])];
  return table(['keepalive', 'on', 'idle', 'interval', 'count'].map((c) => t(`x.idle.col.${c}`)), [row('set-up', k.set_up), row('measured', k.measured)]);
}
