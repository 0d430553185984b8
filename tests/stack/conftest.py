"""One set of secrets for all tests: making the keys takes seconds."""

from pathlib import Path

import pytest

from tests.stack.filled import fill


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("secrets"))
