"""The benchmark: our gateway beside what a team would pick instead, on the same PostgreSQL and the same people."""
