/**
 * SHA-1 (RFC 3174), for the handshake's Accept. The browser's own crypto.subtle is missing on plain http pages of other
 * hosts than localhost. SHA-1 is broken as a signature; here it only shows that the server read the key.
 * @param {Uint8Array} bytes
 * @returns {Uint8Array} 20 bytes
 */
export function sha1(bytes) {
  const blocks = padded(bytes);
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  for (let at = 0; at < blocks.byteLength; at += 64) round(state, blocks, at);
  const out = new DataView(new ArrayBuffer(20));
  state.forEach((word, i) => out.setUint32(i * 4, word));
  return new Uint8Array(out.buffer);
}

/** The message, a 1 bit, zeros, and its length in bits: whole blocks of 64 bytes. */
function padded(bytes) {
  const out = new Uint8Array(((bytes.length + 8) >> 6) * 64 + 64);
  out.set(bytes);
  out[bytes.length] = 0x80;
  const view = new DataView(out.buffer);
  view.setUint32(out.length - 8, Math.floor(bytes.length / 0x20000000));
  view.setUint32(out.length - 4, bytes.length << 3);
  return view;
}

function round(state, blocks, at) {
  const w = new Uint32Array(80);
  for (let i = 0; i < 16; i++) w[i] = blocks.getUint32(at + i * 4);
  for (let i = 16; i < 80; i++) w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  let [a, b, c, d, e] = state;
  for (let i = 0; i < 80; i++) {
    const [f, k] = i < 20 ? [(b & c) | (~b & d), 0x5a827999]
      : i < 40 ? [b ^ c ^ d, 0x6ed9eba1]
        : i < 60 ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc] : [b ^ c ^ d, 0xca62c1d6];
    [a, b, c, d, e] = [(turn(a, 5) + f + e + k + w[i]) >>> 0, a, turn(b, 30), c, d];
  }
  [a, b, c, d, e].forEach((word, i) => { state[i] = (state[i] + word) >>> 0; });
}

function turn(word, by) {
  return ((word << by) | (word >>> (32 - by))) >>> 0;
}
