"""Receipts: each side can prove what happened, with nothing but the other's published key."""

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from werkzeug.test import TestResponse

from contracts import envelope
from contracts.codes import Action, KeyUse
from contracts.directory import PartnerKey
from contracts.event import PublicJwk
from contracts.partner import actions
from contracts.partner.receipts import CONFIRMED, EVENT, MEDIA_TYPE
from contracts.referral import ReceiptConfirmed, ReferralAccepted, ReferralReceived
from services.referral import handlers
from services.referral.commands import partners
from services.referral.receipts import ReceiptKeys
from tests.integration.referral.rig import PARTNER_KEYS, Network, Partner
from tests.integration.referral.scene import HWK, NOW, Scene, an_organization, partner
from tests.integration.referral.test_inlet import a_command, obey, results

Json = dict[str, Any]
OURS = OKPKey.generate_key("Ed25519", {"use": "sig"}, auto_kid=True)
ISSUER = "http://localhost"


def public(key: Any, **changes: Any) -> PartnerKey:
    jwk = {**key.as_dict(private=False), "use": "sig", "kid": key.kid}
    return PartnerKey(key=PublicJwk(jwk), use=KeyUse.SIG, **changes)


def register(network: Network, *keys: PartnerKey, version: int = 2) -> None:
    """Tell of the signing keys that HWK has handed in."""
    sealing_key = PublicJwk(PARTNER_KEYS[HWK].as_dict(private=False))
    with network.scene.unit.work(actor="system:directory") as work:
        told = an_organization(HWK, public_key=sealing_key, version=version, keys=keys)
        handlers.keep_organization(work, told)


def checked(network: Network, token: str) -> Json:
    """What a receipt says, read by its published key alone."""
    published = network.app.test_client().get("/partner/.well-known/jwks.json").json
    found = jwt.decode(token, KeySet.import_key_set(published), algorithms=["Ed25519"])
    assert found.header["typ"] == "secevent+jwt"
    return dict(found.claims)


def confirmation(referral_id: str, receipt: str, sha256: str | None = None, **changes: Any) -> Json:
    body = {"referral_id": referral_id, "receipt": receipt} | ({"sha256": sha256} if sha256 else {})
    claims = {
        "iss": str(HWK),
        "aud": ISSUER,
        "jti": str(uuid4()),
        "iat": int(NOW.timestamp()),
        "events": {CONFIRMED: body},
    }
    return {**claims, **changes}


def signed(claims: Json, key: Any = OURS, algorithm: str = "Ed25519", **header: Any) -> str:
    return jwt.encode(
        {"alg": algorithm, "typ": "secevent+jwt", "kid": key.kid, **header}, claims, key, algorithms=[algorithm]
    )


def hand_in(partner: Partner, token: str, media_type: str = MEDIA_TYPE) -> TestResponse:
    headers = {"Authorization": f"Bearer {partner.token}", "Content-Type": media_type}
    return partner.client.post("/partner/v1/receipts", data=token, headers=headers)


def fetched(network: Network) -> tuple[str, str, str]:
    """A referral whose dossier was fetched: its id, the receipt's number, the digest both sides have."""
    referral_id = network.requested()
    answer = network.hwk.try_fetch(referral_id)
    claims = checked(network, answer.headers["Receipt"])
    return referral_id, claims["jti"], hashlib.sha256(answer.data).hexdigest()


# --- what the network signs -----------------------------------------------------------------------------------------


def test_a_fetch_is_receipted_with_the_digest_of_the_very_bytes(network: Network):
    referral_id = network.requested()
    answer = network.hwk.try_fetch(referral_id)
    claims = checked(network, answer.headers["Receipt"])
    [(event, body)] = claims["events"].items()
    assert (claims["iss"], claims["aud"]) == (ISSUER, str(HWK))
    assert event == f"{EVENT}referral.dossier_fetched.v1"
    assert body["sha256"] == hashlib.sha256(answer.data).hexdigest()
    assert body["referral_id"] == referral_id
    assert "person_id" not in body


def test_an_answer_is_receipted_fact_by_fact_under_the_numbers_of_the_audit_log(network: Network):
    referral_id = network.requested()
    answer = network.hwk.act(referral_id, "accept")
    claims = [checked(network, token) for token in answer["receipts"]]
    told = network.scene.rows("SELECT body FROM outbox WHERE routing_key IN (%s, %s) ORDER BY number", *TOLD)
    assert [next(iter(one["events"])) for one in claims] == [EVENT + name for name in TOLD]
    assert [one["jti"] for one in claims] == [str(envelope.read(row["body"]).id) for row in told]


