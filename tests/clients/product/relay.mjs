// Relay's runtime on what its compiler made of our schema: a list page by page through node(id), and a normalized store
// that a mutation and a subscription change.
import { createClient } from 'graphql-ws';
import relay from 'relay-runtime';
import WebSocket from 'ws';
import { authorization, patient, sockets, tell, url } from './story.mjs';

const {
  Environment, Network, Observable, RecordSource, Store, commitMutation, fetchQuery, getSingularSelector, requestSubscription,
} = relay;
const generated = async (name) => (await import(`${process.argv[6]}/${name}.graphql.js`)).default;
const slots = JSON.parse(process.argv[4]);

const ws = createClient({ url: sockets, webSocketImpl: WebSocket, connectionParams: { authorization } });
const headers = { authorization, accept: 'application/graphql-response+json', 'content-type': 'application/json' };
const environment = new Environment({
  store: new Store(new RecordSource()),
  network: Network.create(
    async ({ text }, variables) =>
      (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: text, variables }) })).json(),
    ({ text }, variables) => Observable.create((sink) => ws.subscribe({ query: text, variables }, sink)),
  ),
});

const commit = async (name, variables) => {
  const mutation = await generated(name);
  return new Promise((onCompleted, onError) => commitMutation(environment, { mutation, variables, onCompleted, onError }));
};

const booked = [];
for (const slotId of slots) {
  const { bookAppointment } = await commit('documentsBookMutation', { input: { slotId, patientId: patient } });
  booked.push(bookAppointment.appointment.id);
}

// The first page, then the second by Relay's own query, merged into one connection.
const visits = await generated('documentsVisitsQuery');
const { viewer, asOf } = await fetchQuery(environment, visits, { count: 2 }).toPromise();
const fragment = await generated('documentsVisits');
const page = () => environment.lookup(getSingularSelector(fragment, viewer.patient)).data;
const kept = environment.retain(relay.createOperationDescriptor(visits, { count: 2 }));
const first = page();
const { endCursor, hasNextPage } = first.appointments.pageInfo;
await fetchQuery(environment, await generated('documentsPageQuery'), {
  id: patient, count: 2, cursor: endCursor,
}).toPromise();
const second = page();

// An event and a mutation's answer change the same record of the store.
const seen = [];
const subscription = await generated('documentsChangedSubscription');
const changed = new Promise((resolve) => {
  requestSubscription(environment, {
    subscription,
    variables: { after: asOf },
    onNext: ({ appointmentChanged }) => {
      seen.push(appointmentChanged.appointment.status);
      resolve();
    },
  });
});
await commit('documentsCancelMutation', { id: booked[0] });
await changed;
const statuses = page().appointments.edges.map(({ node }) => node.status).sort();
kept.dispose();

tell([
  first.fullName,
  [first.appointments.edges.length, hasNextPage],
  [second.appointments.edges.length, second.appointments.pageInfo.hasNextPage],
  new Set(second.appointments.edges.map(({ node }) => node.id)).size,
  seen,
  statuses,
]);
