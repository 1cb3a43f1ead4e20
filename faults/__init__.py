"""Faults: kills what the service stands on while people use it, and accounts for every write and every event."""
