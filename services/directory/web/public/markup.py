"""An entry as schema.org says it, for machines that read pages."""

from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]
#: Kinds of bodies that are no authorities.
PRIVATE = frozenset({"association", "company", "employers_association", "foundation", "language_school", "welfare"})


def government_service(row: Json, address: str, language: str) -> dict[str, Any]:
    """A ``GovernmentService`` with who offers it, where, in which languages; what is unknown is left out."""
    service, organization = row["document"], row["organization"]
    made = {
        "@context": "https://schema.org",
        "@type": "GovernmentService",
        "@id": address,
        "url": address,
        "name": _in(service["name"], language),
        "description": _in(service["description"], language),
        "inLanguage": language if language in service["name"] else "de",
        "serviceType": list(service["topics"]),
        "provider": _organization(organization, language),
        "areaServed": [_area(area, language) for area in row["areas"]],
        "availableLanguage": [spoken["code"] for spoken in service.get("languages", ())],
        "availableChannel": [_channel(place, service) for _, place in row["places"]],
        "dateModified": row["changed_at"].date().isoformat(),
    }
    return {name: value for name, value in made.items() if value not in ([], None)}


def _in(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language, texts["de"])


def _organization(organization: Json, language: str) -> dict[str, Any]:
    is_private = organization["organization_type"] in PRIVATE
    made = {
        "@type": "Organization" if is_private else "GovernmentOrganization",
        "name": _in(organization["name"], language),
        "url": organization.get("website"),
        "email": organization.get("email"),
        "telephone": next((phone["number"] for phone in organization.get("phones", ())), None),
    }
    return {name: value for name, value in made.items() if value is not None}


def _area(area: Json, language: str) -> dict[str, Any]:
    return {"@type": "AdministrativeArea", "name": _in(area["name"], language), "identifier": area["id"]}


def _channel(place: Json, service: Json) -> dict[str, Any]:
    made = {
        "@type": "ServiceChannel",
        "serviceUrl": service.get("url"),
        "serviceLocation": {
            "@type": "Place",
            "name": place["name"],
            "address": _addresses(place.get("addresses", ())),
        },
    }
    return {name: value for name, value in made.items() if value is not None}


def _addresses(addresses: Sequence[Json]) -> list[dict[str, str]]:
    return [
        {
            "@type": "PostalAddress",
            "streetAddress": address["address_1"],
            "postalCode": address["postal_code"],
            "addressLocality": address["city"],
            "addressCountry": address["country"],
        }
        for address in addresses
    ]
