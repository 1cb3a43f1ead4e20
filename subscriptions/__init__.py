"""Carries what has happened to screens: the bus wakes, the event log is read."""
