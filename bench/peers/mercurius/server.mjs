// Mercurius with its JIT compiler, batching loaders and named prepared statements.
import Fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";
import { viewerOf } from "../sessions.mjs";
import { resolvers, loaders } from "./reading.mjs";
import { schema } from "./schema.mjs";
import { bookAppointment } from "./booking.mjs";

pg.types.setTypeParser(1082, (text) => text); // a date is a date, not a moment
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16, idleTimeoutMillis: 5_000 });
const app = Fastify();

app.register(mercurius, {
  schema,
  resolvers: { ...resolvers, Mutation: { bookAppointment } },
  loaders,
  jit: 1,
  graphiql: false,
  errorHandler: true,
  async context(request) {
    const viewer = await viewerOf(pool, request.headers.authorization);
    if (viewer === null) throw new Error("not signed in");
    return { pool, viewer };
  },
});

await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
