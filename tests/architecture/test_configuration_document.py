"""The table of settings is that of the code: every setting a service reads, with its words, and none besides."""

import ast
from pathlib import Path

from deploy.dev import declared as reading
from deploy.dev.declared import declared
from deploy.dev.markdown import renewed
from deploy.dev.settings_page import PAGE, WORDS, settings
from tests.architecture.sizes import ROOT

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_table_is_current() -> None:
    assert renewed(TEXT, {"settings": settings}) == TEXT, "run `make docs`"


def test_every_setting_has_its_words_and_no_words_are_left_over() -> None:
    assert set(WORDS) == set(declared())


def test_defaults_bounds_and_services_are_those_of_the_calls() -> None:
    found = declared()
    assert found["SESSION_HOURS"].default == "10" and found["SESSION_HOURS"].expected == "a whole number from 1 to 24"
    assert found["SERVICE_KEY"].services == {"referral"} and found["SERVICE_KEY"].is_required
    assert found["LOG_LEVEL"].services == set(reading.EVERYBODY) and found["LOG_LEVEL"].default == "INFO"
    assert not found["LEAD_MAILBOX"].is_required


def names_in(path: Path) -> set[str]:
    """Whatever looks like a setting's name in a call of a reader."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in reading.READERS and call.args
        and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
        and call.args[0].value.isupper() and "_" in call.args[0].value
    }  # fmt: skip


def test_no_reading_of_a_setting_is_overlooked() -> None:
    """Whoever reads by another name than those known here would not stand in the table."""
    read = set().union(*(names_in(path) for path in (ROOT / "services").rglob("*.py")))
    assert {name for name in read if name not in declared() and name.removesuffix("_FILE") not in declared()} == set()
