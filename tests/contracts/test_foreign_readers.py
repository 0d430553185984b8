"""Software that is not ours reads what we publish: ajv, the AsyncAPI parser, a CloudEvents SDK."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from contracts import envelope
from tests.contracts.conftest import GENERATED

NODE = Path(__file__).parent / "node"
EXAMPLES = len(list((GENERATED / "examples").glob("*.json")))


@pytest.fixture(scope="session")
def opinion() -> Any:
    """What the programs under `node` think; installed from the lock file when they are not there yet."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("needs node and npm: the foreign readers are JavaScript")
    if not (NODE / "node_modules" / ".package-lock.json").exists():
        installed = subprocess.run(
            ["npm", "ci", "--no-progress"], cwd=NODE, capture_output=True, timeout=300, check=False
        )
        if installed.returncode:
            pytest.skip("needs the packages of tests/contracts/node: npm ci did not succeed (no registry?)")
    checked = subprocess.run(
        ["node", "check.mjs", str(GENERATED)], cwd=NODE, capture_output=True, timeout=120, check=False
    )
    assert checked.returncode == 0, checked.stderr.decode()
    return json.loads(checked.stdout)


def test_ajv_in_strict_mode_accepts_every_schema_and_example(opinion: Any) -> None:
    assert opinion["ajv"]["problems"] == []
    assert opinion["ajv"]["examples"] == EXAMPLES


def test_ajv_refuses_what_we_refuse(opinion: Any) -> None:
    assert opinion["ajv"]["refused"] == ["enum", "format"]


def test_the_asyncapi_parser_finds_nothing_wrong(opinion: Any) -> None:
    assert opinion["asyncapi"] == {"errors": [], "channels": 6, "messages": EXAMPLES}


def test_the_cloudevents_sdk_of_javascript_reads_every_envelope(opinion: Any) -> None:
    assert opinion["cloudevents"]["problems"] == []
    assert opinion["cloudevents"]["understood"] == EXAMPLES


def test_we_read_what_the_cloudevents_sdk_of_javascript_writes(opinion: Any) -> None:
    read = envelope.read(opinion["cloudevents"]["theirs"].encode())
    assert read.type == "referral.resumed.v1"
    assert read.is_known
