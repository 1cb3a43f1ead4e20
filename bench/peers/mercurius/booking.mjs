// A booking as a transaction of an author's own statements.
const TAKE = {
  name: "take",
  text: `update slot set state = 'TAKEN' where id = $1 and state = 'FREE'
         returning practitioner_id, clinic_id, starts_at, ends_at`,
};
const ADD = {
  name: "add",
  text: `insert into appointment
           (patient_id, practitioner_id, clinic_id, starts_at, ends_at, status, service_type, reason)
         values ($1, $2, $3, $4, $5, 'BOOKED', $6, $7)
         returning id, status, service_type as "serviceType", starts_at as "startsAt", ends_at as "endsAt", reason,
           practitioner_id as "practitionerId", clinic_id as "clinicId"`,
};

export async function bookAppointment(_, { input }, { pool, viewer }) {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const [slot] = (await client.query({ ...TAKE, values: [input.slotId] })).rows;
    if (slot === undefined) throw new Error("the slot is taken");
    const { practitioner_id, clinic_id, starts_at, ends_at } = slot;
    const values = [viewer.patientId, practitioner_id, clinic_id, starts_at, ends_at, input.serviceType, input.reason];
    const [appointment] = (await client.query({ ...ADD, values })).rows;
    await client.query("commit");
    return { appointment };
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}
