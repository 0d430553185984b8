"""Which languages each text of an entry is in, and which translations are older than the German they were made from.

Nothing is kept for it: it shows in an entry's history. Only that somebody looked and found a translation still fitting
leaves no trace there, and is kept beside it, for just this German text.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

#: The public site's languages besides German, which every text is in.
LANGUAGES = ("de-simple", "en", "ar", "uk", "tr", "fr")
#: What persons read of an entry, in the order in which they do.
TEXTS = ("name", "description", "alert", "eligibility_description", "application_process", "fees_description")


class State(StrEnum):
    """How far a text is in one language."""

    THERE = "there"
    MISSING = "missing"
    OUTDATED = "outdated"


def states(document: Mapping[str, Any], outdated: Iterable[tuple[str, str]]) -> dict[str, dict[str, State]]:
    """For each text an entry has, its state in each language; `outdated` names text and language."""
    old = set(outdated)
    texts = {field: document[field] for field in TEXTS if isinstance(document.get(field), Mapping)}
    return {
        field: {language: _state(said, language, is_old=(field, language) in old) for language in LANGUAGES}
        for field, said in texts.items()
    }


def alike(missing: Iterable[tuple[str, str]]) -> list[tuple[list[str], list[str]]]:
    """Pairs of language and text, told shortly: texts, and all languages in which just these are missing."""
    said = set(missing)
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
