"""The glossary forgets no code list, and says of every word what it means, in both languages of staff."""

from collections import Counter
from enum import StrEnum

import pytest

from contracts import codes
from services.chassis.i18n import STAFF_LANGUAGES, translations
from services.directory.domain.glossary import EXPLAINED, LEFT_OUT, LISTS, REASONS, TERMS, slug_of

ALL_LISTS = {
    one for one in vars(codes).values() if isinstance(one, type) and issubclass(one, StrEnum) and one is not StrEnum
}


def unsaid(keys: list[str], language: str) -> list[str]:
    said = translations("directory", language)
    return [key for key in keys if said.gettext(key) == key]


def test_every_code_list_is_shown_or_left_out_for_a_reason() -> None:
    assert set(LISTS) | set(LEFT_OUT) == ALL_LISTS
    assert not set(LISTS) & set(LEFT_OUT)
    assert all(LEFT_OUT.values())
    assert max(Counter(LISTS).values()) == 1


def test_what_is_left_out_as_double_is_there_under_the_other_name() -> None:
    assert {one.value for one in codes.Topic} <= {one.value for one in codes.Purpose}


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_every_word_has_a_meaning_and_every_list_a_title(language: str) -> None:
    keys = [f"{part}:{term}" for term in TERMS for part in ("term", "meaning")]
    keys += [f"list:{slug_of(one)}" for one in LISTS]
    assert unsaid(keys, language) == []


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_every_code_whose_word_is_not_enough_has_a_sentence(language: str) -> None:
    keys = [f"meaning:{slug_of(one)}:{code.value}" for one in EXPLAINED for code in one]
    assert unsaid(keys, language) == []


def test_every_reason_says_what_it_sets_off() -> None:
    assert {code for one in REASONS for code in one} == {code for rows in REASONS.values() for code in rows}
