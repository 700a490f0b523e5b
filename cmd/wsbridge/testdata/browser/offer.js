// Connects with the subprotocols and the cookie that it is given; whether that is admitted, and that bytes come back.
import { Stream } from "./stream.js";

export async function run(params) {
  const cookie = params.get("cookie");
  if (cookie) document.cookie = `${cookie}; Path=/; SameSite=Strict; Max-Age=60`;
  try {
    return await offer(new Stream(params.get("url"), JSON.parse(params.get("protocols"))));
  } finally {
    if (cookie) document.cookie = `${cookie}; Path=/; SameSite=Strict; Max-Age=0`;
  }
}

async function offer(echo) {
  const seen = { opened: await echo.opened().then(() => true, () => false), protocol: echo.socket.protocol, echoed: "" };
  if (seen.opened) {
    echo.send("发送数据\r\n");
    seen.echoed = await echo.line();
    echo.socket.close(1000);
  }
  return { ...seen, closed: await echo.closed };
}
