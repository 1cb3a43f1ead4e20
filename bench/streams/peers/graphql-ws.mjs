// graphql-ws on ws, events by ioredis: node graphql-ws.mjs PORT REDIS_PORT
import { createServer } from "node:http";
import { buildSchema, graphql } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { Redis } from "ioredis";
import { WebSocketServer } from "ws";
import { SDL, changed, topic } from "./schema.mjs";

const [port, redisPort] = process.argv.slice(2).map(Number);
const out = new Redis({ port: redisPort });
const inward = new Redis({ port: redisPort });
const listening = new Map();

inward.on("message", (channel, text) => {
  const event = JSON.parse(text);
  for (const hand of listening.get(channel) ?? []) hand(event);
});

async function* heard(channel) {
  const queue = [];
  let wake = () => {};
  const hand = (event) => { queue.push(event); wake(); };
  if (!listening.has(channel)) {
    listening.set(channel, new Set());
    await inward.subscribe(channel);
  }
  listening.get(channel).add(hand);
  try {
    while (true) {
      while (queue.length) yield queue.shift();
      await new Promise((resolve) => { wake = resolve; });
    }
  } finally {
    listening.get(channel).delete(hand);
  }
}

const schema = buildSchema(SDL);
const rootValue = {
  ok: true,
  change: async ({ practitionerId }) => {
    await out.publish(topic(practitionerId), JSON.stringify(changed()));
    return true;
  },
  slotChanged: ({ practitionerId }) => heard(topic(practitionerId)),
};
schema.getSubscriptionType().getFields().slotChanged.subscribe = (_, given) => rootValue.slotChanged(given);

const http = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const { query, variables } = JSON.parse(body || "{}");
  const answer = await graphql({ schema, source: query ?? "{ ok }", variableValues: variables, rootValue });
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(answer));
});
useServer({ schema }, new WebSocketServer({ server: http, path: "/graphql", perMessageDeflate: false }));
http.listen(port, "127.0.0.1");
