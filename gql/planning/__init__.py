"""From a validated document to a tree of what to load, and back to an answer."""
