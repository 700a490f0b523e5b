// Four ways a target can be gone, and what JavaScript is told of each.

import { ms, t, words } from '../lang.js';
import { fill } from '../words.js';
import { table } from './charts.js';
import { first, last } from './pick.js';
import { plain } from './runner.js';

/** The rows: what the target does, and the practice server that does it. */
const DEATHS = { fin: '/lab/half-close', rst: '/lab/reset', refused: '/lab/refuse', timeout: '/lab/black-hole' };
const LONGEST_MS = 9000;

export default {
  id: 'kill-target',
  guesses: ['same', 'differ', 'no-close'],
  run, draw, params, answer,
};

async function run(run) {
  run.facts = { rows: Object.fromEntries(Object.entries(DEATHS).map(([name, path]) => [name, { path, waiting: true }])) };
  const one = async (name) => {
    run.facts.rows[name] = await death(run, DEATHS[name]);
    run.progress(told(run.facts).length, Object.keys(DEATHS).length);
  };
  const slowest = one('timeout'); // beside the others: its connect() has to run into the bridge's timeout
  slowest.catch(() => {}); // the others may fail first, and are awaited first
  for (const name of ['fin', 'rst', 'refused']) await one(name);
  await slowest;
  const all = told(run.facts);
  if (all.length < Object.keys(DEATHS).length) return { verdict: 'silent', ok: false };
  return { verdict: all.every((r) => r.fate) ? 'told' : 'untold', ok: all.every((r) => r.fate) };
}

/** Opens, says something if that works, and waits for onclose. */
async function death(run, path) {
  const start = performance.now();
  const live = await run.open({ path });
  if (live.ws.readyState === WebSocket.OPEN) live.send('x');
  const close = await run.within(live.closed, LONGEST_MS);
  const row = { path, opened: Boolean(first(live.store, 'js', '', '', 'open')), took_us: Math.round((performance.now() - start) * 1000) };
  if (close) Object.assign(row, { code: close.code, reason: close.reason, clean: close.wasClean, fate: close.fate && plain(close.fate) });
  row.frame = last(live.store, 'frame', 'A', 'out', 'close')?.code ?? null;
  run.record(live.store, (e) => ['js', 'http', 'socket', 'pair'].includes(e.layer) || e.kind === 'close');
  return row;
}

function told(f) { return Object.values(f.rows).filter((r) => r.code != null); }

/** Whether all four looked the same to JavaScript, or a connection that failed before its 101 said only 1006. */
function answer({ facts: f }) {
  const codes = new Set(told(f).map((r) => r.code));
  if (!codes.size) return null;
  return codes.size === 1 ? 'same' : 'differ';
}

function params({ facts: f }) {
  const rows = f.rows ?? {};
  const code = (name) => String(rows[name]?.code ?? '–');
  return {
    fin: code('fin'), rst: code('rst'), refused: code('refused'), timeout: code('timeout'),
    waited: rows.timeout?.took_us ? ms(rows.timeout.took_us) : t('x.ui.unmeasured'),
    codes: new Set(told({ rows }).map((r) => r.code)).size, told: told({ rows }).filter((r) => r.fate).length,
  };
}

function draw({ facts: f }) {
  if (!f.rows) return [];
  return [table(
    ['did', 'opened', 'onclose', 'frame', 'fate', 'took'].map((c) => t(`x.kill-target.col.${c}`)),
    Object.entries(f.rows).map(([name, r]) => (r.waiting
      ? [t(`x.kill-target.${name}`), '…', '…', '…', '…', '…']
      : [t(`x.kill-target.${name}`), t(r.opened ? 'x.ui.yes' : 'x.ui.no'), onclose(r), r.frame ? String(r.frame) : t('x.ui.none'), fate(r.fate), ms(r.took_us)])),
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
