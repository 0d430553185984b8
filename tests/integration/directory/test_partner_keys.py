"""Partners' keys by the operators' door: taken in with a fingerprint, followed, revoked, told to the network."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import ECKey, OKPKey
from werkzeug.test import TestResponse

from contracts.codes import KeyUse
from contracts.directory import OrganizationPublished
from contracts.fields import format_instant
from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer, settings
from tests.integration.directory.conftest import Directory
from tests.integration.directory.test_web import KEY
from tests.unit.directory.rows import a_directory, a_participation

KEYS = "/directory/operator/organizations/a-chamber/keys"
NEW = ECKey.generate_key("P-256", {"use": "enc"}, auto_kid=True)
SIGNING = OKPKey.generate_key("Ed25519", {"use": "sig"}, auto_kid=True)


@pytest.fixture
def door(directory: Directory) -> Iterator["Door"]:
    issuer = TestIssuer()
    app = create_app(settings(), directory.unit, issuer_keys=issuer.keys())
    directory.take_in(*a_directory())
    directory.take_in(a_participation(public_key=KEY))
    with app.test_client() as client:
        yield Door(client, directory, {"Authorization": f"Bearer {issuer.token(roles=['operations'])}"})


class Door:
    def __init__(self, client: FlaskClient, directory: Directory, headers: dict[str, str]) -> None:
        self.client, self.directory, self.headers = client, directory, headers

    def add(self, pair: Any = NEW, **more: Any) -> TestResponse:
        jwk = {**pair.as_dict(private=False), "kid": pair.kid}
        body = {"key": jwk, "thumbprint": pair.thumbprint(), **more}
        return self.client.post(KEYS, json=body, headers=self.headers)

    def told(self) -> OrganizationPublished:
        return next(one for one in reversed(self.directory.said()) if isinstance(one, OrganizationPublished))


def test_a_signing_key_is_taken_in_beside_the_one_for_sealing_and_told(door: Door):
    answer = door.add(SIGNING)
    assert [(one["kid"], one["use"], one["state"]) for one in answer.json["keys"]] == [
        (KEY["kid"], "enc", "counts"),
        (SIGNING.kid, "sig", "counts"),
    ]
    told = door.told()
    assert told.public_key is None
    assert [(one.key["kid"], one.use) for one in told.keys] == [(KEY["kid"], KeyUse.ENC), (SIGNING.kid, KeyUse.SIG)]


def test_the_next_key_ends_the_former_at_the_moment_named(door: Door):
    now = door.directory.unit.clock.now()
    until = format_instant(now + timedelta(days=14))
    answer = door.add(NEW, not_before=format_instant(now), old_until=until)
    assert answer.status_code == 200, answer.json
    former, new = door.told().keys
    assert (former.key["kid"], format_instant(former.not_after)) == (KEY["kid"], until)
    assert (new.key["kid"], new.not_after) == (NEW.kid, None)


def test_a_revoked_key_is_told_with_its_moment_and_stays_in_the_list(door: Door):
    assert door.client.post(f"{KEYS}/{KEY['kid']}/revocation", headers=door.headers).status_code == 200
    [one] = door.client.get(KEYS, headers=door.headers).json["keys"]
    assert (one["kid"], one["state"]) == (KEY["kid"], "revoked")
    assert door.told().keys[0].revoked_at is not None
    assert door.client.post(f"{KEYS}/unknown/revocation", headers=door.headers).status_code == 404


WRONG = {
    "thumbprint": {"thumbprint": "x" * 43},
    "key.use": {"key": {**KEY}},
    "key": {"key": {**KEY, "use": "enc", "d": "AAAA"}},
    "key.alg": {"key": {**KEY, "use": "enc", "alg": "RSA1_5"}},
    "key.crv": {"key": {**KEY, "use": "sig"}},
    "not_before": {"not_before": "tomorrow"},
    "not_after": {"not_before": "2027-01-02T00:00:00Z", "not_after": "2027-01-01T00:00:00Z"},
    "old_until": {"old_until": "in two weeks"},
}


@pytest.mark.parametrize("field", sorted(WRONG))
def test_what_is_wrong_with_a_key_is_named_and_nothing_is_taken(door: Door, field: str):
    answer = door.add(**WRONG[field])
    assert answer.status_code == 422
    assert field in answer.json["fields"]
    assert len(door.client.get(KEYS, headers=door.headers).json["keys"]) == 1


def test_a_key_id_is_used_once(door: Door):
    door.add()
    assert set(door.add().json["fields"]) == {"key.kid"}


def test_a_change_of_the_agreement_leaves_the_keys_alone(door: Door):
    door.add(SIGNING)
    door.directory.take_in(a_participation(channel={"kind": "pull"}))
    assert len(door.told().keys) == 2


def test_a_key_for_which_anybody_can_sign_is_refused(door: Door):
    """Under the neutral point of Ed25519 a signature of zeros holds for every text."""
    weak = {"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": "weak", "x": "AQ" + "A" * 41}
    answer = door.client.post(KEYS, json={"key": weak}, headers=door.headers)
    assert set(answer.json["fields"]) == {"key.x"}
