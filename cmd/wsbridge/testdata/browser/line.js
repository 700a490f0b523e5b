// Types a line at the line service, then quits.
import { Stream } from "./stream.js";

export async function run(params) {
  const service = new Stream(params.get("url"));
  await service.opened();
  const greeting = await service.line();
  service.send("发送数据\r\n");
  const echoed = await service.line();
  service.send("quit\r\n");
  const goodbye = await service.line();
  return { lines: [greeting, echoed, goodbye], closed: await service.closed };
}
