"""Places as people name them: by name in some language, by postal code, by official key; mistyped, too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from services.directory.domain.wording import folded, is_slip, likeness, trigrams

#: A place name has to be nearer than another word: a wrong place helps nobody.
NEAR = 0.6
_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True)
class Area:
    """An area of the directory: its official key (ARS) and its names."""

    key: str
    names: Mapping[str, str]
    postal_codes: Sequence[str] = ()

    def name(self, language: str) -> str:
        """The name in a language, with the German one behind it: that is what stands on signs and letters."""
        german = self.names["de"]
        own = self.names.get(language, german)
        return own if own == german else f"{own} ({german})"

    @cached_property
    def spellings(self) -> frozenset[str]:
        """Each name folded, with umlauts written out, and without what stands in brackets."""
        names = [name.partition(" (")[0] for name in self.names.values()]
        return frozenset(folded(one) for name in names for one in (name, name.casefold().translate(_SPELLED_OUT)))


@dataclass(frozen=True)
class Places:
    """All areas of the directory."""

    areas: Sequence[Area]

    def by_key(self, key: str) -> Area | None:
        return next((area for area in self.areas if area.key == key), None)

    def named(self, text: str) -> Area | None:
        """The area somebody means by a key, a postal code or a name; a municipality before its district."""
        typed = folded(text.strip())
        exact = [area for area in self.areas if typed in {area.key, *area.postal_codes, *area.spellings}]
        slips = [area for area in self.areas if any(is_slip(typed, one) for one in area.spellings)]
        return (slips + exact)[-1] if slips or exact else self._nearest(typed)

    def _nearest(self, typed: str) -> Area | None:
        grams = trigrams(typed)
        rated = [(max(likeness(grams, trigrams(one)) for one in area.spellings), area) for area in self.areas]
        best = max(rated, key=lambda pair: pair[0], default=(0.0, None))
        return best[1] if best[0] >= NEAR else None

    def mentioned(self, words: Sequence[str]) -> tuple[Area | None, list[str]]:
        """The place named among the words, exactly and in one word, and the other words."""
        for word in words:
            for area in reversed(self.areas):
                if word in area.spellings or word in area.postal_codes:
                    return area, [one for one in words if one != word]
        return None, list(words)

    def covering(self, area: Area) -> list[str]:
        """The keys of the area itself, of those it lies in and of those that lie in it."""
        keys = [one.key for one in self.areas if area.key.startswith(one.key) or one.key.startswith(area.key)]
        return keys or [area.key]
