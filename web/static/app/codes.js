// The demonstration's one-time codes on the cards, with what is left of their thirty seconds.
import { send } from "./session.js";
import { say } from "./words.js";

const STEP = 30;

/** Keep the cards' codes current for as long as the page is open. */
export function keepCodes() {
  if (!document.querySelector("[data-code]")) return;
  let until = 0;
  let asking = false;
  const tick = async () => {
    const left = (until - Date.now()) / 1000;
    if (left <= 0 && !asking) {
      asking = true;
      const found = await send("GET", "/demo/codes").catch(() => null);
      asking = false;
      until = Date.now() + (found ? found.secondsLeft : 2) * 1000;
      if (found) show(found.codes);
    }
    remaining(Math.max(0, (until - Date.now()) / 1000));
  };
  tick();
  setInterval(tick, 1000);
}

function show(codes) {
  for (const card of document.querySelectorAll("[data-login]")) {
    const code = codes[card.dataset.login];
    if (code) card.querySelector("[data-code]").textContent = `${code.slice(0, 3)} ${code.slice(3)}`;
  }
}

function remaining(seconds) {
  document.documentElement.style.setProperty("--left", (seconds / STEP).toFixed(3));
  for (const element of document.querySelectorAll("[data-left]")) {
    element.textContent = say("seconds", { seconds: Math.ceil(seconds) });
  }
}
