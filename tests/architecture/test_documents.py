"""Documents that claim something point to tests and files that exist, and in no way that is not checked."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.sizes import ROOT

#: Each document under docs/ that claims something, and how many tests it points to at least.
DOCUMENTS = {
    "accessibility.md": 20,
    "data-protection.md": 40,
    "partners/faults.md": 30,
    "security.md": 100,
    "threat-model.md": 200,
}
POINTER = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
TEST = re.compile(r"^def (test_\w+)\(", re.MULTILINE)
FILE = re.compile(r"`((?:contracts|deploy|docs|lotse|partner_kit|services|tests)/[\w./-]*\w\.\w+)`")

every_document = pytest.mark.parametrize("name", sorted(DOCUMENTS))


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@cache
def named_in(file: Path) -> frozenset[str]:
    return frozenset(TEST.findall(file.read_text(encoding="utf-8"))) if file.is_file() else frozenset()


def missing(text: str) -> list[str]:
    """The tests a text names that do not exist."""
    return [f"{path}::{name}" for path, name in POINTER.findall(text) if name not in named_in(ROOT / path)]


def missing_files(text: str) -> list[str]:
    return [path for path in FILE.findall(text) if not (ROOT / path).is_file()]


@every_document
def test_every_claim_points_to_a_test_that_exists(name: str) -> None:
    assert len(set(POINTER.findall(text_of(name)))) >= DOCUMENTS[name]
    assert missing(text_of(name)) == []


@every_document
def test_no_pointer_is_written_in_a_way_that_is_not_checked(name: str) -> None:
    assert text_of(name).count("::test_") == len(POINTER.findall(text_of(name)))


@every_document
def test_every_file_it_names_is_there(name: str) -> None:
    assert missing_files(text_of(name)) == []


def test_a_pointer_to_nowhere_is_found() -> None:
    assert missing("`tests/unit/referral/test_consent.py::test_no_ground_at_all_refuses`") == []
    assert missing("`tests/unit/referral/test_consent.py::test_invented`") != []
    assert missing("`tests/unit/referral/test_nowhere.py::test_no_ground_at_all_refuses`") != []
    assert missing_files("`services/referral/vault.py` `services/referral/safe.py`") == ["services/referral/safe.py"]


RISK = re.compile(r"\b[AO]\d+\b")


def in_parts(text: str) -> tuple[str, str]:
    """What a threat model says of the flows, and the lists of accepted and open risks at its end."""
    flows, _, listed = text.partition("## Accepted risks\n")
    return flows.partition("### F1 ")[2], listed


def rows_of(text: str) -> list[list[str]]:
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line] for line in lines]
    return [row for row in rows if row[0] and not set(row[0]) <= {"-"}]


def unanswered(text: str) -> list[str]:
    """Threats whose last cell names neither a test nor a risk."""
    rows = rows_of(in_parts(text)[0])
    return [row[1] for row in rows if not POINTER.search(row[-1]) and not RISK.search(row[-1])]


def risks_left_alone(text: str) -> set[str]:
    """Risks that are named and not listed, listed and not named, or listed twice."""
    listed = [row[0] for row in rows_of(in_parts(text)[1]) if RISK.fullmatch(row[0])]
    named = set(RISK.findall(text.partition("## Accepted risks\n")[0]))
    return named.symmetric_difference(listed) | {one for one in listed if listed.count(one) > 1}


def test_every_threat_names_the_test_of_its_measure_or_the_risk_that_is_left() -> None:
    text = text_of("threat-model.md")
    assert len(rows_of(in_parts(text)[0])) > 100
    assert unanswered(text) == []
    assert risks_left_alone(text) == set()


def test_a_threat_without_an_answer_and_a_risk_nobody_listed_are_found() -> None:
    row = "### F1 A\n| | threat | against | shown by |\n|---|---|---|---|\n| S | {} | {} |\n## Accepted risks\n"
    assert unanswered(row.format("she pretends", "surely | nobody does")) == ["she pretends"]
    assert unanswered(row.format("she pretends", "nothing | O1")) == []
    assert risks_left_alone(row.format("she pretends", "nothing | O1")) == {"O1"}
    assert risks_left_alone(row.format("she pretends", "nothing | O1") + "| O1 | high |\n| A1 | no |\n") == {"A1"}
