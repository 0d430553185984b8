"""A slug is the key of its sentence: every reason a service gives stands in its catalogues, in German and English."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

SERVICES = Path(__file__).resolve().parents[2] / "services"
ROOMS = ("directory", "referral", "notifications", "audit")
LANGUAGES = ("de", "en")
KINDS = ("InvalidError", "ForbiddenError", "NotFoundError", "RefusedError", "StaleError", "UnavailableError")
#: Calls that make a refusal out of a slug; the slug may stand in any place.
MAKERS = (*KINDS, "refusal")


def slugs_in(source: str) -> Iterator[str]:
    """Every slug a module raises, found in its syntax; what is computed from parts is not seen here."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _name(node.func) in MAKERS:
            found = [one.value for one in node.args[:2] if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            yield from (slug for slug in found[:1] if "." in slug)


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def raised_by(room: str) -> set[str]:
    return {slug for path in (SERVICES / room).rglob("*.py") for slug in slugs_in(path.read_text(encoding="utf-8"))}


def sentences(room: str, language: str) -> set[str]:
    """The slugs with a sentence in this room's catalogue."""
    path = SERVICES / room / "locale" / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return set()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    return {str(one.id).removeprefix("slug:") for one in catalogue if str(one.id).startswith("slug:") and one.string}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("room", ["chassis", *ROOMS])
def test_every_reason_has_its_sentence(room: str, language: str):
    known = sentences(room, language) | sentences("chassis", language)
    assert sorted(raised_by(room) - known) == []


def test_a_reason_without_a_sentence_would_be_seen():
    source = 'raise RefusedError("consent.invented", [])\nrefusal(referral, "referral.invented", None)\nprint("a.b")'
    assert set(slugs_in(source)) == {"consent.invented", "referral.invented"}
    assert not {"consent.invented"} & sentences("referral", "de")
