"""The texts people agree to: one file per version and language, with its hash and how far it has been reviewed.

A consent can be captured only on a reviewed text in the person's language, or on the reviewed German one with an
interpreter. Sample texts count as reviewed in a demonstration and nowhere else. A file that no longer says what the
index was committed with stops the start: somebody would agree to words nobody has reviewed.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from services.chassis.errors import InvalidError
from services.referral.controllers import Contact, Controllers
from services.referral.domain.drafting import ConsentText, Review

FOLDER = Path(__file__).parent / "texts"
GERMAN = "de"
#: What stands in a text for those who are responsible, and is filled in from the configuration.
PLACES = ("{controllers}", "{dpo}", "{authority}")


class TextKind(StrEnum):
    """What a text is for; each kind has one version in use."""

    REFERRAL = "referral"
    GUARDIAN = "guardian"
    YOUNG_PERSON = "young-person"
    SPOKEN = "spoken"
    EMPLOYER_NOTICE = "employer-notice"
    INVITATION = "invitation"
    CONFIDENTIALITY = "confidentiality"


class TextIndexError(ValueError):
    """The folder does not say what its index was committed with."""


@dataclass(frozen=True, slots=True)
class Part:
    """One question and its answer; the same one has the same number in every language."""

    heading: str
    body: str


@dataclass(frozen=True)
class PrintedText:
    """A text with its words, for form, screen and script."""

    kind: TextKind
    text: ConsentText
    sample: bool
    body: str
    reviewed_by: str | None = None
    reviewed_on: date | None = None
    retired_on: date | None = None

    @cached_property
    def title(self) -> str:
        return self.body.partition("\n")[0]

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Questions and answers; a text without headings is one answer."""
        _, *rest = self.body.split("\n## ")
        if not rest:
            return (Part("", self.body.partition("\n")[2].strip()),)
        return tuple(Part(*(words.strip() for words in one.partition("\n")[::2])) for one in rest)


class TextLibrary:
    """All texts of a folder, read once."""

    def __init__(self, folder: Path = FOLDER, *, samples_count: bool) -> None:
        self.samples_count = samples_count
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        self._texts: dict[tuple[str, str], PrintedText] = {}
        for text_id, entry in index.items():
            for language, state in entry["languages"].items():
                found = _read(folder, text_id, entry, language, state, samples_count=samples_count)
                self._texts[text_id, language] = found
        self._current = {one.kind: one.text.id for one in self.all() if one.retired_on is None}

    def current(self, kind: TextKind = TextKind.REFERRAL) -> str:
        """The version in use."""
        return self._current[kind]

    def printed(self, text_id: str | None, language: str) -> PrintedText:
        """The words of a text in one language."""
        found = self._texts.get((text_id or self.current(), language))
        if found is None:
            raise InvalidError("consent.text-unknown", {"language": "a-language-the-text-exists-in"})
        return found

    def shown_to(self, text_id: str | None, language: str, *, interpreter: bool) -> PrintedText:
        """What somebody of this language agrees to: her own if reviewed, otherwise German with an interpreter."""
        found = self._texts.get((text_id or self.current(), language))
        if interpreter and (found is None or found.text.review is not Review.REVIEWED):
            return self.printed(text_id, GERMAN)
        return self.printed(text_id, language)

    def text_for(self, text_id: str | None, language: str, *, interpreter: bool) -> ConsentText:
        return self.shown_to(text_id, language, interpreter=interpreter).text

    def notice(self, kind: TextKind, language: str) -> PrintedText | None:
        """What somebody of this language is told by it: her own if reviewed, otherwise German, or nothing."""
        known = {one.text.language: one for one in self.in_use(kind) if one.text.review is Review.REVIEWED}
        return known.get(language) or known.get(GERMAN)

    def notice_given(self, kind: TextKind, sha256: str) -> ConsentText:
        """The one in use that somebody had before her, by its hash."""
        for one in self.in_use(kind):
            if one.text.review is Review.REVIEWED and one.text.sha256 == sha256:
                return one.text
        raise InvalidError("request.invalid", {"notice": "the-notice-in-use"})

    def in_use(self, kind: TextKind) -> list[PrintedText]:
        """The version in use of a kind, in every language there is."""
        return [one for one in self.all() if one.text.id == self._current.get(kind)]

    def kind_of(self, text_id: str) -> TextKind:
        return self.printed(text_id, GERMAN).kind

    def all(self) -> list[PrintedText]:
        """Every text in every language, for the pages that show their state of review."""
        return [self._texts[name] for name in sorted(self._texts)]


def _read(
    folder: Path, text_id: str, entry: dict[str, Any], language: str, state: dict[str, Any], *, samples_count: bool
) -> PrintedText:
    name = f"{text_id}.{language}.txt"
    body = (folder / name).read_text(encoding="utf-8")
    sha256 = hashlib.sha256(body.encode()).hexdigest()
    if sha256 != state.get("sha256"):
        raise TextIndexError(f"{name} as it was committed to the index, unchanged")
    review = Review(state["review"])
    if review is Review.REVIEWED and not (state.get("by") and state.get("on")):
        raise TextIndexError(f"{name}: by whom and on which day it was reviewed")
    if entry["sample"] and not samples_count:
        review = Review.DRAFT
    retired_on = date.fromisoformat(entry["retired_on"]) if "retired_on" in entry else None
    return PrintedText(
        kind=TextKind(entry["kind"]),
        text=ConsentText(text_id, sha256, language, review, retired_on is not None, entry["version"]),
        sample=bool(entry["sample"]),
        body=body,
        reviewed_by=state.get("by"),
        reviewed_on=date.fromisoformat(state["on"]) if "on" in state else None,
        retired_on=retired_on,
    )


def filled(printed: PrintedText, controllers: Controllers, organization_ids: Iterable[Any]) -> PrintedText:
    """The words as a person reads them: who is responsible, whom to ask, where to complain."""
    wanted = set(organization_ids)
    named = [one for one in controllers.all if one.organization_id in wanted]
    essence = controllers.essence(printed.text.language) if len(named) > 1 else ""
    values = (
        "\n".join([*(_line(one.contact) for one in named), *([essence] if essence else [])]),
        "; ".join(dict.fromkeys(_line(one.dpo) for one in named)),
        "; ".join(dict.fromkeys(one.authority for one in named)),
    )
    body = printed.body
    for place, value in zip(PLACES, values, strict=True):
        body = body.replace(place, value)
    return replace(printed, body=body)


def _line(contact: Contact) -> str:
    return ", ".join(part for part in (contact.name, contact.address, contact.email, contact.phone) if part)
