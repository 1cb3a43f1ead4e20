"""Bundles to test with: small ones written here, and Synthea's where the shared data lies beside the project."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "fhir-r4"
FILES = sorted(FOLDER.glob("*.json"))
needs_synthea = pytest.mark.skipif(not FILES, reason="../shared/data/fhir-r4 isn't beside the project")

LOINC = "http://loinc.org"
SNILS = "https://fhir.ru/ig/core/systems/snils"
PERSON = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [{"system": "http://hospital.example/mrn", "value": "MRN-7"}],
    "name": [{"family": "Зимина", "given": ["Ольга", "Ивановна"]}],
    "gender": "female",
    "birthDate": "1970-04-05",
}


def bundle(*resources: dict[str, Any], kind: str = "transaction", urls: bool = True) -> bytes:
    """Return a bundle of resources, `urn:uuid:` and the id as their full URLs."""
    entries = []
    for resource in resources:
        entry: dict[str, Any] = {"resource": resource}
        if urls and "id" in resource:
            entry["fullUrl"] = f"urn:uuid:{resource['id']}"
        if kind == "transaction":
            entry["request"] = {"method": "POST", "url": resource["resourceType"]}
        entries.append(entry)
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries}).encode()


def concept(text: str, code: str = "1", system: str = "http://snomed.info/sct") -> dict[str, Any]:
    """Return a CodeableConcept."""
    return {"coding": [{"system": system, "code": code, "display": text}], "text": text}


def of_person(kind: str, name: str, subject: str = "subject", **more: Any) -> dict[str, Any]:
    """Return a resource about the person."""
    return {"resourceType": kind, "id": name, subject: {"reference": "urn:uuid:p1"}, **more}


def observation(name: str, value: str, unit: str = "mmol/L", **more: Any) -> dict[str, Any]:
    """Return a measurement; the number goes in by its digits, see `digits`."""
    quantity = {"value": f"#{value}#", "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    told = {"status": "final", "code": concept("Potassium", "2823-3", LOINC), "valueQuantity": quantity}
    return of_person("Observation", name, **{**told, "effectiveDateTime": "2024-05-06T07:08:09+03:00", **more})


def digits(raw: bytes) -> bytes:
    """Return a bundle whose numbers are written as they were given: 6.10 stays 6.10."""
    return raw.replace(b'"#', b"").replace(b'#"', b"")


def counted(path: Path) -> Counter[str]:
    """Count what a Synthea file holds, with nothing of the product: rows that must be there afterwards."""
    found: Counter[str] = Counter()
    for entry in json.loads(path.read_bytes())["entry"]:
        resource = entry["resource"]
        kind = resource["resourceType"]
        if kind == "Observation":
            found[kind] += len(resource.get("component", [])) + any(name.startswith("value") for name in resource)
        else:
            found[kind] += 1
    return found
