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
Texts = Mapping[str, str]
#: A translation, by its text, and all German texts it stands beside.
Said = Mapping[tuple[str, str, str], list[str]]

#: The public site's languages besides German, which every text is in.
LANGUAGES = ("de-simple", "en", "ar", "uk", "tr", "fr")
#: What persons read of an entry, in the order in which they do; ``list.field`` is a text of each entry of a list.
TEXTS = (
    *("name", "description", "alert", "eligibility_description", "application_process"),
    *("required_documents.document", "fees_description", "wait_time", "transportation"),
)


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


def texts_of(document: Document) -> dict[str, Sequence[Texts]]:
    """The texts an entry has; of a list, that of each of its entries."""
    found = {field: list(_texts(document, field)) for field in TEXTS}
    return {field: texts for field, texts in found.items() if texts}


def _texts(document: Document, field: str) -> Iterable[Texts]:
    """What a field says per language; a name of its own (of a place) is no text to translate."""
    name, _, part = field.partition(".")
    given = document.get(name)
    for value in [one.get(part) for one in given or ()] if part else [given]:
        if isinstance(value, Mapping) and value:
            yield value


def german_of(document: Document, field: str) -> str:
    """The German of a field, of all entries of a list together."""
    return "\n".join(texts["de"] for texts in texts_of(document).get(field, ()))


def outdated(history: Sequence[Document], checked: Container[tuple[str, str, str]] = ()) -> set[tuple[str, str]]:
    """Text and language of what is older than its German; of all states of an entry, the oldest first.

    A translation belongs to the German it was written beside, whatever stood there in between: who takes a change back,
    moves an entry of a list or adds a space makes nothing outdated. `checked` names text, language and the sum over a
    German text that somebody found still fitting.
    """
    made_from: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    now: Said = {}
    for document in history:
        before, now = now, _said(document)
        for translation, germans in now.items():
            if len(germans) > len(before.get(translation, ())):
                made_from[translation] |= set(germans)
    return {
        (field, language)
        for (field, language, text), germans in now.items()
        if not made_from[field, language, text].issuperset(germans)
        and (field, language, print_of(german_of(history[-1], field))) not in checked
    }


def _said(document: Document) -> Said:
    found: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for field, several in texts_of(document).items():
        for texts in several:
            for language, text in texts.items():
                if language != "de":
                    found[field, language, plain(text)].append(plain(texts["de"]))
    return found


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


def _state(several: Sequence[Texts], language: str, *, is_old: bool) -> State:
    """Of a list all entries are meant: one that is missing is a gap."""
    if any(language not in texts for texts in several):
        return State.MISSING
    return State.OUTDATED if is_old else State.THERE
