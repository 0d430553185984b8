"""What the network is told about an entry: always the whole of it, with its version."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from contracts.codes import (
    AgreementKind,
    Audience,
    BackLevel,
    Capacity,
    ChannelKind,
    DataCategory,
    DataProtectionLaw,
    KeyUse,
    LegalSphere,
    Participation,
    ServiceRole,
    Site,
    Topic,
    TransferParty,
    TransferSafeguard,
)
from contracts.directory import (
    Agreement,
    Channel,
    OrganizationPublished,
    PartnerKey,
    ServicePublished,
    ServiceRetired,
    Terms,
    ThirdCountry,
)
from contracts.event import (
    Code,
    JsonDocument,
    LanguageTag,
    OfficialKey,
    PublicContact,
    PublicJwk,
    PublicText,
    PublicUrl,
)
from contracts.fields import parse_instant
from services.directory.domain.objects import RETIRED_STATUSES

Document = Mapping[str, Any]

#: Without terms nothing may be sent: no category is accepted, and nothing may be told back.
NO_TERMS = Terms(
    categories_accepted=(), minimum_categories=(), answer_days=None, contact_days=None, back_level=BackLevel.NONE
)


def organization_published(
    organization: Document,
    version: int,
    participation: Document | None,
    locations: Sequence[Document] = (),
    standing: Participation = Participation.TAKING_PART,
) -> OrganizationPublished:
    """An organization with the way it takes part; one that does not take part has no channel."""
    participation = participation or {"channel": {"kind": ChannelKind.NONE}}
    key = participation.get("public_key")
    return OrganizationPublished(
        organization_id=UUID(organization["id"]),
        version=version,
        name=PublicText(organization["name"]),
        kind=Code(organization["organization_type"]),
        sites=tuple(Site(site) for site in organization.get("sites", ())),
        social_data_body=organization.get("social_data_body", False),
        must_stand_alone=organization.get("must_stand_alone", False),
        own_measure=organization.get("own_measure", False),
        channel=_channel(participation["channel"]),
        agreement=_agreement(participation.get("agreement")),
        public_key=PublicJwk(key) if key else None,
        phone=_contact(next((phone["number"] for phone in organization.get("phones", ())), None)),
        email=_contact(organization.get("email")),
        website=PublicUrl(organization["website"]) if "website" in organization else None,
        address=_contact(next((place for place in map(address_of, locations) if place), None)),
        keys=tuple(map(_key, participation.get("keys", ()))),
        participation=standing,
    )


def _key(entry: Document) -> PartnerKey:
    life = {name: parse_instant(entry[name]) for name in ("not_before", "not_after", "revoked_at") if name in entry}
    return PartnerKey(key=PublicJwk(entry["key"]), use=KeyUse(entry["key"]["use"]), **life)


def service_published(
    service: Document, version: int, terms: Document | None, report: Document | None = None
) -> ServicePublished:
    """A service with everything matching needs; the rules travel to where the person's data is, never the other way."""
    funding: Document = next((item for item in service.get("funding", ()) if "code" in item), {})
    told = with_report(service, report)
    return ServicePublished(
        service_id=UUID(service["id"]),
        version=version,
        organization_id=UUID(service["organization_id"]),
        name=PublicText(service["name"]),
        description=PublicText(service["description"]),
        delimitation=PublicText(service.get("delimitation", {})),
        topics=tuple(Topic(topic) for topic in service["topics"]),
        areas=tuple(OfficialKey(area) for area in service["areas"]),
        audience=Audience(service["audience"]),
        legal_spheres=tuple(LegalSphere(sphere) for sphere in service.get("legal_spheres", ())),
        role=ServiceRole(service["role"]),
        own_measure=service.get("own_measure", False),
        residence_independent=service.get("residence_independent", False),
        profession_independent=service.get("profession_independent", False),
        profession_codes=tuple(Code(profession) for profession in service.get("profession_codes", ())),
        eligibility=JsonDocument(service.get("eligibility", {})),
        languages=tuple(LanguageTag(language["code"]) for language in service.get("languages", ())),
        interpreters=service.get("interpreters", False),
        capacity=_capacity(told),
        capacity_reported_on=_day(told.get("capacity_reported_on")),
        assured_on=_day(told.get("assured_date")),
        overlap_group=Code(service["overlap_group"]) if "overlap_group" in service else None,
        funder=Code(funding["code"]) if funding else None,
        excludes_funders=tuple(Code(funder) for funder in service.get("excludes_funders", ())),
        terms=_terms(terms),
        better_bodies=tuple(UUID(body) for body in service.get("better_bodies", ())),
        funded_from=_day(funding.get("valid_from")),
        funded_until=_day(funding.get("valid_to")),
    )


