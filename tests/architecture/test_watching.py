"""What watches the network: no alarm without an entry in the handbook, no command there that is none."""

import re

import pytest
import typer
import yaml

from deploy.observe import dashboards
from lotse.__main__ import app
from tests.architecture.sizes import ROOT

HANDBOOK = ROOT / "docs" / "operations.md"
ALERTS = ROOT / "deploy" / "observe" / "prometheus" / "alerts.yml"
COMMAND = re.compile(r"^\$ lotse (.*?)(?: +#.*)?$", re.MULTILINE)


def alerts():
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def entries(text):
    return re.findall(r"^### (\w+)$", text.partition("## Alarms")[2], re.MULTILINE)


def unknown(commands):
    """Those of which a word names no command, or an option no option of the command."""
    return [words for words in commands if not exists(words.split())]


def exists(words):
    found = typer.main.get_command(app)
    while words and hasattr(found, "commands"):
        found = found.commands.get(words.pop(0))
    if found is None or hasattr(found, "commands"):
        return False
    known = {name for one in found.params for name in one.opts}
    wanted = [one for one in found.params if one.param_type_name == "argument" and one.required]
    given = [word for word in words if not word.startswith("--")]
    return all(word in known for word in words if word.startswith("--")) and len(given) >= len(wanted)


def test_every_alarm_has_an_entry_and_every_entry_an_alarm():
    names = [rule["alert"] for rule in alerts()]
    assert sorted(names) == sorted(entries(HANDBOOK.read_text()))
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alarm_says_how_urgent_it_is_and_where_to_read_on(rule):
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"


def test_the_dashboards_are_those_of_the_code():
    kept = {path: path.read_text() for path in sorted(dashboards.FOLDER.glob("*.json"))}
    assert kept == dashboards.files(), "python -m deploy.observe.dashboards writes them anew"


def test_every_command_of_the_handbook_exists():
    commands = COMMAND.findall(HANDBOOK.read_text())
    assert len(commands) > 15
    assert unknown(commands) == []


@pytest.mark.parametrize("words", ["parcels list", "parked", "parked show", "status --colour"])
def test_a_command_that_does_not_exist_is_found(words):
    assert unknown([words]) == [words]