TOLD = (ReferralReceived.__event__.type, ReferralAccepted.__event__.type)  # type: ignore[attr-defined]


def test_a_receipt_can_be_fetched_again_and_is_the_same_to_the_byte(network: Network):
    referral_id = network.requested()
    [first, second] = network.hwk.act(referral_id, "accept")["receipts"]
    listed = network.hwk.get(f"/partner/v1/referrals/{referral_id}/receipts")["receipts"]
    again = network.hwk.ask("GET", f"/partner/v1/receipts/{listed[1]['number']}")
    assert {one["token"] for one in listed} == {first, second}
    assert (again.text, again.mimetype) == (listed[1]["token"], MEDIA_TYPE)


def test_another_partner_sees_no_receipt_of_ours(network: Network):
    referral_id, number, _ = fetched(network)
    assert network.ihk.ask("GET", f"/partner/v1/receipts/{number}").status_code == 404
    assert network.ihk.ask("GET", f"/partner/v1/referrals/{referral_id}/receipts").status_code == 404


def test_what_is_refused_leaves_no_receipt(network: Network):
    referral_id = network.requested()
    assert network.hwk.try_act(referral_id, "complete", {"outcome": "GOAL_REACHED"}).status_code >= 400
    assert network.hwk.get(f"/partner/v1/referrals/{referral_id}/receipts") == {"receipts": []}


def test_the_same_answer_again_brings_the_same_receipts(network: Network):
    referral_id = network.requested()
    version = network.hwk.see(referral_id)["version"]
    headers = {"If-Match": f'"{version}"', "Idempotency-Key": "once"}
    first, second = (network.hwk.try_act(referral_id, "accept", **headers).json for _ in range(2))
    assert first and second and first["receipts"] == second["receipts"]


def test_by_the_queue_the_receipts_come_in_the_result(scene: Scene):
    referral = scene.told_directory().requested()
    obey(scene, a_command(referral.id, version=referral.version))
    [result] = results(scene)
    kept = scene.rows("SELECT token FROM receipts ORDER BY number")
    assert [str(one) for one in result.receipts] == [row["token"] for row in kept]
    assert len(kept) == 2


def test_what_a_navigator_wrote_down_for_a_partner_is_no_receipt(network: Network):
    referral_id = network.requested()
    body = {"action": "receive", "way": "phone", "told_on": NOW.date().isoformat()}
    network.navigator.post(f"/referral/api/v1/referrals/{referral_id}/records", body)
    assert network.hwk.get(f"/partner/v1/referrals/{referral_id}/receipts") == {"receipts": []}


def test_a_signature_of_ours_holds_by_the_plain_algorithm_without_any_jose_library(network: Network):
    """RFC 7515 and 8032 taken literally: whoever has Ed25519 and base64 can check it."""
    token = network.hwk.act(network.requested(), "accept")["receipts"][0]
    head, body, signature = token.split(".")
    published = network.app.test_client().get("/partner/.well-known/jwks.json").json["keys"]
    kid = json.loads(plain(head))["kid"]
    key = next(one for one in published if one["kid"] == kid)
    assert (key["use"], key["alg"]) == ("sig", "Ed25519")
    Ed25519PublicKey.from_public_bytes(plain(key["x"])).verify(plain(signature), f"{head}.{body}".encode())


