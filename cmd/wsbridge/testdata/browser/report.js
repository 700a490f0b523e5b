// Tells the test what happened in a page. The page may be from disk, so the answer is not looked at.

const address = new URL("report", import.meta.url);
let last = Promise.resolve();

/**
 * Reports reach the test in the order in which they were made.
 * @param {string} event
 * @param {unknown} value anything that JSON can say
 */
export function report(event, value) {
  const body = JSON.stringify({ event, value });
  last = last.then(() => fetch(address, { method: "POST", mode: "no-cors", body }));
}

addEventListener("error", (e) => report("uncaught", `${e.message} (${e.filename}:${e.lineno})`));
addEventListener("unhandledrejection", (e) => report("uncaught", String(e.reason)));
