"""What whoever runs the network must say of itself: imprint, data protection, accessibility.

The texts are the operator's own and come from a file; here they are only checked and divided into what a page shows.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ORIGINAL = "de"
#: An address in a text becomes a link; nothing else in it is more than words.
LINK = re.compile(r"(https://[^\s<>\"]+[^\s<>\".,;:!?)]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)")


class NoticeKind(StrEnum):
    """Which of them; the value is the last part of its address."""

    IMPRINT = "imprint"
    PRIVACY = "privacy"
    ACCESSIBILITY = "accessibility"


class BlockKind(StrEnum):
    HEADING = "heading"
    LIST = "list"
    PARAGRAPH = "paragraph"


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a text, as lines; each line is words and links in turn."""

    kind: BlockKind
    lines: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Notices:
    """All texts, by kind and language. German is never missing."""

    texts: Mapping[NoticeKind, Mapping[str, str]]
    is_sample: bool = False

    def text(self, kind: NoticeKind, language: str) -> tuple[str, str]:
        """The text in this language, or in German where there is none; and the language it is in."""
        found = self.texts[kind]
        spoken = language if language in found else ORIGINAL
        return found[spoken], spoken


def read(document: Any, languages: Collection[str]) -> Notices:
    """Check a file's content. Raises `ValueError` that names what is missing or wrong."""
    if not isinstance(document, dict):
        raise ValueError("one JSON object with the keys " + ", ".join(NoticeKind))
    if unknown := sorted({*document} - {*NoticeKind, "sample"}):
        raise ValueError(f"only the keys {', '.join(NoticeKind)}; found {unknown[0]!r}")
    texts = {kind: _texts(kind, document.get(kind), languages) for kind in NoticeKind}
    return Notices(texts, is_sample=document.get("sample") is True)


def _texts(kind: NoticeKind, given: Any, languages: Collection[str]) -> dict[str, str]:
    if not isinstance(given, dict) or any(not isinstance(text, str) for text in given.values()):
        raise ValueError(f"{kind}: texts by language")
    if unknown := sorted({*given} - {*languages}):
        raise ValueError(f"{kind}: only the languages {', '.join(languages)}; found {unknown[0]!r}")
    if not str(given.get(ORIGINAL, "")).strip():
        raise ValueError(f"{kind}: a text in German (de)")
    return {language: text for language, text in given.items() if text.strip()}


def blocks(text: str) -> Iterator[Block]:
    """An empty line divides; `# ` begins a heading, `- ` each line of a list."""
    for piece in re.split(r"\n\s*\n", text.strip()):
        lines = piece.strip().splitlines()
        if lines[0].startswith("# "):
            yield Block(BlockKind.HEADING, (_parts(lines[0].removeprefix("# ")),))
            lines = lines[1:]
        if lines and all(line.startswith("- ") for line in lines):
            yield Block(BlockKind.LIST, tuple(_parts(line.removeprefix("- ")) for line in lines))
        elif lines:
            yield Block(BlockKind.PARAGRAPH, tuple(_parts(line) for line in lines))


def _parts(line: str) -> tuple[str, ...]:
    """Words, a link, words, a link, ...: every second part is an address."""
    return tuple(LINK.split(line))
