// Characters, UTF-16 units and bytes; why a byte bridge sends binary messages.

import { h } from '../dom.js';
import { num, t } from '../lang.js';
import { hex, mono, table } from './charts.js';
import { bytesOfMessage, dataFrames, len } from './pick.js';

/** Four characters of three bytes, which /lab/split also writes first, in two parts; one of four; half of that. */
const SAMPLES = { chinese: '\u53d1\u9001\u6570\u636e', emoji: '\u{1f600}', surrogate: '\ud83d' };
const REPLACEMENT = '\ufffd';
const INVALID_PAYLOAD = 1007; // RFC 6455 section 8.1

export default {
  id: 'utf8',
  guesses: ['4', '12', '18'],
  run, draw, params, answer,
};

async function run(run) {
  run.facts = { samples: await samples(run), pieces: [], raw: [] };
  run.progress(1, 3);
  run.facts.pieces = await pieces(run);
  run.progress(2, 3);
  run.facts.raw = (await run.raw('utf8')).cases;
  run.progress(3, 3);
  return judge(run.facts);
}

/** Sends each text to the WebSocket echo; sizes are those of the frames that the bridge read. */
async function samples(run) {
  const live = await run.open({ path: '/lab/ws-echo' });
  const back = [];
  live.ws.addEventListener('message', (e) => back.push(typeof e.data === 'string' ? e.data : null));
  const texts = Object.entries(SAMPLES);
  for (const [, text] of texts) live.send(text);
  await run.until(() => back.length === texts.length && dataFrames(live.store).length === texts.length, 4000);
  const frames = dataFrames(live.store);
  run.record(live.store, (e) => e.layer === 'frame' || e.kind === 'send');
  return texts.map(([name, text], i) => ({
    name, units: text.length, bytes: frames[i]?.size ?? null, wire: frames[i] ? len(frames[i]) : null,
    payload: frames[i] ? hex(live.store.bytesOf(frames[i])) : null, back: back[i] ?? null, same: back[i] === text,
  }));
}

/** Connects to a target that cuts a character over two writes. Each message is decoded alone, and as part of a stream. */
async function pieces(run) {
  const live = await run.open({ path: '/lab/split' });
  const stream = new TextDecoder();
  const got = [];
  const take = (bytes) => got.push({ hex: hex(bytes), n: bytes.length, alone: new TextDecoder().decode(bytes), stream: stream.decode(bytes, { stream: true }) });
  live.ws.addEventListener('message', (e) => take(bytesOfMessage(e.data)));
  const most = new TextEncoder().encode(SAMPLES.chinese).length;
  await run.until(() => got.reduce((n, p) => n + p.n, 0) >= most, 4000);
  return got;
}

function replaced(texts) { return [...texts.join('')].filter((c) => c === REPLACEMENT).length; }

function judge(f) {
  const [chinese, emoji, surrogate] = f.samples;
  const shown = chinese.same && emoji.same && chinese.bytes != null && surrogate.back === REPLACEMENT && f.pieces.length > 1 &&
    replaced(f.pieces.map((p) => p.stream)) === 0 && bad(f)?.code === INVALID_PAYLOAD;
  return { verdict: shown ? 'shown' : 'partly', ok: shown };
}

/** The raw client's text message with bytes that are no UTF-8. */
function bad(f) { return f.raw.find((c) => c.case === 'bad-bytes'); }

function answer({ facts: f }) {
  const wire = f.samples?.[0]?.wire;
  return wire == null ? null : String(wire);
}

function params({ facts: f }) {
  const [chinese, , surrogate] = f.samples;
  return {
    units: chinese.units, bytes: chinese.bytes ?? '–', wire: chinese.wire ?? '–', surrogate: codePoints(surrogate.back),
    pieces: f.pieces.length, naive: replaced(f.pieces.map((p) => p.alone)), streamed: replaced(f.pieces.map((p) => p.stream)),
    code: String(bad(f)?.code ?? '–'),
  };
}

/** "U+FFFD" of a text, so that what cannot be seen can be read. */
function codePoints(text) {
  if (text == null) return '–';
  return [...text].map((c) => `U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`).join(' ');
}

function draw({ facts: f }) {
  if (!f.samples) return [];
  const label = (s) => (s.name === 'surrogate' ? t('x.utf8.lone') : SAMPLES[s.name]);
  const n = (v) => (v == null ? t('x.ui.unmeasured') : num(v));
  const nodes = [table(['text', 'units', 'bytes', 'wire', 'hex', 'back'].map((c) => t(`x.utf8.col.${c}`)), f.samples.map((s) => [
    label(s), n(s.units), n(s.bytes), n(s.wire), mono(s.payload ?? '–'), h('span', {}, s.back ?? '–', ' ', mono(codePoints(s.back)))]), t('x.utf8.sizes'))];
  if (f.pieces.length) {
    nodes.push(table(['message', 'hex', 'naive', 'stream'].map((c) => t(`x.utf8.col.${c}`)), f.pieces.map((p, i) => [
      `#${i + 1}`, mono(p.hex), p.alone, p.stream]), t('x.utf8.split')));
  }
  if (f.raw.length) {
    nodes.push(table([t('x.utf8.col.case'), t('x.utf8.col.hex'), t('x.utf8.col.answer')], f.raw.map((c) => [
      t(`x.utf8.case.${c.case}`), mono(c.payload.join(' | ')), c.code ? `Close ${c.code} ${JSON.stringify(c.reason ?? '')}` : t('x.utf8.echoed')]), t('x.utf8.raw')));
  }
  return nodes;
}
