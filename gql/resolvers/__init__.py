"""Root fields: a class of queries, mutations and subscriptions a noun."""
