"""Names of one person in two spellings share a pseudonym; names of two people do not. Held against published vectors.

`python -m tests.unit.referral.test_pseudonyms` writes docs/duplicate-care/vectors.json anew.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referral.domain import names
from services.referral.domain.pseudonyms import Identity, facets, may_be_one, pseudonyms

VECTORS = Path(__file__).resolve().parents[3] / "docs" / "duplicate-care" / "vectors.json"
KEY = bytes(range(32))
BORN = date(1990, 3, 17)
SAME = (
    ("Mohammed", "Muhammad"), ("Mohamed", "محمد"), ("Oleksandr", "Aleksandr"), ("Олександр", "Александр"),
    ("Youssef", "Yusuf"), ("Jusuf", "Yousef"), ("Günther", "Guenther"), ("Günther", "Gunther"), ("Ayşe", "Ayse"),
    ("Olena", "Elena"), ("Yevhen", "Evgeni"), ("Abd al-Rahman", "Abdulrahman"), ("Abdurrahman", "Abdel Rahman"),
    ("Oleksandr Ivanovych", "Oleksandr"), ("Anna Lena", "Annalena"), ("Maria Anna", "Anna"), ("YILDIZ", "Yıldız"),
    ("Waleed", "Walid"), ("O'Neill", "ONeill"),
)  # fmt: skip
DIFFERENT = (
    ("Hassan", "Hussein"), ("Anna", "Inna"), ("Daniel", "Daniela"), ("Jan", "Jana"), ("Petro", "Pavlo"),
    ("Hassan Mohammed", "Hussein Mohammed"), ("Ali", "Amal"), ("Ivan", "Ihor"), ("Oleksandr", "Oleksandra"),
)  # fmt: skip


def called(given_name: str, family_name: str = "Musterfamilie", born: date | None = BORN, **more: str) -> Identity:
    return Identity(given_name, family_name, born, **more)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_name_in_two_spellings_is_one_name(one: str, other: str) -> None:
    assert may_be_one(facets(called(one)), facets(called(other)))
    assert may_be_one(facets(called(other)), facets(called(one)))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_brothers_and_sisters_are_not_taken_for_each_other(one: str, other: str) -> None:
    assert not may_be_one(facets(called(one)), facets(called(other)))
    assert not may_be_one(facets(called(other)), facets(called(one)))


def test_father_and_son_of_one_name_and_telephone_are_two() -> None:
    son = called("Ivan", phone="+49 241 5550100")
    father = called("Ivan", born=date(1960, 3, 17), phone="+49 241 5550100")
    assert not may_be_one(facets(son), facets(father))


def test_who_married_is_found_by_her_telephone() -> None:
    before = called("Olena", "Fiktivska", phone="0241 5550100")
    after = called("Elena", "Neuername", phone="+49 (241) 5550100")
    assert may_be_one(facets(after), facets(before))


def test_an_unknown_birth_day_matches_any_day_of_its_year_and_a_known_one_only_itself() -> None:
    unknown, known, other = date(1990, 1, 1), date(1990, 5, 20), date(1990, 5, 21)
    assert may_be_one(facets(called("Leila", born=unknown)), facets(called("Layla", born=known)))
    assert may_be_one(facets(called("Leila", born=known)), facets(called("Layla", born=unknown)))
    assert not may_be_one(facets(called("Leila", born=known)), facets(called("Layla", born=other)))
    assert not may_be_one(facets(called("Leila", born=date(1991, 1, 1))), facets(called("Layla", born=known)))


@pytest.mark.parametrize(("given_name", "family_name"), [("", "Muster"), ("Anna", ""), ("", ""), ("7", "8")])
def test_half_a_name_asks_nothing(given_name: str, family_name: str) -> None:
    assert not facets(Identity(given_name, family_name, BORN)).is_telling


@given(st.text(max_size=30), st.text(max_size=30), st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_whatever_is_written_it_is_found_again_as_it_was_written(one: str, other: str, born: date) -> None:
    who = facets(Identity(one, other, born))
    assert may_be_one(who, who) == who.is_telling


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzäöüß", min_size=3, max_size=12))
def test_case_and_accents_make_no_other_name(name: str) -> None:
    assert names.words(name.upper().replace("SS", "ß")) == names.words(name.replace("ss", "ß")) or "ss" in name


def test_another_period_makes_other_pseudonyms() -> None:
    who = facets(called("Anna"))
    assert pseudonyms(who, KEY).kept.isdisjoint(pseudonyms(who, bytes(32)).kept)


def vectors() -> dict[str, Any]:
    """What another implementation has to arrive at."""
    rows = []
    for one, other in (*SAME, *DIFFERENT):
        first, second = facets(called(one)), facets(called(other))
        rows.append(
            {
                "first": one,
                "second": other,
                "may_be_one": may_be_one(second, first),
                "words": [names.words(one), names.words(other)],
                "kept_of_first": sorted(code.hex() for code in pseudonyms(first, KEY).kept),
                "asked_of_second": sorted(code.hex() for code in pseudonyms(second, KEY).asked),
            }
        )
    head = {"key": KEY.hex(), "family_name": "Musterfamilie", "birth_date": BORN.isoformat(), "length": 16}
    return json.loads(json.dumps({**head, "pairs": rows}))  # type: ignore[no-any-return]


def test_the_published_vectors_hold() -> None:
    published = json.loads(VECTORS.read_text(encoding="utf-8"))
    assert vectors() == published


def test_the_vectors_say_of_every_pair_what_its_codes_say() -> None:
    for row in json.loads(VECTORS.read_text(encoding="utf-8"))["pairs"]:
        assert row["may_be_one"] == bool(set(row["kept_of_first"]) & set(row["asked_of_second"])), row["first"]


if __name__ == "__main__":
    VECTORS.write_text(json.dumps(vectors(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
