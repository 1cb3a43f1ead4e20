// Mercurius with mqemitter-redis, as its documentation sets it up: node mercurius.mjs PORT REDIS_PORT
import Fastify from "fastify";
import mercurius from "mercurius";
import mqRedis from "mqemitter-redis";
import { SDL, changed, topic } from "./schema.mjs";

const [port, redis] = process.argv.slice(2).map(Number);
const app = Fastify();
app.register(mercurius, {
  schema: SDL,
  resolvers: {
    Query: { ok: () => true },
    Mutation: {
      change: async (_, { practitionerId }, { pubsub }) => {
        await pubsub.publish({ topic: topic(practitionerId), payload: changed() });
        return true;
      },
    },
    Subscription: {
      slotChanged: { subscribe: (_, { practitionerId }, { pubsub }) => pubsub.subscribe(topic(practitionerId)) },
    },
  },
  jit: 1,
  subscription: { emitter: mqRedis({ port: redis, host: "127.0.0.1" }) },
});
await app.listen({ port, host: "127.0.0.1" });
