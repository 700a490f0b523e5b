// Three sends in one turn of JavaScript's loop: WebSocket keeps three messages, TCP keeps six bytes.

import { t } from '../lang.js';
import { histogram } from './charts.js';
import { bytesOfMessage, cuts, dataFrames, equal, join, len, off, pick, tally } from './pick.js';

const PARTS = { quick: ['A', 'BB', 'CCC'], pause: ['A', 'BB', 'CCC'], line: ['A\n', 'BB\n', 'CCC\n'] };
const PAUSE_MS = 20;
const LF = 10;

export default {
  id: 'three-sends',
  guesses: ['one', 'two', 'three', 'differs'],
  choices: { variant: ['quick', 'pause', 'line'], times: ['60', '1'] },
  run, draw, params, answer,
};

/**
 * All rounds use the same two connections. A round ends when all its bytes are back, and a random pause follows, so
 * that one round's bytes never meet the next round's and rounds do not fall into step with a timer.
 */
async function run(run) {
  const variant = run.options.variant ?? 'quick';
  const times = Number(run.options.times ?? 60);
  const parts = PARTS[variant];
  run.facts = { variant, times, parts: parts.map((p) => p.length), tcp: fresh(), ws: fresh() };
  const tcp = new Echo(run, await run.open({ path: '/lab/echo' }), parts, run.facts.tcp);
  const ws = new Echo(run, await run.open({ path: '/lab/ws-echo' }), parts, run.facts.ws);
  for (let i = 0; i < times; i++) {
    await tcp.round(variant === 'pause');
    await ws.round(variant === 'pause');
    run.progress(i + 1, times);
    await run.sleep(5 + Math.random() * 20);
  }
  await tcp.readCuts(times);
  if (times === 1) run.record(tcp.live.store, (e) => e.layer !== 'kernel');
  return judge(run.facts);
}

function fresh() { return { messages: {}, sizes: {}, reads: {}, rounds_read: 0, intact: 0, lines: {} }; }

class Echo {
  constructor(run, live, parts, facts) {
    Object.assign(this, { run, live, parts, facts, back: [] });
    this.sent = new TextEncoder().encode(parts.join(''));
    live.ws.addEventListener('message', (e) => this.back.push(bytesOfMessage(e.data)));
  }

  async round(pausing) {
    this.back = [];
    for (const [i, part] of this.parts.entries()) {
      if (i > 0 && pausing) await this.run.sleep(PAUSE_MS);
      this.live.send(part);
    }
    const arrived = () => join(this.back).length >= this.sent.length;
    if (!await this.run.until(arrived, 3000)) throw new Error(`${join(this.back).length}/${this.sent.length} bytes`);
    const whole = join(this.back);
    tally(this.facts.messages, this.back.length);
    tally(this.facts.sizes, this.back.map((m) => m.length).join('+'));
    if (equal(whole, this.sent)) this.facts.intact++;
    tally(this.facts.lines, whole.filter((b) => b === LF).length);
  }

  /** How the bridge's read() calls cut the three frames of each round on connection A. */
  async readCuts(times) {
    const { store } = this.live;
    await this.run.until(() => dataFrames(store).length >= 3 * times, 2000);
    const frames = new Map(dataFrames(store).map((f) => [f.n, f]));
    const reads = pick(store, 'read', 'A', 'in');
    for (let i = 0; i < times; i++) {
      const [from, to] = [frames.get(3 * i + 1), frames.get(3 * i + 3)];
      if (!from || !to) continue;
      const end = off(to) + len(to);
      const cut = cuts(reads, off(from), end);
      if (cut.reduce((a, b) => a + b, 0) !== end - off(from)) continue;
      tally(this.facts.reads, cut.join('+'));
      this.facts.rounds_read++;
    }
  }
}

function judge(f) {
  if (f.ws.messages[3] !== f.times || f.ws.intact !== f.times || f.tcp.intact !== f.times) return { verdict: 'broken', ok: false };
  if (f.variant === 'line') return f.tcp.lines[3] === f.times ? { verdict: 'line', ok: true } : { verdict: 'broken', ok: false };
  const kept = f.tcp.messages[3] === f.times;
  if (f.variant === 'pause') return { verdict: kept ? 'pause-kept' : 'pause-cut', ok: true };
  return { verdict: kept ? 'kept' : 'cut', ok: true };
}

/** The guess that this run bears out. */
function answer({ facts: f }) {
  const seen = Object.keys(f.tcp.messages);
  return seen.length > 1 ? 'differs' : { 1: 'one', 2: 'two', 3: 'three' }[seen[0]] ?? 'differs';
}

function params({ facts: f }) {
  const m = f.tcp.messages;
  return {
    times: f.times, one: m[1] ?? 0, two: m[2] ?? 0, three: m[3] ?? 0, ws: f.ws.messages[3] ?? 0, lines: f.tcp.lines[3] ?? 0,
    intact: f.tcp.intact, kinds: Object.keys(f.tcp.reads).length,
  };
}

function draw({ facts: f }) {
  if (!f.tcp) return [];
  const counted = [t('x.three-sends.col.cut'), t('x.three-sends.col.rounds')];
  const rows = (all, key) => Object.entries(all).sort((a, b) => b[1] - a[1])
    .map(([sizes, n]) => ({ label: t(key, { n: sizes.split('+').length, sizes: sizes.replaceAll('+', '\u202f+\u202f') }), value: n, text: `${n}×` }));
  const parts = [
    histogram(t('x.three-sends.ws'), rows(f.ws.sizes, 'x.three-sends.messages'), 'a', counted, f.times),
    histogram(t('x.three-sends.tcp'), rows(f.tcp.sizes, 'x.three-sends.messages'), 'js', counted, f.times),
  ];
  if (f.variant === 'line') {
    parts.push(histogram(t('x.three-sends.lines'), Object.entries(f.tcp.lines).map(([n, rounds]) => (
      { label: t('x.three-sends.line', { n: Number(n) }), value: rounds, text: `${rounds}×` })), 'b', counted, f.times));
  }
  if (f.tcp.rounds_read) {
    const caption = t('x.three-sends.reads', { n: f.tcp.rounds_read, times: f.times });
    parts.push(histogram(caption, rows(f.tcp.reads, 'x.three-sends.read'), 'bridge', counted, f.times));
  }
  return parts;
}
