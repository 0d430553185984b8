"""Partners' keys by the operators' door: taken in with a fingerprint, followed, revoked, told to the network."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import ECKey, OKPKey
from werkzeug.test import TestResponse

from contracts.codes import KeyUse
from contracts.directory import OrganizationPublished, PartnerKeyConfirmed, PartnerKeyHandedIn
from contracts.fields import format_instant
from contracts.identity import id_of
from services.chassis.config import ConfigError
from services.directory import config
from services.directory.commands.applying import announce_everything
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
        yield Door(client, directory, {"Authorization": f"Bearer {issuer.token(roles=['operations'])}"}, issuer)


class Door:
    def __init__(self, client: FlaskClient, directory: Directory, headers: dict[str, str], issuer: TestIssuer) -> None:
        self.client, self.directory, self.headers, self.issuer = client, directory, headers, issuer

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


# --- a second person -------------------------------------------------------------------------------------------------


@pytest.fixture
def two(door: Door, monkeypatch: pytest.MonkeyPatch) -> Iterator["Two"]:
    """A network in which nobody takes a key in alone, and two who work there."""
    monkeypatch.setenv("KEY_CONFIRMATION", "second-person")
    config.asks_second_person.cache_clear()
    yield Two(door)
    monkeypatch.undo()
    config.asks_second_person.cache_clear()


class Two:
    def __init__(self, door: Door) -> None:
        self.door, self.client = door, door.client

    def as_(self, name: str, role: str = "operations") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.door.issuer.token(sub=name, roles=[role])}"}

    def confirm(self, name: str, pair: Any, role: str = "operations") -> TestResponse:
        body = {"thumbprint": pair.thumbprint()}
        return self.client.post(f"{KEYS}/confirmations", json=body, headers=self.as_(name, role))

    def states(self) -> dict[str, str]:
        return {
            one.get("kid", "?"): one["state"] for one in self.client.get(KEYS, headers=self.as_("ann")).json["keys"]
        }

    def told(self) -> set[str]:
        """Which keys the rest of the network knows of."""
        told = self.door.told()
        return {str(one.key["kid"]) for one in told.keys} | (
            {str(told.public_key["kid"])} if told.public_key else set()
        )


def test_a_new_key_is_used_for_nothing_before_a_second_person_confirms_it(two: Two):
    two.door.add(NEW)
    assert two.states() == {KEY["kid"]: "counts", "?": "waits"}
    assert two.told() == {KEY["kid"]}
    answer = two.confirm("ben", NEW, role="lead")
    assert answer.status_code == 200, answer.json
    assert two.told() == {KEY["kid"], NEW.kid}
    facts = [one for one in two.door.directory.said() if isinstance(one, PartnerKeyHandedIn | PartnerKeyConfirmed)]
    assert [(type(one), one.thumbprint) for one in facts] == [
        (PartnerKeyHandedIn, NEW.thumbprint()),
        (PartnerKeyConfirmed, NEW.thumbprint()),
    ]
    assert two.confirm("ben", NEW).status_code == 200, "again changes nothing"
    assert len([one for one in two.door.directory.said() if isinstance(one, PartnerKeyConfirmed)]) == 1


def test_who_wrote_a_key_down_cannot_confirm_it_nor_who_wrote_it_anew(two: Two):
    two.door.add(NEW)
    for name in ("anna", "cleo"):  # cleo changes something else while it waits
        if name == "cleo":
            body = {"channel": {"kind": "pull"}}
            path = KEYS.replace("/keys", "/participation")
            assert two.client.put(path, json=body, headers=two.as_("cleo")).status_code == 200
        refused = two.confirm(name, NEW)
        assert (refused.status_code, refused.json["slug"]) == (409, "directory.key-same-person")
    assert two.told() == {KEY["kid"]}
    assert two.confirm("ben", NEW).status_code == 200


@pytest.mark.parametrize("way", ["public-key", "participation", "import"])
def test_no_way_in_leads_past_the_second_person(two: Two, way: str):
    jwk = {**NEW.as_dict(private=False), "kid": NEW.kid}
    place, headers = KEYS.replace("/keys", ""), two.as_("anna")
    if way == "public-key":
        answer = two.client.put(f"{place}/public-key", json={"public_key": jwk}, headers=headers)
    elif way == "participation":
        body = {"channel": {"kind": "pull"}, "public_key": jwk}
        answer = two.client.put(f"{place}/participation", json=body, headers=headers)
    else:
        line = json.dumps(a_participation(public_key=jwk)).encode()
        answer = two.client.post("/directory/operator/imports", data=line, headers=headers)
    assert answer.status_code == 200, answer.json
    assert two.told() == set(), "the old one is gone as it was said, and the new one waits"
    assert two.confirm("anna", NEW).status_code == 409
    assert two.confirm("ben", NEW).status_code == 200
    assert two.told() == {NEW.kid}


def test_another_key_under_the_same_id_is_another_key(two: Two):
    two.door.add(NEW)
    two.confirm("ben", NEW)
    exchanged = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": NEW.kid, "use": "enc"}
    row = a_participation(keys=[{"key": exchanged}])
    two.client.post("/directory/operator/imports", data=json.dumps(row).encode(), headers=two.as_("mallory"))
    assert two.told() == set()
    assert set(two.confirm("ben", NEW).json["fields"]) == {"thumbprint"}
    assert two.told() == set()


def test_a_revoked_key_comes_back_to_life_only_with_a_second_person(two: Two):
    two.door.add(NEW)
    two.confirm("ben", NEW)
    two.client.post(f"{KEYS}/{NEW.kid}/revocation", headers=two.as_("anna"))
    assert two.states()[NEW.kid] == "revoked"
    jwk = {**NEW.as_dict(private=False), "kid": NEW.kid}
    row = json.dumps(a_participation(keys=[{"key": jwk}])).encode()
    two.client.post("/directory/operator/imports", data=row, headers=two.as_("mallory"))
    assert two.told() == set()
    assert two.confirm("mallory", NEW).status_code == 409


def test_the_thumbprint_is_typed_and_can_be_copied_from_nowhere(two: Two):
    two.door.add(NEW)
    listed = two.client.get(KEYS, headers=two.as_("ben"))
    page = two.client.get("/directory/keys?lang=de", headers=two.as_("ben"))
    assert [one["state"] for one in listed.json["keys"]] == ["counts", "waits"]
    assert NEW.thumbprint() not in listed.text + page.text, "its id is the same, and is not shown either"
    assert (
        "Sie haben diesen Schlüssel eingetragen"
        in two.client.get("/directory/keys?lang=de", headers=two.as_("anna")).text
    )
    form = f"/directory/keys/{id_of('organization', 'a-chamber')}"
    wrong = two.client.post(form, data={"thumbprint": "x"}, headers=two.as_("ben"))
    assert wrong.status_code == 422
    assert two.client.post(form, data={"thumbprint": NEW.thumbprint()}, headers=two.as_("anna")).status_code == 409
    spoken = f" {NEW.thumbprint()[:20]} {NEW.thumbprint()[20:]} "
    assert two.client.post(form, data={"thumbprint": spoken}, headers=two.as_("ben")).status_code == 303
    assert "Kein Schlüssel wartet" in two.client.get("/directory/keys?lang=de", headers=two.as_("ben")).text


def test_others_confirm_nothing_and_what_is_not_there_is_not_found(two: Two):
    two.door.add(NEW)
    assert two.confirm("nina", NEW, role="navigator").status_code == 403
    assert two.client.get("/directory/keys", headers=two.as_("nina", "navigator")).status_code == 403
    assert two.confirm("ben", SIGNING).status_code == 422


def test_a_republished_state_names_no_key_that_waits(two: Two):
    two.door.add(NEW)
    announce_everything(two.door.directory.unit)
    assert two.told() == {KEY["kid"]}


@pytest.mark.parametrize(("mode", "starts"), [("production", False), ("demo", True)])
def test_production_does_not_start_without_a_second_person(mode: str, starts: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KEY_CONFIRMATION", "none")
    monkeypatch.setenv("MODE", mode)
    asks = config.asks_second_person.__wrapped__
    if starts:
        assert not asks()
    else:
        with pytest.raises(ConfigError):
            asks()
    monkeypatch.delenv("KEY_CONFIRMATION")
    assert asks(), "who says nothing is asked for a second person"
