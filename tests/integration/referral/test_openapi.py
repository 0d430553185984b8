"""Whatever a signed-in caller sends, the answer is one we meant, described as it is, and never a 500."""

from collections.abc import Callable

import pytest
import schemathesis
from openapi_spec_validator import validate

from tests.integration.referral.rig import Network
from tests.integration.referral.scene import HWK
from tests.knocking import Knocking

MEANT = {200, 201, 400, 403, 404, 409, 412, 415, 422, 428}


def test_the_description_is_valid_and_names_what_every_action_needs(network: Network):
    described = network.app.test_client().get("/referral/openapi.json").json

    validate(described)
    act = described["paths"]["/partner/v1/referrals/{referral_id}/actions/{action}"]["post"]
    assert {one["name"] for one in act["parameters"]} == {"referral_id", "action", "Idempotency-Key", "If-Match"}
    assert {"409", "412", "422", "428"} <= set(act["responses"])


@pytest.mark.timeout(300)
def test_whatever_comes_nothing_breaks(network: Network, record_property: Callable[[str, object], None]):
    described = schemathesis.openapi.from_wsgi("/referral/openapi.json", network.app)
    operations = [found.ok() for found in described.get_all_operations()]
    doors = [one for one in operations if one.path.startswith(("/referral/api/", "/partner/"))]
    assert len(doors) >= 23
    referral = network.requested()
    enquiry = network.navigator.see(referral)["enquiry_id"]
    person = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry}")["person_id"]
    there = {"referral_id": referral, "enquiry_id": enquiry, "person_id": person, "organization_id": str(HWK)}
    knocking = Knocking(MEANT, record_property, there)
    for door in doors:
        caller = network.hwk if door.path.startswith("/partner/") else network.navigator
        knocking.knock(door, {"Authorization": f"Bearer {caller.token}"})
    assert {200, 404, 422} <= set(knocking.answers)
    knocking.told()
