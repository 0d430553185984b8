"""What a directory file may hold: the objects of HSDS 3 with the network's profile, one table of fields each.

Field names are HSDS's own where HSDS has the field; the rest is the profile (``services/directory/README.md``). Every
``id`` and reference is a UUID or a slug (`contracts.identity`). Unknown stays empty: almost nothing is required.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from contracts.codes import (
    OWN_CHANNELS,
    AgreementKind,
    Audience,
    BackLevel,
    Capacity,
    DataCategory,
    DataProtectionLaw,
    LegalSphere,
    ServiceRole,
    Site,
    Topic,
)
from services.directory.domain.formats import (
    LONG,
    clock_time,
    code,
    day,
    email,
    instant,
    language,
    localized,
    official_key,
    phone_number,
    postal_code,
    reference,
    rule,
    slug,
    text,
    web_address,
)
from services.directory.domain.keys import partner_jwk, public_jwk
from services.directory.domain.shapes import Field, ListOf, Reader, Shape, flag, may, must, number, one_of, whole


class Kind(StrEnum):
    """The kinds of objects, in the order in which they need each other."""

    SOURCE = "source"
    AREA = "area"
    ORGANIZATION = "organization"
    LOCATION = "location"
    SERVICE = "service"
    SERVICE_AT_LOCATION = "service_at_location"
    PARTICIPATION = "participation"
    REPORT = "report"


STATUSES = ("active", "inactive", "defunct", "temporarily closed")
RETIRED_STATUSES = ("inactive", "defunct")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LOCATION_TYPES = ("physical", "postal", "virtual")
TRANSLATION_STATES = ("draft", "translated", "reviewed", "outdated")

LANGUAGE = Shape({"code": must(language), "note": may(text())})
PHONE = Shape(
    {
        "number": must(phone_number),
        "extension": may(whole(0, 99999)),
        "type": may(one_of(("voice", "text", "fax", "textphone", "video"))),
        "description": may(text()),
        "languages": may(ListOf(LANGUAGE)),
    }
)
#: A contact is a desk, never a person: HSDS's ``name`` of a contact is not taken in.
CONTACT = Shape(
    {"title": may(text()), "department": may(text()), "email": may(email), "phones": may(ListOf(PHONE))},
)
ADDRESS = Shape(
    {
        "address_1": must(text()),
        "address_2": may(text()),
        "city": must(text()),
        "region": may(text()),
        "state_province": must(text()),
        "postal_code": must(postal_code),
        "country": must(one_of(("DE", "NL", "BE"))),
        "address_type": must(one_of(LOCATION_TYPES)),
    }
)
SCHEDULE = Shape(
    {
        "valid_from": may(day),
        "valid_to": may(day),
        "dtstart": may(day),
        "until": may(day),
        "count": may(whole(1, 1000)),
        "wkst": may(one_of(WEEKDAYS)),
        "freq": may(one_of(("WEEKLY", "MONTHLY"))),
        "interval": may(whole(1, 52)),
        "byday": may(text(60)),
        "bymonthday": may(text(100)),
        "opens_at": may(clock_time),
        "closes_at": may(clock_time),
        "description": may(text(LONG)),
        "notes": may(text(LONG)),
    }
)
COST_OPTION = Shape(
    {
        "option": may(text()),
        "currency": may(one_of(("EUR",))),
        "amount": may(number(0, 100_000)),
        "amount_description": may(text(LONG)),
    }
)
FUNDING = Shape({"source": must(text()), "code": may(code), "valid_from": may(day), "valid_to": may(day)})
REQUIRED_DOCUMENT = Shape({"document": must(text()), "uri": may(web_address)})
TERMS = Shape(
    {
        "service_id": must(reference("service")),
        "categories_accepted": must(ListOf(one_of(DataCategory), at_least=1)),
        "minimum_categories": must(ListOf(one_of(DataCategory))),
        "answer_days": may(whole(1, 90)),
        "contact_days": may(whole(1, 90)),
        "back_level": must(one_of(BackLevel)),
    }
)
CHANNEL = Shape({"kind": must(one_of(OWN_CHANNELS)), "webhook_url": may(web_address), "unit_mailbox": may(email)})
PARTNER_KEY = Shape(
    {"key": must(partner_jwk), "not_before": may(instant), "not_after": may(instant), "revoked_at": may(instant)}
)
AGREEMENT = Shape(
    {
        "kind": must(one_of(AgreementKind)),
        "law": must(one_of(DataProtectionLaw)),
        "signed_on": must(day),
        "valid_until": may(day),
        "contact": may(email),
    }
)


def translations(value: object, path: str, problems: list[tuple[str, str]]) -> object:
    """How far each language of the texts is: ``{"en": "translated"}``."""
    states = one_of(TRANSLATION_STATES)
    if not isinstance(value, Mapping):
        problems.append((path, "a translation state per language"))
        return None
    return {language(tag, path, problems): states(state, f"{path}.{tag}", problems) for tag, state in value.items()}


def _named(kind: Kind, **fields: Field) -> Mapping[str, Field]:
    """The fields every object has that people look up: its id, and the sources of what is said."""
    sources = {"sources": must(ListOf(slug, at_least=1))}
    return MappingProxyType({"id": must(reference(kind)), "slug": may(slug), **fields, **sources})


FIELDS: Mapping[Kind, Mapping[str, Field]] = MappingProxyType(
    {
        Kind.SOURCE: {
            "id": must(slug),
            "title": must(text()),
            "publisher": must(text()),
            "published_on": may(day),
            "retrieved_on": may(day),
            "url": may(web_address),
        },
        Kind.AREA: {"id": must(official_key), "name": must(localized()), "sources": must(ListOf(slug, at_least=1))},
        Kind.ORGANIZATION: _named(
            Kind.ORGANIZATION,
            name=must(localized()),
            alternate_name=may(text()),
            description=must(localized(LONG)),
            translations=may(translations),
            organization_type=must(code),
            parent_organization_id=may(reference(Kind.ORGANIZATION)),
            sites=may(ListOf(one_of(Site))),
            social_data_body=may(flag),
            must_stand_alone=may(flag),
            own_measure=may(flag),
            website=may(web_address),
            email=may(email),
            phones=may(ListOf(PHONE)),
            contacts=may(ListOf(CONTACT)),
        ),
        Kind.LOCATION: _named(
            Kind.LOCATION,
            organization_id=must(reference(Kind.ORGANIZATION)),
            location_type=must(one_of(LOCATION_TYPES)),
            name=must(text()),
            description=may(text(LONG)),
            transportation=may(text(LONG)),
            latitude=may(number(-90, 90)),
            longitude=may(number(-180, 180)),
            url=may(web_address),
            addresses=may(ListOf(ADDRESS)),
            phones=may(ListOf(PHONE)),
            schedules=may(ListOf(SCHEDULE)),
            languages=may(ListOf(LANGUAGE)),
        ),
        Kind.SERVICE: _named(
            Kind.SERVICE,
            organization_id=must(reference(Kind.ORGANIZATION)),
            name=must(localized()),
            description=must(localized(LONG)),
            delimitation=may(localized(LONG)),
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
            leika_keys=may(ListOf(code)),
            eligibility=may(rule),
            eligibility_description=may(localized(LONG)),
            minimum_age=may(whole(0, 120)),
            maximum_age=may(whole(0, 120)),
            languages=may(ListOf(LANGUAGE)),
            interpreters=may(flag),
            capacity=may(one_of(Capacity)),
            capacity_reported_on=may(day),
            assured_date=may(day),
            overlap_group=may(code),
            overlap_justification=may(localized(LONG)),
            funding=may(ListOf(FUNDING)),
            excludes_funders=may(ListOf(code)),
            better_bodies=may(ListOf(reference(Kind.SERVICE))),
            url=may(web_address),
            email=may(email),
            phones=may(ListOf(PHONE)),
            contacts=may(ListOf(CONTACT)),
            schedules=may(ListOf(SCHEDULE)),
            cost_options=may(ListOf(COST_OPTION)),
            required_documents=may(ListOf(REQUIRED_DOCUMENT)),
            application_process=may(localized(LONG)),
            fees_description=may(localized(LONG)),
            wait_time=may(text()),
            alert=may(localized(LONG)),
        ),
        Kind.SERVICE_AT_LOCATION: {
            "id": must(reference(Kind.SERVICE_AT_LOCATION)),
            "service_id": must(reference(Kind.SERVICE)),
            "location_id": must(reference(Kind.LOCATION)),
            "description": may(text(LONG)),
            "schedules": may(ListOf(SCHEDULE)),
            "phones": may(ListOf(PHONE)),
            "sources": must(ListOf(slug, at_least=1)),
        },
        Kind.PARTICIPATION: {
            "organization_id": must(reference(Kind.ORGANIZATION)),
            "channel": must(CHANNEL),
            "agreement": may(AGREEMENT),
            "public_key": may(public_jwk),
            "keys": may(ListOf(PARTNER_KEY)),
            "terms": may(ListOf(TERMS)),
        },
        # What only the organization itself can say about its service, and so weighs more than an editor's word.
        Kind.REPORT: {
            "service_id": must(reference(Kind.SERVICE)),
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
        Kind.PARTICIPATION: (("organization_id", Kind.ORGANIZATION), ("terms[].service_id", Kind.SERVICE)),
        Kind.REPORT: (("service_id", Kind.SERVICE),),
    }
)
