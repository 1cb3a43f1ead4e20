// The reference client of graphql-sse in its distinct connections mode.
import { createClient } from 'graphql-sse';

const client = createClient({ url: process.argv[2], retryAttempts: 0 });

async function all(query, enough = Infinity) {
  const seen = [];
  for await (const result of client.iterate({ query })) {
    seen.push(result);
    if (seen.length >= enough) break;
  }
  return seen;
}

const results = await Promise.all([
  all('{ hello }'),
  all('subscription { count(to: 3) }'),
  all('subscription { forever }', 1),
  all('{ nothing }'),
  all('subscription { ends(session: false) }'),
]);
console.log(JSON.stringify(results));
client.dispose();
process.exit(0);
