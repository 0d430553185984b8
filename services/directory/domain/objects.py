"""What a directory file may hold: the objects of HSDS 3 with the network's profile, one table of fields each.

Field names are HSDS's own where HSDS has the field; the rest is the profile (``services/directory/README.md``). Every
``id`` and reference is a UUID or a slug (`contracts.identity`). Unknown stays empty: almost nothing is required.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from contracts.codes import Audience, Capacity, CompetenceRole, LegalSphere, ServiceRole, Site, Topic
from services.directory.domain.formats import (
    LONG,
    Localized,
    Reference,
    Text,
    code,
    day,
    email,
    language,
    leika_key,
    official_key,
    rule,
    slug,
    web_address,
)
from services.directory.domain.keys import public_jwk
from services.directory.domain.parts import (
    ACCESSIBILITY,
    ADDRESS,
    AGREEMENT,
    ATTRIBUTE,
    CHANNEL,
    CONTACT,
    COST_OPTION,
    FUNDING,
    IDENTIFIER,
    LANGUAGE,
    LOCATION_TYPES,
    ORIGIN,
    PARTNER_KEY,
    PHONE,
    PROGRAM,
    REQUIRED_DOCUMENT,
    SCHEDULE,
    TERMS,
)
from services.directory.domain.shapes import Field, ListOf, Number, Reader, Shape, Whole, flag, may, must, one_of


class Kind(StrEnum):
    """The kinds of objects, in the order in which they need each other."""

    SOURCE = "source"
    AREA = "area"
    ORGANIZATION = "organization"
    LOCATION = "location"
    SERVICE = "service"
    SERVICE_AT_LOCATION = "service_at_location"
    COMPETENCE = "competence"
    PARTICIPATION = "participation"
    REPORT = "report"


STATUSES = ("active", "inactive", "defunct", "temporarily closed")
RETIRED_STATUSES = ("inactive", "defunct")
TRANSLATION_STATES = ("draft", "translated", "reviewed", "outdated")


def translations(value: object, path: str, problems: list[tuple[str, str]]) -> object:
    """How far each language of the texts is: ``{"en": "translated"}``."""
    states = one_of(TRANSLATION_STATES)
    if not isinstance(value, Mapping):
        problems.append((path, "a translation state per language"))
        return None
    return {language(tag, path, problems): states(state, f"{path}.{tag}", problems) for tag, state in value.items()}


def _named(kind: Kind, **fields: Field) -> Mapping[str, Field]:
    """The fields every object has that people look up: its id, and the sources of what is said."""
    return MappingProxyType({"id": must(Reference(kind)), "slug": may(slug), **fields, **_provenance()})


def _provenance() -> Mapping[str, Field]:
    """Who says so, and which other directory it was fetched from, if any."""
    return {"sources": must(ListOf(slug, at_least=1)), "origin": may(ORIGIN)}


FIELDS: Mapping[Kind, Mapping[str, Field]] = MappingProxyType(
    {
        Kind.SOURCE: {
            "id": must(slug),
            "title": must(Text()),
            "publisher": must(Text()),
            "published_on": may(day),
            "retrieved_on": may(day),
            "url": may(web_address),
        },
        Kind.AREA: {"id": must(official_key), "name": must(Localized()), **_provenance()},
        Kind.ORGANIZATION: _named(
            Kind.ORGANIZATION,
            name=must(Localized()),
            alternate_name=may(Text()),
            description=must(Localized(LONG)),
            translations=may(translations),
            organization_type=must(code),
            parent_organization_id=may(Reference(Kind.ORGANIZATION)),
            sites=may(ListOf(one_of(Site))),
            social_data_body=may(flag),
            must_stand_alone=may(flag),
            own_measure=may(flag),
            website=may(web_address),
            email=may(email),
            phones=may(ListOf(PHONE)),
            contacts=may(ListOf(CONTACT)),
            legal_status=may(Text()),
            year_incorporated=may(Whole(1000, 2100)),
            logo=may(web_address),
            uri=may(web_address),
            funding=may(ListOf(FUNDING)),
            programs=may(ListOf(PROGRAM)),
            organization_identifiers=may(ListOf(IDENTIFIER)),
            attributes=may(ListOf(ATTRIBUTE)),
        ),
        Kind.LOCATION: _named(
            Kind.LOCATION,
            organization_id=must(Reference(Kind.ORGANIZATION)),
            location_type=must(one_of(LOCATION_TYPES)),
            name=must(Text()),
            alternate_name=may(Text()),
            description=may(Localized(LONG, plain=True)),
            transportation=may(Localized(LONG, plain=True)),
            latitude=may(Number(-90, 90)),
            longitude=may(Number(-180, 180)),
            url=may(web_address),
            addresses=may(ListOf(ADDRESS)),
            phones=may(ListOf(PHONE)),
            schedules=may(ListOf(SCHEDULE)),
            languages=may(ListOf(LANGUAGE)),
            contacts=may(ListOf(CONTACT)),
            accessibility=may(ListOf(ACCESSIBILITY)),
            external_identifier=may(Text()),
            external_identifier_type=may(Text()),
            attributes=may(ListOf(ATTRIBUTE)),
        ),
        Kind.SERVICE: _named(
            Kind.SERVICE,
            organization_id=must(Reference(Kind.ORGANIZATION)),
            name=must(Localized()),
            alternate_name=may(Text()),
            description=must(Localized(LONG)),
            delimitation=may(Localized(LONG)),
            translations=may(translations),
            status=must(one_of(STATUSES)),
            topics=must(ListOf(one_of(Topic))),
            areas=must(ListOf(official_key)),
            audience=must(one_of(Audience)),
            role=must(one_of(ServiceRole)),
            legal_spheres=may(ListOf(one_of(LegalSphere))),
            own_measure=may(flag),
            residence_independent=may(flag),
            profession_independent=may(flag),
            profession_codes=may(ListOf(code)),
            leika_keys=may(ListOf(leika_key)),
            eligibility=may(rule),
            eligibility_description=may(Localized(LONG)),
            minimum_age=may(Whole(0, 120)),
            maximum_age=may(Whole(0, 120)),
            languages=may(ListOf(LANGUAGE)),
            interpreters=may(flag),
            capacity=may(one_of(Capacity)),
            capacity_reported_on=may(day),
            assured_date=may(day),
            overlap_group=may(code),
            overlap_justification=may(Localized(LONG)),
            funding=may(ListOf(FUNDING)),
            excludes_funders=may(ListOf(code)),
            better_bodies=may(ListOf(Reference(Kind.SERVICE))),
            url=may(web_address),
            email=may(email),
            phones=may(ListOf(PHONE)),
            contacts=may(ListOf(CONTACT)),
            schedules=may(ListOf(SCHEDULE)),
            cost_options=may(ListOf(COST_OPTION)),
            required_documents=may(ListOf(REQUIRED_DOCUMENT)),
            application_process=may(Localized(LONG)),
            fees_description=may(Localized(LONG)),
            wait_time=may(Localized(plain=True)),
            alert=may(Localized(LONG)),
            accreditations=may(Text(LONG)),
            licenses=may(Text(LONG)),
            assurer_email=may(email),
            attributes=may(ListOf(ATTRIBUTE)),
        ),
        Kind.SERVICE_AT_LOCATION: {
            "id": must(Reference(Kind.SERVICE_AT_LOCATION)),
            "service_id": must(Reference(Kind.SERVICE)),
            "location_id": must(Reference(Kind.LOCATION)),
            "description": may(Localized(LONG, plain=True)),
            "schedules": may(ListOf(SCHEDULE)),
            "phones": may(ListOf(PHONE)),
            "contacts": may(ListOf(CONTACT)),
            **_provenance(),
        },
        # Statutory competence: which body answers for an administrative service (LeiKa) in which areas.
        Kind.COMPETENCE: _named(
            Kind.COMPETENCE,
            leika_key=must(leika_key),
            name=must(Localized()),
            areas=must(ListOf(official_key, at_least=1)),
            organization_id=must(Reference(Kind.ORGANIZATION)),
            role=must(one_of(CompetenceRole)),
            service_id=may(Reference(Kind.SERVICE)),
            legal_ground=may(Text()),
            valid_from=may(day),
            valid_to=may(day),
            url=may(web_address),
        ),
        Kind.PARTICIPATION: {
            "organization_id": must(Reference(Kind.ORGANIZATION)),
            "channel": must(CHANNEL),
            "agreement": may(AGREEMENT),
            "public_key": may(public_jwk),
            "keys": may(ListOf(PARTNER_KEY)),
            "terms": may(ListOf(TERMS)),
        },
        # What only the organization itself can say about its service, and so weighs more than an editor's word.
        Kind.REPORT: {
            "service_id": must(Reference(Kind.SERVICE)),
            "assured_date": may(day),
            "capacity": may(one_of(Capacity)),
            "capacity_reported_on": may(day),
        },
    }
)

READERS: Mapping[Kind, Reader] = MappingProxyType({kind: Shape(fields) for kind, fields in FIELDS.items()})

#: Which fields of a kind name objects of another kind; what they name must be in the file or in the directory.
REFERENCES: Mapping[Kind, tuple[tuple[str, Kind], ...]] = MappingProxyType(
    {
        Kind.SOURCE: (),
        Kind.AREA: (("sources", Kind.SOURCE),),
        Kind.ORGANIZATION: (("parent_organization_id", Kind.ORGANIZATION), ("sources", Kind.SOURCE)),
        Kind.LOCATION: (("organization_id", Kind.ORGANIZATION), ("sources", Kind.SOURCE)),
        Kind.SERVICE: (
            ("organization_id", Kind.ORGANIZATION),
            ("areas", Kind.AREA),
            ("better_bodies", Kind.SERVICE),
            ("sources", Kind.SOURCE),
        ),
        Kind.SERVICE_AT_LOCATION: (
            ("service_id", Kind.SERVICE),
            ("location_id", Kind.LOCATION),
            ("sources", Kind.SOURCE),
        ),
        Kind.COMPETENCE: (
            ("organization_id", Kind.ORGANIZATION),
            ("service_id", Kind.SERVICE),
            ("areas", Kind.AREA),
            ("sources", Kind.SOURCE),
        ),
        Kind.PARTICIPATION: (("organization_id", Kind.ORGANIZATION), ("terms[].service_id", Kind.SERVICE)),
        Kind.REPORT: (("service_id", Kind.SERVICE),),
    }
)
