"""Texts people agree to: which count, in which language, and that a hash stands for exactly these words."""

import hashlib
import json
from pathlib import Path

import pytest

from services.chassis.errors import InvalidError
from services.referral.consent_texts import TextLibrary
from services.referral.domain.capture import Review

LANGUAGES = ("ar", "de", "de-simple", "en", "fr", "tr", "uk")


def a_library(folder: Path, *, sample: bool, **reviews: str) -> TextLibrary:
    languages = {}
    for language, review in reviews.items():
        (folder / f"referral-1.{language}.txt").write_text(f"words in {language}", encoding="utf-8")
        languages[language] = {"review": review}
    (folder / "index.json").write_text(json.dumps({"referral-1": {"sample": sample, "languages": languages}}))
    return TextLibrary(folder, samples_count=False)


def test_every_language_has_a_text_that_says_refusal_has_no_disadvantage_and_nothing_is_an_application():
    texts = TextLibrary(samples_count=True).all()

    assert tuple(one.text.language for one in texts) == LANGUAGES
    assert all(len(one.body.splitlines()) >= 7 for one in texts)
    assert {one.text.id for one in texts} == {"referral-1"}


def test_a_sample_is_no_reviewed_text_outside_a_demonstration():
    assert TextLibrary(samples_count=True).text_for(None, "ar", interpreter=False).review is Review.REVIEWED
    assert TextLibrary(samples_count=False).text_for(None, "ar", interpreter=False).review is Review.DRAFT


def test_simple_language_stays_unreviewed_even_there():
    assert TextLibrary(samples_count=True).text_for(None, "de-simple", interpreter=False).review is Review.DRAFT


def test_with_an_interpreter_the_reviewed_german_one_stands_in(tmp_path: Path):
    library = a_library(tmp_path, sample=False, de="reviewed", tr="translated")

    assert library.text_for(None, "tr", interpreter=True).language == "de"
    assert library.text_for(None, "so", interpreter=True).language == "de"
    assert library.text_for(None, "tr", interpreter=False).review is Review.TRANSLATED


def test_an_unknown_language_without_interpreter_is_refused_by_its_field(tmp_path: Path):
    with pytest.raises(InvalidError) as refused:
        a_library(tmp_path, sample=False, de="reviewed").text_for(None, "so", interpreter=False)

    assert set(refused.value.fields) == {"language"}


def test_the_hash_is_of_the_words_as_they_stand_in_the_file(tmp_path: Path):
    text = a_library(tmp_path, sample=False, de="reviewed").printed(None, "de")

    assert text.text.sha256 == hashlib.sha256(text.body.encode()).hexdigest()
