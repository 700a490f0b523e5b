// Four ways a target can be gone, and what JavaScript is told of each.

import { ms, t, words } from '../lang.js';
import { fill } from '../words.js';
import { table } from './charts.js';
import { first, last } from './pick.js';
import { plain } from './runner.js';

/** The rows: what the target does, and the practice server that does it. */
const DEATHS = { fin: '/lab/half-close', rst: '/lab/reset', refused: '/lab/refuse', timeout: '/lab/black-hole' };
const LONGEST_MS = 9000;
const LINGER_MS = 1500; // a pair ends a little after its Close frame

export default {
  id: 'kill-target',
  guesses: ['same', 'some', 'all'],
  run, draw, params, answer,
};

/** One after the other: a browser has one WebSocket to a host under construction at a time (RFC 6455 section 4.1). */
async function run(run) {
  const all = Object.entries(DEATHS);
  run.facts = { rows: Object.fromEntries(all.map(([name, path]) => [name, { path, waiting: true }])) };
  for (const [i, [name, path]] of all.entries()) {
    run.progress(i, all.length);
    run.facts.rows[name] = await death(run, path);
  }
  run.progress(all.length, all.length);
  const known = told(run.facts);
  if (known.length < all.length) return { verdict: 'silent', ok: false };
  return { verdict: known.every((r) => r.fate) ? 'told' : 'untold', ok: known.every((r) => r.fate) };
}

/** Opens, says something if that works, and waits for onclose and for the bridge's account of it. */
async function death(run, path) {
  const live = await run.open({ path });
  if (live.ws.readyState === WebSocket.OPEN) live.send('x');
  const close = await run.within(live.closed, LONGEST_MS);
  await run.until(() => last(live.store, 'pair', '', '', 'end'), close ? LINGER_MS : 0);
  const js = (kind) => first(live.store, 'js', '', '', kind);
  const row = {
    path, opened: Boolean(js('open')), took_us: js('close') ? Math.round(js('close').at - js('new').at) : null,
    frame: first(live.store, 'frame', 'A', 'out', 'close')?.code ?? null,
  };
  if (close) Object.assign(row, { code: close.code, reason: close.reason, clean: close.wasClean, fate: close.fate && plain(close.fate) });
  run.record(live.store, (e) => ['js', 'http', 'socket', 'pair'].includes(e.layer) || e.kind === 'close');
  live.dispose();
  return row;
}

function told(f) { return Object.values(f.rows).filter((r) => r.code != null); }

/** How many of the four onclose can tell apart, by code and reason. */
function answer({ facts: f }) {
  const { ends } = different(told(f));
  if (!ends) return null;
  return ends === 1 ? 'same' : ends === Object.keys(DEATHS).length ? 'all' : 'some';
}

function different(rows) {
  const count = (of) => new Set(rows.map(of)).size;
  return { codes: count((r) => r.code), ends: count((r) => `${r.code} ${r.reason}`) };
}

function params({ facts: f }) {
  const rows = f.rows ?? {};
  const code = (name) => String(rows[name]?.code ?? '–');
  return {
    fin: code('fin'), rst: code('rst'), refused: code('refused'), timeout: code('timeout'), ...different(told({ rows })),
    waited: rows.timeout?.took_us ? ms(rows.timeout.took_us) : t('x.ui.unmeasured'), told: told({ rows }).filter((r) => r.fate).length,
  };
}

function draw({ facts: f }) {
  if (!f.rows) return [];
  return [table(
    ['did', 'opened', 'onclose', 'frame', 'fate', 'took'].map((c) => t(`x.kill-target.col.${c}`)),
    Object.entries(f.rows).map(([name, r]) => (r.waiting
      ? [t(`x.kill-target.${name}`), '…', '…', '…', '…', '…']
      : [t(`x.kill-target.${name}`), t(r.opened ? 'x.ui.yes' : 'x.ui.no'), onclose(r), r.frame ? String(r.frame) : t('x.ui.none'), fate(r.fate), r.took_us == null ? '–' : ms(r.took_us)])),
  )];
}

function onclose(r) {
  if (r.code == null) return t('x.kill-target.nothing');
  return `(${r.code}, ${JSON.stringify(r.reason)}, wasClean ${r.clean})`;
}

function fate(event) {
  if (!event) return t('x.kill-target.unknown');
  const said = fill(words(), event);
  return said.text || said.title || event.why || '';
}
