"""What a file would do is known before anything is done."""

from datetime import date
from typing import Any

import pytest

from contracts.identity import id_of
from services.directory.domain.objects import Kind
from services.directory.domain.planning import Change, Current, Effect, misfits, plan
from services.directory.domain.reading import Row, read_object
from tests.unit.directory.rows import (
    a_directory,
    a_participation,
    a_report,
    a_service,
    a_source,
    an_organization,
    terms,
)

TODAY = date(2026, 11, 23)


def rows(*values: dict[str, Any]) -> list[Row]:
    found = []
    for line, value in enumerate(values, 1):
        row = read_object(Kind(value["object"]), {k: v for k, v in value.items() if k != "object"}, line)
        assert isinstance(row, Row), row
        found.append(row)
    return found


def held(*values: dict[str, Any]) -> Current:
    return {(row.kind, row.id): row.document for row in rows(*values)}


def test_a_directory_that_names_only_itself_fits() -> None:
    assert list(misfits(rows(*a_directory()), {}, TODAY)) == []


def test_the_same_id_twice_names_both_lines() -> None:
    [problem] = misfits(rows(a_source(), a_source(title="Another")), {}, TODAY)
    assert (problem.line, problem.field) == (2, "id")
    assert problem.expected.endswith("line 1 has it already")


def test_a_reference_to_nobody_is_named_at_its_place() -> None:
    known = held(*a_directory())
    found = misfits(rows(a_service(id="new", better_bodies=["a-recognition", "nobody"], areas=["99"])), known, TODAY)
    assert [(problem.field, problem.expected) for problem in found] == [
        ("areas[0]", "a known area: one in the file or in the directory"),
        ("better_bodies[1]", "a known service: one in the file or in the directory"),
    ]


def test_a_parent_may_stand_in_the_file_or_in_the_directory() -> None:
    child = an_organization(id="child", parent_organization_id="a-chamber")
    assert list(misfits(rows(a_source(), child, an_organization()), {}, TODAY)) == []
    assert [problem.field for problem in misfits(rows(a_source(), child), {}, TODAY)] == ["parent_organization_id"]


def test_terms_for_another_organization_s_service_are_refused() -> None:
    known = held(*a_directory())
    stranger = rows(an_organization(id="stranger"), a_participation(organization_id="stranger"))
    [problem] = misfits(stranger, known, TODAY)
    assert (problem.field, problem.expected) == ("terms[0].service_id", "a service of this organization")
    moved = rows(an_organization(id="stranger"), a_service(organization_id="stranger"))
    assert list(misfits([*moved, stranger[1]], known, TODAY)) == []


def test_a_plan_says_new_changed_or_unchanged_and_which_fields() -> None:
    known = held(*a_directory())
    changes = plan(rows(a_service(wait_time="lang", id="new"), a_service(wait_time="lang"), a_source()), known)
    assert [(change.row.kind, change.effect, change.fields) for change in changes] == [
        (Kind.SOURCE, Effect.UNCHANGED, ()),
        (Kind.SERVICE, Effect.NEW, ()),
        (Kind.SERVICE, Effect.CHANGED, ("wait_time",)),
    ]


def change_of(row: dict[str, Any], known: Current) -> Change:
    [change] = plan(rows(row), known)
    return change


def test_a_participation_without_a_key_keeps_the_key_that_is_there() -> None:
    key = {"kty": "OKP", "crv": "X25519", "kid": "k1", "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"}
    known = held(a_participation(public_key=key))
    assert change_of(a_participation(), known).effect is Effect.UNCHANGED
    change = change_of(a_participation(channel={"kind": "pull"}), known)
    assert (change.fields, change.row.document["public_key"]) == (("channel",), key)


def test_a_participation_touches_only_the_services_whose_terms_differ() -> None:
    one, two = str(id_of("service", "a-recognition")), str(id_of("service", "two"))
    known = held(a_participation(terms=[terms(), terms(service_id="two")]))
    assert change_of(a_participation(terms=[terms(), terms(service_id="two")]), known).service_ids == frozenset()
    assert change_of(a_participation(terms=[terms(answer_days=9), terms(service_id="two")]), known).service_ids == {one}
    assert change_of(a_participation(terms=[terms()]), known).service_ids == {two}
    assert change_of(a_participation(), {}).service_ids == {one}


@pytest.mark.parametrize("row", [a_service(assured_date="2026-11-24"), a_report(assured_date="2026-11-24")])
def test_nobody_confirms_an_entry_on_a_day_to_come(row: dict[str, Any]) -> None:
    [problem] = misfits(rows(row), held(*a_directory()), TODAY)
    assert (problem.line, problem.field, problem.expected) == (1, "assured_date", "a day not after today")
    assert list(misfits(rows({**row, "assured_date": "2026-11-23"}), held(*a_directory()), TODAY)) == []


def test_places_are_counted_on_no_day_to_come_either() -> None:
    counted = a_report(capacity="capacity", capacity_reported_on="2027-01-01")
    [problem] = misfits(rows(counted), held(*a_directory()), TODAY)
    assert problem.field == "capacity_reported_on"
