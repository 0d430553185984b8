"""What somebody who types a word may mean: words of seven languages lead to topics, mistyped ones too.

Words are compared folded (no case, no accents, one shape of Arabic letters). One slip of a finger is forgiven in any
word that is long enough; of more slips the trigrams decide, as pg_trgm does it for the texts.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

#: How alike two words have to be.
ALIKE = 0.5
LONG_ENOUGH = 4
#: What a search takes in; whoever types more has pasted something.
MOST_WORDS = 8
_WORD = re.compile(r"[^\W_]+(?:[’'\-][^\W_]+)*")
_ARABIC = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ة": "ه", "ى": "ي", "ـ": None})
_PLAIN = str.maketrans({"ß": "ss", "ı": "i", "’": "'"})


def folded(text: str) -> str:
    """The text without what people leave out or vary: case, accents, Arabic vowels and forms of alef."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_ARABIC).translate(_PLAIN))
    return "".join(one for one in apart if not unicodedata.combining(one))


def words_of(text: str) -> list[str]:
    """The words of a text, folded, each once, not more than a search takes in."""
    found = (_without_article(word) for word in _WORD.findall(folded(text)))
    return list(dict.fromkeys(found))[:MOST_WORDS]


def _without_article(word: str) -> str:
    """Arabic writes the article into the word, French before an apostrophe."""
    bare = word.removeprefix("ال") if len(word) > LONG_ENOUGH else word
    head, _, tail = bare.partition("'")
    return tail if tail and len(head) == 1 else bare


def trigrams(word: str) -> frozenset[str]:
    padded = f"  {word} "
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of trigrams two words have in common."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def is_slip(one: str, other: str) -> bool:
    """Whether two words differ by one letter too many, too few, wrong, or by two that changed places."""
    shorter, longer = sorted((one, other), key=len)
    if len(longer) - len(shorter) > 1 or len(shorter) < LONG_ENOUGH:
        return False
    at = next((place for place, letter in enumerate(shorter) if letter != longer[place]), len(shorter))
    if len(shorter) < len(longer):
        return shorter[at:] == longer[at + 1 :]
    swapped = longer[at + 1 : at + 2] + longer[at : at + 1] + longer[at + 2 :]
    return shorter[at + 1 :] == longer[at + 1 :] or shorter[at:] == swapped


@dataclass(frozen=True)
class Thesaurus:
    """Which words, in any language, speak of which topic."""

    topics: Mapping[str, Mapping[str, Sequence[str]]]

    def meant(self, typed: Sequence[str]) -> dict[str, float]:
        """The topics the typed words speak of, with how sure it is; a phrase counts when all its words were typed."""
        found: dict[str, float] = {}
        words = [(word, trigrams(word)) for word in typed]
        near = {part: max((_near(*word, part, grams) for word in words), default=0.0) for part, grams in self._parts}
        for topic, phrases in self._phrases.items():
            sure = max((min(near[part] for part in phrase) for phrase in phrases), default=0.0)
            if sure >= ALIKE:
                found[topic] = round(sure, 3)
        best = max(found.values(), default=0.0)
        return {topic: sure for topic, sure in found.items() if sure >= best - 0.35}

    @cached_property
    def _phrases(self) -> dict[str, list[list[str]]]:
        return {
            topic: [[part for part in words_of(phrase) if len(part) > 2] or words_of(phrase) for phrase in _all(said)]
            for topic, said in self.topics.items()
        }

    @cached_property
    def _parts(self) -> list[tuple[str, frozenset[str]]]:
        parts = {part for phrases in self._phrases.values() for phrase in phrases for part in phrase}
        return [(part, trigrams(part)) for part in sorted(parts)]


def _all(said: Mapping[str, Iterable[str]]) -> Iterator[str]:
    for phrases in said.values():
        yield from phrases


def _near(typed: str, typed_grams: frozenset[str], known: str, known_grams: frozenset[str]) -> float:
    """How near a typed word is to a known one: the same, its beginning, inside a compound, or mistyped."""
    if typed == known:
        return 1.0
    if len(typed) < LONG_ENOUGH:
        return 0.0
    if known.startswith(typed) or (len(known) > LONG_ENOUGH and known in typed):
        return 0.9
    return 0.8 if is_slip(typed, known) else likeness(typed_grams, known_grams)
