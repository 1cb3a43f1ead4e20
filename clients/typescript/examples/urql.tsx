/** A doctor's day in React, by urql: the list is a query, its changes are a stream that starts where the list ends. */
import { Medkabinet } from 'medkabinet-client';
import { useRef } from 'react';
import { Client, Provider, cacheExchange, fetchExchange, gql, subscriptionExchange, useQuery, useSubscription } from 'urql';

declare const token: string;
const url = 'https://example.org/graphql';
const account = new Medkabinet({ url, credentials: () => ({ token }) });

const client: Client = new Client({
  url,
  preferGetMethod: false,
  fetchOptions: { headers: { authorization: `Bearer ${token}` } },
  exchanges: [
    cacheExchange,
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables, operationName }) => ({
        subscribe: (observer) => {
          const { after, ...rest } = (variables ?? {}) as { after?: string };
          const unsubscribe = account.watch({ query, variables: rest, operationName }, observer, { after, reload });
          return { unsubscribe };
        },
      }),
    }),
  ],
});

interface Visits {
  asOf: string;
  viewer: { patient: { appointments: { nodes: { id: string; status: string }[] } } };
}
const VISITS = gql<Visits>`
  query Visits { asOf viewer { patient { appointments { nodes { id status } } } } }
`;
interface Changed {
  appointmentChanged: { cursor: string; appointment: { id: string; status: string } };
}
const CHANGED = gql<Changed, { after: string }>`
  subscription Changed($after: String) { appointmentChanged(after: $after) { cursor appointment { id status } } }
`;

/** A gap: the query is asked again past the cache, and the stream goes on after its `asOf`. */
async function reload(): Promise<string> {
  const { data, error } = await client.query(VISITS, {}, { requestPolicy: 'network-only' }).toPromise();
  if (!data) throw error;
  return data.asOf;
}

function Day() {
  const [{ data }, again] = useQuery({ query: VISITS });
  const began = useRef<string>(undefined); // the stream goes on by itself, whatever the list's `asOf` is later
  began.current ??= data?.asOf;
  const [{ error }] = useSubscription(
    { query: CHANGED, variables: { after: began.current ?? '' }, pause: !began.current },
    (_, changed) => {
      again({ requestPolicy: 'network-only' });
      return changed;
    },
  );
  if (error) return <p>{error.message}</p>; // StreamEnded: sign in again
  return (
    <ul>
      {data?.viewer.patient.appointments.nodes.map(({ id, status }) => <li key={id}>{status}</li>)}
    </ul>
  );
}

export function App() {
  return (
    <Provider value={client}>
      <Day />
    </Provider>
  );
}
