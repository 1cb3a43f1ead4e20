// The same change of a doctor's free time that ours tells of.
export const SDL = `
  type Slot { id: ID! state: String! }
  type SlotChanged { cursor: String! at: String! slot: Slot }
  type Query { ok: Boolean! }
  type Mutation { change(practitionerId: ID!): Boolean! }
  type Subscription { slotChanged(practitionerId: ID!): SlotChanged! }
`;
let position = 0;
export const changed = () => ({
  slotChanged: {
    cursor: String(++position),
    at: new Date().toISOString(),
    slot: { id: `U2xvdDo${position}`, state: "BUSY" },
  },
});
export const topic = (practitionerId) => `slot.${practitionerId}`;
