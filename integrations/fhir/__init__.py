"""FHIR R4: bundles of other record systems, read, checked, mapped and filed."""
