// The first page: sign in, watch, play the laboratory.
import { keepCodes } from "./codes.js";
import { Live } from "./live.js";
import { ask, csrfToken, enterAs, present, send, signIn, signOut, whenChangedElsewhere } from "./session.js";
import { graphiql, make, people, say } from "./words.js";

const WHO = "{ viewer { name roles { role organization { name } } patient { fullName } } }";
const element = (id) => document.getElementById(id);
const live = new Live(element("feed"), showState, () => refresh(say("ended")));

async function refresh(told) {
  const signedIn = await present();
  const viewer = signedIn ? (await ask(WHO)).viewer : null;
  showSession(viewer, told);
  if (viewer) live.start();
  else live.stop();
}

function showSession(viewer, told) {
  element("session-actions").hidden = !viewer;
  element("to-graphiql").hidden = !graphiql;
  for (const card of document.querySelectorAll(".card")) {
    card.classList.toggle("chosen", Boolean(viewer) && people[card.dataset.login].name === viewer.name);
  }
  if (viewer) element("session").replaceChildren(...introduced(viewer));
  else if (told) element("session").replaceChildren(make("p", { class: "quiet" }, told));
}

function introduced(viewer) {
  const roles = viewer.roles.map((held) => `${say(`role_${held.role}`)}, ${held.organization?.name ?? ""}`);
  if (viewer.patient || !roles.length) roles.unshift(say("role_PATIENT"));
  return [
    make("p", { class: "quiet" }, say("signedInAs")),
    make("p", { class: "name", id: "viewer" }, viewer.name),
    make("p", { class: "role" }, roles.join(" · ")),
  ];
}

function showState(state) {
  element("live-state").dataset.state = state;
  element("live-state").textContent = say(state);
  element("live-off").hidden = state !== "off" || element("feed").children.length > 0;
  element("live-empty").hidden = state !== "listening" || element("feed").children.length > 0;
}

/** Run what a button does: it can't be pressed twice, and what goes wrong is said on or under it. */
async function pressed(button, told, run) {
  const label = button.textContent;
  button.disabled = true;
  told.textContent = "";
  try {
    await run((text) => (button.textContent = text));
  } catch (refusal) {
    told.textContent = say("failed", { message: refusal.message });
  } finally {
    button.disabled = false;
    button.textContent = label;
  }
}

for (const card of document.querySelectorAll(".card")) {
  const button = card.querySelector(".enter");
  const told = make("p", { class: "told", role: "status" });
  card.append(told);
  button.addEventListener("click", () =>
    pressed(button, told, async (tell) => {
      tell(say("entering"));
      await enterAs(card.dataset.login, tell);
      await refresh();
      reveal();
    }),
  );
}

/** On a narrow screen the session lies below the cards: go there. */
function reveal() {
  const panel = document.querySelector(".now");
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (panel.getBoundingClientRect().top > innerHeight * 0.7 || panel.getBoundingClientRect().bottom < 0) {
    panel.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
  }
}

element("leave").addEventListener("click", () =>
  pressed(element("leave"), make("p"), async () => {
    live.stop();
    if (csrfToken()) await signOut();
    await refresh(say("signedOut"));
  }),
);

element("laboratory")?.addEventListener("click", () =>
  pressed(element("laboratory"), element("laboratory-told"), async (tell) => {
    tell(say("sending"));
    await send("POST", "/demo/laboratory", {});
    element("laboratory-told").textContent = say("sent");
  }),
);

element("sign-in")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  pressed(form.querySelector("button"), form.querySelector(".told"), async (tell) => {
    tell(say("entering"));
    await signIn(form.login.value, form.password.value, form.code.value);
    form.reset();
    await refresh();
  });
});

new MutationObserver(() => showState(element("live-state").dataset.state)).observe(element("feed"), { childList: true });
whenChangedElsewhere(() => refresh());
keepCodes();
refresh();
