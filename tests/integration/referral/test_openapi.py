"""Whatever a signed-in caller sends, the answer is one we meant, described as it is, and never a 500."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import validate

from tests.examples import tried
from tests.integration.referral.rig import Caller, Network

MEANT = {200, 201, 400, 403, 404, 409, 412, 415, 422, 428}


def test_the_description_is_valid_and_names_what_every_action_needs(network: Network):
    described = network.app.test_client().get("/referral/openapi.json").json

    validate(described)
    act = described["paths"]["/partner/v1/referrals/{referral_id}/actions/{action}"]["post"]
    assert {one["name"] for one in act["parameters"]} == {"referral_id", "action", "Idempotency-Key", "If-Match"}
    assert {"409", "412", "422", "428"} <= set(act["responses"])


@pytest.mark.timeout(300)
def test_whatever_comes_nothing_breaks(network: Network):
    described = schemathesis.openapi.from_wsgi("/referral/openapi.json", network.app)
    operations = [found.ok() for found in described.get_all_operations()]
    doors = [one for one in operations if one.path.startswith(("/referral/api/", "/partner/"))]
    assert len(doors) >= 23
    seen: set[int] = set()

    for door in doors:
        caller = network.hwk if door.path.startswith("/partner/") else network.navigator
        seen |= knocked(door, caller)
    assert {200, 404, 422} <= seen


def knocked(door: Any, caller: Caller) -> set[int]:
    """Send whatever the description allows; returns how the door answered."""
    seen: set[int] = set()

    @settings(tried(15, some=5), suppress_health_check=list(HealthCheck), database=None)
    @given(door.as_strategy())
    def knock(case: schemathesis.Case) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {caller.token}"})
        seen.add(answer.status_code)
        assert answer.status_code in MEANT, (case.method, case.path, answer.status_code, answer.text)

    knock()
    return seen
