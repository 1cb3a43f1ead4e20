"""Rows, sealed bodies, queries, the event log and the audit log, on SQLite and PostgreSQL."""
