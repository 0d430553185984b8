"""Entries as HSDS 3 objects, for whoever reads directories and knows nothing of this network.

HSDS texts have one language: German here, every other language rides along as an ``attribute`` of link type
``translation``. What the profile adds (topics, legal spheres, role ...) are attributes with taxonomy terms.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from contracts.codes import LegalSphere, ServiceRole, Topic
from contracts.identity import id_of
from services.directory.domain.objects import Kind

Document = Mapping[str, Any]
Json = dict[str, Any]

SHARED = (
    *("id", "organization_id", "status", "url", "website", "email", "assured_date", "minimum_age", "maximum_age"),
    *("assurer_email", "legal_status", "year_incorporated", "logo", "uri"),
)
TEXTS = (
    "name",
    "description",
    "application_process",
    "fees_description",
    "eligibility_description",
    "alert",
    "alternate_name",
    "wait_time",
    "accreditations",
    "licenses",
)
NESTED = (
    *("addresses", "phones", "contacts", "schedules", "languages", "cost_options", "required_documents"),
    *("accessibility", "programs", "organization_identifiers"),
)
#: Coded fields of the profile whose codes are taxonomy terms.
TAXONOMIES: Mapping[str, Sequence[str]] = {
    "topics": tuple(Topic),
    "legal_spheres": tuple(LegalSphere),
    "role": tuple(ServiceRole),
}
#: What the profile adds: attributes whose link type is the field's name, one for each entry of a list.
PROFILE: Mapping[Kind, Sequence[str]] = {
    Kind.ORGANIZATION: (
        "slug",
        "translations",
        "organization_type",
        "sites",
        "social_data_body",
        "must_stand_alone",
        "own_measure",
        "funding",
        "sources",
        "origin",
    ),
    Kind.LOCATION: ("slug", "sources", "origin"),
    Kind.SERVICE: (
        "slug",
        "translations",
        "topics",
        "audience",
        "role",
        "legal_spheres",
        "own_measure",
        "residence_independent",
        "profession_independent",
        "profession_codes",
        "leika_keys",
        "eligibility",
        "interpreters",
        "capacity",
        "capacity_reported_on",
        "overlap_group",
        "funding",
        "excludes_funders",
        "better_bodies",
        "sources",
        "origin",
    ),
}
#: Texts of a place that are said per language.
WAYS = ("transportation",)
#: Texts per language that HSDS has no field for.
PROFILE_TEXTS = ("delimitation", "overlap_justification")


def organization_summary(organization: Document) -> Json:
    """An organization without the things it owns."""
    parent = {name: organization[name] for name in ("parent_organization_id",) if name in organization}
    return {**_plain(organization), **parent}


def organization_full(organization: Document, locations: Iterable[Document]) -> Json:
    """An organization with contacts, places and what the profile adds."""
    return {
        **organization_summary(organization),
        **_nested(organization, organization["id"]),
        **_funding(organization),
        "locations": [location(place) for place in locations],
        "attributes": list(_attributes(Kind.ORGANIZATION, organization)),
    }


def service_summary(service: Document, organization: Document, changed_at: datetime) -> Json:
    """A service with the organization that offers it, without what hangs below."""
    made = {**_plain(service), "last_modified": changed_at.isoformat()}
    if service.get("interpreters"):
        made["interpretation_services"] = "yes"
    return {**made, "organization": organization_summary(organization)}


def service_full(
    service: Document,
    organization: Document,
    changed_at: datetime,
    areas: Iterable[Document],
    places: Iterable[tuple[Document, Document]],
) -> Json:
    """A service with areas, places, languages, funding and what the profile adds."""
    return {
        **service_summary(service, organization, changed_at),
        **_nested(service, service["id"]),
        **_funding(service),
        "service_areas": [_area(service["id"], area) for area in areas],
        "service_at_locations": [_at_location(*place) for place in places],
        "attributes": list(_attributes(Kind.SERVICE, service)),
    }


def _funding(owner: Document) -> Json:
    """HSDS knows the source alone; code and period ride along as attributes."""
    made = [
        {"id": _id(owner["id"], f"funding/{index}"), "source": item["source"]}
        for index, item in enumerate(owner.get("funding", ()))
    ]
    return {"funding": made} if made else {}


def location(place: Document) -> Json:
    """A place; one whose street nobody has told has no address."""
    fields = (
        *("id", "organization_id", "location_type", "name", "alternate_name", "description", "transportation"),
        *("latitude", "longitude", "url", "external_identifier", "external_identifier_type"),
    )
    return {
        **{name: _german(place[name]) if name in (*TEXTS, *WAYS) else place[name] for name in fields if name in place},
        **_nested(place, place["id"]),
        "attributes": list(_attributes(Kind.LOCATION, place)),
    }


def page(contents: Sequence[Json], total: int, number: int, size: int) -> Json:
    """One page of a list (HSDS ``Page``)."""
    pages = max(1, -(-total // size))
    return {
        "total_items": total,
        "total_pages": pages,
        "page_number": number,
        "size": len(contents),
        "first_page": number == 1,
        "last_page": number >= pages,
        "empty": not contents,
        "contents": list(contents),
    }


def term(taxonomy: str, code: str) -> Json:
    """A taxonomy term of the profile; its words for people are in the catalogues under ``<taxonomy>:<code>``."""
    return {
        "id": str(id_of("taxonomy_term", f"{taxonomy}/{code}")),
        "code": code,
        "name": code,
        "description": f"{taxonomy}: {code}",
        "taxonomy": f"lotsennetz:{taxonomy}",
        "taxonomy_id": str(id_of("taxonomy", taxonomy)),
    }


def _plain(document: Document) -> Json:
    texts = {name: _german(document[name]) for name in TEXTS if name in document}
    return {**{name: document[name] for name in SHARED if name in document}, **texts}


def _german(text: str | Document) -> str:
    return text if isinstance(text, str) else str(text["de"])


def _nested(document: Document, owner: str) -> Json:
    """Lists below an object; HSDS wants an id in everything, ours are made from the owner and the place in the list."""
    return {
        name: [_with_ids(item, owner, f"{name}/{index}") for index, item in enumerate(document[name])]
        for name in NESTED
        if name in document
    }


def _with_ids(item: Document, owner: str, path: str) -> Json:
    own = _id(owner, path)
    below = {
        name: [_with_ids(entry, owner, f"{path}/{name}/{index}") for index, entry in enumerate(value)]
        for name, value in item.items()
        if isinstance(value, list)
    }
    texts = {name: value for name, value in item.items() if isinstance(value, Mapping)}
    said = [one for name, value in texts.items() for one in _translated(own, path.split("/")[-2], name, value)]
    made = {"id": own, **item, **{name: _german(value) for name, value in texts.items()}, **below}
    return {**made, "attributes": said} if said else made


def _attributes(kind: Kind, document: Document) -> Iterator[Json]:
    """Everything HSDS has no field for."""
    yield from _translations(kind, document)
    for name in PROFILE[kind]:
        value = document.get(name, ())
        for entry in value if isinstance(value, list | tuple) else (value,):
            text = entry if isinstance(entry, str) else json.dumps(entry, sort_keys=True, ensure_ascii=False)
            yield _attribute(document["id"], name, text)
    for index, given in enumerate(document.get("attributes", ())):
        yield _foreign(document["id"], index, given)


def _foreign(owner: str, index: int, given: Document) -> Json:
    """A term of somebody else's list, as it was said there."""
    name = given["name"]
    term_id = str(id_of("taxonomy_term", f"{given.get('taxonomy', '')}/{given.get('code', name)}"))
    named = {part: given[part] for part in ("code", "taxonomy", "term_uri") if part in given}
    said = {part: given[part] for part in ("link_type", "link_entity", "value") if part in given}
    term_made = {"id": term_id, "name": name, "description": given.get("description", name), **named}
    return {"id": _id(owner, f"attribute/{index}"), "link_id": owner, **said, "taxonomy_term": term_made}


