// graphql-request has no subscriptions of its own: graphql-ws and graphql-sse carry them.
import { ClientError, GraphQLClient } from 'graphql-request';
import { createClient as sse } from 'graphql-sse';
import { createClient as socket } from 'graphql-ws';
import WebSocket from 'ws';
import { authorization, play, sockets, tell, url } from './story.mjs';

const client = new GraphQLClient(url, { headers: { authorization } });
const ws = socket({ url: sockets, webSocketImpl: WebSocket, connectionParams: { authorization } });
const events = sse({ url, headers: { authorization } });

function played(lines) {
  return play({
    query: (query) => client.request(query),
    mutate: (mutation, variables) => client.request(mutation, variables),
    subscribe: (query, variables, next) =>
      lines.subscribe({ query, variables }, { next: ({ data }) => next(data), error: console.error, complete: () => {} }),
  });
}

async function code(document, headers) {
  try {
    await client.request(document, {}, headers);
  } catch (error) {
    return error instanceof ClientError && [error.response.status, error.response.errors[0].extensions.code];
  }
}

tell([
  await played(ws),
  await played(events),
  await code('{ nothing }'),
  await code('{ specialties { nodes { id } } }', { authorization: '' }),
]);
