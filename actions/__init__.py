"""The verbs: what a person or a partner can do, one transaction each; and the one way to read."""
