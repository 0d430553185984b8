"""Each format of a single value takes what is right, brings it into one form, and says what it wanted otherwise."""

from typing import Any

import pytest

from services.directory.domain import formats
from services.directory.domain.objects import translations
from services.directory.domain.shapes import ListOf, Number, Problems, Reader, Shape, Whole, flag, may, must, one_of


def read(reader: Reader, value: Any) -> tuple[Any, Problems]:
    problems: Problems = []
    return reader(value, "here", problems), problems


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (formats.day, "2026-02-28"),
        (formats.clock_time, "08:30"),
        (formats.clock_time, "23:59:59"),
        (formats.language, "de-simple"),
        (formats.language, "uk"),
        (formats.slug, "hwk-aachen"),
        (formats.code, "A_b.c:1/2+3=4-"),
        (formats.email, "info@example.org"),
        (formats.phone_number, "+49 241 1234567"),
        (formats.official_key, "053340002002"),
        (formats.official_key, "05"),
        (formats.postal_code, "52062"),
        (formats.web_address, "https://example.org:8443/a?b=c"),
        (formats.web_address, "http://[::1]:8080/"),
        (formats.rule, {"fact": "age", "at_least": 15}),
        (formats.rule, {}),
        (flag, False),
        (Whole(1, 3), 3),
        (Number(-90, 90), 50.7),
        (Number(-90, 90), -90),
        (one_of(("a", "b")), "b"),
        (ListOf(flag), []),
        (translations, {"en": "reviewed"}),
    ],
)
def test_what_is_right_passes_unchanged(reader: Reader, value: Any) -> None:
    assert read(reader, value) == (value, [])


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (formats.day, "2026-02-30"),
        (formats.day, "20260228"),
        (formats.day, 20260228),
        (formats.day, None),
        (formats.clock_time, "24:30"),
        (formats.clock_time, "8:30"),
        (formats.language, "german"),
        (formats.language, "de_DE"),
        (formats.slug, "HWK"),
        (formats.slug, "a--b"),
        (formats.code, "a b"),
        (formats.code, ""),
        (formats.email, "info@localhost"),
        (formats.email, "a@b@c.de"),
        (formats.phone_number, "0241/1234567"),
        (formats.phone_number, "call us"),
        (formats.phone_number, "+49"),
        (formats.official_key, "0533"),
        (formats.official_key, 5334),
        (formats.postal_code, "52 06 !"),
        (formats.web_address, "javascript:alert(1)"),
        (formats.web_address, "https://"),
        (formats.web_address, "https://user:password@example.org/"),
        (formats.web_address, "https://example.org/ a"),
        (formats.web_address, "https://exämple.org/"),
        (formats.web_address, "https://[::1"),
        (formats.web_address, "https://example.org:0/"),
        (formats.web_address, "https://example.org/" + "a" * 500),
        (formats.web_address, 7),
        (formats.rule, {"fact": "shoe_size", "in": ["42"]}),
        (formats.Text(5), "sechs!"),
        (formats.Text(5), "  "),
        (formats.Text(5), 5),
        (formats.Text(5), "a\x00"),
        (formats.Text(5), "a\x1b"),
        (formats.Text(5), "a\u202eb"),
        (formats.Text(5), "a\ud800"),
        (formats.Localized(), "nur deutsch"),
        (formats.Localized(), {"en": "only English"}),
        (formats.Localized(), {"de": "gut", "de_DE": "schlecht"}),
        (formats.Reference("service"), "Not A Slug"),
        (formats.Reference("service"), "x" * 129),
        (formats.Reference("service"), 7),
        (flag, "true"),
        (flag, 1),
        (Whole(1, 3), 4),
        (Whole(1, 3), True),
        (Whole(1, 3), 1.0),
        (Number(-90, 90), 90.1),
        (Number(-90, 90), False),
        (Number(-90, 90), "1"),
        (one_of(("a", "b")), "c"),
        (one_of(("a", "b")), ["a"]),
        (ListOf(flag), {}),
        (ListOf(flag), [True] * 501),
        (ListOf(flag, at_least=1), []),
        (ListOf(formats.slug), ["a", "a"]),
        (Shape({}), []),
        (translations, []),
        (translations, {"en": "done"}),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_expectation(reader: Reader, value: Any) -> None:
    _, problems = read(reader, value)
    assert problems
    assert all(path.startswith("here") and expected for path, expected in problems)


def test_texts_are_stripped_and_composed() -> None:
    assert read(formats.Text(), "  Mu\u0308nster\n") == ("Münster", [])


def test_a_text_may_have_lines() -> None:
    assert read(formats.Text(), "eins\nzwei") == ("eins\nzwei", [])


def test_mistakes_carry_the_whole_path() -> None:
    reader = Shape({"phones": must(ListOf(Shape({"number": must(formats.phone_number), "note": may(formats.Text())})))})
    _, problems = read(reader, {"phones": [{"number": "+49 241 1234567"}, {"note": ""}], "fax": "1"})
    assert {path for path, _ in problems} == {"here.fax", "here.phones[1].number", "here.phones[1].note"}


def test_a_rule_s_mistake_is_named_inside_the_rule() -> None:
    _, problems = read(formats.rule, {"all": [{"fact": "age", "at_least": "old"}]})
    assert problems == [("here.all[0].at_least", "a whole number from 0 to 150")]