def plain(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# --- what a partner signs -------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", ["Ed25519", "EdDSA", "ES256", "PS256", "PS512"])
def test_a_partners_own_receipt_is_kept_and_goes_into_the_log(network: Network, algorithm: str):
    key = KEYS.get(algorithm, OURS)
    register(network, public(key))
    referral_id, number, sha256 = fetched(network)
    token = signed(confirmation(referral_id, number, sha256), key, algorithm)

    answer = hand_in(network.hwk, token)

    assert answer.status_code == 201, answer.text
    [told] = network.scene.said(ReceiptConfirmed)
    assert (str(told.receipt_id), told.key_id) == (number, key.kid)
    assert told.token_sha256 == hashlib.sha256(token.encode()).hexdigest()
    listed = network.hwk.get(f"/partner/v1/referrals/{referral_id}/receipts")["receipts"]
    assert [one["token"] for one in listed if one["issuer"] == "partner"] == [token]


KEYS = {
    "ES256": ECKey.generate_key("P-256", auto_kid=True),
    "PS256": (RSA := RSAKey.generate_key(2048, auto_kid=True)),
    "PS512": RSA,
}


def test_the_same_token_again_has_no_second_effect_another_under_its_number_is_refused(network: Network):
    register(network, public(OURS))
    referral_id, number, sha256 = fetched(network)
    claims = confirmation(referral_id, number, sha256)
    answers = [hand_in(network.hwk, signed(claims)) for _ in range(2)]
    other = hand_in(network.hwk, signed({**claims, "toe": 1}))
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert (other.status_code, (other.json or {})["slug"]) == (422, "receipt.number-used")
    assert len(network.scene.said(ReceiptConfirmed)) == 1


def test_other_bytes_than_were_handed_out_are_not_confirmed(network: Network):
    register(network, public(OURS))
    referral_id, number, _ = fetched(network)
    answer = hand_in(network.hwk, signed(confirmation(referral_id, number, "0" * 64)))
    assert (answer.status_code, (answer.json or {})["slug"]) == (409, "receipt.other-content")
    assert network.scene.said(ReceiptConfirmed) == []


WRONG = {
    "iss": {"iss": "another"},
    "aud": {"aud": "https://another.example"},
    "jti": {"jti": "with a space"},
    "iat": {"iat": int((NOW + timedelta(hours=1)).timestamp())},
    "events": {"events": {"urn:example:another": {}}},
    "note": {"note": "words"},
}


@pytest.mark.parametrize("field", sorted(WRONG))
def test_a_receipt_that_says_something_else_is_refused_by_the_name_of_its_claim(network: Network, field: str):
    register(network, public(OURS))
    answer = hand_in(network.hwk, signed(confirmation(str(uuid4()), str(uuid4()), **WRONG[field])))
    assert answer.status_code == 422
    assert set((answer.json or {})["fields"]) == {field}


def test_a_receipt_of_nobody_or_of_another_referral_cannot_be_confirmed(network: Network):
    register(network, public(OURS))
    referral_id, number, sha256 = fetched(network)
    other = network.requested()
    for claims in (confirmation(other, number, sha256), confirmation(referral_id, str(uuid4()), sha256)):
        answer = hand_in(network.hwk, signed(claims))
        assert (answer.status_code, set((answer.json or {})["fields"])) == (422, {"receipt"})


def test_no_text_slips_in_beside_the_described_fields(network: Network):
    register(network, public(OURS))
    referral_id, number, sha256 = fetched(network)
    claims = confirmation(referral_id, number, sha256)
    claims["events"][CONFIRMED]["remark"] = "Frau B. war da"
    answer = hand_in(network.hwk, signed(claims))
    assert (answer.status_code, set((answer.json or {})["fields"])) == (422, {"remark"})


def test_a_partner_without_a_registered_signing_key_confirms_nothing(network: Network):
    referral_id, number, sha256 = fetched(network)
    answer = hand_in(network.hwk, signed(confirmation(referral_id, number, sha256)))
    assert (answer.status_code, (answer.json or {})["slug"]) == (422, "receipt.key-unknown")


def test_receipts_are_signed_within_the_one_statement_that_an_answer_is(scene: Scene):
    """The step of a partner stays one read and one statement: whatever a receipt needs goes along."""
    referral = scene.told_directory().requested()
    by = partner(HWK)
    with scene.unit.work(actor=by.actor) as work:
        body = actions.Accept(contact_by=None)
        done = partners.perform(work, scene.keys, referral.id, by, Action.ACCEPT, body, None)
        assert not work.in_transaction
    assert len(done.receipts) == 2


def test_a_receipt_key_that_no_longer_signs_still_checks(scene: Scene):

    former = OKPKey.generate_key("Ed25519", auto_kid=True)
    token = ReceiptKeys.of({"keys": [former.as_dict(private=True)]}, ISSUER).sign({"jti": "1"})
    newer = OKPKey.generate_key("Ed25519", auto_kid=True)
    now = ReceiptKeys.of({"keys": [newer.as_dict(private=True), former.as_dict(private=False)]}, ISSUER)
    published = KeySet.import_key_set({"keys": now.public()})  # type: ignore[arg-type]
    assert jwt.decode(token, published, algorithms=["Ed25519"]).claims["jti"] == "1"
    assert now.key_id == newer.kid
    assert all("d" not in one for one in now.public())
