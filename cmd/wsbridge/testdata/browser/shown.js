// Reports what a page shows, whenever that changes; the page does not know.
import { report } from "./report.js";

const shown = document.getElementById("shown");

function tell() {
  report("shown", shown.textContent);
}

new MutationObserver(tell).observe(shown, { childList: true, characterData: true, subtree: true });
tell();
