"""A person's pages are written in every person's language: no sentence of them is left in English or German."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from contracts.eligibility import FACTS
from services.chassis.i18n import PERSON_LANGUAGES, folders
from services.referral.domain.explaining import ANSWERS, PLAIN
from services.referral.domain.person_view import PersonState

PAGES = Path(__file__).resolve().parents[3] / "services" / "referral"
SAID = re.compile(r"(?:_|say|\bt)\(\s*(?:[a-z\[\]0-9]+, )?[\"']((?:[^\"\\\\]|\\\\.)*?)[\"']\s*[,)]")
FILES = [
    *(PAGES / "web" / "templates" / "referral" / "my").glob("*.html"),
    PAGES / "web" / "templates" / "referral" / "person_link_shown.html",
    PAGES / "postman.py",
]
#: Everything matching may say in favour of a service.
REASONS = (
    *("topic", "eligible", "residence_independent", "profession_independent"),
    *("language", "interpreters", "capacity", "fresh", "near", "answers_soon"),
)
#: What only the navigator reads on the sheet she prints.
FOR_STAFF = {"Link to show", "Back to the enquiry"}


def sentences() -> set[str]:
    found = {text for path in FILES for text in SAID.findall(path.read_text(encoding="utf-8"))}
    found |= {f"person_state:{state}" for state in PersonState}
    found |= {f"why:{code}" for code in (*PLAIN, *ANSWERS.values(), "as_well")}
    found |= {f"why_fits:{code}" for code in REASONS} | {f"about:{fact}" for fact in (*FACTS, "area", "other")}
    return {text for text in found if text not in FOR_STAFF and not text.startswith("This page shows the link")}


def known(language: str) -> set[str]:
    texts: set[str] = set()
    for folder in folders("referral"):
        path = folder / language / "LC_MESSAGES" / "messages.po"
        if path.exists():
            with path.open("rb") as source:
                texts |= {str(one.id) for one in read_po(source) if one.id and one.string}
    return texts


def test_the_pages_say_something() -> None:
    assert len(sentences()) > 70


@pytest.mark.parametrize("language", [one for one in PERSON_LANGUAGES if one != "en"])
def test_every_sentence_of_her_pages_is_said_in_her_language(language: str) -> None:
    assert sorted(sentences() - known(language)) == []
