"""What of an entry is not translated, and what is older than the German text beside it."""

from typing import Any

from services.directory.domain.translations import (
    LANGUAGES,
    TEXTS,
    Gap,
    State,
    alike,
    german_of,
    outdated,
    print_of,
    states,
)


def test_each_text_there_is_says_for_each_language_how_far_it_is() -> None:
    document = {"name": {"de": "Anerkennung", "en": "Recognition", "ar": "اعتراف"}, "description": {"de": "Prüft."}}
    found = states(document, [("name", "ar"), ("description", "fr")])
    assert list(found) == ["name", "description"], "a text nobody wrote is no gap"
    assert found["name"] == dict.fromkeys(LANGUAGES, State.MISSING) | {"en": State.THERE, "ar": State.OUTDATED}
    assert set(found["description"].values()) == {State.MISSING}, "what is not there cannot be outdated"


def test_languages_that_lack_the_same_are_told_together() -> None:
    missing = [Gap("name", tag, State.MISSING) for tag in LANGUAGES] + [Gap("description", "en", State.MISSING)]
    assert alike(missing) == [
        (["name"], ["de-simple", "ar", "uk", "tr", "fr"]),
        (["name", "description"], ["en"]),
    ]
    assert alike([]) == []


def test_texts_are_those_persons_read() -> None:
    assert "delimitation" not in TEXTS
    assert "de" not in LANGUAGES


def test_a_translation_is_outdated_if_the_german_was_written_in_a_later_state() -> None:
    first = {"name": {"de": "Eins", "en": "One", "fr": "Un"}}
    second = {"name": {"de": "Zwei", "en": "One", "fr": "Deux"}}
    assert outdated([first]) == set()
    assert outdated([first, second]) == {("name", "en")}
    assert outdated([first, second], {("name", "en", print_of("Zwei"))}) == set()
    assert outdated([first, second], {("name", "en", print_of("Eins"))}) == {("name", "en")}
    assert outdated([first, second, {"name": {"de": "Zwei", "en": "Two"}}]) == set()
    assert outdated([]) == set()


def states_of(*said: tuple[str, str | None]) -> list[dict[str, Any]]:
    """The states of a name, German and English."""
    return [{"name": {"de": german, **({"en": english} if english else {})}} for german, english in said]


def test_german_that_went_and_came_back_is_what_the_translation_was_made_from() -> None:
    assert outdated(states_of(("Eins", "One"), ("Zwei", "One"), ("Eins", "One"))) == set()
    assert outdated(states_of(("Eins", "One"), ("Zwei", "Two"), ("Eins", "Two"))) == {("name", "en")}
    assert outdated(states_of(("Eins", "One"), ("Zwei", "Two"), ("Eins", "One"))) == set()


def test_white_space_makes_no_other_text() -> None:
    assert outdated(states_of(("Eins und eins", "One"), ("Eins  und\neins ", "One"))) == set()
    assert outdated(states_of(("Eins", "One"), ("Zwei", "One"), ("Zwei", " One"))) == {("name", "en")}
    assert print_of("Eins und  eins\n") == print_of("Eins und eins")


def test_a_translation_that_is_taken_away_and_put_back_was_put_beside_this_german() -> None:
    assert outdated(states_of(("Eins", "One"), ("Zwei", None), ("Zwei", "One"))) == set()
    gone: list[dict[str, Any]] = [{}]
    assert outdated([*states_of(("Eins", "One")), *gone, *states_of(("Eins", "One"))]) == set()


def needing(*documents: tuple[str, str]) -> dict[str, Any]:
    return {"required_documents": [{"document": {"de": german, "en": english}} for german, english in documents]}


def test_a_text_of_a_list_is_outdated_with_its_own_german_wherever_it_stands() -> None:
    before = needing(("Pass", "Passport"), ("Zeugnis", "Diploma"))
    assert outdated([before, needing(("Zeugnis", "Diploma"), ("Pass", "Passport"))]) == set()
    assert outdated([before, needing(("Geld", "Money"), ("Pass", "Passport"))]) == set()
    assert outdated([before, needing(("Reisepass", "Passport"), ("Zeugnis", "Diploma"))]) == {
        ("required_documents.document", "en")
    }
    twice = needing(("Pass", "Passport"), ("Reisepass", "Passport"))
    assert outdated([needing(("Pass", "Passport")), twice]) == set(), "a new entry is written beside its own German"
    checked = ("required_documents.document", "en", print_of("Reisepass\nZeugnis"))
    assert outdated([before, needing(("Reisepass", "Passport"), ("Zeugnis", "Diploma"))], {checked}) == set()


def test_one_entry_of_a_list_without_a_language_is_a_gap() -> None:
    document = needing(("Pass", "Passport"))
    document["required_documents"].append({"document": {"de": "Zeugnis"}})
    assert states(document, ())["required_documents.document"]["en"] is State.MISSING
    assert german_of(document, "required_documents.document") == "Pass\nZeugnis"
