"""Pure rules over values: access, lifecycles, ranges, identifiers, events, errors, ports."""
