// Runs the public audits of GraphQL over HTTP and prints every one that isn't ok.
import { serverAudits } from 'graphql-http';

const results = [];
for (const audit of serverAudits({ url: process.argv[2] })) results.push(await audit.fn());
const failed = results.filter((result) => result.status !== 'ok');
console.log(JSON.stringify({
  audits: results.length,
  failed: failed.map(({ id, name, reason }) => `${id} ${name}: ${reason}`),
}));
process.exit(0); // undici's sockets would keep the process
