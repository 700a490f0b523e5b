// Waits for the end of a connection. ?say= is sent first, and ?close= with ?why= closes it from this side.
import { report } from "./report.js";
import { Stream, sha256 } from "./stream.js";

export async function run(params) {
  const stream = new Stream(params.get("url"));
  await stream.opened();
  report("opened", null);
  if (params.has("say")) stream.send(params.get("say"));
  if (params.has("close")) stream.socket.close(Number(params.get("close")), params.get("why"));
  const bytes = await stream.rest();
  return { closed: stream.end, bytes: bytes.length, sha256: await sha256(bytes) };
}
