// What relay-compiler checks against our schema and compiles.
import { graphql } from 'relay-runtime';

graphql`
  query documentsVisitsQuery($count: Int!) {
    asOf
    viewer {
      patient {
        id
        ...documentsVisits @arguments(count: $count)
      }
    }
  }
`;

graphql`
  fragment documentsVisits on Patient
  @refetchable(queryName: "documentsPageQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" }) {
    fullName
    appointments(first: $count, after: $cursor) @connection(key: "documents_appointments") {
      edges {
        node {
          id
          status
        }
      }
    }
  }
`;

graphql`
  mutation documentsBookMutation($input: BookAppointmentInput!) {
    bookAppointment(input: $input) {
      appointment {
        id
        status
      }
      errors {
        code
      }
    }
  }
`;

graphql`
  mutation documentsCancelMutation($id: ID!) {
    cancelAppointment(input: { appointmentId: $id }) {
      appointment {
        id
        status
      }
      errors {
        code
      }
    }
  }
`;

graphql`
  subscription documentsChangedSubscription($after: String) {
    appointmentChanged(after: $after) {
      cursor
      appointment {
        id
        status
      }
    }
  }
`;
