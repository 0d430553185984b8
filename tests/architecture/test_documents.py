"""Documents that claim something point to tests and files that exist, and in no way that is not checked."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.sizes import ROOT

#: Each document under docs/ that claims something, and how many tests it points to at least.
DOCUMENTS = {
    "data-protection.md": 40,
    "partners/faults.md": 30,
}
POINTER = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
FILE = re.compile(r"`((?:contracts|deploy|docs|lotse|partner_kit|services|tests)/[\w./-]*\w\.\w+)`")

every_document = pytest.mark.parametrize("name", sorted(DOCUMENTS))


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@cache
def named_in(file: Path) -> frozenset[str]:
    if not file.is_file():
        return frozenset()
    nodes = ast.parse(file.read_text(encoding="utf-8")).body
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name[:5] == "test_")


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
