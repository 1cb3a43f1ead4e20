// Our helper, by itself over both carriers, and as urql's exchange and Apollo's link.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, Observable, gql } from '@apollo/client';
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from '@urql/core';
import { OperationTypeNode, print } from 'graphql';
import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import { Medkabinet } from '../../../clients/typescript/dist/index.js';
import { authorization, play, tell, token, url } from './story.mjs';

const account = (streams) => new Medkabinet({ url, streams, webSocket: WebSocket, credentials: () => ({ token }) });

function alone(streams) {
  const client = account(streams);
  return play({
    query: async (query) => (await client.ask({ query })).data,
    mutate: async (query, variables) => (await client.ask({ query, variables }, { key: randomUUID() })).data,
    subscribe: (query, { after }, next) =>
      client.watch({ query }, { next: ({ data }) => next(data), error: console.error, complete() {} }, { after }),
  });
}

function byUrql() {
  const helper = account('websocket');
  const client = new Client({
    url,
    preferGetMethod: false,
    fetchOptions: { headers: { authorization } },
    exchanges: [cacheExchange, fetchExchange, subscriptionExchange({
      forwardSubscription: ({ query, variables: { after, ...variables } }) => ({
        subscribe: (observer) => ({ unsubscribe: helper.watch({ query, variables }, observer, { after }) }),
      }),
    })],
  });
  return play({
    query: async (query) => (await client.query(query, {}).toPromise()).data,
    mutate: async (mutation, variables) => (await client.mutation(mutation, variables).toPromise()).data,
    subscribe: (query, variables, next) => client.subscription(query, variables).subscribe(({ data }) => next(data)).unsubscribe,
  });
}

function byApollo() {
  const helper = account('sse');
  const streams = new ApolloLink(({ query, variables: { after, ...variables } }) =>
    new Observable((observer) => helper.watch({ query: print(query), variables }, observer, { after })));
  const http = new HttpLink({ uri: url, headers: { authorization } });
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION, streams, http),
  });
  return play({
    query: async (query) => (await client.query({ query: gql(query) })).data,
    mutate: async (mutation, variables) => (await client.mutate({ mutation: gql(mutation), variables })).data,
    subscribe: (query, variables, next) => {
      const subscription = client.subscribe({ query: gql(query), variables }).subscribe(({ data }) => next(data));
      return () => subscription.unsubscribe();
    },
  });
}

tell([await alone('websocket'), await alone('sse'), await byUrql(), await byApollo()]);
