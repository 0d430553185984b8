"""Texts people agree to: which count, in which language, and that a hash stands for exactly these words."""

import hashlib
import json
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from services.chassis.errors import InvalidError
from services.referral.consent_texts import PLACES, TextIndexError, TextKind, TextLibrary, filled
from services.referral.domain.drafting import Review
from tests.integration.referral.scene import CENTER, some_controllers

LANGUAGES = ("ar", "de", "de-simple", "en", "fr", "tr", "uk")
#: The obligatory sentence, and that nothing here is an application, as each language says them.
NO_DISADVANTAGE = {
    "ar": "فلن يلحق بك",
    "de": "keinen Nachteil",
    "de-simple": "keinen Nachteil",
    "en": "disadvantage from that",
    "fr": "aucun désavantage",
    "tr": "zarar gör",
    "uk": "негативних наслідків",
}
NO_APPLICATION = {
    "ar": "هذا ليس طلبًا",
    "de": "kein Antrag",
    "de-simple": "kein Antrag",
    "en": "not an application",
    "fr": "n’est pas une demande",
    "tr": "başvuru değildir",
    "uk": "не заява",
}


def a_library(folder: Path, *, sample: bool = False, **reviews: str) -> TextLibrary:
    languages: dict[str, Any] = {}
    for language, review in reviews.items():
        body = f"words in {language}"
        (folder / f"referral-1.{language}.txt").write_text(body, encoding="utf-8")
        languages[language] = {"sha256": hashlib.sha256(body.encode()).hexdigest(), "review": review}
        if review == "reviewed":
            languages[language] |= {"by": "a lawyer", "on": "2026-01-02"}
    entry = {"kind": "referral", "version": 1, "sample": sample, "languages": languages}
    (folder / "index.json").write_text(json.dumps({"referral-1": entry}))
    return TextLibrary(folder, samples_count=False)


IN_USE = [one for one in TextLibrary(samples_count=True).all() if one.retired_on is None]
FOR_PERSONS = [one for one in IN_USE if one.kind not in (TextKind.EMPLOYER_NOTICE, TextKind.CONFIDENTIALITY)]


def test_every_kind_of_text_for_persons_exists_in_every_language():
    kinds = {
        kind: tuple(one.text.language for one in texts) for kind, texts in groupby(FOR_PERSONS, lambda one: one.kind)
    }
    assert kinds == dict.fromkeys(
        (TextKind.GUARDIAN, TextKind.INVITATION, TextKind.REFERRAL, TextKind.SPOKEN, TextKind.YOUNG_PERSON), LANGUAGES
    )


@pytest.mark.parametrize("one", FOR_PERSONS, ids=lambda one: f"{one.text.id}.{one.text.language}")
def test_a_text_says_that_refusal_has_no_disadvantage_and_nothing_is_an_application(one):
    assert NO_DISADVANTAGE[one.text.language] in one.body
    assert NO_APPLICATION[one.text.language] in one.body


@pytest.mark.parametrize("one", IN_USE, ids=lambda one: f"{one.text.id}.{one.text.language}")
def test_a_text_names_who_is_responsible_whom_to_ask_and_where_to_complain(one):
    assert [one.body.count(place) for place in PLACES] == [1, 1, 1]
    words = filled(one, some_controllers(), (CENTER,))
    assert "Welcome Center Musterstadt, Musterweg 1" in words.parts[0].body
    assert not any(place in words.body for place in PLACES)
    assert words.text == one.text


@pytest.mark.parametrize("kind", TextKind)
def test_question_by_question_all_languages_say_the_same(kind: TextKind):
    numbers = {one.text.language: len(one.parts) for one in IN_USE if one.kind is kind}
    assert len(set(numbers.values())) == 1, numbers
    assert set(numbers.values()) <= {6, 7, 9}


def test_what_was_in_use_before_is_kept_and_captures_nothing_new():
    library = TextLibrary(samples_count=True)
    assert library.printed("referral-1", "de").text.retired
    assert library.current() == "referral-2"
    assert library.printed("referral-1", "de").parts[0].body.startswith("Das Welcome Center möchte")


def test_a_sample_is_no_reviewed_text_outside_a_demonstration():
    assert TextLibrary(samples_count=True).text_for(None, "ar", interpreter=False).review is Review.REVIEWED
    assert TextLibrary(samples_count=False).text_for(None, "ar", interpreter=False).review is Review.DRAFT


def test_simple_language_stays_unreviewed_even_there():
    assert TextLibrary(samples_count=True).text_for(None, "de-simple", interpreter=False).review is Review.DRAFT


def test_with_an_interpreter_the_reviewed_german_one_stands_in(tmp_path: Path):
    library = a_library(tmp_path, de="reviewed", tr="translated")

    assert library.text_for(None, "tr", interpreter=True).language == "de"
    assert library.text_for(None, "so", interpreter=True).language == "de"
    assert library.text_for(None, "tr", interpreter=False).review is Review.TRANSLATED


def test_an_unknown_language_without_interpreter_is_refused_by_its_field(tmp_path: Path):
    with pytest.raises(InvalidError) as refused:
        a_library(tmp_path, de="reviewed").text_for(None, "so", interpreter=False)

    assert set(refused.value.fields) == {"language"}


def test_the_hash_is_of_the_words_as_they_stand_in_the_file(tmp_path: Path):
    text = a_library(tmp_path, de="reviewed").printed(None, "de")

    assert text.text.sha256 == hashlib.sha256(text.body.encode()).hexdigest()


def test_a_text_that_was_changed_after_its_review_stops_the_start(tmp_path: Path):
    a_library(tmp_path, de="reviewed")
    (tmp_path / "referral-1.de.txt").write_text("words in de, and everything else as well", encoding="utf-8")

    with pytest.raises(TextIndexError, match=r"referral-1\.de\.txt"):
        TextLibrary(tmp_path, samples_count=False)


def test_reviewed_is_only_what_somebody_reviewed_on_some_day(tmp_path: Path):
    a_library(tmp_path, de="reviewed")
    index = json.loads((tmp_path / "index.json").read_text())
    del index["referral-1"]["languages"]["de"]["by"]
    (tmp_path / "index.json").write_text(json.dumps(index))

    with pytest.raises(TextIndexError, match="by whom"):
        TextLibrary(tmp_path, samples_count=False)
