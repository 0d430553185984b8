"""Software that is not ours reads what we publish: ajv, the AsyncAPI parser, Redocly's linter, a CloudEvents SDK."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from contracts import envelope
from contracts.partner.actions import BODIES
from services.referral.sealing import OwnKeys
from tests.contracts.conftest import GENERATED
from tests.node import with_packages

NODE = Path(__file__).parent / "node"
PARTNERS = NODE.parents[2] / "docs" / "partners"
EXAMPLES = len(list((GENERATED / "examples").glob("*.json")))


@pytest.fixture(scope="session")
def opinion() -> Any:
    """What the programs under `node` think; installed from the lock file when they are not there yet."""
    with_packages(NODE)
    checked = subprocess.run(
        ["node", "check.mjs", str(GENERATED), str(PARTNERS)], cwd=NODE, capture_output=True, timeout=120, check=False
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


def test_the_asyncapi_parser_finds_nothing_wrong_with_the_partners_part(opinion: Any) -> None:
    assert opinion["partnerAsyncapi"] == {"errors": [], "channels": 2, "messages": 2 + len(BODIES)}


def test_the_linter_of_redocly_finds_nothing_wrong_with_the_partners_doors(opinion: Any) -> None:
    # published keys are open to everybody: there is nothing a caller could do wrong
    keys = "operation-4xx-response: Operation must have at least one `4XX` response."
    assert [one for one in opinion["redocly"] if keys not in one or "jwks" not in one] == []


def test_ajv_accepts_every_message_and_dossier_shown_to_partners(opinion: Any) -> None:
    assert opinion["pages"]["problems"] == []
    assert opinion["pages"]["shown"] >= 4


def test_the_page_on_sealing_is_right_as_it_is_typed(tmp_path: Path) -> None:
    if shutil.which("node") is None or shutil.which("jq") is None:
        pytest.skip("the page is typed with node and jq")
    shutil.copytree(PARTNERS / "examples", tmp_path / "examples")
    blocks = re.findall(r"^```sh run\n(.*?)^```$", (PARTNERS / "sealing.md").read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 2
    script = ["bash", "-euo", "pipefail", "-c", "\n".join(blocks)]
    typed = subprocess.run(script, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert typed.returncode == 0, typed.stderr.decode()


@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_words_sealed_without_a_library_are_read_here(kind: str, tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("the example is JavaScript")
    made = ECKey.generate_key("P-256", auto_kid=True) if kind == "EC" else RSAKey.generate_key(2048, auto_kid=True)
    own = OwnKeys({"keys": [{**made.as_dict(private=True), "kid": made.kid}]})
    (tmp_path / "jwks.json").write_text(json.dumps(own.public()))
    seal = ["node", str(PARTNERS / "examples" / "jose.mjs"), "seal", str(tmp_path / "jwks.json")]
    sealed = subprocess.run(seal, input="Größe: ?\n", capture_output=True, text=True, timeout=60, check=True).stdout
    assert own.open_comment(sealed) == "Größe: ?"


def test_the_cloudevents_sdk_of_javascript_reads_every_envelope(opinion: Any) -> None:
    assert opinion["cloudevents"]["problems"] == []
    assert opinion["cloudevents"]["understood"] == EXAMPLES


def test_we_read_what_the_cloudevents_sdk_of_javascript_writes(opinion: Any) -> None:
    read = envelope.read(opinion["cloudevents"]["theirs"].encode())
    assert read.type == "referral.resumed.v1"
    assert read.is_known
