"""Rows of a directory file, valid by default: a test names only what matters to it."""

from typing import Any

Json = dict[str, Any]


def a_source(**changes: Any) -> Json:
    return {"object": "source", "id": "a-paper", "title": "A paper", "publisher": "A city", **changes}


def an_area(**changes: Any) -> Json:
    return {"object": "area", "id": "05334", "name": {"de": "StädteRegion Aachen"}, "sources": ["a-paper"], **changes}


def an_organization(**changes: Any) -> Json:
    return {
        "object": "organization",
        "id": "a-chamber",
        "name": {"de": "Kammer", "en": "Chamber"},
        "description": {"de": "Eine Kammer."},
        "organization_type": "chamber_of_crafts",
        "sources": ["a-paper"],
        **changes,
    }


def a_location(**changes: Any) -> Json:
    return {
        "object": "location",
        "id": "a-house",
        "organization_id": "a-chamber",
        "location_type": "physical",
        "name": "Haus am Markt",
        "sources": ["a-paper"],
        **changes,
    }


def a_service(**changes: Any) -> Json:
    return {
        "object": "service",
        "id": "a-recognition",
        "organization_id": "a-chamber",
        "name": {"de": "Anerkennung"},
        "description": {"de": "Prüft ausländische Abschlüsse."},
        "status": "active",
        "topics": ["ANERKENNUNG"],
        "areas": ["05334"],
        "audience": "person",
        "role": "decides",
        "sources": ["a-paper"],
        **changes,
    }


def a_place_of_service(**changes: Any) -> Json:
    return {
        "object": "service_at_location",
        "id": "a-recognition-at-a-house",
        "service_id": "a-recognition",
        "location_id": "a-house",
        "sources": ["a-paper"],
        **changes,
    }


def a_competence(**changes: Any) -> Json:
    return {
        "object": "competence",
        "id": "a-competence",
        "leika_key": "99010021017000",
        "name": {"de": "Beschleunigtes Fachkräfteverfahren"},
        "areas": ["05334"],
        "organization_id": "a-chamber",
        "role": "decides",
        "legal_ground": "§ 81a AufenthG",
        "sources": ["a-paper"],
        **changes,
    }


def terms(**changes: Any) -> Json:
    return {
        "service_id": "a-recognition",
        "categories_accepted": ["IDENTITY", "CONTACT", "QUALIFICATION"],
        "minimum_categories": ["IDENTITY", "CONTACT"],
        "answer_days": 3,
        "contact_days": 5,
        "back_level": "outcome",
        **changes,
    }


def a_participation(**changes: Any) -> Json:
    return {
        "object": "participation",
        "organization_id": "a-chamber",
        "channel": {"kind": "amqp"},
        "agreement": {"kind": "independent", "law": "GDPR", "signed_on": "2026-01-15"},
        "terms": [terms()],
        **changes,
    }


def a_report(**changes: Any) -> Json:
    return {"object": "report", "service_id": "a-recognition", "assured_date": "2026-11-01", **changes}


def a_directory() -> list[Json]:
    """One of everything, each referring to the one before."""
    return [
        a_source(),
        an_area(),
        an_organization(),
        a_location(),
        a_service(),
        a_place_of_service(),
        a_participation(),
        a_report(),
    ]
