"""Patients: what identifies a person."""

from enum import StrEnum


class Sex(StrEnum):
    """Administrative sex (FHIR R4 AdministrativeGender)."""

    MALE = "MALE"
    FEMALE = "FEMALE"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"


class IdentifierSystem:
    """URIs of the identifier systems that persons are found by (fhir.ru core)."""

    SNILS = "https://fhir.ru/ig/core/systems/snils"
    OMS = "https://fhir.ru/ig/core/systems/oms"
    PASSPORT = "https://fhir.ru/ig/core/systems/identity-document"
