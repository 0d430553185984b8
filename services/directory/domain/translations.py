"""Which languages each text of an entry is in, and which translations are older than the German they were made from.

Nothing is kept for it: it shows in an entry's history. Only that somebody looked and found a translation still fitting
leaves no trace there, and is kept beside it, for just this German text.
"""

import hashlib
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Document = Mapping[str, Any]

#: The public site's languages besides German, which every text is in.
LANGUAGES = ("de-simple", "en", "ar", "uk", "tr", "fr")
#: What persons read of an entry, in the order in which they do.
TEXTS = ("name", "description", "alert", "eligibility_description", "application_process", "fees_description")


class State(StrEnum):
    """How far a text is in one language."""

    THERE = "there"
    MISSING = "missing"
    OUTDATED = "outdated"


@dataclass(frozen=True, slots=True)
class Gap:
    """One text that is missing in a language, or older there than in German."""

    field: str
    language: str
    state: State


def texts_of(document: Document) -> dict[str, Mapping[str, str]]:
    """The texts an entry has."""
    return {field: document[field] for field in TEXTS if isinstance(document.get(field), Mapping) and document[field]}


def outdated(history: Sequence[Document], checked: Container[tuple[str, str, str]] = ()) -> set[tuple[str, str]]:
    """Text and language of what was written beside another German than the present one; of all states of an entry, the
    oldest first.

    `checked` names text, language and the sum over a German text that somebody found still fitting.
    """
    if not history:
        return set()
    beside, now = _written_beside(history), texts_of(history[-1])
    return {
        (field, language)
        for field, texts in now.items()
        for language, text in texts.items()
        if language != "de"
        and plain(texts["de"]) not in beside[field, language, plain(text)]
        and (field, language, print_of(texts["de"])) not in checked
    }


def _written_beside(history: Sequence[Document]) -> dict[tuple[str, str, str], set[str]]:
    """For each text in each language the German texts beside which just this was written, or put back."""
    beside: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    before: Mapping[str, Mapping[str, str]] = {}
    for document in history:
        texts = texts_of(document)
        for field, said in texts.items():
            for language, text in said.items():
                if plain(before.get(field, {}).get(language, "")) != plain(text):
                    beside[field, language, plain(text)].add(plain(said["de"]))
        before = texts
    return beside


def plain(text: str) -> str:
    """The words alone: another line break or blank makes no other text."""
    return " ".join(text.split())


def print_of(german: str) -> str:
    """A sum over the German text that somebody compared a translation with."""
    return hashlib.sha256(plain(german).encode()).hexdigest()


def gaps(document: Document, old: Container[tuple[str, str]]) -> list[Gap]:
    """All that is missing or outdated of an entry."""
    return [
        Gap(field, language, state)
        for field, tongues in states(document, old).items()
        for language, state in tongues.items()
        if state is not State.THERE
    ]


def states(document: Document, old: Container[tuple[str, str]]) -> dict[str, dict[str, State]]:
    """For each text an entry has, its state in each language; `old` names text and language of what is outdated."""
    return {
        field: {language: _state(texts, language, is_old=(field, language) in old) for language in LANGUAGES}
        for field, texts in texts_of(document).items()
    }


def alike(missing: Iterable[Gap]) -> list[tuple[list[str], list[str]]]:
    """What is missing, told shortly: texts, and all languages in which just these are missing."""
    said = {(gap.language, gap.field) for gap in missing}
    found: dict[tuple[str, ...], list[str]] = {}
    for language in LANGUAGES:
        texts = tuple(field for field in TEXTS if (language, field) in said)
        if texts:
            found.setdefault(texts, []).append(language)
    return [(list(texts), languages) for texts, languages in found.items()]


def _state(said: Mapping[str, str], language: str, *, is_old: bool) -> State:
    if language not in said:
        return State.MISSING
    return State.OUTDATED if is_old else State.THERE
