"""Gaps are seen, own measures do not close them, and nobody settles on occupied ground without saying why."""

from datetime import date
from typing import Any

import pytest

from contracts.codes import Topic
from services.directory.domain.coverage import Cell, Cover, here, matrix, meet, occupant, overlaps, unjustified
from services.directory.domain.objects import Kind
from services.directory.domain.planning import Current, misfits
from services.directory.domain.reading import Row, read_object
from tests.unit.directory.rows import a_directory, a_service

TODAY = date(2026, 11, 23)


def document(**changes: Any) -> dict[str, Any]:
    return row(**changes).document


def row(line: int = 1, **changes: Any) -> Row:
    value = {name: given for name, given in a_service(**changes).items() if name != "object"}
    found = read_object(Kind.SERVICE, value, line)
    assert isinstance(found, Row), found
    return found


def cell(*services: dict[str, Any], area: str = "05334") -> Cell:
    return matrix(services, [area])[Topic.ANERKENNUNG][area]


def test_a_topic_nobody_offers_is_a_gap() -> None:
    assert cell().is_gap
    assert cell(document(topics=["SPRACHE"])).is_gap
    assert cell(document(areas=["05515"])).is_gap


def test_a_wider_area_covers_the_whole_and_a_narrower_one_a_part() -> None:
    assert cell(document(areas=["05"])) == Cell(existing=1)
    assert cell(document(areas=["053340002002"])) == Cell(in_part=1)
    assert not cell(document(areas=["053340002002"])).is_gap


def test_an_own_measure_closes_no_gap_and_a_retired_service_counts_for_nothing() -> None:
    assert cell(document(own_measure=True)) == Cell(own=1)
    assert cell(document(own_measure=True)).is_gap
    assert cell(document(status="defunct")) == Cell()


@pytest.mark.parametrize(
    ("changes", "meets"),
    [
        ({}, True),
        ({"areas": ["053340002002"]}, True),
        ({"areas": ["05"]}, True),
        ({"audience": "both"}, True),
        ({"areas": ["05358"]}, False),
        ({"audience": "employer", "topics": ["ANWERBUNG"]}, False),
        ({"overlap_group": "B"}, False),
        ({"overlap_group": None}, False),
        ({"status": "inactive"}, False),
    ],
)
def test_ground_is_shared_by_group_area_and_audience(changes: dict[str, Any], meets: bool) -> None:
    here = document(overlap_group="A")
    other = document(id="other", **{"overlap_group": "A", **changes})
    assert (occupant(here, [here, other]) is other) is meets


def test_a_service_in_no_group_stands_in_nobody_s_way() -> None:
    assert occupant(document(), [document(id="other")]) is None


def test_overlaps_name_each_service_once_per_group() -> None:
    members = [document(id=name, overlap_group="A") for name in ("one", "two", "three")]
    apart = document(id="apart", overlap_group="A", areas=["05515"])
    alone = document(id="alone", overlap_group="B")
    [found] = overlaps([*members, apart, alone, document()])
    assert (found.group, found.services) == ("A", tuple(members))


@pytest.mark.parametrize(
    ("cell", "cover"),
    [
        (Cell(), Cover.NONE),
        (Cell(own=2), Cover.NONE),
        (Cell(in_part=2), Cover.IN_PART),
        (Cell(existing=1, in_part=2), Cover.ONE),
        (Cell(existing=2, own=1), Cover.SEVERAL),
    ],
)
def test_how_much_there_is_in_a_word(cell: Cell, cover: Cover) -> None:
    assert cell.cover is cover


def test_behind_a_cell_are_the_services_it_counts() -> None:
    whole, part, own = document(), document(id="b", areas=["053340002002"]), document(id="c", own_measure=True)
    found = here([whole, part, own, document(id="d", status="defunct")], Topic.ANERKENNUNG, "05334")
    assert (found.existing, found.in_part, found.own) == ((whole,), (part,), (own,))
    assert found.counted == cell(whole, part, own)


def test_what_nothing_can_be_referred_to_closes_the_gap_and_is_counted_apart() -> None:
    without = {**document(), "is_referable": False}
    part = {**document(id="b", areas=["053340002002"]), "is_referable": False}
    found = cell(without, part, {**document(id="c"), "is_referable": True})
    assert found == Cell(existing=2, in_part=1, unreferred=2)
    assert not cell(without).is_gap


def test_who_came_second_has_to_say_why_and_who_was_first_has_not() -> None:
    first, second, third = (document(id=name, overlap_group="A") for name in ("one", "two", "three"))
    assert unjustified([first, second]) == {second["id"]: first["id"]}
    said = {**second, "overlap_justification": {"de": "Andere Sprache"}}
    assert unjustified([first, said, third]) == {third["id"]: first["id"]}
    assert unjustified([first, {**second, "areas": ["05515"]}, {**third, "status": "defunct"}]) == {}


def test_keys_meet_when_one_lies_inside_the_other() -> None:
    assert meet(["05334"], ["053340002002"]) and meet(["05"], ["05334"])
    assert not meet(["05334"], ["05358", "05515"])


def known(*services: Row) -> Current:
    held = {}
    for value in a_directory()[:3]:
        found = read_object(Kind(value["object"]), {k: v for k, v in value.items() if k != "object"})
        assert isinstance(found, Row)
        held[found.kind, found.id] = found.document
    return {**held, **{(Kind.SERVICE, one.id): one.document for one in services}}


