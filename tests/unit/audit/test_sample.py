"""The frozen sample: what was written once must be readable for ever, and is written the same today."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.audit import sample

VERIFIER = Path(__file__).parents[3] / "services" / "audit" / "verifier" / "lotsennetz_verify.py"


def verified(export):
    outside = ["--checkpoint", sample.FOLDER / "checkpoints.notes", "--key", sample.FOLDER / "key.pub"]
    command = [sys.executable, "-I", VERIFIER, "--export", export, *outside, "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("name", ["export.ndjson", "checkpoints.notes", "key.pub", "expected.json"])
def test_the_program_still_writes_the_sample_byte_for_byte(name):
    assert sample.make()[name] == (sample.FOLDER / name).read_bytes()


def test_the_verifier_still_finds_the_sample_sound():
    code, answer = verified(sample.FOLDER / "export.ndjson")
    expected = json.loads((sample.FOLDER / "expected.json").read_text())
    assert code == 0
    assert {name: answer[name] for name in expected} == expected
    assert answer["checkpoints"] == 3


@pytest.mark.parametrize("position", [0, 1, 150, 298, 299])
@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_one_byte_changed_anywhere_in_a_copy_names_its_entry(tmp_path, position, place):
    lines = (sample.FOLDER / "export.ndjson").read_bytes().splitlines(keepends=True)
    changed = bytearray(lines[position + 1])
    changed[int(len(changed) * place)] ^= 1
    lines[position + 1] = bytes(changed)
    copy = tmp_path / "copy.ndjson"
    copy.write_bytes(b"".join(lines))
    code, answer = verified(copy)
    assert code == 1
    assert answer["finding"]["kind"] == "changed"
    assert answer["finding"]["entry"] == position
