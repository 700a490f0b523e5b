/** The session as a file of JSON Lines, in the schema of --trace=json: `wsbridge explain FILE` retells it. */
import { h } from './dom.js';

/** The bridge's events of a store as JSON Lines. JavaScript's facts are not in that schema. */
export function lines(store) {
  return store.events.filter((e) => e.src !== 'js').map((e) => JSON.stringify(plain(e)) + '\n').join('');
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

/** An event as it came; what the page let go is told as the feed would. */
function plain(e) {
  if (e.src !== 'page') return e;
  const { src, ...rest } = e;
  return rest;
}
