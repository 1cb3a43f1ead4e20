"""Permission classes: each asks for rights that were already decided."""
