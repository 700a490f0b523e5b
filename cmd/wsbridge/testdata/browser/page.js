// Runs the script that ?run= names, and reports its result.
import { report } from "./report.js";

const params = new URLSearchParams(location.search);
const { run } = await import(`./${params.get("run")}.js`);
report("result", await run(params));
