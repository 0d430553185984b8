"""The import rules hold - and each of them fails when somebody breaks it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("contracts", "services", "lotse", "deploy")

#: (rule, file to plant it in, the forbidden import)
VIOLATIONS = [
    ("independent", "services/referral/commands/planted.py", "import services.directory.store"),
    ("shared-knows-no-service", "services/chassis/planted.py", "import services.referral.store"),
    ("language-stands-alone", "contracts/planted.py", "import flask"),
    ("rooms", "services/directory/store.py", "import services.directory.web"),
    ("domain-waits-for-nothing", "services/referral/domain/planted.py", "import psycopg"),
    ("domain-waits-for-nothing", "services/audit/domain/planted.py", "import services.chassis.db"),
    ("one-seam", "services/notifications/planted.py", "import kombu"),
    ("web-on-threads", "services/chassis/web.py", "import eventlet"),
    ("operator-speaks-http", "lotse/planted.py", "import services.chassis.config"),
    ("partners-stand-outside", "deploy/demo/partners/planted.py", "import contracts.codes"),
]


def lint(tree: Path, *rules: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    for rule in rules:
        command += ["--contract", rule]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copied_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("house")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__", "static", "data"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


def test_the_rules_hold() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("rule", "place", "planted"), VIOLATIONS, ids=[f"{v[0]}: {v[2]}" for v in VIOLATIONS])
def test_a_planted_violation_is_found(copied_tree: Path, rule: str, place: str, planted: str) -> None:
    path = copied_tree / place
    before = path.read_text() if path.exists() else None
    try:
        path.write_text(f"{before or ''}\n{planted}\n")
        result = lint(copied_tree, rule)
        assert result.returncode != 0, f"{rule} let {planted} pass in {place}"
        assert "BROKEN" in result.stdout, result.stdout + result.stderr
    finally:
        path.write_text(before) if before is not None else path.unlink()


def test_every_rule_has_a_planted_violation() -> None:
    rules = set(re.findall(r'^id = "([a-z-]+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE))
    assert rules == {rule for rule, _, _ in VIOLATIONS}
