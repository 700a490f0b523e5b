/** The numbers and words of the five stations, from the store only. A row is [towards the target, back]. */
import { ms, t } from './lang.js';
import { encrypted } from './wire.js';

const NONE = '–';

/**
 * Everything the stations show: {station: {state, note, absent, rows: {row: [to, back]}}}.
 * @param {import('./main.js').Context} ctx
 */
export function valuesOf(ctx) {
  const { store } = ctx;
  const seen = sight(ctx);
  return {
    js: javaScript(store.counts.js),
    a: connectionA(store),
    bridge: bridge(store.totals, seen),
    b: seen.b ? connectionB(store) : absent('path.b.none', ['frames', 'bytes', 'segments', 'cwnd']),
    target: seen.b ? target(ctx, seen) : absent('path.target.none', ['recv', 'bytes', 'tsend', 'knows']),
  };
}

/** Whether there is a connection B, and whether the target is a practice server of ours, whose calls can be seen. */
function sight(ctx) {
  const { path } = ctx.store;
  const practice = Boolean(ctx.bridge.practice) || path.startsWith('/lab/');
  const own = path === '/lab/ws-echo' || (path === '/echo' && Boolean(ctx.bridge.practice));
  return { b: !own, target: practice && !own };
}

function javaScript(js) {
  return {
    state: t(`ready.${js.readyState}`), note: t('path.js.note'),
    rows: {
      send: [js.send.calls, ''], bytes: [js.send.bytes, js.message.bytes],
      message: ['', js.message.calls], buffered: [js.buffered, ''],
    },
  };
}

function connectionA(store) {
  const { in: up, out: down } = store.totals.a;
  const tcp = store.latestTCP('A')?.tcp || {};
  return {
    state: tcpState(store, 'A', tcp), note: t(encrypted(store, 'A') ? 'path.a.note.tls' : 'path.a.note'),
    rows: {
      frames: [up.frames, down.frames], bytes: [up.bytes, down.bytes],
      segments: [measured(tcp.data_segs_in), measured(tcp.data_segs_out)], rtt: [brief(tcp.min_rtt), ''],
    },
  };
}

function bridge(totals, seen) {
  return {
    state: t(seen.b ? 'path.bridge.state' : 'path.bridge.own'), note: t('path.bridge.note'),
    rows: {
      read: [totals.a.in.calls, seen.b ? totals.b.in.calls : NONE],
      write: [seen.b ? totals.b.out.calls : NONE, totals.a.out.calls],
      masks: [totals.a.in.frames, ''],
    },
  };
}

function connectionB(store) {
  const { in: down, out: up } = store.totals.b;
  const tcp = store.latestTCP('B')?.tcp || {};
  return {
    state: tcpState(store, 'B', tcp), note: t(encrypted(store, 'B') ? 'path.b.note.tls' : 'path.b.note'),
    rows: {
      frames: [0, 0], bytes: [up.bytes, down.bytes],
      segments: [measured(tcp.data_segs_out), measured(tcp.data_segs_in)], cwnd: [measured(tcp.cwnd), ''],
    },
  };
}

function target(ctx, seen) {
  const { store } = ctx;
  const calls = (layer) => (seen.target ? counted(store.counts.target, layer) : NONE);
  const bytes = (layer) => (seen.target ? bytesOf(store, layer) : NONE);
  return {
    state: targetName(ctx), note: t(seen.target ? 'path.target.note' : 'path.target.unseen'),
    rows: {
      recv: [calls('recv'), ''], bytes: [bytes('recv'), bytes('send')], tsend: ['', calls('send')], knows: [t('no'), ''],
    },
  };
}

function absent(state, rows) {
  return { state: t(state), note: '', absent: true, rows: Object.fromEntries(rows.map((row) => [row, [NONE, NONE]])) };
}

function counted(calls, layer) {
  return calls.atLeast ? t('path.atleast', { n: calls[layer].calls }) : calls[layer].calls;
}

/** Bytes of the practice server's calls; when the feed left some out, the server's own count in its last sample. */
function bytesOf(store, layer) {
  const { target: calls } = store.counts;
  if (!calls.atLeast) return calls[layer].bytes;
  const sample = store.latestTCP('target')?.tcp || {};
  return sample[layer === 'recv' ? 'bytes_read' : 'bytes_written'] ?? calls[layer].bytes;
}

/** What stands behind the path, as the bridge names it. */
function targetName(ctx) {
  const lab = /^\/lab\/([\w-]+)$/.exec(ctx.store.path)?.[1];
  if (lab) return t('path.lab', { name: lab });
  const dial = ctx.store.events.find((e) => e.layer === 'pair' && e.kind === 'dial');
  return dial?.target || ctx.bridge.target || '';
}

/** The TCP state in words; once the bridge has given the connection up, that. */
function tcpState(store, stream, tcp) {
  const sockets = store.events.filter((e) => e.layer === 'socket' && e.stream === stream);
  if (sockets.some((e) => e.kind === 'close')) return t('tcp.gone');
  if (tcp.state) return t(`tcp.${tcp.state}`);
  return t(sockets.length ? 'tcp.there' : 'tcp.none');
}

function measured(n) {
  return n === undefined ? t('unmeasured') : n;
}

/** A time in microseconds, in the unit that suits it. */
function brief(us) {
  if (us === undefined) return measured();
  return us < 1000 ? t('unit.us', { n: us }) : ms(us);
}
