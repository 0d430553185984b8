"""A registry that can be filled and thrown away, and the generated files by name."""

import json
from pathlib import Path
from typing import Any

import pytest

import contracts
from contracts import describe

GENERATED = Path(contracts.__path__[0]) / "generated"
assert describe.MODULES  # imported: every event is registered


@pytest.fixture
def registry() -> dict[str, type]:
    return {}


def generated(path: str) -> Any:
    return json.loads((GENERATED / path).read_text(encoding="utf-8"))
