"""Each operation once, on a network of its own that is at work meanwhile."""

from pathlib import Path

import pytest

from tests.system.operations import drill

pytestmark = [pytest.mark.system, pytest.mark.long, pytest.mark.timeout(1800)]


def test_nothing_acknowledged_before_the_backup_is_lost_and_who_was_erased_after_it_stays_erased(
    tmp_path: Path,
) -> None:
    figures = drill.run(tmp_path)
    assert figures["acknowledged before"] >= 8
    assert figures["acknowledged after it, and gone"] >= 3, "or nothing was newer than the copy"
