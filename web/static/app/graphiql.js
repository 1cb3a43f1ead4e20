// GraphiQL with the browser's session: queries by POST, subscriptions by websocket.
import { ask, csrfToken, enterAs, present, send, whenChangedElsewhere } from "./session.js";
import { graphql, language, make, people, say } from "./words.js";

const { GraphiQL, React, ReactDOM, graphqlWs } = globalThis;
const bar = document.getElementById("who");
const key = new URLSearchParams(location.search).get("example");

const fetcher = GraphiQL.createFetcher({
  url: graphql,
  fetch: (url, options) => fetch(url, { ...options, headers: { ...options.headers, ...ours() } }),
  wsClient: graphqlWs.createClient({
    url: location.origin.replace(/^http/, "ws") + graphql,
    connectionParams: () => ({ csrfToken: csrfToken() }),
    shouldRetry: (event) => ![4401, 4403].includes(event?.code),
  }),
});

function ours() {
  return csrfToken() ? { "X-CSRF-Token": csrfToken(), "Accept-Language": language } : { "Accept-Language": language };
}

async function introduce(example) {
  const name = (await present()) ? (await ask("{ viewer { name } }")).viewer?.name : null;
  bar.replaceChildren(make("span", {}, name ? `${say("signedInAs")}: ${name}` : say("nobody")));
  if (!example || example.name === name) return;
  const button = make("button", { type: "button", class: "enter" }, say("enterAs", { name: example.name }));
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await enterAs(example.login, (text) => (button.textContent = text));
      await introduce(example);
    } catch (refusal) {
      button.textContent = say("failed", { message: refusal.message });
    }
  });
  if (name) bar.append(make("span", { class: "quiet" }, say("wrongPerson", { name: example.name })));
  bar.append(button);
}

function variablesOf({ variables }) {
  if (!Object.keys(variables).length) return { defaultEditorToolsVisibility: false };
  return { variables: JSON.stringify(variables, null, 2), defaultEditorToolsVisibility: "variables" };
}

async function start() {
  const wanted = key && Object.keys(people).length ? `/demo/examples/${encodeURIComponent(key)}?lang=${language}` : null;
  const example = wanted ? await send("GET", wanted).catch(() => null) : null;
  await introduce(example);
  whenChangedElsewhere(() => introduce(example));
  const given = example
    ? { query: example.query, ...variablesOf(example) }
    : { defaultQuery: "{\n  viewer {\n    name\n    level\n  }\n}\n" };
  // sessionStorage: what is typed about patients goes with the tab, not into the browser's profile.
  const options = { fetcher, storage: sessionStorage, isHeadersEditorEnabled: false, ...given };
  ReactDOM.createRoot(document.getElementById("graphiql")).render(React.createElement(GraphiQL, options));
}

start();
