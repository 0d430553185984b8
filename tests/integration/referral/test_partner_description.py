"""What a partner is answered fits what it was told it would be, by a reader of descriptions that is not ours."""

from typing import Any

from openapi_schema_validator import OAS31Validator

from deploy.dev.partner_api import openapi
from tests.integration.referral.rig import Network

DESCRIBED = openapi()


def misfits(name: str, value: Any) -> list[str]:
    """What of a value does not fit the schema of this name, nor has a name in it."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": DESCRIBED["components"]}
    unknown = set(value) - set(DESCRIBED["components"]["schemas"][name]["properties"])
    return [error.message for error in OAS31Validator(schema).iter_errors(value)] + sorted(unknown)


def test_every_answer_on_a_referrals_way_fits_its_description(network: Network) -> None:
    referral = network.requested()
    hwk = network.hwk
    seen = [hwk.see(referral), hwk.act(referral, "receive")]
    seen.append(hwk.act(referral, "ask", {"question": "LANGUAGE_LEVEL", "sealed_comment": hwk.seal("Wie gut?")}))
    hwk.fetch(referral)
    seen += [hwk.act(referral, "accept"), hwk.see(referral)]
    network.navigator.act(referral, "cancel", {"reason": "MISTAKE"})
    seen += [hwk.see(referral), hwk.act(referral, "acknowledge_stop")]
    assert seen[-2]["duties"] and seen[2]["questions"]
    assert [misfits("PartnerReferralOut", one) for one in seen] == [[]] * len(seen)


def test_every_no_fits_its_description(network: Network) -> None:
    referral = network.requested()
    noes = [
        network.hwk.try_act(referral, "accept", {"contact_by": "yesterday"}),
        network.hwk.try_act(referral, "sing"),
        network.hwk.try_act(referral, "start", {"first_contact_on": "2026-03-02"}),
        network.ihk.ask("GET", f"/partner/v1/referrals/{referral}"),
        network.hwk.ask("POST", f"/partner/v1/referrals/{referral}/actions/accept", {}),
    ]
    assert {one.status_code for one in noes} == {404, 409, 422, 428}
    assert [OAS31Validator(DESCRIBED["components"]["schemas"]["Problem"]).is_valid(one.json) for one in noes] == [
        True
    ] * len(noes)


def test_what_is_not_described_would_be_seen(network: Network) -> None:
    shown = network.hwk.see(network.requested())
    assert misfits("PartnerReferralOut", {**shown, "status": "sleeping", "person": "Amira"}) != []
