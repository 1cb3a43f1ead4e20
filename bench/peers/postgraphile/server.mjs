// PostGraphile 5 on grafserv: no row-level security and no settings a query, its fastest way; one SQL function books.
import { createServer } from "node:http";
import { withPgClientTransaction } from "postgraphile/@dataplan/pg";
import { makePgService } from "postgraphile/adaptors/pg";
import { context, get, list, object } from "postgraphile/grafast";
import { grafserv } from "postgraphile/grafserv/node";
import { postgraphile } from "postgraphile";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { extendSchema, gql } from "postgraphile/utils";
import pg from "pg";
import { viewerOf } from "../sessions.mjs";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16, idleTimeoutMillis: 5_000 });

const own = extendSchema((build) => {
  const { account, appointment } = build.input.pgRegistry.pgResources;
  const executor = build.input.pgRegistry.pgExecutors.main;
  return {
    typeDefs: gql`
      input BookAppointmentInput { slotId: BigInt! serviceType: String! reason: String }
      type BookAppointmentPayload { appointment: Appointment }
      extend type Query { viewer: Account }
      extend type Mutation { bookAppointment(input: BookAppointmentInput!): BookAppointmentPayload }
    `,
    objects: {
      Query: {
        plans: {
          viewer() {
            return account.get({ id: context().get("accountId") });
          },
        },
      },
      Mutation: {
        plans: {
          bookAppointment(_, { $input }) {
            const $asked = object({ accountId: context().get("accountId"), input: $input });
            const $booked = withPgClientTransaction(executor, $asked, async (client, { accountId, input }) => {
              const { rows } = await client.query({
                name: "book",
                text: "select id from book($1, $2, $3, $4)",
                values: [accountId, input.slotId, input.serviceType, input.reason],
              });
              return rows[0];
            });
            return object({ booked: $booked });
          },
        },
      },
      BookAppointmentPayload: {
        plans: {
          appointment($payload) {
            return appointment.get({ id: get(get($payload, "booked"), "id") });
          },
        },
      },
    },
  };
});

const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [own],
  pgServices: [makePgService({ pool })],
  grafserv: { port: Number(process.env.PORT), graphqlPath: "/graphql", graphiql: false, watch: false },
  grafast: {
    explain: false,
    async context({ node }) {
      const viewer = await viewerOf(pool, node?.req.headers.authorization);
      if (viewer === null) throw new Error("not signed in");
      return { accountId: viewer.accountId };
    },
  },
};

const server = createServer();
const instance = postgraphile(preset);
await instance.getSchema(); // or else leave: without a database it would serve errors for ever
const serv = instance.createServ(grafserv);
await serv.addTo(server);
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.PORT), "127.0.0.1");
