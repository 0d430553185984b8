"""Each fault partners are told of names the test that tries it; that the tests exist is in test_documents."""

from tests.architecture.test_documents import POINTER, text_of

TEXT = text_of("partners/faults.md")


def test_every_fault_points_to_the_test_that_tries_it() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| fault")]
    assert len(rows) > 30
    assert [row for row in rows if not POINTER.search(row)] == []
