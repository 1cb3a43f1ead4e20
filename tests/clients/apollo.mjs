// Apollo Client: queries, automatic persisted queries, subscriptions over multipart (with heartbeats between).
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { createHash } from 'node:crypto';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const http = new HttpLink({ uri: process.argv[2] });
const plain = new ApolloClient({ link: http, cache: new InMemoryCache() });
const persisting = new ApolloClient({
  link: ApolloLink.from([new PersistedQueryLink({ sha256 }), http]),
  cache: new InMemoryCache(),
});

function all(query, enough) {
  return new Promise((resolve) => {
    const seen = [];
    const subscription = plain.subscribe({ query }).subscribe({
      next: (result) => {
        seen.push(result.data ?? { failed: result.error.name });
        if (seen.length === enough) {
          subscription.unsubscribe();
          resolve(seen);
        }
      },
      complete: () => resolve(seen),
    });
  });
}

console.log(JSON.stringify([
  (await plain.query({ query: gql`{ hello }` })).data,
  (await persisting.query({ query: gql`{ hello }` })).data,
  await all(gql`subscription { count(to: 3) }`, 4),
  await all(gql`subscription { forever }`, 1),
  await all(gql`subscription { ends(session: false) }`, 3),
]));
process.exit(0);
