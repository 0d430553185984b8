"""A directory in which every field says something."""

from typing import Any

from tests.unit.directory.rows import a_competence, a_directory

Json = dict[str, Any]

PHONE = {"number": "+49 241 1234567", "extension": 12, "type": "voice", "languages": [{"code": "tr"}]}
HOURS = {
    "freq": "WEEKLY",
    "byday": "MO,TU",
    "opens_at": "08:30",
    "closes_at": "12:00",
    "dtstart": "2026-01-05",
    "valid_to": "2026-12-31",
    "attending_type": "vor Ort",
}
ORIGIN = {"system": "another directory", "id": "17/4", "retrieved_at": "2026-11-20T08:00:00Z"}
CONTACT = {"department": "Beratung", "email": "beratung@kammer.example", "phones": [PHONE]}
ATTRIBUTE = {"taxonomy": "openeligibility", "code": "1102", "name": "Education", "term_uri": "https://terms.example/1"}
FUNDING = {"source": "Land NRW", "code": "KIM", "valid_from": "2026-01-01", "valid_to": "2027-12-31"}
ADDRESS = {
    "address_1": "Markt 1",
    "city": "Aachen",
    "state_province": "Nordrhein-Westfalen",
    "postal_code": "52062",
    "country": "DE",
    "address_type": "physical",
}


def a_full_directory() -> list[Json]:
    """One of everything, as full as it can be."""
    rows = a_directory()
    _, _, organization, location, service, link, _, _ = rows
    organization |= {
        "alternate_name": "Die Kammer",
        "phones": [PHONE],
        "contacts": [CONTACT],
        "legal_status": "Körperschaft",
        "year_incorporated": 1900,
        "logo": "https://kammer.example/logo.png",
        "uri": "https://kammer.example/id",
        "website": "https://kammer.example",
        "funding": [FUNDING],
        "programs": [{"name": "Ankommen", "description": "Für Neue."}],
        "organization_identifiers": [{"identifier_type": "Handelsregister", "identifier": "HRB 1"}],
        "attributes": [ATTRIBUTE],
        "origin": ORIGIN,
    }
    location |= {
        "addresses": [ADDRESS],
        "latitude": 50.77,
        "longitude": 6.08,
        "schedules": [HOURS],
        "languages": [{"code": "de"}],
        "contacts": [CONTACT],
        "accessibility": [{"description": "Aufzug", "details": "Eingang hinten"}],
        "external_identifier": "100",
        "external_identifier_type": "Haus",
        "alternate_name": "Haus 1",
        "origin": ORIGIN,
    }
    service |= {
        "alternate_name": "Prüfung",
        "phones": [PHONE],
        "schedules": [HOURS, {"freq": "MONTHLY", "byday": "1FR", "opens_at": "14:00", "closes_at": "16:00"}],
        "interpreters": True,
        "languages": [{"code": "ar", "note": "freitags"}],
        "legal_spheres": ["BQFG"],
        "leika_keys": ["99010021017000"],
        "capacity": "waitlist",
        "capacity_reported_on": "2026-11-01",
        "residence_independent": True,
        "funding": [FUNDING],
        "cost_options": [{"option": "Gebühr", "currency": "EUR", "amount": 200, "valid_from": "2026-01-01"}],
        "required_documents": [{"document": "Zeugnis", "uri": "https://kammer.example/zeugnis"}],
        "contacts": [CONTACT],
        "accreditations": "ISO 9001",
        "licenses": "keine",
        "assurer_email": "redaktion@kammer.example",
        "attributes": [ATTRIBUTE],
        "origin": ORIGIN,
        "eligibility": {"fact": "profession_group", "in": ["CRAFT"]},
    }
    service["description"] |= {"en": "Examines foreign qualifications.", "ar": "يفحص المؤهلات الأجنبية"}
    link |= {
        "schedules": [HOURS],
        "phones": [PHONE],
        "contacts": [CONTACT],
        "description": "Zimmer 3",
        "origin": ORIGIN,
    }
    return [*rows, a_competence(origin=ORIGIN)]
