"""Words of seven languages lead to topics; mistyped ones too, and words that mean nothing lead nowhere."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.codes import Topic
from services.chassis.i18n import PERSON_LANGUAGES
from services.directory.domain.places import Area, Places
from services.directory.domain.wording import MOST_WORDS, folded, words_of
from services.directory.web.public.known import situations, thesaurus

SAID = [
    (topic, tag, phrase)
    for topic, said in thesaurus().topics.items()
    for tag, phrases in said.items()
    for phrase in phrases
]
LONG_WORDS = sorted({(topic, phrase) for topic, _, phrase in SAID if " " not in phrase and len(folded(phrase)) >= 7})


def meant(text: str) -> list[str]:
    found = thesaurus().meant(words_of(text))
    return sorted(found, key=lambda topic: -found[topic])


@pytest.mark.parametrize(
    ("typed", "topic"),
    [
        ("Anerkennung", "ANERKENNUNG"),
        ("anerkenung", "ANERKENNUNG"),
        ("Diplomanerkennung", "ANERKENNUNG"),
        ("denklik", "ANERKENNUNG"),
        ("الإقامة", "AUFENTHALT"),
        ("اقامه", "AUFENTHALT"),
        ("titre de séjour", "AUFENTHALT"),
        ("titre de sejour", "AUFENTHALT"),
        ("l’allemand", "SPRACHE"),
        ("Wohung", "WOHNEN"),
        ("kira", "WOHNEN"),
        ("громадянство", "EINBUERGERUNG"),
        ("Einbuergerung", "EINBUERGERUNG"),
        ("naturalization", "EINBUERGERUNG"),
        ("health insurence", "GESUNDHEIT"),
        ("Kümmerer", "BETRIEBLICHE_INTEGRATION"),
    ],
)
def test_a_word_leads_to_its_topic(typed: str, topic: str) -> None:
    assert topic in meant(typed)


def test_every_word_of_the_list_leads_to_its_own_topic() -> None:
    assert [one for one in SAID if one[0] not in meant(one[2])] == []


@settings(max_examples=25)
@given(one=st.sampled_from(LONG_WORDS), where=st.floats(0, 0.999), letter=st.sampled_from("xqz"))
def test_one_mistake_in_a_long_word_is_forgiven(one: tuple[str, str], where: float, letter: str) -> None:
    topic, [word] = one[0], words_of(one[1])
    at = 1 + int(where * (len(word) - 2))
    swapped = word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]
    missing, doubled, wrong = (word[:at] + middle + word[at + 1 :] for middle in ("", 2 * word[at], letter))
    for typed in (missing, doubled, wrong, swapped):
        assert topic in meant(typed), typed


@pytest.mark.parametrize("typed", ["", "zzzzzz", "und", "the", "12345", "Fußballweltmeister"])
def test_what_means_nothing_leads_nowhere(typed: str) -> None:
    assert meant(typed) == []


def test_whoever_pastes_a_book_gets_its_first_words() -> None:
    assert len(words_of("eins zwei drei vier fünf sechs sieben acht neun zehn")) == MOST_WORDS


def test_every_topic_has_words_and_a_situation_in_every_language() -> None:
    assert set(thesaurus().topics) == set(Topic)
    assert {topic for one in situations().values() for topic in one.topics} == set(Topic)
    for one in situations().values():
        assert set(one.title) == set(PERSON_LANGUAGES), one.id
    for topic, said in thesaurus().topics.items():
        assert set(said) == set(PERSON_LANGUAGES) - {"de-simple"}, topic


PLACES = Places(
    [
        Area("05", {"de": "Nordrhein-Westfalen"}),
        Area("05334", {"de": "StädteRegion Aachen"}),
        Area("05515", {"de": "Münster"}),
        Area("053340002002", {"de": "Aachen", "ar": "آخن", "fr": "Aix-la-Chapelle"}, ("52062",)),
        Area("053340032032", {"de": "Stolberg (Rhld.)"}),
    ]
)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Aachen", "053340002002"),
        ("aix-la-chapelle", "053340002002"),
        ("آخن", "053340002002"),
        ("52062", "053340002002"),
        ("05334", "05334"),
        ("Stolberg", "053340032032"),
        ("Muenster", "05515"),
        ("Munster", "05515"),
        ("Aachn", "053340002002"),
    ],
)
def test_a_place_is_found_as_people_name_it(typed: str, key: str) -> None:
    found = PLACES.named(typed)
    assert found is not None
    assert found.key == key


@pytest.mark.parametrize("typed", ["Atlantis", "99999", "'; DROP TABLE areas", "0"])
def test_no_place_is_made_of_what_is_none(typed: str) -> None:
    assert PLACES.named(typed) is None


def test_a_place_among_the_words_is_the_place() -> None:
    area, rest = PLACES.mentioned(words_of("Wohnung in Aachen"))
    assert (area and area.key, rest) == ("053340002002", ["wohnung", "in"])


def test_a_place_is_covered_by_what_it_lies_in_and_by_what_lies_in_it() -> None:
    area = PLACES.by_key("05334")
    assert area is not None
    assert PLACES.covering(area) == ["05", "05334", "053340002002", "053340032032"]
