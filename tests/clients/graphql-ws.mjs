// The reference client of graphql-transport-ws: a query, a mutation, a subscription, an error, one given up.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const client = createClient({
  url: process.argv[2].replace('http', 'ws'),
  webSocketImpl: WebSocket,
  connectionParams: { authorization: 'Bearer good' },
  retryAttempts: 0,
});

async function all(query, enough = Infinity) {
  const seen = [];
  try {
    for await (const result of client.iterate({ query })) {
      seen.push(result);
      if (seen.length >= enough) break;
    }
  } catch (errors) {
    seen.push({ thrown: errors.map((error) => error.extensions.code) });
  }
  return seen;
}

const results = await Promise.all([
  all('{ hello }'),
  all('mutation { add(number: 1) }'),
  all('subscription { count(to: 3) }'),
  all('subscription { forever }', 1),
  all('{ nothing }'),
  all('subscription { ends(session: false) }'),
]);
console.log(JSON.stringify(results));
await client.dispose();
