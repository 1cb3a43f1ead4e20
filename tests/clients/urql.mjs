// urql, whose Accept lists text/event-stream last: queries are JSON, subscriptions are SSE.
import { Client, fetchExchange } from '@urql/core';

const client = new Client({
  url: process.argv[2],
  exchanges: [fetchExchange],
  fetchSubscriptions: true,
  preferGetMethod: false,
});

const query = await client.query('{ hello }', {}).toPromise();
const refused = await client.query('{ nothing }', {}).toPromise();
const counted = [];
await new Promise((resolve) => {
  client.subscription('subscription { count(to: 3) }', {}).subscribe((result) => {
    if (result.data) counted.push(result.data.count);
    if (!result.hasNext || result.data?.count === 3) resolve();
  });
});
console.log(JSON.stringify([query.data, refused.error.graphQLErrors.map((error) => error.extensions.code), counted]));
process.exit(0);
