"""Machines' door: FHIR, HL7 v2 and partners."""
