"""Somebody else's HSDS: what fits is taken, what does not is named, and nothing is made up."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.identity import id_of
from services.directory.domain.flattening import Unplaced, flatten
from services.directory.domain.objects import Kind
from services.directory.domain.reading import Row, read_object
from services.directory.domain.spelling import telephone
from tests.examples import tried

CHAMBER, SERVICE, HOUSE = (str(id_of(kind, "x")) for kind in ("organization", "service", "location"))


def a_foreign_service(**changes: Any) -> dict[str, Any]:
    organization = {"id": CHAMBER, "name": "Chamber", "description": "A chamber.", "parent_organization_id": HOUSE}
    return {"id": SERVICE, "name": "Advice", "status": "active", "organization": organization, **changes}


def rows_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["object"]: row for row in flatten(document, "a-paper")[0]}


def test_what_only_the_profile_knows_stays_cautious() -> None:
    service = rows_of(a_foreign_service())["service"]
    assert (service["topics"], service["areas"], service["role"], service["audience"]) == ([], [], "advises", "both")
    assert (service["name"], service["description"]) == ({"de": "Advice"}, {"de": "Advice"})
    assert service["sources"] == ["a-paper"]


def test_a_parent_is_left_to_an_editor() -> None:
    assert "parent_organization_id" not in rows_of(a_foreign_service())["organization"]


def test_one_odd_phone_does_not_keep_a_service_away() -> None:
    phones = [{"id": HOUSE, "number": "call us"}, {"number": "+49 241 1234567", "extension": "one"}]
    rows, left_out = flatten(a_foreign_service(phones=phones), "a-paper")
    [service] = [row for row in rows if row["object"] == "service"]
    assert service["phones"] == [{"number": "+49 241 1234567"}]
    assert [path for path, expected in left_out if not isinstance(expected, Unplaced)] == [
        "service.phones[0].number",
        "service.phones[0]",
        "service.phones[1].extension",
    ]


@pytest.mark.parametrize(
    ("given", "dialled"),
    [
        ('"+44 1234 234567"', "+44 1234 234567"),
        ("+49 (0)241/47 11-0", "+49 241 47 11 0"),
        ("0049 241 4711", "+49 241 4711"),
        ("(0241) 4711", "0241 4711"),
        ("Tel.: 115", "115"),
        ("call us", "call us"),
        ("0241 4711 ext. 5", "0241 4711 ext. 5"),
    ],
)
def test_a_number_is_written_as_it_is_dialled_and_none_is_made_up(given: str, dialled: str) -> None:
    assert telephone(given) == dialled


def test_a_place_without_a_name_keeps_its_address_phones_and_coordinates() -> None:
    address = {
        "address_1": "Markt 1",
        "city": "Eupen",
        "state_province": "Lüttich",
        "postal_code": "4700",
        "country": "BE",
        "address_type": "physical",
    }
    place = {
        "id": HOUSE,
        "location_type": "physical",
        "addresses": [address],
        "latitude": "50.63",
        "longitude": 6,
        "phones": [{"number": "087 123456", "extension": 12.0}],
    }
    link = {"id": str(id_of("service_at_location", "x")), "location": place}
    row = rows_of(a_foreign_service(service_at_locations=[link]))["location"]
    assert (row["name"], row["addresses"]) == ("Markt 1, Eupen", [address])
    assert (row["latitude"], row["longitude"]) == (50.63, 6)
    assert row["phones"] == [{"number": "087 123456", "extension": 12}]


def test_what_contradicts_takes_nothing_else_away() -> None:
    good = {"opens_at": "08:00", "closes_at": "12:00", "byday": "MO"}
    odd = [{"opens_at": "18:00", "closes_at": "12:00"}, {"count": 3, "until": "2026-12-01", "byday": "TU"}]
    row = rows_of(a_foreign_service(schedules=[odd[0], good, odd[1]]))["service"]
    assert row["schedules"] == [good, {"until": "2026-12-01", "byday": "TU"}]
    assert "schedules" not in rows_of(a_foreign_service(schedules=odd[:1]))["service"]


def test_one_entry_that_contradicts_itself_twice_goes_once_and_alone() -> None:
    good = {
        "opens_at": "08:00",
        "closes_at": "12:00",
        "byday": "MO",
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
    }
    twice = {"opens_at": "18:00", "closes_at": "12:00", "valid_from": "2026-12-01", "valid_to": "2026-01-01"}
    assert rows_of(a_foreign_service(schedules=[twice, good]))["service"]["schedules"] == [good]
    assert (
        "schedules"
        not in rows_of(a_foreign_service(schedules=[{**twice, "count": 3, "until": "2026-12-01"}]))["service"]
    )


def test_what_has_no_place_here_is_named_and_is_no_mistake() -> None:
    contact = {"id": HOUSE, "name": "Ann Persona", "title": "Empfang"}
    area = {"extent": "{}", "extent_type": "geojson", "name": "MyCity"}
    given = a_foreign_service(
        fees="10",
        contacts=[contact],
        service_areas=[area],
        interpretation_services="Urdu",
        languages=[{"code": "ur", "name": "Urdu"}],
    )
    rows, left_out = flatten(given, "a-paper")
    assert {path for path, expected in left_out if isinstance(expected, Unplaced)} == {
        "organization.parent_organization_id",
        "service.fees",
        "service.interpretation_services",
        "service.service_areas[0]",
        "service.contacts[0].name",
    }
    assert [path for path, expected in left_out if not isinstance(expected, Unplaced)] == []
    [service] = [row for row in rows if row["object"] == "service"]
    assert (service["contacts"], service["languages"]) == ([{"title": "Empfang"}], [{"code": "ur"}])
    assert rows_of(a_foreign_service(interpretation_services="Yes"))["service"]["interpreters"] is True


def test_a_contradiction_is_left_out_and_named() -> None:
    rows, left_out = flatten(a_foreign_service(minimum_age=18, maximum_age=3), "a-paper")
    assert ("service.maximum_age", "an age not below minimum_age") in left_out
    assert all("maximum_age" not in row for row in rows)


def test_a_service_may_name_its_organization_by_id_only() -> None:
    rows = rows_of({**a_foreign_service(), "organization": None, "organization_id": CHAMBER})
    assert set(rows) == {"service"}
    assert rows["service"]["organization_id"] == CHAMBER


def test_a_thing_without_a_name_or_an_id_does_not_come_in() -> None:
    assert flatten({"id": CHAMBER}, "a-paper")[0] == []
    assert flatten({"name": "Chamber"}, "a-paper")[0] == []


def test_places_and_areas_come_along() -> None:
    link = {
        "id": str(id_of("service_at_location", "x")),
        "location": {"id": HOUSE, "location_type": "physical", "name": "House"},
    }
    areas = [{"extent": "05334", "extent_type": "ars", "name": "Aachen"}, {"extent": "{}", "extent_type": "geojson"}]
    rows = rows_of(a_foreign_service(service_at_locations=[link, {"id": SERVICE}], service_areas=areas))
    assert rows["location"]["organization_id"] == CHAMBER
    assert (rows["service_at_location"]["service_id"], rows["service_at_location"]["location_id"]) == (SERVICE, HOUSE)
    assert rows["area"]["id"] == "05334"
    assert rows["service"]["areas"] == ["05334"]


def test_our_own_attributes_are_understood_and_foreign_ones_passed_over() -> None:
    attributes = [
        {"link_type": "topics", "value": "SPRACHE"},
        {"link_type": "topics", "value": "ZAUBEREI"},
        {"link_type": "eligibility", "value": '{"fact": "age", "at_least": 16}'},
        {"link_type": "interpreters", "value": "true"},
        {"link_type": "capacity", "value": "{broken"},
        {"link_type": "funding", "value": '{"source": "Land"}'},
        {"link_type": "translation", "link_entity": "service.name@en", "value": "Course"},
        {"link_type": "translation", "link_entity": "service.delimitation@de", "value": "Nicht für Kinder."},
        {"link_type": "translation", "link_entity": "service.color@de", "value": "blau"},
        {"link_type": "color", "value": "blue"},
        "no attribute",
    ]
    service = rows_of(a_foreign_service(attributes=attributes, languages="none"))["service"]
    assert service["topics"] == ["SPRACHE"]
    assert (service["eligibility"], service["interpreters"]) == ({"fact": "age", "at_least": 16}, True)
    assert (service["name"], service["delimitation"]) == ({"de": "Advice", "en": "Course"}, {"de": "Nicht für Kinder."})
    assert service["funding"] == [{"source": "Land"}]
    assert "capacity" not in service


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "value"]), inner),
    max_leaves=8,
)
FIELDS = ["id", "name", "organization", "phones", "attributes", "service_areas", "service_at_locations", "schedules"]


@tried(200)
@given(st.dictionaries(st.sampled_from(FIELDS), json_values), st.booleans())
def test_whatever_comes_every_row_that_is_made_is_well_formed(changes: dict[str, Any], is_service: bool) -> None:
    document = {**a_foreign_service(), **changes}
    if not is_service:
        del document["status"]
    for row in flatten(document, "a-paper")[0]:
        kind = Kind(row.pop("object"))
        assert isinstance(read_object(kind, row), Row)
