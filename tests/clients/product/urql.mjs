// urql: subscriptions over the websocket, and over server-sent events.
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { authorization, play, sockets, tell, url } from './story.mjs';

const ws = createClient({ url: sockets, webSocketImpl: WebSocket, connectionParams: { authorization } });
const overSocket = subscriptionExchange({
  forwardSubscription: ({ query, variables }) => ({
    subscribe: (sink) => ({ unsubscribe: ws.subscribe({ query, variables }, sink) }),
  }),
});

function played(...exchanges) {
  const client = new Client({
    url,
    exchanges: [cacheExchange, ...exchanges],
    fetchSubscriptions: true,
    preferGetMethod: false,
    fetchOptions: { headers: { authorization } },
  });
  const data = ({ data, error }) => {
    if (error) throw error;
    return data;
  };
  return play({
    query: async (query) => data(await client.query(query, {}).toPromise()),
    mutate: async (mutation, variables) => data(await client.mutation(mutation, variables).toPromise()),
    subscribe: (query, variables, next) =>
      client.subscription(query, variables).subscribe((result) => next(data(result))).unsubscribe,
  });
}

tell([await played(overSocket, fetchExchange), await played(fetchExchange)]);
