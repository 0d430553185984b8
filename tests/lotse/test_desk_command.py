"""Codes and devices of light-path units, by command."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from contracts.identity import id_of
from tests.lotse.conftest import PaperNetwork, Run

Lotse = Callable[..., Run]
UNIT = id_of("organization", "test-unit")
UNITS = "/referral/api/v1/desk-units"


@pytest.fixture(autouse=True)
def as_lead(state: dict[str, Any]) -> None:
    """A command that knows the lead's client, too."""
    state["lotse"] |= {"lead_client_id": "lotse-lead", "lead_client_secret": "s"}


def test_a_code_is_made_and_shown_once(paper: PaperNetwork, run: Lotse) -> None:
    made = {"code_id": "7", "way": "letter", "code": "1234 5678", "expires_at": "2026-12-10T09:00:00+00:00"}
    paper.say("POST", f"{UNITS}/{UNIT}/codes", made)
    told = run("desk", "code", "test-unit", "--way", "letter")
    assert told.code == 0
    assert "1234 5678" in told.out
    assert json.loads(paper.asked[-1][2]) == {"way": "letter"}


def test_units_are_listed_with_codes_and_devices(paper: PaperNetwork, run: Lotse) -> None:
    device = {"device_id": "d-1", "expires_at": "2027-05-01T00:00:00+00:00", "seen_at": "2026-11-20T08:00:00+00:00"}
    code = {"code_id": "c-1", "expires_at": "2026-12-01T00:00:00+00:00"}
    unit = {"organization_id": str(UNIT), "waiting": True, "codes": [code], "devices": [device]}
    paper.say("GET", UNITS, {"units": [unit]})
    told = run("desk", "list")
    assert "c-1" in told.out
    assert "d-1" in told.out


def test_a_device_is_taken_back(paper: PaperNetwork, run: Lotse) -> None:
    paper.say("POST", f"{UNITS}/devices/d-1/revocations", {"device_id": "d-1"})
    assert run("desk", "revoke", "d-1").code == 0
