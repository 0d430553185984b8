"""What matching may know about who asks: codes and a place, never a name, and nothing that was not asked."""

from datetime import date
from typing import Any

import pytest

from contracts.codes import EnquirerKind
from services.referral.domain.places import POSTAL_CODES, area_of
from services.referral.domain.seeking import seeker_of
from tests.unit.referral.builders import TODAY


def facts(kind: EnquirerKind = EnquirerKind.PERSON, answers: Any = None, **record: Any) -> Any:
    return seeker_of(kind, record, TODAY, answers or {}).facts


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({}, {}),
        ({"given_name": "Amira", "email": "a@example.org"}, {}),
        ({"occupation_code": "26312"}, {"profession": frozenset({"26312"})}),
        ({"residence_status": "TOLERATED"}, {"residence_status": frozenset({"TOLERATED"})}),
        ({"residence_status": "irgendwas Getipptes"}, {}),
        ({"employment_status": "SEEKING"}, {"employment_status": frozenset({"SEEKING"})}),
        ({"benefits": ["SGB2", "KINDERGELD"]}, {"benefit": frozenset({"SGB2"})}),
        ({"birth_date": "2008-03-02"}, {"age": 18}),
        ({"birth_date": date(2008, 3, 3)}, {"age": 17}),
        ({"qualification_country": "TN"}, {"degree_from_abroad": True}),
        ({"qualification_country": "DE"}, {"degree_from_abroad": False}),
        ({"language_levels": [{"language": "de", "level": "B1"}]}, {"language_level": frozenset({"B1"})}),
        ({"language_levels": [{"language": "de-DE", "level": "native"}]}, {"language_level": frozenset({"C2"})}),
        ({"language_levels": [{"language": "fr", "level": "B1"}]}, {}),
    ],
)
def test_a_persons_record_becomes_facts(record, expected):
    assert facts(**record) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"company": "Metallbau"}, {}),
        ({"employees": 0}, {"employer_size": frozenset({"MICRO"})}),
        ({"employees": 10}, {"employer_size": frozenset({"SMALL"})}),
        ({"employees": 249}, {"employer_size": frozenset({"MEDIUM"})}),
        ({"employees": 250}, {"employer_size": frozenset({"LARGE"})}),
        ({"occupation_sought": "24422"}, {"profession": frozenset({"24422"})}),
    ],
)
def test_an_employers_record_becomes_facts(record, expected):
    assert facts(EnquirerKind.EMPLOYER, **record) == expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"profession_group": "CRAFT"}, {"profession_group": frozenset({"CRAFT"})}),
        ({"profession_group": "CRAFT,HEALTH"}, {"profession_group": frozenset({"CRAFT", "HEALTH"})}),
        ({"profession_group": "WIZARD"}, {}),
        ({"newly_arrived": "true", "wants_to_found": "false"}, {"newly_arrived": True, "wants_to_found": False}),
        ({"newly_arrived": "perhaps"}, {}),
        ({"age": "17"}, {"age": 17}),
        ({"age": "seventeen"}, {}),
        ({"shoe_size": "42"}, {}),
    ],
)
def test_answers_at_the_desk_settle_questions_and_nonsense_settles_nothing(answers, expected):
    assert facts(answers=answers) == expected


def test_an_answer_counts_more_than_the_record():
    assert facts(answers={"age": "20"}, birth_date="2000-01-01")["age"] == 20


def test_place_and_languages_go_along():
    seeker = seeker_of(EnquirerKind.PERSON, {"postal_code": "52062", "languages": ["ar", "fr"]}, TODAY)
    assert (seeker.area, seeker.languages) == ("053340002002", ("ar", "fr"))
    assert seeker_of(EnquirerKind.PERSON, {}, TODAY, {"area": "05515"}).area == "05515"


@pytest.mark.parametrize(
    ("postal_code", "area"),
    [
        ("52062", "053340002002"),
        ("52477", "053340004004"),
        ("48143", "05515"),
        ("10115", None),
        ("", None),
        (None, None),
    ],
)
def test_a_postal_code_that_is_not_listed_is_not_known(postal_code, area):
    assert area_of(postal_code) == area


def test_every_listed_code_is_listed_once_and_has_five_digits():
    codes = [code for listed in POSTAL_CODES.values() for code in listed.split()]
    assert len(codes) == len(set(codes))
    assert all(len(code) == 5 and code.isdecimal() for code in codes)
