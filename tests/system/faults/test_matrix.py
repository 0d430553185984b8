"""Every row of the matrix is asserted by tests that exist; a test of this suite that no row names is found, too."""

import re
from pathlib import Path

from tests.system.faults.matrix import BESIDES, MATRIX, Row, row

ROOT = Path(__file__).resolve().parents[3]
TEST = re.compile(r"^def (test_\w+)\(", re.MULTILINE)
#: What looks at the suite itself.
ABOUT = {"test_matrix.py", "test_held.py", "test_way.py", "test_page.py"}


def whole(name: str) -> str:
    """The test a name belongs to; a row may mean one of its cases, `test_it[case]`."""
    return name.partition("[")[0]


def there(file: str) -> set[str]:
    path = ROOT / file
    return set(TEST.findall(path.read_text(encoding="utf-8"))) if path.is_file() else set()


def missing(rows: tuple[Row, ...]) -> list[str]:
    named = [(one.number, *name.split("::")) for one in rows for name in one.tests]
    return [f"{number}: {file}::{test}" for number, file, test in named if whole(test) not in there(file)]


def test_the_matrix_has_all_its_rows_in_order() -> None:
    assert [one.number for one in MATRIX] == list(range(1, 34))
    assert all(one.tests and one.expected for one in (*MATRIX, *BESIDES))


def test_every_test_a_row_names_exists() -> None:
    assert missing((*MATRIX, *BESIDES)) == []


def test_a_row_that_names_nothing_real_is_found() -> None:
    assert missing((row(1, "a fault", "nothing", KILLS=("invented",)),)) == [
        "1: tests/system/faults/test_kills.py::test_invented"
    ]


def test_every_test_of_this_suite_belongs_to_a_row() -> None:
    named = {whole(name) for one in (*MATRIX, *BESIDES) for name in one.tests}
    here = sorted(path for path in Path(__file__).parent.glob("test_*.py") if path.name not in ABOUT)
    files = [str(path.relative_to(ROOT)) for path in here]
    assert [f"{file}::{test}" for file in files for test in sorted(there(file)) if f"{file}::{test}" not in named] == []
