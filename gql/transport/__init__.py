"""GraphQL over HTTP and graphql-transport-ws: our own protocol code, thin and strict."""
