/** A doctor's day in React, by Apollo Client: its link for subscriptions is the helper. */
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, Observable, gql } from '@apollo/client';
import { ApolloProvider, useQuery, useSubscription } from '@apollo/client/react';
import { OperationTypeNode, print } from 'graphql';
import { Medkabinet } from 'medkabinet-client';

declare const token: string;
const uri = 'https://example.org/graphql';
const account = new Medkabinet({ url: uri, credentials: () => ({ token }) });

const streams = new ApolloLink(
  ({ query, variables, operationName }) =>
    new Observable((observer) => {
      const { after, ...rest } = variables as { after?: string };
      return account.watch({ query: print(query), variables: rest, operationName }, observer, { after, reload });
    }),
);
const client: ApolloClient = new ApolloClient({
  cache: new InMemoryCache(),
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    streams,
    new HttpLink({ uri, headers: { authorization: `Bearer ${token}` } }),
  ),
});

interface Visits {
  asOf: string;
  viewer: { patient: { appointments: { nodes: { id: string; status: string }[] } } };
}
const VISITS = gql`
  query Visits { asOf viewer { patient { appointments { nodes { id status } } } } }
`;
const CHANGED = gql`
  subscription Changed($after: String) { appointmentChanged(after: $after) { cursor appointment { id status } } }
`;

/** A gap: the query is asked again past the cache, and the stream goes on after its `asOf`. */
async function reload(): Promise<string> {
  const { data } = await client.query<Visits>({ query: VISITS, fetchPolicy: 'network-only' });
  return data!.asOf;
}

function Day() {
  const { data } = useQuery<Visits>(VISITS);
  const { error } = useSubscription(CHANGED, { variables: { after: data?.asOf }, skip: !data });
  if (error) return <p>{error.message}</p>; // StreamEnded: sign in again
  return (
    <ul>
      {data?.viewer.patient.appointments.nodes.map(({ id, status }) => <li key={id}>{status}</li>)}
    </ul>
  );
}

export function App() {
  return (
    <ApolloProvider client={client}>
      <Day />
    </ApolloProvider>
  );
}
