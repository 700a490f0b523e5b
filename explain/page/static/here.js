/**
 * An address on the bridge. Relative ones would take user and password from the page's own, if somebody put them there,
 * and fetch() refuses such; the browser knows them anyway, and sends them.
 * @param {string} path
 */
export function here(path) {
  return new URL(path, location.origin).href;
}
