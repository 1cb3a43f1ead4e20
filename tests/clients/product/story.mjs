// The one story that every public client plays: read, subscribe after what was read, book, and see it on the screen.
export const [url, token, slot, patient] = process.argv.slice(2);
export const sockets = url.replace('http', 'ws');
export const authorization = `Bearer ${token}`;

export const VISITS = 'query Visits { asOf viewer { patient { id fullName } } }';
export const BOOK = `mutation Book($input: BookAppointmentInput!) {
  bookAppointment(input: $input) { appointment { id status } errors { code path } }
}`;
export const CANCEL = 'mutation Cancel($id: ID!) { cancelAppointment(input: {appointmentId: $id}) { errors { code } } }';
export const CHANGED = `subscription Changed($after: String) {
  appointmentChanged(after: $after) { cursor appointment { id status } }
}`;
export const input = { slotId: slot, patientId: patient };

// `query` and `mutate` give data; `subscribe(document, variables, next)` gives what ends it.
export async function play({ query, mutate, subscribe }) {
  const { asOf, viewer } = await query(VISITS);
  const seen = [];
  let enough;
  const both = new Promise((resolve) => (enough = resolve));
  const stop = subscribe(CHANGED, { after: asOf }, ({ appointmentChanged: { appointment, cursor } }) => {
    seen.push([appointment.status, typeof cursor]);
    if (seen.length === 2) enough();
  });
  const { bookAppointment: booked } = await mutate(BOOK, { input });
  while (!seen.length) await new Promise((resolve) => setTimeout(resolve, 10));
  const { bookAppointment: refused } = await mutate(BOOK, { input });
  await mutate(CANCEL, { id: booked.appointment.id });
  await both;
  stop();
  return [viewer.patient.fullName, booked.errors, refused.errors.map(({ code }) => code), seen];
}

export function tell(value) {
  process.stdout.write(JSON.stringify(value), () => process.exit(0));
}
