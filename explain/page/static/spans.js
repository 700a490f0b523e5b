/**
 * The payload axis: every row of the page measures in bytes of payload, so that a byte keeps its place from send() to
 * recv(). Up it is what goes from the page to the target, down the other way.
 * @typedef {{flow: 'up'|'down', pos: number, len: number}} Span
 */

/** Where the payload of each data frame lies on connection A, by direction. Frames come in the order of their bytes. */
export class Spans {
  constructor() {
    this.areas = { in: [], out: [] };
  }

  /** Notes a frame's place. A frame that began earlier with only its header is replaced. */
  add(e) {
    if (e.layer !== 'frame' || e.stream !== 'A' || !isData(e)) return;
    const list = this.areas[e.dir];
    const start = (e.off || 0) + headLength(e);
    const area = { start, end: start + (e.size || 0), pos: e.pos || 0 };
    if (list.length && list[list.length - 1].start === start) list[list.length - 1] = area;
    else list.push(area);
    if (list.length > 6000) list.splice(0, 1000);
  }

  /** The span of an event, or null when it carries no payload. @returns {Span|null} */
  of(e) {
    if (e.src === 'js') return e.pos === undefined ? null : span(e.kind === 'send' ? 'up' : 'down', e.pos, e.len);
    switch (e.layer) {
      case 'frame': return isData(e) ? span(flow(e), e.pos || 0, e.size || 0) : null;
      case 'message': return span(flow(e), e.pos || 0, e.size || 0);
      case 'recv': case 'send': return e.kind === 'eof' ? null : span(flow(e), e.off || 0, e.len || 0);
      case 'read': case 'write': return e.stream === 'B' ? span(flow(e), e.off || 0, e.len || 0) : this.cut(e);
    }
    return null;
  }

  /** What of a read() or write() on A lies inside frames' payloads; headers take no room on the axis. */
  cut(e) {
    const from = e.off || 0;
    const to = from + (e.len || 0);
    const list = this.areas[e.dir] || [];
    let first = null;
    let last = null;
    for (let i = firstAfter(list, from); i < list.length && list[i].start < to; i++) {
      const a = list[i];
      const begin = a.pos + Math.max(0, from - a.start);
      const end = a.pos + Math.min(to, a.end) - a.start;
      if (first === null) first = begin;
      last = Math.max(begin, end);
    }
    return first === null ? null : span(flow(e), first, last - first);
  }
}

/** Whether two spans share a byte (an empty one shares its place). @param {Span|null} a @param {Span|null} b */
export function overlap(a, b) {
  if (!a || !b || a.flow !== b.flow) return false;
  if (!a.len || !b.len) return a.pos <= b.pos + b.len && b.pos <= a.pos + a.len;
  return a.pos < b.pos + b.len && b.pos < a.pos + a.len;
}

/** Up is what the page sends: in on A, out on B. */
export function flow(e) {
  return (e.stream === 'A') === (e.dir === 'in') ? 'up' : 'down';
}

/** Whether a frame carries payload of a message (opcode 0, 1 or 2). */
export function isData(e) {
  return (e.opcode || 0) <= 2;
}

/** The length of a frame's header; Head is base64 in JSON. */
export function headLength(e) {
  if (!e.head) return 0;
  return (e.head.length * 3) / 4 - (e.head.endsWith('==') ? 2 : e.head.endsWith('=') ? 1 : 0);
}

function span(flow, pos, len) {
  return { flow, pos, len };
}

/** The index of the first area that ends after `from`, or begins there. */
function firstAfter(list, from) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (list[mid].end > from || list[mid].start >= from) high = mid;
    else low = mid + 1;
  }
  return low;
}
