// Apollo Client: subscriptions over the websocket, and over multipart.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { authorization, play, sockets, tell, url } from './story.mjs';

const http = () => new HttpLink({ uri: url, headers: { authorization } });
const ws = createClient({ url: sockets, webSocketImpl: WebSocket, connectionParams: { authorization } });
const overSocket = ApolloLink.split(
  ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION, new GraphQLWsLink(ws), http(),
);

function played(link) {
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  return play({
    query: async (query) => (await client.query({ query: gql(query) })).data,
    mutate: async (mutation, variables) => (await client.mutate({ mutation: gql(mutation), variables })).data,
    subscribe: (query, variables, next) => {
      const subscription = client.subscribe({ query: gql(query), variables }).subscribe(({ data }) => next(data));
      return () => subscription.unsubscribe();
    },
  });
}

tell([await played(overSocket), await played(http())]);
