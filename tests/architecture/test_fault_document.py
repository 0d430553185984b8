"""What partners are told of faults points to tests that exist."""

from tests.architecture.sizes import ROOT
from tests.architecture.test_data_protection_document import POINTER, missing

TEXT = (ROOT / "docs" / "partners" / "faults.md").read_text(encoding="utf-8")


def test_every_fault_points_to_the_test_that_tries_it() -> None:
    assert missing(TEXT) == []
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| fault")]
    assert len(rows) > 30
    assert [row for row in rows if not POINTER.search(row)] == []
