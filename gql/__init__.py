"""The people's door: one typed GraphQL schema with subscriptions."""
