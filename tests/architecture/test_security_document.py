"""The checklist for auditors answers each requirement once and counts rightly.

That the tests and files it names exist is in `test_documents`.
"""

import re
from collections import Counter

import pytest

from deploy.dev.document import PAGES, renewed
from deploy.dev.security_page import BY_HAND, LEVEL, MET, OPEN, PAGE, STATES, numbers_of, rows, summary_of
from tests.architecture.test_documents import POINTER, missing

TEXT = PAGE.read_text(encoding="utf-8")
LIST = re.compile(r"^## What is open.*?(?=^## )", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"\((\d+\.\d+\.\d+(?:(?:, |-)\d+\.\d+\.\d+)*)\)")
A_ROW = "| 1.2.4 | queries carry parameters | met | `tests/chassis/test_db.py::test_a_reader_cannot_write` |\n"


def unanswered(text: str) -> dict[str, int]:
    """Requirements with no row or with several, and rows about what is none; with how many rows each has."""
    told = Counter(number for row in rows(text) for number in row.numbers)
    return {number: told[number] for number in {*LEVEL, *told} if told[number] != 1 or number not in LEVEL}


def unshown(text: str) -> list[str]:
    """Rows in no known state, met without test or check by hand, or saying nothing of why."""
    return [
        row.numbers[0]
        for row in rows(text)
        if row.state not in STATES
        or len(row.told) < 10
        or (row.state == MET and not POINTER.search(row.shown) and not row.shown.startswith(BY_HAND))
    ]


def misplaced(text: str) -> set[str]:
    """What is open and not on the list of what is open, or the other way round."""
    still = {number for row in rows(text) if row.state == OPEN for number in row.numbers}
    found = LIST.search(text)
    return still ^ {number for named in NAMED.findall(found[0] if found else "") for number in numbers_of(named)}


def test_every_requirement_of_both_levels_is_answered_once() -> None:
    assert len(LEVEL) == 253
    assert unanswered(TEXT) == {}


def test_a_requirement_left_out_or_answered_twice_is_found() -> None:
    assert unanswered(A_ROW)["1.2.5"] == 0
    assert unanswered(A_ROW + A_ROW)["1.2.4"] == 2
    assert unanswered(A_ROW.replace("1.2.4", "1.2.99"))["1.2.99"] == 1


def test_a_test_that_does_not_exist_is_found() -> None:
    assert missing(A_ROW) == []
    assert missing(A_ROW.replace("a_reader_cannot_write", "invented")) == ["tests/chassis/test_db.py::test_invented"]


def test_whatever_is_met_is_shown_by_a_test_or_by_hand() -> None:
    assert unshown(TEXT) == []


@pytest.mark.parametrize(
    "wrong",
    [
        A_ROW.replace("| met |", "| nearly |"),
        A_ROW.replace("queries carry parameters", "yes"),
        A_ROW.replace("`tests/chassis/test_db.py::test_a_reader_cannot_write`", "of course"),
    ],
    ids=["a state nobody knows", "no word of how", "nothing that shows it"],
)
def test_a_claim_without_ground_is_found(wrong: str) -> None:
    assert unshown(A_ROW) == []
    assert unshown(wrong) == ["1.2.4"]


def test_the_list_of_what_is_open_names_all_that_is_open_and_nothing_else() -> None:
    assert misplaced(TEXT) == set()


def test_what_is_open_and_not_on_the_list_is_found() -> None:
    assert misplaced("## What is open\n\nNothing.\n\n## V1 Words\n" + A_ROW.replace("| met |", "| open |")) == {"1.2.4"}
    assert misplaced("## What is open\n\n1. Much (1.2.4).\n\n## V1 Words\n" + A_ROW) == {"1.2.4"}


def test_the_summary_counts_the_rows() -> None:
    assert renewed(TEXT, PAGES[PAGE]) == TEXT, "run `make docs`"


def test_a_row_that_changes_its_state_changes_the_summary() -> None:
    assert summary_of(TEXT) in TEXT
    assert summary_of(TEXT.replace("| open | –", "| met | –", 1)) not in TEXT
