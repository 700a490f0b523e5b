// Speaks RESP, the protocol of Redis, to a server that has never heard of WebSocket.
import { Stream, sha256 } from "./stream.js";

const size = 1 << 20; // bytes of the value
const step = 64 << 10; // getRandomValues gives no more at once

export async function run(params) {
  const redis = new Stream(params.get("url"));
  await redis.opened();

  redis.send("*1\r\n$4\r\nPING\r\n");
  const pong = await redis.line();

  const value = new Uint8Array(size);
  for (let at = 0; at < size; at += step) crypto.getRandomValues(value.subarray(at, at + step));
  redis.send(new Blob([`*3\r\n$3\r\nSET\r\n$5\r\nvalue\r\n$${size}\r\n`, value, "\r\n"]));
  const ok = await redis.line();

  redis.send("*2\r\n$3\r\nGET\r\n$5\r\nvalue\r\n");
  const length = await redis.line();
  const got = await redis.read(size);
  const tail = await redis.line();

  redis.send("*1\r\n$4\r\nQUIT\r\n");
  const bye = await redis.line();
  return {
    replies: [pong, ok, length, tail, bye],
    firstDifference: value.findIndex((b, i) => b !== got[i]),
    sha256: await sha256(value),
    closed: await redis.closed,
  };
}
