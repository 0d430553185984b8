"""What of an entry is not translated, and what is older than the German text beside it."""

from services.directory.domain.translations import LANGUAGES, TEXTS, Gap, State, alike, outdated, print_of, states


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
