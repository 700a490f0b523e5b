// A WebSocket as what it is beyond the bridge: a stream of bytes, without messages.

/**
 * What onclose said, and how often onerror was called before.
 * @typedef {{code: number, reason: string, wasClean: boolean, errors: number}} Closed
 */

export class Stream {
  #chunks = []; // received and not read yet
  #available = 0; // bytes in them
  #wake = () => {};
  #errors = 0;

  /** @param {string} url @param {string | string[]} [protocols] */
  constructor(url, protocols = []) {
    this.socket = new WebSocket(url, protocols);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => this.#take(data);
    this.socket.onerror = () => this.#errors++;
    /** @type {Promise<Closed>} */
    this.closed = new Promise((resolve) => {
      this.socket.onclose = ({ code, reason, wasClean }) => {
        this.end = { code, reason, wasClean, errors: this.#errors };
        this.#wake();
        resolve(this.end);
      };
    });
  }

  /** Blocks until the socket is open. */
  async opened() {
    if (this.socket.readyState !== WebSocket.CONNECTING) return;
    await Promise.race([new Promise((resolve) => (this.socket.onopen = resolve)), this.#unopened()]);
  }

  async #unopened() {
    throw new Error(`closed before it was open: ${JSON.stringify(await this.closed)}`);
  }

  #take(data) {
    if (typeof data === "string") throw new TypeError("a text message, and binary is the bridge's default");
    this.#chunks.push(new Uint8Array(data));
    this.#available += data.byteLength;
    this.#wake();
  }

  /** @param {string | ArrayBuffer | Uint8Array | Blob} data */
  send(data) {
    this.socket.send(data);
  }

  /** Blocks until n bytes are there. @returns {Promise<Uint8Array>} */
  async read(n) {
    while (this.#available < n) {
      if (this.end) throw new Error(`closed ${JSON.stringify(this.end)} when ${this.#available} of ${n} bytes were there`);
      await new Promise((resolve) => (this.#wake = resolve));
    }
    const all = new Uint8Array(n);
    for (let at = 0; at < n; ) {
      const part = this.#chunks[0].subarray(0, n - at);
      all.set(part, at);
      at += part.length;
      if (part.length === this.#chunks[0].length) this.#chunks.shift();
      else this.#chunks[0] = this.#chunks[0].subarray(part.length);
    }
    this.#available -= n;
    return all;
  }

  /** Reads a line, its CR LF too. */
  async line() {
    const bytes = [];
    while (bytes.at(-1) !== 0x0a) bytes.push(...(await this.read(1)));
    return new TextDecoder().decode(new Uint8Array(bytes));
  }

  /** Blocks until the socket is closed; the bytes that nobody has read. @returns {Promise<Uint8Array>} */
  async rest() {
    await this.closed;
    return this.read(this.#available);
  }
}

/** @param {Uint8Array} bytes @returns {Promise<string>} in hexadecimal */
export async function sha256(bytes) {
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(sum, (b) => b.toString(16).padStart(2, "0")).join("");
}
