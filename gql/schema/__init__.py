"""Types, inputs, payloads and enums: a file a noun."""
