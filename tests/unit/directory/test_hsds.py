"""HSDS pages count right at every edge; the objects themselves are judged by the published schemas elsewhere."""

import pytest

from contracts.codes import Topic
from services.directory.domain import hsds


@pytest.mark.parametrize(
    ("contents", "total", "number", "expected"),
    [
        (0, 0, 1, {"total_pages": 1, "first_page": True, "last_page": True, "empty": True, "size": 0}),
        (10, 10, 1, {"total_pages": 1, "first_page": True, "last_page": True, "empty": False, "size": 10}),
        (10, 11, 1, {"total_pages": 2, "first_page": True, "last_page": False, "empty": False, "size": 10}),
        (1, 11, 2, {"total_pages": 2, "first_page": False, "last_page": True, "empty": False, "size": 1}),
        (0, 11, 3, {"total_pages": 2, "first_page": False, "last_page": True, "empty": True, "size": 0}),
    ],
)
def test_a_page_says_where_it_is(contents: int, total: int, number: int, expected: dict[str, object]) -> None:
    page = hsds.page([{}] * contents, total, number, 10)
    assert {name: page[name] for name in expected} == expected
    assert page["total_items"] == total


def test_terms_have_ids_that_never_change() -> None:
    assert hsds.term("topics", Topic.SPRACHE) == hsds.term("topics", "SPRACHE")
    assert hsds.term("topics", "SPRACHE")["id"] != hsds.term("role", "SPRACHE")["id"]