def test_a_newcomer_on_occupied_ground_has_to_say_why() -> None:
    there = row(overlap_group="A")
    newcomer = row(7, id="newcomer", overlap_group="A")
    [problem] = misfits([newcomer], known(there), TODAY)
    assert (problem.line, problem.field) == (7, "overlap_justification")
    assert problem.expected == "why it is needed beside a-recognition, which covers the same ground"
    justified = row(7, id="newcomer", overlap_group="A", overlap_justification={"de": "Andere Sprachen."})
    assert list(misfits([justified], known(there), TODAY)) == []


def test_within_a_file_the_second_has_to_say_why() -> None:
    rows = [row(1, id="one", overlap_group="A"), row(2, id="two", overlap_group="A")]
    assert [problem.line for problem in misfits(rows, known(), TODAY)] == [2]


def test_in_which_order_they_stand_in_the_file_is_no_matter() -> None:
    silent = row(1, id="silent", overlap_group="A")
    telling = row(2, id="telling", overlap_group="A", overlap_justification={"de": "Andere Sprachen."})
    assert list(misfits([silent, telling], known(), TODAY)) == list(misfits([telling, silent], known(), TODAY)) == []


def test_who_is_there_already_or_is_retired_need_not() -> None:
    there = row(overlap_group="A")
    other = row(id="other", overlap_group="A")
    assert list(misfits([row(overlap_group="A", wait_time="lang")], known(there, other), TODAY)) == []
    assert list(misfits([row(id="new", overlap_group="A", status="inactive")], known(there), TODAY)) == []


def asked(rows: list[Row], held: Current) -> list[int]:
    """The lines that have to say why they are needed beside others."""
    return [one.line for one in misfits(rows, held, TODAY) if one.field == "overlap_justification"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"overlap_group": "B"}, {}),
        ({"overlap_group": None}, {}),
        ({"areas": ["05515"]}, {"areas": ["05515", "05334"]}),
        ({"areas": ["053340002002"]}, {}),
        ({"audience": "employer", "topics": ["ANWERBUNG"]}, {"audience": "both"}),
        ({"status": "inactive"}, {}),
        ({"overlap_justification": {"de": "Andere Sprachen."}}, {}),
    ],
    ids=["another group", "a first group", "one more area", "a wider area", "more people", "revived", "reason taken"],
)
def test_who_comes_to_occupied_ground_by_a_change_says_why_like_a_newcomer(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    there = row(id="there", overlap_group="A")
    held, comes = row(**{"overlap_group": "A", **before}), row(3, **{"overlap_group": "A", **after})
    assert asked([comes], known(there, held)) == [3]
    telling = row(3, **{"overlap_group": "A", **after, "overlap_justification": {"de": "Andere Sprachen."}})
    assert asked([telling], known(there, held)) == []


REASON = {"overlap_group": "A", "overlap_justification": {"de": "Andere Sprachen."}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"areas": ["05515"]}, {"areas": ["05515", "05334"]}),
        ({"areas": ["053340002002"]}, {"areas": ["05334"]}),
        ({"audience": "employer", "topics": ["ANWERBUNG"]}, {"audience": "both"}),
        ({"overlap_group": "B"}, {}),
    ],
    ids=["one more area", "a wider area", "more people", "another group"],
)
def test_a_reason_from_before_is_none_for_ground_that_is_added(before: dict[str, Any], after: dict[str, Any]) -> None:
    there, held = row(id="there", overlap_group="A"), row(**{**REASON, **before})
    assert asked([row(3, **{**REASON, **after})], known(there, held)) == [3]
    anew = {"overlap_justification": {"de": "Auch dort niemand, der Arabisch spricht."}}
    assert asked([row(3, **{**REASON, **after, **anew})], known(there, held)) == []


@pytest.mark.parametrize(
    "after", [{"areas": ["05334", "05515"]}, {"audience": "both"}, {"areas": ["053340002002"]}, {"status": "inactive"}]
)
def test_on_free_ground_or_where_it_stood_a_reason_from_before_is_enough(after: dict[str, Any]) -> None:
    there, held = (row(id=name, **REASON, audience="person") for name in ("there", "a-recognition"))
    assert asked([row(3, **{**REASON, "audience": "person", **after})], known(there, held)) == []


@pytest.mark.parametrize(
    "after", [{"areas": ["053340002002"]}, {"audience": "person"}, {"status": "inactive"}, {"wait_time": "lang"}]
)
def test_who_narrows_or_rests_or_says_something_else_is_not_asked_again(after: dict[str, Any]) -> None:
    there, held = (row(id=name, overlap_group="A", audience="both") for name in ("there", "a-recognition"))
    comes = row(**{"overlap_group": "A", "audience": "both", **after})
    assert asked([comes], known(there, held)) == []


def test_whoever_leaves_its_ground_in_the_same_file_is_in_nobody_s_way() -> None:
    there = row(id="there", overlap_group="A")
    leaves = row(1, id="there", overlap_group="B")
    assert list(misfits([leaves, row(2, id="comes", overlap_group="A")], known(there), TODAY)) == []
    stays = row(1, id="there", overlap_group="A", wait_time="lang")
    assert [one.line for one in misfits([stays, row(2, id="comes", overlap_group="A")], known(there), TODAY)] == [2]


def test_of_two_it_is_enough_that_one_has_said_why() -> None:
    """Whoever was there first and moved onto another's ground has said it."""
    moved = {**document(id="first", overlap_group="A"), "overlap_justification": {"de": "Andere Sprache"}}
    assert unjustified([moved, document(id="second", overlap_group="A")]) == {}