def _translations(kind: Kind, document: Document) -> Iterator[Json]:
    for name in (*TEXTS, *WAYS, *PROFILE_TEXTS):
        texts = document.get(name)
        if isinstance(texts, Mapping):
            yield from _translated(document["id"], kind, name, texts)


def _translated(owner: str, entity: str, name: str, texts: Document) -> Iterator[Json]:
    """A text in all languages but that which HSDS's own field is in."""
    for tag, text in texts.items():
        if tag != "de" or name in PROFILE_TEXTS:
            made = _attribute(owner, f"{name}@{tag}", text)
            yield {**made, "link_type": "translation", "link_entity": f"{entity}.{name}@{tag}"}


def _attribute(owner: str, link_type: str, value: str) -> Json:
    made = {"id": _id(owner, f"{link_type}/{value}"), "link_id": owner, "link_type": link_type, "value": value}
    return {**made, "taxonomy_term": term(link_type, value)} if link_type in TAXONOMIES else made


def _area(owner: str, area: Document) -> Json:
    return {
        "id": _id(owner, f"area/{area['id']}"),
        "name": _german(area["name"]),
        "extent": area["id"],
        "extent_type": "ars",
    }


def _at_location(link: Document, place: Document) -> Json:
    made = {"id": link["id"], "location": location(place), **_nested(link, link["id"])}
    if "description" not in link:
        return made
    said = list(_translations(Kind.SERVICE_AT_LOCATION, link))
    return {**made, "description": _german(link["description"]), **({"attributes": said} if said else {})}


def at_location_summary(row: Document) -> Json:
    """A service at a place, each without what hangs below."""
    link, place = row["link"], row["place"]
    said = {name: link[name] for name in ("id", "service_id", "location_id") if name in link}
    if "description" in link:
        said["description"] = _german(link["description"])
    service = service_summary(row["document"], row["organization"], row["changed_at"])
    return {**said, "location": {"id": place["id"], "location_type": place["location_type"]}, "service": service}


def at_location_full(row: Document) -> Json:
    """A service at a place with everything about both.

    The published OpenAPI describes this answer by the schema of a service, hence name and status.
    """
    service = service_full(row["document"], row["organization"], row["changed_at"], (), ())
    named = {name: service[name] for name in ("name", "status")}
    return {**at_location_summary(row), **named, **_at_location(row["link"], row["place"]), "service": service}


def _id(owner: str, path: str) -> str:
    return str(uuid5(UUID(owner), path))
