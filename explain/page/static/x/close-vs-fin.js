// WebSocket's end and TCP's end are two: Close frames, then FIN. The bridge holds its FIN back so that both can be seen.

import { h } from '../dom.js';
import { ms, t } from '../lang.js';
import { lanes, swatch, table } from './charts.js';
import { first, last } from './pick.js';

const HOLDS = [0, 50, 500];
const LONGEST_MS = 4000;

export default {
  id: 'close-vs-fin',
  guesses: ['close-frame', 'fin', 'else'],
  run, draw, params, answer,
};

async function run(run) {
  run.facts = { holds: [] };
  for (const [i, hold] of HOLDS.entries()) {
    run.facts.holds.push(await closing(run, hold));
    run.progress(i + 1, HOLDS.length);
  }
  const [longest] = run.facts.holds.slice(-1);
  if (run.facts.holds.some((x) => x.onclose_us == null || x.fin_us == null)) return { verdict: 'incomplete', ok: false };
  const between = (longest.close_out_us + longest.fin_us) / 2; // it came with the Close frame, or with the FIN half a second later
  if (longest.plusminus_us > longest.fin_us - between) return { verdict: 'unclear', ok: false };
  return { verdict: longest.onclose_us < between ? 'before-fin' : 'after-fin', ok: true };
}

/** One session's end; times in microseconds since close() was called. */
async function closing(run, hold) {
  const live = await run.open({ path: '/lab/echo', wishes: { hold_fin_ms: hold } });
  let back = 0;
  live.ws.addEventListener('message', () => { back++; });
  live.send('hello');
  if (!await run.until(() => back, 3000)) throw new Error('no echo');
  const states = [[live.ws.readyState, 0]];
  const start = performance.now();
  live.close(1000, 'bye');
  const note = () => { if (live.ws.readyState !== states.at(-1)[0]) states.push([live.ws.readyState, since(start)]); };
  note();
  let onclose = null;
  live.ws.addEventListener('close', () => { onclose = since(start); note(); });
  await run.until(() => { note(); return onclose != null; }, LONGEST_MS);
  await run.until(() => last(live.store, 'pair', '', '', 'end'), LONGEST_MS);
  const told = await run.within(live.closed, 1000);
  run.record(live.store, (e) => ['js', 'frame', 'socket', 'pair'].includes(e.layer));
  return { hold_ms: hold, states, onclose_us: onclose, ...told && { code: told.code, reason: told.reason, clean: told.wasClean }, ...wire(live.store, start) };
}

function since(start) { return Math.round((performance.now() - start) * 1000); }

/** What the bridge saw, on JavaScript's axis: give or take plusminus_us. */
function wire(store, start) {
  const { offset, plusminus } = store.clock;
  const zero = start * 1000 + (offset ?? NaN);
  const at = (e) => (e && Number.isFinite(zero) ? Math.round(e.t - zero) : null);
  const fin = first(store, 'socket', 'A', 'out', 'shutdown');
  const eof = first(store, 'socket', 'A', 'in', 'eof');
  return {
    plusminus_us: plusminus == null ? null : Math.ceil(plusminus),
    close_in_us: at(first(store, 'frame', 'A', 'in', 'close')), close_out_us: at(first(store, 'frame', 'A', 'out', 'close')),
    fin_us: at(fin), eof_us: at(eof), first_fin: whose(fin, eof),
  };
}

/** The side that sends FIN first waits in TIME_WAIT when all is over (RFC 9293 section 3.6). */
function whose(fin, eof) {
  if (!fin && !eof) return null;
  if (!fin || !eof) return fin ? 'bridge' : 'browser';
  return fin.seq < eof.seq ? 'bridge' : 'browser';
}

/** What onclose waited for. */
function answer({ verdict }) {
  return { 'before-fin': 'close-frame', 'after-fin': 'fin' }[verdict] ?? null;
}

function params({ facts: f }) {
  const x = f.holds?.at(-1);
  const say = (v) => (v == null ? t('x.ui.unmeasured') : ms(v));
  if (!x) return {};
  return {
    hold: x.hold_ms, onclose: say(x.onclose_us), fin: say(x.fin_us), plusminus: say(x.plusminus_us), code: String(x.code ?? '–'), clean: String(x.clean),
    keeper: x.first_fin ? t(`x.close-vs-fin.keeper.${x.first_fin}`) : t('x.ui.unmeasured'),
  };
}

const MARKS = [['close_in_us', 'a'], ['close_out_us', 'bridge'], ['fin_us', 'bridge'], ['eof_us', 'a'], ['onclose_us', 'js']];
const STATES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];

function draw({ facts: f }) {
  if (!f.holds?.length) return [];
  const end = Math.max(...f.holds.flatMap((x) => MARKS.map(([m]) => x[m] ?? 0))) * 1.02;
  return [
    lanes(f.holds.map((x) => ({ label: t('x.close-vs-fin.hold', { n: x.hold_ms }), spans: spans(x, end), marks: marks(x) })), 0, end, ms),
    table([t('x.close-vs-fin.col.what'), ...f.holds.map((x) => t('x.close-vs-fin.hold', { n: x.hold_ms }))], rows(f.holds)),
  ];
}

function spans(x, end) {
  return x.states.map(([state, from], i) => ({
    from, to: x.states[i + 1]?.[1] ?? end, colour: state === 2 ? 'js' : 'soft', text: `${state} ${STATES[state]}`,
  })).filter((s) => s.to > s.from);
}

function marks(x) {
  return MARKS.filter(([m]) => x[m] != null).map(([m, colour]) => ({ at: x[m], colour, text: t(`x.close-vs-fin.${m}`) }));
}

function rows(holds) {
  const say = (v) => (v == null ? t('x.ui.unmeasured') : ms(v));
  return [
    ...MARKS.map(([m, colour]) => [h('span', {}, swatch(colour), ` ${t(`x.close-vs-fin.${m}`)}`), ...holds.map((x) => say(x[m]))]),
    [t('x.close-vs-fin.told'), ...holds.map((x) => (x.code == null ? '–' : `${x.code} ${JSON.stringify(x.reason)} wasClean ${x.clean}`))],
    [t('x.close-vs-fin.keeper'), ...holds.map((x) => (x.first_fin ? t(`x.close-vs-fin.keeper.${x.first_fin}`) : t('x.ui.unmeasured')))],
    [t('x.close-vs-fin.plusminus'), ...holds.map((x) => say(x.plusminus_us))],
  ];
}
