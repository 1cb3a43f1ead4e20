// Holds many subscribers and tells what they hear. Commands come as JSON lines, answers go as JSON lines.
import { createInterface } from "node:readline";
import WebSocket from "ws";

const now = () => performance.timeOrigin + performance.now();
const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");
let sockets = [];
let heard = []; // [socket, wall clock in ms]
let enough = { count: Infinity, resolve: () => {} };
const cursors = [];

function open(place, number) {
  const { url, protocol, subscribe } = place;
  const token = place.tokens?.[number % place.tokens.length];
  const variables = { ...subscribe.variables };
  if (cursors[number]) variables.after = cursors[number];
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocol, { perMessageDeflate: false });
    sockets[number] = socket;
    socket.on("error", reject);
    socket.on("close", (code) => reject(new Error(`closed with ${code}`))); // heard only before it is open
    socket.on("open", () => {
      const payload = token ? { authorization: `Bearer ${token}` } : {};
      socket.send(JSON.stringify({ type: "connection_init", payload }));
    });
    socket.on("message", (data) => {
      const frame = JSON.parse(data);
      if (frame.type === "connection_ack") {
        socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: subscribe.query, variables } }));
        if (place.pings) socket.send(JSON.stringify({ type: "ping" })); // answered once `subscribe` has been taken
        else resolve();
      } else if (frame.type === "pong") resolve();
      else if (frame.type === "ping") socket.send(JSON.stringify({ type: "pong" }));
      else if (frame.type === "next") {
        const told = frame.payload.data && Object.values(frame.payload.data)[0];
        if (!told) { say({ trouble: frame }); return; }
        if (place.resume) cursors[number] = told.cursor;
        heard.push([number, now()]);
        if (heard.length >= enough.count) enough.resolve();
      } else say({ trouble: frame });
    });
  });
}

async function openAll(place, count, atOnce) {
  let next = 0;
  const began = now();
  const some = async () => { while (next < count) await open(place, next++); };
  await Promise.all(Array.from({ length: atOnce }, some));
  return now() - began;
}

async function until(count, seconds) {
  let timer;
  await Promise.race([
    heard.length >= count ? null : new Promise((resolve) => { enough = { count, resolve }; }),
    new Promise((resolve) => { timer = setTimeout(resolve, seconds * 1000); }),
  ]);
  clearTimeout(timer);
  enough = { count: Infinity, resolve: () => {} };
}

const commands = {
  async open({ place, count, atOnce }) { return { ms: await openAll(place, count, atOnce) }; },
  async fanout({ trigger, count, seconds }) {
    heard = [];
    const began = now();
    const answer = await fetch(trigger.url, { method: "POST", headers: trigger.headers, body: trigger.body });
    const said = await answer.json();
    const answered = now();
    await until(count, seconds);
    return { said, answered: answered - began, all: (heard.at(-1)?.[1] ?? NaN) - began, heard: heard.length };
  },
  async listen() { heard = []; return {}; },
  async heard({ count, seconds }) { await until(count, seconds); return { heard }; },
  async cut() { for (const socket of sockets) socket.terminate(); heard = []; return {}; },
  async cursors({ all }) { for (let n = 0; n < sockets.length; n++) cursors[n] = all; return {}; },
  async end() { process.exit(0); },
};
for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...given } = JSON.parse(line);
  try { say(await commands[command](given)); } catch (error) { say({ failed: String(error) }); }
}
