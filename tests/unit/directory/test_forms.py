"""What is typed into a form becomes the value a line of a file would have; what is wrong stays as it was typed."""

from typing import Any

import pytest

from services.directory.domain.forms import inputs_of, path_of, slug_from, typed, with_one_more
from services.directory.domain.objects import Kind
from services.directory.domain.rule_sheets import as_written, rule_of, sheet_of, written

SERVICE = Kind.SERVICE


def read(given: dict[str, list[str]], held: dict[str, Any] | None = None) -> dict[str, Any]:
    return typed(SERVICE, inputs_of(given.items()), held)


@pytest.mark.parametrize(
    ("name", "values", "field", "value"),
    [
        ("wait_time.de", [" lang\r\nund länger "], "wait_time", {"de": "lang\nund länger"}),
        ("minimum_age", ["18"], "minimum_age", 18),
        ("minimum_age", ["achtzehn"], "minimum_age", "achtzehn"),
        ("own_measure", ["yes"], "own_measure", True),
        ("own_measure", ["no"], "own_measure", False),
        ("own_measure", ["perhaps"], "own_measure", "perhaps"),
        ("cost_options[0].amount", ["12,50"], "cost_options", [{"amount": 12.5}]),
        ("cost_options[3].amount", ["0"], "cost_options", [{"amount": 0}]),
        ("cost_options[0].amount", ["1.2.3"], "cost_options", [{"amount": "1.2.3"}]),
        ("name.de-simple", ["Hilfe"], "name", {"de-simple": "Hilfe"}),
        ("topics", ["ARBEIT", ""], "topics", ["ARBEIT"]),
        ("leika_keys", ["1, 2;3 4"], "leika_keys", ["1", "2", "3", "4"]),
        ("areas[2]", ["05"], "areas", ["05"]),
        ("schedules[0].byday", ["MO", "WE", "1fr, -1FR"], "schedules", [{"byday": "MO,WE,1FR,-1FR"}]),
        (
            "contacts[0].phones[1].languages[0].code",
            ["tr"],
            "contacts",
            [{"phones": [{"languages": [{"code": "tr"}]}]}],
        ),
        ("eligibility.wants_to_found.is", ["yes"], "eligibility", {"fact": "wants_to_found", "is": True}),
        ("eligibility.profession.in", ["26212 261"], "eligibility", {"fact": "profession", "in": ["26212", "261"]}),
        ("eligibility.age.at_most", ["x"], "eligibility", {"fact": "age", "at_most": "x"}),
        ("eligibility.written", ["{]"], "eligibility", "{]"),
    ],
)
def test_what_is_typed_is_read_as_its_field_has_it(name: str, values: list[str], field: str, value: Any) -> None:
    assert read({name: values}) == {field: value}


@pytest.mark.parametrize(
    "name",
    [
        "wait_time.de",
        "phones[0].number",
        "name.de",
        "name[0]",
        "id",
        "origin.system",
        "planets",
        "a..b",
        "phones[0]",
        "[1]",
    ],
)
def test_what_is_empty_or_belongs_to_no_field_is_left_out(name: str) -> None:
    assert read({name: ["" if name in ("wait_time.de", "phones[0].number", "name.de") else "x"]}) == {}


def test_what_nobody_types_stays_as_it_is_held() -> None:
    held = {"id": "1", "slug": "a", "origin": {"system": "x"}, "status": "active", "wait_time": "lang"}
    assert read({"status": ["defunct"], "id": ["2"]}, held) == {
        "id": "1",
        "slug": "a",
        "origin": {"system": "x"},
        "status": "active",
    }
    assert read({"status": ["inactive"]}) == {"status": "inactive"}, "what is new has a state in its form"


def test_codes_that_are_ticked_keep_the_order_they_had() -> None:
    assert read({"topics": ["ARBEIT", "LEISTUNG", "WOHNEN"]}, {"topics": ["LEISTUNG", "ARBEIT", "ANKOMMEN"]}) == {
        "topics": ["LEISTUNG", "ARBEIT", "WOHNEN"]
    }


