"""Entries as HSDS 3 objects, for whoever reads directories and knows nothing of this network.

HSDS texts have one language: German here, every other language rides along as an ``attribute`` of link type
``translation``. What the profile adds (topics, legal spheres, role ...) are attributes with taxonomy terms.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from contracts.codes import LegalSphere, ServiceRole, Topic
from contracts.identity import id_of

Document = Mapping[str, Any]
Json = dict[str, Any]

SHARED = ("id", "organization_id", "status", "url", "website", "email", "assured_date", "minimum_age", "maximum_age")
TEXTS = (
    "name",
    "description",
    "application_process",
    "fees_description",
    "eligibility_description",
    "alert",
    "alternate_name",
    "wait_time",
)
NESTED = ("phones", "contacts", "schedules", "languages", "cost_options", "required_documents")
TAXONOMIES: Mapping[str, Sequence[str]] = {
    "topic": tuple(Topic),
    "legal_sphere": tuple(LegalSphere),
    "role": tuple(ServiceRole),
}


def organization_summary(organization: Document) -> Json:
    """An organization without the things it owns."""
    parent = {name: organization[name] for name in ("parent_organization_id",) if name in organization}
    return {**_plain(organization), **parent}


def organization_full(organization: Document, locations: Iterable[Document]) -> Json:
    """An organization with contacts, places and what the profile adds."""
    return {
        **organization_summary(organization),
        **_nested(organization, organization["id"]),
        "locations": [location(place) for place in locations],
        "attributes": [
            *_translations("organization", organization),
            _attribute(organization["id"], "organization_type", organization["organization_type"]),
            *(_attribute(organization["id"], "source", source) for source in organization["sources"]),
        ],
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
        "funding": [
            {"id": _id(service["id"], f"funding/{index}"), "source": item["source"]}
            for index, item in enumerate(service.get("funding", ()))
        ],
        "service_areas": [_area(service["id"], area) for area in areas],
        "service_at_locations": [_at_location(*place) for place in places],
        "attributes": list(_profile(service)),
    }


def location(place: Document) -> Json:
    """A place; one whose street nobody has told has no address."""
    fields = ("id", "location_type", "name", "description", "transportation", "latitude", "longitude", "url")
    return {
        **{name: place[name] for name in fields if name in place},
        **_nested(place, place["id"]),
        "addresses": [
            {"id": _id(place["id"], f"address/{index}"), **address}
            for index, address in enumerate(place.get("addresses", ()))
        ],
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
    below = {
        name: [_with_ids(entry, owner, f"{path}/{name}/{index}") for index, entry in enumerate(value)]
        for name, value in item.items()
        if isinstance(value, list)
    }
    return {"id": _id(owner, path), **item, **below}


def _profile(service: Document) -> Iterator[Json]:
    owner = service["id"]
    yield from _translations("service", service)
    for taxonomy, field in (("topic", "topics"), ("legal_sphere", "legal_spheres")):
        for code in service.get(field, ()):
            yield _attribute(owner, taxonomy, code, taxonomy)
    yield _attribute(owner, "role", service["role"], "role")
    yield _attribute(owner, "audience", service["audience"])
    for name in ("own_measure", "residence_independent", "profession_independent"):
        if name in service:
            yield _attribute(owner, name, str(service[name]).lower())
    for name in ("capacity", "capacity_reported_on", "overlap_group"):
        if name in service:
            yield _attribute(owner, name, service[name])
    for name in ("leika_keys", "profession_codes", "better_bodies", "sources"):
        yield from (_attribute(owner, name, value) for value in service.get(name, ()))


def _translations(entity: str, document: Document) -> Iterator[Json]:
    for name in (*TEXTS, "delimitation"):
        texts = document.get(name)
        if isinstance(texts, Mapping):
            spoken = texts if name == "delimitation" else {tag: text for tag, text in texts.items() if tag != "de"}
            for tag, text in spoken.items():
                made = _attribute(document["id"], f"{entity}.{name}.{tag}", text)
                yield {**made, "link_type": "translation", "link_entity": f"{entity}.{name}@{tag}"}


def _attribute(owner: str, link_type: str, value: str, taxonomy: str | None = None) -> Json:
    made = {"id": _id(owner, f"{link_type}/{value}"), "link_id": owner, "link_type": link_type, "value": value}
    return {**made, "taxonomy_term": term(taxonomy, value)} if taxonomy else made


def _area(owner: str, area: Document) -> Json:
    return {
        "id": _id(owner, f"area/{area['id']}"),
        "name": _german(area["name"]),
        "extent": area["id"],
        "extent_type": "ars",
    }


def _at_location(link: Document, place: Document) -> Json:
    made = {"id": link["id"], "location": location(place), **_nested(link, link["id"])}
    return {**made, "description": link["description"]} if "description" in link else made


def _id(owner: str, path: str) -> str:
    return str(uuid5(UUID(owner), path))
