"""The limit: no GraphQL at all, one statement a request, PostgreSQL builds the JSON."""
