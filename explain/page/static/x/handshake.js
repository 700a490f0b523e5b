// The opening handshake: what 101 proves, and what the bridge says to broken ones.

import { t } from '../lang.js';
import { sha1 } from '../sha1.js';
import { hex, mono, table } from './charts.js';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'; // RFC 6455 section 1.3

export default {
  id: 'handshake',
  guesses: ['secret', 'speaks', 'encrypted'],
  fields: ['key'],
  run, draw, params, answer,
};

async function run(run) {
  const key = (run.options.key ?? '').trim() || randomKey();
  run.facts = { key, variants: [] };
  if (!isKey(key)) return { verdict: 'bad-key', ok: false };
  const got = await run.raw('handshake', { key });
  run.facts.derivation = derive(key);
  run.facts.variants = got.variants;
  const [good, ...broken] = got.variants;
  const proved = good.status === 101 && good.accept === run.facts.derivation.accept && broken.every((v) => v.status !== 101);
  return { verdict: proved ? 'proved' : 'differs', ok: proved };
}

function randomKey() { return base64(crypto.getRandomValues(new Uint8Array(16))); }

function base64(bytes) { return btoa(String.fromCharCode(...bytes)); }

/** 16 bytes in base64, and nothing else. */
function isKey(key) {
  try {
    const raw = atob(key);
    return raw.length === 16 && btoa(raw) === key;
  } catch {
    return false;
  }
}

/** From key to Accept, computed by this page (RFC 6455 section 4.2.2). */
function derive(key) {
  const digest = sha1(new TextEncoder().encode(key + GUID));
  return { text: key + GUID, sha1: hex(digest, 20), accept: base64(digest) };
}

function answer({ verdict }) { return verdict === 'proved' ? 'speaks' : null; }

function params({ facts: f }) {
  return {
    key: f.key, accept: f.variants[0]?.accept ?? '–',
    refused: f.variants.slice(1).filter((v) => v.status !== 101).length, broken: Math.max(0, f.variants.length - 1),
  };
}

function draw({ facts: f }) {
  if (!f.derivation) return [];
  const [good, ...broken] = f.variants;
  return [
    table([t('x.handshake.col.step'), t('x.handshake.col.value')], [
      [t('x.handshake.key'), mono(f.key)], [t('x.handshake.text'), mono(f.derivation.text)], [t('x.handshake.sha1'), mono(f.derivation.sha1)],
      [t('x.handshake.derived'), mono(f.derivation.accept)], [t('x.handshake.sent'), mono(good.accept ?? t('x.ui.none'))],
    ], t('x.handshake.derivation')),
    table(['what', 'status', 'why'].map((c) => t(`x.handshake.col.${c}`)), [good, ...broken].map((v) => [
      t(`x.handshake.variant.${v.variant}`), v.status ? String(v.status) : t('x.ui.none'), v.status === 101 ? t('x.handshake.upgraded') : v.body.trim(),
    ])),
  ];
}
