// The browser's session: an HttpOnly cookie that no script sees, and the CSRF token that goes with it.
import { cookie, graphql, language, people, say } from "./words.js";

const channel = new BroadcastChannel("medkabinet-session");
let csrf = null;
let perhaps = cookie; // whether asking for a session makes sense: a 401 is an error in every console
channel.addEventListener("message", ({ data }) => (perhaps = data === "in"));

/** A refusal of the server's, with its stable code. */
export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** Return the CSRF token of the present session, null if nobody is signed in. */
export const csrfToken = () => csrf;

/** Call back when another tab of ours has signed in or out. */
export function whenChangedElsewhere(callback) {
  channel.addEventListener("message", callback);
}

/** Ask the server who is signed in; return whether anybody is. */
export async function present() {
  const response = perhaps ? await fetch("/session") : null;
  csrf = response?.ok ? (await response.json()).csrfToken : null;
  return csrf !== null;
}

/** Open a session; the former one of this browser ends. */
export async function signIn(login, password, code) {
  const opened = await send("POST", "/session", { login, password, code });
  csrf = opened.csrfToken;
  perhaps = true;
  channel.postMessage("in");
}

/** End the session. */
export async function signOut() {
  await send("DELETE", "/session");
  csrf = null;
  perhaps = false;
  channel.postMessage("out");
}

/** Run a GraphQL document and return its data. */
export async function ask(query, variables = {}) {
  const answer = await send("POST", graphql, { query, variables });
  if (!answer.data) throw new Refused(answer.errors[0].extensions?.code, answer.errors[0].message);
  return answer.data;
}

/** Sign in as one of the demonstration's people. A code works once, so that a used one is waited out. */
export async function enterAs(login, onWait) {
  const used = `used-code:${login}`;
  for (let attempt = 0; ; attempt += 1) {
    const { codes, secondsLeft } = await send("GET", "/demo/codes");
    const code = codes[login];
    if (code !== localStorage.getItem(used)) {
      localStorage.setItem(used, code);
      try {
        return await signIn(login, people[login].password, code);
      } catch (refusal) {
        if (refusal.code !== "WRONG_CREDENTIALS" || attempt > 0) throw refusal;
      }
    }
    await countdown(Math.ceil(secondsLeft), onWait);
  }
}

async function countdown(seconds, onWait) {
  for (let left = seconds; left > 0; left -= 1) {
    onWait(say("wait", { seconds: left }));
    await new Promise((done) => setTimeout(done, 1000));
  }
}

/** Send JSON, receive JSON; a refusal is thrown. */
export async function send(method, url, body) {
  const headers = { Accept: "application/json", "Accept-Language": language };
  if (csrf) headers["X-CSRF-Token"] = csrf;
  if (body) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    throw new Refused("NETWORK", say("network"));
  }
  const answer = await response.json();
  if (answer.error) throw new Refused(answer.error.code, answer.error.message);
  return answer;
}
