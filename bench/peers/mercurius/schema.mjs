// The part of our schema that the operations use, as its author would write it for plain tables.
const connections = ["Appointment", "Observation", "InsurancePolicy"]
  .map((type) => `type ${type}Connection { nodes: [${type}!]! }`)
  .join("\n");

export const schema = `
  scalar DateTime
  scalar Date
  type Query { viewer: Viewer }
  type Mutation { bookAppointment(input: BookAppointmentInput!): BookAppointmentPayload }
  type Viewer { name: String! level: String! patient: Patient }
  type Patient {
    id: ID!
    familyName: String
    givenName: String
    patronymic: String
    birthDate: Date
    sex: String
    phone: String
    email: String
    address: String
    appointments(first: Int = 20): AppointmentConnection
    observations(first: Int = 20, analyte: String): ObservationConnection
    policies(first: Int = 20): InsurancePolicyConnection
  }
  type Appointment {
    id: ID!
    status: String!
    serviceType: String!
    startsAt: DateTime!
    endsAt: DateTime!
    reason: String
    practitioner: Practitioner
    clinic: Organization
  }
  type Practitioner { id: ID! name: String! specialty: Specialty }
  type Specialty { title: String! }
  type Organization { id: ID! name: String! address: String }
  type Observation { id: ID! takenAt: DateTime! value: String unit: String flag: String analyte: Analyte }
  type Analyte { code: String! title: String! }
  type InsurancePolicy { id: ID! kind: String! status: String! number: String endsOn: Date insurer: Organization }
  input BookAppointmentInput { slotId: ID! serviceType: String! reason: String }
  type BookAppointmentPayload { appointment: Appointment }
  ${connections}
`;
