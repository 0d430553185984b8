"""Languages: a sentence for every code and slug, in every language it is needed in; formats as people write them."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from contracts import codes
from services.chassis.i18n import (
    PERSON_LANGUAGES,
    STAFF_LANGUAGES,
    Sentences,
    folders,
    format_day,
    format_moment,
    key_of,
    label,
    translations,
)
from services.chassis.pages import expectation
from services.chassis.web_errors import WERKZEUG_SLUGS
from tests.browser.sample import make_sample

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("directory", "referral", "notifications", "audit")
SLUG = re.compile(r"(?:Error|refuse\w*|refusal)\(\s*(?:\w+,\s*)?\"([a-z-]+\.[a-z-]+)\"")
CATALOGUES = [
    path for part in ("contracts", "services") for path in sorted((ROOT / part).rglob("locale/*/*/messages.po"))
]
SAID = re.compile(r"_\(\s*\"((?:[^\"\\]|\\.)*)\"")


def code_lists() -> Iterator[type[StrEnum]]:
    for item in vars(codes).values():
        if isinstance(item, type) and issubclass(item, StrEnum) and item is not StrEnum:
            yield item


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
@pytest.mark.parametrize("codes_of", list(code_lists()), ids=lambda one: one.__name__)
def test_every_code_has_a_word(codes_of: type[StrEnum], language: str) -> None:
    said = translations("referral", language)
    missing = [code for code in codes_of if said.gettext(key_of(code)) == key_of(code)]
    assert missing == []


#: Code lists a person meets on her own pages, her subject access and the consent form.
FOR_PERSONS = (
    codes.DataCategory,
    codes.Purpose,
    codes.Topic,
    codes.Status,
    codes.BackLevel,
    codes.ConsentChannel,
    codes.GivenBy,
    codes.GroundKind,
    codes.ExternalGround,
    codes.DisclosurePoint,
    codes.RefusalReason,
    codes.ViewPurpose,
    codes.StaffRole,
    codes.HelperKind,
    codes.Deletion,
    codes.RetentionGround,
    codes.QuestionCode,
    codes.RejectionReason,
    codes.EndReason,
    codes.PauseReason,
    codes.Outcome,
    codes.Urgency,
    codes.SafeChannel,
    codes.PlanOwner,
    codes.PlanEnd,
    codes.ContactLimit,
    codes.ContactTime,
)


@pytest.mark.parametrize("language", [one for one in PERSON_LANGUAGES if one not in ("de", "de-simple", "en")])
@pytest.mark.parametrize("codes_of", FOR_PERSONS, ids=lambda one: one.__name__)
def test_what_a_person_reads_has_a_word_in_her_language(codes_of: type[StrEnum], language: str) -> None:
    known = {text for folder in folders("referral") for text in _known(folder / language / "LC_MESSAGES")}
    assert [code for code in codes_of if key_of(code) not in known] == []


def _known(folder: Path) -> set[str]:
    return messages_of(folder) if (folder / "messages.po").exists() else set()


def slugs_of(service: str) -> set[str]:
    files = [path for path in (ROOT / "services" / service).rglob("*.py") if "verifier" not in path.parts]
    return {slug for path in files for slug in SLUG.findall(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
@pytest.mark.parametrize("service", [*SERVICES, "chassis"])
def test_every_slug_has_a_sentence(service: str, language: str) -> None:
    said = translations(service, language)
    slugs = slugs_of(service) | (set(WERKZEUG_SLUGS.values()) if service == "chassis" else set())
    assert sorted(slug for slug in slugs if said.gettext(f"slug:{slug}") == f"slug:{slug}") == []


def messages_of(folder: Path) -> set[str]:
    with (folder / "messages.po").open("rb") as source:
        return {text for one in read_po(source) for text in (one.id if isinstance(one.id, tuple) else (one.id,))}


@pytest.mark.parametrize("service", [*SERVICES, "chassis"])
def test_every_sentence_of_a_template_has_a_german_one(service: str) -> None:
    known = {message for folder in folders(service) for message in messages_of(folder / "de" / "LC_MESSAGES")}
    templates = [*(ROOT / "services" / service).rglob("*.html")]
    wanted = {text for path in templates for text in SAID.findall(path.read_text(encoding="utf-8"))}
    assert sorted(wanted - known) == []


@pytest.mark.parametrize("language", PERSON_LANGUAGES)
def test_the_shell_speaks_every_persons_language(language: str) -> None:
    for text in ("Skip to content", "Language", "Nothing was changed.", "slug:request.no-such-page"):
        assert translations("chassis", language).gettext(text) != text or language == "en"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_catalogue_keeps_the_places_of_its_values(path: Path) -> None:
    with path.open("rb") as source:
        messages = [one for one in read_po(source) if one.id]
    for one in messages:
        if isinstance(one.id, str) and ":" not in one.id:
            assert set(re.findall(r"%\(\w+\)s", one.id)) == set(re.findall(r"%\(\w+\)s", str(one.string))), one.id


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_catalogue_says_each_thing_once(path: Path) -> None:
    """Of two translations of one sentence a reader drops one without a word."""
    said = re.findall(r'^msgid "(.+)"$', path.read_text(encoding="utf-8"), re.MULTILINE)
    assert [one for one, times in Counter(said).items() if times > 1] == []


#: The public site says topics and for whom a service is in its own, shorter words.
WORDS_OF_ITS_OWN = ("topic:", "audience:")


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
@pytest.mark.parametrize("service", [*SERVICES, "chassis"])
def test_a_code_is_called_the_same_in_every_service(service: str, language: str) -> None:
    own, shared = translations(service, language), translations("contracts", language)
    keys = [key_of(code) for codes_of in code_lists() for code in codes_of]
    differing = [key for key in keys if own.gettext(key) != shared.gettext(key)]
    assert [key for key in differing if service != "directory" or not key.startswith(WORDS_OF_ITS_OWN)] == []


#: What these expect is said to programs only, by interfaces with English words of their own.
FOR_PROGRAMS = re.compile(r"api_\w+|receipts|sealing|inlet|operator|web|api")


def expectations_of(service: str) -> set[str]:
    """What the commands and pages of a service tell people to expect of a field."""
    files = [path for path in (ROOT / "services" / service).rglob("*.py") if not FOR_PROGRAMS.fullmatch(path.stem)]
    calls = [
        node
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "InvalidError"
    ]
    told = [one for call in calls for one in ast.walk(call) if isinstance(one, ast.Dict)]
    said = {value.value for one in told for value in one.values if isinstance(value, ast.Constant)}
    return {word for word in said if isinstance(word, str)}


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
@pytest.mark.parametrize("service", ["referral", "audit", "chassis"])
def test_what_would_be_right_is_said_in_words(service: str, language: str) -> None:
    said, expected = translations(service, language), expectations_of(service)
    assert expected
    assert sorted(word for word in expected if said.gettext(f"expected:{word}") == f"expected:{word}") == []


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ("a-day", "ein Tag, zum Beispiel 27.11.2026"),
        (["Missing data for required field."], "eine Angabe; das Feld darf nicht leer bleiben"),
        ({"0": ["Not a valid UUID."]}, "eine andere Schreibweise"),
        (["Longer than maximum length 20."], "ein kürzerer Text"),
        (["Must be one of: a, b."], "ein Eintrag der Liste"),
    ],
)
def test_what_a_schema_says_is_read_in_the_readers_words(expected: object, words: str) -> None:
    with make_sample().test_request_context("/sample/"):
        assert expectation(expected) == words


def test_easy_language_falls_back_to_german() -> None:
    assert translations("chassis", "de-simple").gettext("Main navigation") == "Hauptnavigation"


def test_an_unknown_code_is_shown_as_it_is() -> None:
    assert label("chassis", "de", "status:brand_new") == "brand_new"


def test_catalogues_that_know_a_plural_say_it() -> None:
    assert Sentences([]).ngettext("%(num)s day", "%(num)s days", 2) == "%(num)s days"
    assert Sentences([]).ngettext("%(num)s day", "%(num)s days", 1) == "%(num)s day"


@pytest.mark.parametrize(
    ("language", "day"),
    [("de", "23.11.2026"), ("en", "Nov 23, 2026"), ("fr", "23 nov. 2026"), ("de-simple", "23.11.2026")],
)
def test_dates_look_as_they_are_written_there(language: str, day: str) -> None:
    assert format_day(date(2026, 11, 23), language) == day


def test_an_instant_is_shown_in_the_time_of_the_place() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert format_moment(late, "de") == "24.11.2026, 00:30"
    assert format_day(late, "de") == "24.11.2026"


def test_nothing_is_shown_as_a_dash() -> None:
    assert (format_day(None, "de"), format_moment(None, "de")) == ("–", "–")
