"""What a person is handed over holds all of her data: on the way to her nobody else on the machine reads it."""

from pathlib import Path

import pytest

from lotse.commands.subject_access import write


@pytest.mark.parametrize("name", ["auskunft", "auskunft.zip"])
def test_what_is_handed_over_is_its_owners_alone(tmp_path: Path, name: str) -> None:
    write({"auskunft.json": b"{}"}, tmp_path / name, packed=name.endswith(".zip"))
    assert (tmp_path / name).stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == [name]
