"""What the network is told is complete, typed and public."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from contracts.codes import (
    Audience,
    BackLevel,
    Capacity,
    ChannelKind,
    DataCategory,
    LegalSphere,
    Site,
    Topic,
    TransferParty,
    TransferSafeguard,
)
from contracts.directory import Agreement, Channel, ServiceRetired, Terms, ThirdCountry
from contracts.event import Code, to_dict
from contracts.identity import id_of
from services.directory.domain.objects import Kind
from services.directory.domain.publishing import (
    NO_TERMS,
    address_of,
    organization_published,
    service_published,
    service_told,
    terms_of,
)
from services.directory.domain.reading import Row, read_object
from tests.unit.directory.rows import a_location, a_participation, a_report, a_service, an_organization

KEY = {"kty": "OKP", "crv": "X25519", "kid": "k1", "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"}
ADDRESS = {
    "address_1": "Markt 1",
    "city": "Aachen",
    "state_province": "Nordrhein-Westfalen",
    "postal_code": "52062",
    "country": "DE",
    "address_type": "physical",
}


def document(row: dict[str, Any]) -> dict[str, Any]:
    found = read_object(Kind(row["object"]), {name: value for name, value in row.items() if name != "object"})
    assert isinstance(found, Row), found
    return found.document


def test_an_organization_that_does_not_take_part_has_no_channel() -> None:
    event = organization_published(document(an_organization()), 4, None)
    assert event.channel == Channel(kind=ChannelKind.NONE)
    assert event.agreement is event.public_key is event.address is event.phone is None
    assert (event.version, event.kind, dict(event.name)["en"]) == (4, "chamber_of_crafts", "Chamber")


def test_an_organization_is_told_with_everything_it_takes_part_by() -> None:
    organization = an_organization(
        sites=["aachen", "neuss"],
        social_data_body=True,
        must_stand_alone=True,
        own_measure=True,
        website="https://kammer.example",
        email="info@kammer.example",
        phones=[{"number": "+49 241 1234567"}],
    )
    participation = a_participation(
        channel={"kind": "light", "unit_mailbox": "eingang@kammer.example"},
        agreement={"kind": "joint", "law": "KDG", "signed_on": "2026-01-15", "valid_until": "2027-01-15"},
        public_key=KEY,
    )
    places = [document(a_location(location_type="virtual")), document(a_location(addresses=[ADDRESS]))]
    event = organization_published(document(organization), 1, document(participation), places)
    assert event.sites == (Site.AACHEN, Site.NEUSS)
    assert event.social_data_body and event.must_stand_alone and event.own_measure
    assert (event.phone, event.email) == ("+49 241 1234567", "info@kammer.example")
    assert event.website == "https://kammer.example"
    assert event.address == "Markt 1, 52062 Aachen"
    assert event.channel.unit_mailbox == "eingang@kammer.example"
    assert isinstance(event.agreement, Agreement)
    assert event.agreement.valid_until == date(2027, 1, 15)
    assert event.public_key is not None and event.public_key.as_dict() == KEY


IN_SWITZERLAND = {"country": "CH", "party": "processor", "safeguard": "adequacy"}
SWISS = ThirdCountry(country=Code("CH"), party=TransferParty.PROCESSOR, safeguard=TransferSafeguard.ADEQUACY)


@pytest.mark.parametrize(
    ("stated", "told"),
    [({}, None), ({"third_countries": []}, ()), ({"third_countries": [IN_SWITZERLAND]}, (SWISS,))],
)
def test_that_nothing_was_stated_of_third_countries_is_not_told_as_none(stated: dict[str, Any], told: Any) -> None:
    agreement = {"kind": "joint", "law": "KDG", "signed_on": "2026-01-15", **stated}
    participation = document(a_participation(agreement=agreement))
    event = organization_published(document(an_organization()), 1, participation)
    assert event.agreement is not None
    assert event.agreement.third_countries == told


def test_a_place_known_by_name_only_is_told_by_its_name() -> None:
    assert address_of(document(a_location())) == "Haus am Markt"
    assert address_of(document(a_location(location_type="postal"))) is None


def test_a_service_without_terms_accepts_nothing() -> None:
    event = service_published(document(a_service()), 1, None)
    assert event.terms == NO_TERMS
    assert event.terms.categories_accepted == () and event.terms.back_level is BackLevel.NONE
    assert (event.capacity, event.assured_on, event.overlap_group, event.funder) == (Capacity.UNKNOWN, None, None, None)
    assert (dict(event.delimitation), dict(event.eligibility)) == ({}, {})


def test_a_service_is_told_whole() -> None:
    service = a_service(
        topics=["ANERKENNUNG", "QUALIFIZIERUNG"],
        areas=["05334", "05358"],
        audience="both",
        delimitation={"de": "Nicht für Gesundheitsberufe."},
        legal_spheres=["BQFG", "HANDWO"],
        own_measure=True,
        residence_independent=True,
        profession_codes=["262"],
        eligibility={"all": [{"fact": "profession_group", "in": ["CRAFT"]}]},
        languages=[{"code": "ar"}, {"code": "de-simple"}],
        interpreters=True,
        capacity="waitlist",
        capacity_reported_on="2026-11-01",
        assured_date="2026-10-01",
        overlap_group="ANERKENNUNG",
        funding=[
            {"source": "Stadt"},
            {"source": "Land", "code": "NRW_KIM", "valid_from": "2026-01-01", "valid_to": "2026-12-31"},
        ],
        excludes_funders=["NRW_X"],
        better_bodies=["another"],
    )
    event = service_published(document(service), 2, document(a_participation())["terms"][0])
    assert event.service_id == id_of("service", "a-recognition")
    assert event.topics == (Topic.ANERKENNUNG, Topic.QUALIFIZIERUNG)
    assert (event.areas, event.audience) == (("05334", "05358"), Audience.BOTH)
    assert event.legal_spheres == (LegalSphere.BQFG, LegalSphere.HANDWO)
    assert event.eligibility.as_dict() == service["eligibility"]
    assert (event.languages, event.interpreters) == (("ar", "de-simple"), True)
    assert (event.capacity, event.capacity_reported_on) == (Capacity.WAITLIST, date(2026, 11, 1))
    assert (event.assured_on, event.funder, event.excludes_funders) == (date(2026, 10, 1), "NRW_KIM", ("NRW_X",))
    assert (event.funded_from, event.funded_until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert event.better_bodies == (id_of("service", "another"),)
    assert event.terms == Terms(
        categories_accepted=(DataCategory.IDENTITY, DataCategory.CONTACT, DataCategory.QUALIFICATION),
        minimum_categories=(DataCategory.IDENTITY, DataCategory.CONTACT),
        answer_days=3,
        contact_days=5,
        back_level=BackLevel.OUTCOME,
    )
    assert to_dict(event)["eligibility"] == service["eligibility"]


def test_the_partner_s_own_word_about_capacity_and_freshness_weighs_more() -> None:
    service = document(a_service(capacity="capacity", capacity_reported_on="2026-01-01", assured_date="2026-01-01"))
    own = a_report(capacity="no_capacity", capacity_reported_on="2026-11-20", assured_date="2026-11-20")
    event = service_published(service, 1, None, document(own))
    assert (event.capacity, event.capacity_reported_on) == (Capacity.NO_CAPACITY, date(2026, 11, 20))
    assert event.assured_on == date(2026, 11, 20)


def test_a_service_closed_for_a_time_has_no_capacity() -> None:
    assert service_published(document(a_service(status="temporarily closed")), 1, None).capacity is Capacity.NO_CAPACITY


def test_a_retired_service_is_told_as_retired() -> None:
    for status in ("inactive", "defunct"):
        event = service_told(document(a_service(status=status)), 3, None)
        assert isinstance(event, ServiceRetired)
        assert event.version == 3
    assert not isinstance(service_told(document(a_service()), 3, None), ServiceRetired)


def test_terms_are_found_by_service() -> None:
    participation = document(a_participation())
    found = terms_of(str(id_of("service", "a-recognition")), participation)
    assert found is not None and UUID(found["service_id"]) == id_of("service", "a-recognition")
    assert terms_of("another", participation) is None
    assert terms_of("another", None) is None
