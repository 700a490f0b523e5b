/** The opening handshake (RFC 6455 section 4): what its lines are for, and how the Accept follows from the Key. */
import { sha1 } from './sha1.js';

/** The same for everybody (RFC 6455 section 1.3): who appends it knows WebSocket. */
export const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** @param {string} key Sec-WebSocket-Key as it stands in the request */
export function derive(key) {
  const joined = key + GUID;
  const digest = sha1(new TextEncoder().encode(joined));
  return { joined, digest, accept: btoa(String.fromCharCode(...digest)) };
}

const REQUEST = new Set(['host', 'upgrade', 'connection', 'origin', 'sec-websocket-key', 'sec-websocket-version',
  'sec-websocket-extensions', 'sec-websocket-protocol', 'cookie', 'authorization', 'user-agent']);
const RESPONSE = new Set(['upgrade', 'connection', 'sec-websocket-accept', 'sec-websocket-protocol',
  'sec-websocket-extensions', 'content-length', 'retry-after']);

/** The key of the sentence about a header line. @param {'request'|'response'} kind @param {string} name */
export function lineKey(kind, name) {
  const known = (kind === 'request' ? REQUEST : RESPONSE).has(name.toLowerCase());
  return `xray.http.${kind}.${known ? name.toLowerCase() : 'other'}`;
}

/** The key of the sentence about the first line. @param {Record<string, any>} e an http event */
export function firstKey(e) {
  if (e.kind === 'request') return 'xray.http.request.first';
  return e.http.status === 101 ? 'xray.http.response.101' : 'xray.http.response.refused';
}
