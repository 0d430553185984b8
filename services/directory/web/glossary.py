"""What the words of staff's pages mean; open to everybody, for it names nobody and nothing in it is a secret."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from unicodedata import combining, normalize

from apiflask import APIBlueprint
from flask import render_template

from contracts.codes import Reason
from services.chassis import i18n
from services.chassis.access import public
from services.chassis.pages import label, language, translate
from services.directory.domain.glossary import EXPLAINED, LISTS, REASONS, TERMS, slug_of

#: A list that is called like a word is found under its name with this behind it.
OF_CODES = "_codes"

blueprint = APIBlueprint(
    "directory_glossary", __name__, url_prefix="/directory", template_folder="templates", enable_openapi=False
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A word under its address: what it means, what it is called in the other language, what else to look at."""

    place: str
    word: str
    meaning: str
    other: str = ""
    see: tuple[tuple[str, str], ...] = ()
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class CodeList:
    place: str
    title: str
    entries: tuple[Entry, ...]


@blueprint.get("/glossary")
@public
def glossary() -> str:
    """Words from A to Z, then every list of codes; each at an address of its own (`#consent`, `#status-accepted`)."""
    other = "en" if language() == "de" else "de"
    words = sorted(terms(other), key=lambda entry: alphabetical(entry.word))
    return render_template("directory/glossary.html", words=words, lists=lists(), other=other)


def terms(other: str) -> Iterator[Entry]:
    for term, see in TERMS.items():
        named = i18n.label("directory", other, f"term:{term}")
        yield Entry(
            term, label(f"term:{term}"), translate(f"meaning:{term}"), named, tuple((one, title(one)) for one in see)
        )


def lists() -> list[CodeList]:
    return [CodeList(place_of(one), label(f"list:{slug_of(one)}"), tuple(entries(one))) for one in LISTS]


def place_of(codes_of: type[StrEnum]) -> str:
    """Where a list stands; a word of the same name comes first."""
    slug = slug_of(codes_of)
    return f"{slug}{OF_CODES}" if slug in TERMS else slug


def entries(codes_of: type[StrEnum]) -> Iterator[Entry]:
    slug, reasons = slug_of(codes_of), REASONS.get(codes_of, {})
    for code in codes_of:
        meaning = translate(f"meaning:{slug}:{code.value}") if codes_of in EXPLAINED else ""
        yield Entry(f"{slug}-{code.value}", label(code), meaning, reason=reasons.get(code.value))


def title(place: str) -> str:
    """What a word or a list is called that another points to."""
    return label(f"term:{place}") if place in TERMS else label(f"list:{place.removesuffix(OF_CODES)}")


def alphabetical(word: str) -> str:
    """As a dictionary has it: without marks and large letters."""
    return "".join(one for one in normalize("NFD", word.casefold()) if not combining(one))
