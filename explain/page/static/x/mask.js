// One text, three images on the wire; and what becomes of a frame without a mask.

import { t } from '../lang.js';
import { hex, mono, table } from './charts.js';
import { bytesOfMessage, dataFrames, len, off, pick } from './pick.js';

const TEXT = '\u53d1\u9001\u6570\u636e'; // four characters of three bytes
const TIMES = 3;
const PROTOCOL_ERROR = 1002; // RFC 6455 section 5.1

export default {
  id: 'mask',
  guesses: ['same', 'differ', 'first'],
  run, draw, params, answer,
};

async function run(run) {
  const live = await run.open({ path: '/lab/ws-echo' });
  const back = [];
  live.ws.addEventListener('message', (e) => back.push(new TextDecoder().decode(bytesOfMessage(e.data))));
  for (let i = 0; i < TIMES; i++) live.send(TEXT);
  await run.until(() => back.length === TIMES && dataFrames(live.store).length === TIMES, 4000);
  run.facts = { text: TEXT, frames: dataFrames(live.store).map((f) => image(live.store, f)), back, raw: null };
  run.progress(1, 2);
  run.facts.raw = (await run.raw('mask')).unmasked;
  run.progress(2, 2);
  run.record(live.store, (e) => e.layer === 'frame' || e.layer === 'read');
  return judge(run.facts);
}

function judge(f) {
  const { images, keys, code } = counts(f);
  const whole = f.frames.length === TIMES && f.back.every((text) => text === TEXT) && f.frames.every((x) => x.wire);
  if (!whole || code !== PROTOCOL_ERROR) return { verdict: 'unseen', ok: false };
  return { verdict: images === TIMES && keys === TIMES ? 'differ' : 'repeated', ok: true };
}

/** A frame as it was on the wire, from what read() returned: the decoder took the mask off its own copy. */
function image(store, frame) {
  const head = store.bytesOf({ data: frame.head });
  const wire = wireBytes(store, off(frame), len(frame));
  return {
    head: hex(head), key: hex(store.bytesOf({ data: frame.key })), wire: wire && hex(wire.slice(head.length)),
    payload: hex(store.bytesOf(frame)), text: new TextDecoder().decode(store.bytesOf(frame)),
  };
}

/** Bytes [from, from+size) of connection A as the bridge's read() calls returned them; null when some are missing. */
function wireBytes(store, from, size) {
  const whole = new Uint8Array(size);
  let filled = 0;
  for (const read of pick(store, 'read', 'A', 'in')) {
    const data = store.bytesOf(read);
    const [begin, end] = [Math.max(from, off(read)), Math.min(from + size, off(read) + data.length)];
    if (begin >= end) continue;
    whole.set(data.subarray(begin - off(read), end - off(read)), begin - from);
    filled += end - begin;
  }
  return filled === size ? whole : null;
}

function counts(f) {
  return {
    images: new Set(f.frames.map((x) => x.wire)).size, keys: new Set(f.frames.map((x) => x.key)).size, code: f.raw?.code ?? 0,
  };
}

function answer({ facts: f }) {
  const { images } = counts(f);
  return images === TIMES ? 'differ' : images === 1 ? 'same' : null;
}

function params({ facts: f }) {
  const { images, keys, code } = counts(f);
  return { images, keys, code: String(code || '–') };
}

function draw({ facts: f }) {
  if (!f.frames) return [];
  const nodes = [table(['n', 'head', 'key', 'wire', 'text'].map((c) => t(`x.mask.col.${c}`)), f.frames.map((x, i) => [
    `#${i + 1}`, mono(x.head), mono(x.key), mono(x.wire ?? t('x.ui.unmeasured')), x.text]))];
  if (f.raw) {
    nodes.push(table([t('x.mask.col.step'), t('x.mask.col.value')], [
      [t('x.mask.sent'), mono(f.raw.sent[0])], [t('x.mask.answer'), mono(f.raw.answer)],
      [t('x.mask.close'), `${f.raw.code || '–'} ${JSON.stringify(f.raw.reason ?? '')}`],
    ], t('x.mask.raw')));
  }
  return nodes;
}
