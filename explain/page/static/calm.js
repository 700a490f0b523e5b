/**
 * Drawing that does not keep the page busy: not more often than needed to be read, never more than a tenth of the time,
 * less often out of sight, and not at all inside a closed <details>.
 */
const LEAST = 200; // milliseconds between two drawings
const UNSEEN = 1000; // the same out of sight
const SHARE = 10; // one part of the time in so many

/**
 * @param {HTMLElement} root what is drawn into
 * @param {() => void} draw
 * @returns {() => void} asks for a drawing soon
 */
export function calmly(root, draw) {
  const fold = root.closest('details');
  let seen = true;
  let timer = 0;
  let next = 0;
  let owed = false;

  function run() {
    timer = 0;
    owed = Boolean(fold && !fold.open);
    if (owed) return;
    const start = performance.now();
    draw();
    const end = performance.now();
    next = end + Math.max(seen ? LEAST : UNSEEN, (end - start) * SHARE);
  }

  function soon() {
    if (!timer) timer = setTimeout(run, Math.max(0, next - performance.now()));
  }

  fold?.addEventListener('toggle', () => { if (owed) soon(); });
  new IntersectionObserver(([entry]) => {
    seen = entry.isIntersecting;
    if (seen && timer) { clearTimeout(timer); timer = 0; next = 0; soon(); }
  }, { rootMargin: '50%' }).observe(root);
  return soon;
}
