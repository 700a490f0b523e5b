/** The session as a file of JSON Lines, in the schema of --trace=json: `wsbridge explain FILE` retells it. */
import { h } from './dom.js';

/** The events of a store as JSON Lines: the bridge's, and JavaScript's facts, which have src "js". */
export function lines(store) {
  return store.events.map((e) => JSON.stringify(plain(e)) + '\n').join('');
}

/** Lets the browser save the current session. */
export function save(store) {
  const url = URL.createObjectURL(new Blob([lines(store)], { type: 'application/x-ndjson' }));
  const link = h('a', { href: url, download: `wsbridge-${store.id.slice(0, 8)}.jsonl` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** An event as it came; bytes of JavaScript's facts as in events; what the page let go is told as the feed would. */
function plain(e) {
  if (e.data instanceof Uint8Array) return { ...e, data: btoa(Array.from(e.data, (b) => String.fromCharCode(b)).join('')) };
  if (e.src !== 'page') return e;
  const { src, ...rest } = e;
  return rest;
}
