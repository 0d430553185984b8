"""A partner installs the kit and nothing of the network: it needs little, and needs none of us."""

import ast
import os
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from lotsennetz_partner.__main__ import ACTIONS

from contracts.partner.actions import BODIES
from tests.partner_kit.conftest import KIT

REST = '\norganization_id = "x"\ntoken_url = "https://i.example"\nclient_id = "a"'
OURS = REST.replace('"x"', '"00000000-0000-0000-0000-00000000000a"')
MAY_USE = {"amqp", "joserfc", "urllib3", "lotsennetz_partner", *sys.stdlib_module_names}


def foreign(source: str) -> set[str]:
    """What a module uses beside the standard library and the three packages it names."""
    used: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            used |= {one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            used.add((node.module or "").partition(".")[0])
    return used - MAY_USE


@pytest.mark.parametrize("path", sorted((KIT / "lotsennetz_partner").glob("*.py")), ids=lambda path: path.name)
def test_it_uses_nothing_of_the_network(path: Path):
    assert foreign(path.read_text(encoding="utf-8")) == set()


def test_a_module_that_did_would_be_found():
    assert foreign("from contracts import codes\nimport requests\nimport json") == {"contracts", "requests"}


def test_the_command_line_knows_every_action_of_the_contract():
    """The list stands in the kit a second time, because it shares no line with the network."""
    assert {name.replace("-", "_") for name in ACTIONS} == {str(action) for action in BODIES}


def test_the_command_line_knows_every_field_of_an_answer():
    given = {name.replace("-", "_"): {field for _, field, _ in options} for name, (_, options) in ACTIONS.items()}
    demanded = {str(action): {one.name for one in fields(body)} - {"sealed_comment"} for action, body in BODIES.items()}
    assert given == demanded


def kit(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lotsennetz_partner", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A machine where only the kit lies."""
    shutil.copytree(KIT / "lotsennetz_partner", tmp_path / "lotsennetz_partner")
    return tmp_path


def test_it_runs_where_nothing_else_of_ours_lies(elsewhere: Path):
    told = kit(elsewhere, "--help")
    assert told.returncode == 0 and "keygen" in told.stdout and "listen" in told.stdout


def test_a_new_key_shows_its_public_half_alone(elsewhere: Path):
    told = kit(elsewhere, "keygen", "ours.json")
    assert told.returncode == 0 and '"kty": "EC"' in told.stdout and '"d"' not in told.stdout
    again = kit(elsewhere, "keygen", "ours.json")
    assert again.returncode == 2 and "ours.json: cannot be written" in again.stderr


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("", "missing: network_url, organization_id, token_url, client_id"),
        ("color = 1", "unknown settings: color"),
        ("= nonsense", "expected TOML"),
        (
            f'network_url = "http://far.example"{REST}',
            "network_url: expected an https:// address",
        ),
        (
            f'network_url = "http://localhost.far.example"{REST}',
            "network_url: expected an https:// address",
        ),
        (
            f'network_url = "https://n.example"{REST}',
            "organization_id: expected the UUID",
        ),
        (
            f'network_url = "https://n.example"\namqp_uri = "amqp://u:p@far.example/v"{OURS}',
            "amqp_uri: expected amqps://",
        ),
        (
            f'network_url = "https://n.example"\namqp_uri = "amqp://u:p@127.0.0.1.far.example/v"{OURS}',
            "amqp_uri: expected amqps://",
        ),
    ],
    ids=["nothing", "unknown", "no-toml", "no-https", "no-https-behind-a-name", "no-id", "no-amqps", "no-amqps-named"],
)
def test_a_wrong_setting_is_named_with_what_was_expected(elsewhere: Path, settings: str, said: str):
    (elsewhere / "settings.toml").write_text(settings)
    told = kit(elsewhere, "--settings", "settings.toml", "check")
    assert told.returncode == 2 and said in told.stderr and "Traceback" not in told.stderr


def test_a_network_that_is_away_is_said_so(elsewhere: Path):
    (elsewhere / "settings.toml").write_text(
        'network_url = "http://127.0.0.1:9"\norganization_id = "00000000-0000-0000-0000-00000000000a"\n'
        'token_url = "http://127.0.0.1:9/token"\nclient_id = "a"\nclient_secret = "b"\n'
    )
    told = kit(elsewhere, "--settings", "settings.toml", "events")
    assert told.returncode == 4 and "no answer" in told.stderr and "Traceback" not in told.stderr