def test_a_group_that_is_marked_is_taken_out() -> None:
    given = {"phones[0].number": ["+49 1"], "phones[1].number": ["+49 2"], "phones[0]._out": ["1"]}
    assert read(given) == {"phones": [{"number": "+49 2"}]}


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("phones", {"phones": [{"number": "1"}, {}]}),
        ("phones[0].languages", {"phones": [{"number": "1", "languages": [{}]}]}),
        ("contacts[1].phones", {"phones": [{"number": "1"}], "contacts": [{}, {"phones": [{}]}]}),
        ("areas", {"phones": [{"number": "1"}], "areas": [""]}),
    ],
)
def test_one_more_is_empty_and_everything_else_stays(name: str, made: dict[str, Any]) -> None:
    value: dict[str, Any] = {"phones": [{"number": "1"}]}
    assert with_one_more(SERVICE, value, name) == made
    assert value == {"phones": [{"number": "1"}]}


@pytest.mark.parametrize(
    "name", ["", "topics", "leika_keys", "name", "planets", "phones[0]", "phones[0].number", "a[", "[0]"]
)
def test_one_more_of_what_is_no_list_adds_nothing(name: str) -> None:
    assert with_one_more(SERVICE, {"wait_time": "x"}, name) == {"wait_time": "x"}


def test_a_name_is_a_path() -> None:
    assert path_of("contacts[0].phones[12].number") == ["contacts", 0, "phones", 12, "number"]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Büro für Ausbildung & Straße", "buero-fuer-ausbildung-strasse"),
        ("  Café Łódź  ", "cafe-odz"),
        ("مركز", ""),
        ("x" * 100, "x" * 60),
    ],
)
def test_a_short_name_is_made_of_a_name(name: str, slug: str) -> None:
    assert slug_from(name) == slug


LEAF = {"fact": "profession_group", "in": ["CRAFT"], "question": "which_profession"}


@pytest.mark.parametrize(
    "rule",
    [
        None,
        {},
        LEAF,
        {"not": {"fact": "residence_status", "in": ["ABROAD"]}},
        {"all": [{"fact": "age", "at_least": 15}]},
        {
            "all": [
                LEAF,
                {"fact": "age", "at_least": 15},
                {"fact": "age", "at_most": 27},
                {"fact": "newly_arrived", "is": True},
            ]
        },
    ],
)
def test_a_rule_that_fits_on_a_sheet_comes_back_as_it_was(rule: Any) -> None:
    sheet = sheet_of(rule)
    assert sheet is not None
    assert rule_of(sheet, rule) == rule


@pytest.mark.parametrize(
    "rule",
    [
        {"any": [LEAF, LEAF]},
        {"all": [LEAF, LEAF]},
        {"all": [{"all": [LEAF]}]},
        {"not": {"fact": "newly_arrived", "is": True}},
        {"not": {"all": [LEAF]}},
        {"fact": "shoe_size", "in": ["42"]},
        {"fact": "profession_group"},
        {"fact": ["x"]},
        {"not": 3},
        {"all": [3]},
        "{]",
        [1],
    ],
)
def test_a_rule_that_fits_on_no_sheet_is_left_as_it_is_written(rule: Any) -> None:
    assert sheet_of(rule) is None
    assert written(as_written(rule)) == rule


def test_what_changes_on_a_sheet_keeps_its_questions() -> None:
    sheet = {"profession_group": {"mode": "only", "in": ["CRAFT", "HEALTH"]}, "age": {"at_least": 16}}
    assert rule_of(sheet, LEAF) == {"all": [{**LEAF, "in": ["CRAFT", "HEALTH"]}, {"fact": "age", "at_least": 16}]}
    assert rule_of({}, LEAF) is None
