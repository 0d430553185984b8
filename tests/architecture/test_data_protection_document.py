"""The document for data-protection officers: its generated parts say what the code does, each row names its test."""

import re

import pytest

from deploy.dev.document import PAGE, PARTS, renewed
from deploy.dev.markdown import PART
from tests.architecture.test_documents import POINTER

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_generated_parts_are_those_of_the_code() -> None:
    assert renewed(TEXT) == TEXT, "run `make docs`"
    assert {found[2] for found in PART.finditer(TEXT)} == set(PARTS)


@pytest.mark.parametrize("name", sorted(PARTS))
def test_a_changed_part_is_noticed(name: str) -> None:
    changed = TEXT.replace(f"<!-- generated: {name} -->\n", f"<!-- generated: {name} -->\nby hand\n")
    assert renewed(changed) == renewed(TEXT) != changed


def test_what_needs_confirmation_is_marked_and_listed() -> None:
    before, _, listed = TEXT.partition("## What needs confirmation [law]")
    assert before.count("[law]") >= 5
    assert len(re.findall(r"^\d+\. ", listed, re.MULTILINE)) >= 5


def rows_without_a_test(text: str) -> list[str]:
    """Rows of the tables written by hand that neither name a test in their last column nor say that there is none."""
    lines = [line for line in PART.sub("", text).splitlines() if line.startswith("|")]
    heads = {number - 1 for number, line in enumerate(lines) if set(line) <= set("|- ")}
    rows = [line for number, line in enumerate(lines) if number not in heads and not set(line) <= set("|- ")]
    last = [(row, row.strip("|").split("|")[-1].strip()) for row in rows]
    return [row for row, cell in last if cell != "–" and not POINTER.search(cell)]


def test_every_row_written_by_hand_names_its_test_or_says_that_there_is_none() -> None:
    assert rows_without_a_test(TEXT) == []


def test_a_row_without_a_test_is_found() -> None:
    table = "| claim | shown by |\n|---|---|\n| it is so | of course |\n| it is not | – |\n"
    assert rows_without_a_test(table) == ["| it is so | of course |"]
