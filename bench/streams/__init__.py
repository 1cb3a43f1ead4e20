"""Streams measured: idle memory, fan-out, spread and a storm of reconnects, beside Mercurius and graphql-ws."""
