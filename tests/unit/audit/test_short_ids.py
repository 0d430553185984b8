"""Ids on the pages of the log are cut so that neighbors can be told apart."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader

from services import chassis
from services.audit import web

TEMPLATES = Path(web.__path__[0]) / "templates"
SHELL = Path(chassis.__path__[0]) / "templates"
FIRST, SECOND = "01a20654-0000-7000-8000-00000000aaaa", "01a20654-0000-7000-8000-00000000bbbb"


@pytest.fixture
def parts() -> Any:
    surroundings = Environment(loader=FileSystemLoader([TEMPLATES, SHELL]), autoescape=True)
    surroundings.globals.update(t=str, _=str)
    surroundings.filters.update(moment=str, day=str)
    return surroundings.get_template("audit/parts.html").module


def test_two_cases_of_the_same_moment_look_different_and_name_their_whole_id(parts: Any) -> None:
    for identity, short in ((FIRST, "0000aaaa"), (SECOND, "0000bbbb")):
        shown = str(parts.about(SimpleNamespace(data={"referral_id": identity}, subject=None)))
        assert f"<bdi>{short}</bdi>" in shown
        assert f'title="{identity}"' in shown


def test_so_do_two_partners(parts: Any) -> None:
    first, second = (str(parts.actor(f"partner:{identity}")) for identity in (FIRST, SECOND))
    assert "actor:partner 0000aaaa" in first
    assert "actor:partner 0000bbbb" in second
    assert f'title="partner:{FIRST}"' in first
    assert "actor:system clock" in str(parts.actor("system:clock"))
