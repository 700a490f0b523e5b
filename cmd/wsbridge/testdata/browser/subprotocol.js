// Connects with each way of offering subprotocols; what was selected, and that bytes come back.
import { Stream } from "./stream.js";

const offers = [undefined, "binary", ["binary", "base64"], ["base64", "binary"]];

export async function run(params) {
  const seen = [];
  for (const offer of offers) {
    const echo = new Stream(params.get("url"), offer);
    await echo.opened();
    echo.send("发送数据\r\n");
    seen.push({ protocol: echo.socket.protocol, extensions: echo.socket.extensions, echoed: await echo.line() });
    echo.socket.close(1000);
    seen.at(-1).closed = await echo.closed;
  }
  return seen;
}
