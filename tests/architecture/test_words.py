"""Every refusal has its sentence: a slug in the code is a message in the catalogues people read."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("directory", "referral", "notifications", "audit")
STAFF_LANGUAGES = ("de", "en")
ERRORS = {
    "InvalidError",
    "ForbiddenError",
    "NotFoundError",
    "RefusedError",
    "StaleError",
    "UnavailableError",
    "UnauthenticatedError",
}


def slugs_in(folder: Path) -> Iterator[tuple[str, str]]:
    """Each slug given to an error as a literal, with the place it stands."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            first = node.args[0]
            if name in ERRORS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value, f"{path.relative_to(ROOT)}:{node.lineno}"


def sentences(room: str, language: str) -> set[str]:
    """The slugs a room's catalogue has a sentence for."""
    catalogue = ROOT / "services" / room / "locale" / language / "LC_MESSAGES" / "messages.po"
    if not catalogue.exists():
        return set()
    with catalogue.open("rb") as file:
        messages = read_po(file)
    return {
        str(message.id).removeprefix("slug:")
        for message in messages
        if str(message.id).startswith("slug:") and message.string and not message.fuzzy
    }


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
@pytest.mark.parametrize("room", ["chassis", *SERVICES])
def test_every_slug_has_a_sentence(room: str, language: str) -> None:
    known = sentences("chassis", language) | sentences(room, language)
    missing = {slug: place for slug, place in slugs_in(ROOT / "services" / room) if slug not in known}
    assert missing == {}


def test_slugs_are_found_at_all() -> None:
    assert len({slug for slug, _ in slugs_in(ROOT / "services")}) > 50
