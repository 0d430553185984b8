"""The texts people agree to: one file per text and language, with its hash and how far it has been reviewed.

A consent can be captured only on a reviewed text in the person's language, or on the reviewed German one with an
interpreter. Sample texts count as reviewed in a demonstration and nowhere else.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from services.chassis.errors import InvalidError
from services.referral.domain.drafting import ConsentText, Review

FOLDER = Path(__file__).parent / "texts"
USUAL = "referral-1"
GERMAN = "de"


@dataclass(frozen=True, slots=True)
class PrintedText:
    """A text with its words, for the form."""

    text: ConsentText
    sample: bool
    body: str


class TextLibrary:
    """All texts of a folder, read once."""

    def __init__(self, folder: Path = FOLDER, *, samples_count: bool) -> None:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        self._texts: dict[tuple[str, str], PrintedText] = {}
        for text_id, entry in index.items():
            for language, state in entry["languages"].items():
                body = (folder / f"{text_id}.{language}.txt").read_text(encoding="utf-8")
                review = Review(state["review"]) if samples_count or not entry["sample"] else Review.DRAFT
                sha256 = hashlib.sha256(body.encode()).hexdigest()
                text = ConsentText(text_id, sha256, language, review, retired=bool(entry.get("retired")))
                self._texts[text_id, language] = PrintedText(text, bool(entry["sample"]), body)

    def printed(self, text_id: str | None, language: str) -> PrintedText:
        """The words of a text in one language."""
        found = self._texts.get((text_id or USUAL, language))
        if found is None:
            raise InvalidError("consent.text-unknown", {"language": "a-language-the-text-exists-in"})
        return found

    def text_for(self, text_id: str | None, language: str, *, interpreter: bool) -> ConsentText:
        """The text somebody of this language agrees to: her own if reviewed, otherwise German with an interpreter."""
        found = self._texts.get((text_id or USUAL, language))
        if interpreter and (found is None or found.text.review is not Review.REVIEWED):
            return self.printed(text_id, GERMAN).text
        return self.printed(text_id, language).text

    def all(self) -> list[PrintedText]:
        """Every text in every language, for the pages that show their state of review."""
        return [self._texts[name] for name in sorted(self._texts)]