def service_told(
    service: Document, version: int, terms: Document | None, report: Document | None = None
) -> ServicePublished | ServiceRetired:
    """What is said about a service as it stands: that it is there, or that it is no more."""
    if not is_retired(service):
        return service_published(service, version, terms, report)
    return ServiceRetired(
        service_id=UUID(service["id"]), version=version, organization_id=UUID(service["organization_id"])
    )


def is_retired(service: Document) -> bool:
    """A service is retired, never removed: what runs on it must still find it."""
    return service["status"] in RETIRED_STATUSES


def with_report(service: Document, report: Document | None) -> Document:
    """The service with what its own organization says about capacity and about the entry still being true."""
    return {**service, **{name: word for name, word in (report or {}).items() if name != "service_id"}}


def terms_of(service_id: str, participation: Document | None) -> Document | None:
    """The terms an organization set for one of its services."""
    entries = (participation or {}).get("terms", ())
    return next((entry for entry in entries if entry["service_id"] == service_id), None)


def address_of(location: Document) -> str | None:
    """Where to go, as one line; a place known by name only is told by its name."""
    if location["location_type"] != "physical":
        return None
    address = next(iter(location.get("addresses", ())), None)
    if address is None:
        return str(location["name"])
    return f"{address['address_1']}, {address['postal_code']} {address['city']}"[:300]


def _channel(channel: Document) -> Channel:
    return Channel(
        kind=ChannelKind(channel["kind"]),
        webhook_url=PublicUrl(channel["webhook_url"]) if "webhook_url" in channel else None,
        unit_mailbox=_contact(channel.get("unit_mailbox")),
    )


def _agreement(agreement: Document | None) -> Agreement | None:
    if agreement is None:
        return None
    return Agreement(
        kind=AgreementKind(agreement["kind"]),
        law=DataProtectionLaw(agreement["law"]),
        signed_on=date.fromisoformat(agreement["signed_on"]),
        valid_until=_day(agreement.get("valid_until")),
        contact=_contact(agreement.get("contact")),
        third_countries=_third_countries(agreement.get("third_countries")),
    )


def _third_countries(stated: list[Document] | None) -> tuple[ThirdCountry, ...] | None:
    """None where nothing was stated, which is not the same as that there are none."""
    if stated is None:
        return None
    return tuple(
        ThirdCountry(
            country=Code(one["country"]),
            party=TransferParty(one["party"]),
            safeguard=TransferSafeguard(one["safeguard"]),
        )
        for one in stated
    )


def _terms(terms: Document | None) -> Terms:
    if terms is None:
        return NO_TERMS
    return Terms(
        categories_accepted=tuple(DataCategory(category) for category in terms["categories_accepted"]),
        minimum_categories=tuple(DataCategory(category) for category in terms["minimum_categories"]),
        answer_days=terms.get("answer_days"),
        contact_days=terms.get("contact_days"),
        back_level=BackLevel(terms["back_level"]),
    )


def _capacity(service: Document) -> Capacity:
    if service["status"] == "temporarily closed":
        return Capacity.NO_CAPACITY
    return Capacity(service.get("capacity", Capacity.UNKNOWN))


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def _contact(value: str | None) -> PublicContact | None:
    return PublicContact(value) if value else None
