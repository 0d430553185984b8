"""The code lists of the profile as HSDS taxonomies and their terms."""

from collections.abc import Sequence
from typing import Any

from contracts.identity import id_of
from services.directory.domain.hsds import TAXONOMIES, term

Json = dict[str, Any]


def taxonomy(name: str) -> Json:
    """One code list."""
    return {
        "id": str(id_of("taxonomy", name)),
        "name": f"lotsennetz:{name}",
        "description": f"The codes of the field {name}; their words are in the catalogues of each language.",
        "version": "1",
    }


ALL: Sequence[Json] = tuple(map(taxonomy, TAXONOMIES))
TERMS: Sequence[Json] = tuple(term(name, code) for name, codes in TAXONOMIES.items() for code in codes)


def terms(taxonomy_id: str | None = None, search: str | None = None) -> list[Json]:
    """The terms of a list, or of all lists, whose code holds a word."""
    word = (search or "").casefold()
    return [one for one in TERMS if taxonomy_id in (None, one["taxonomy_id"]) and word in one["code"].casefold()]
