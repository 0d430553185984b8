"""The life of partners' keys in the directory: pure changes of a participation."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.fields import format_instant
from services.directory.domain import key_life
from tests.unit.directory.test_keys import EC, OKP, RSA

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=14)


def entry(jwk: Any, **life: datetime) -> dict[str, Any]:
    return {"key": {**jwk, "use": "enc"}, **{name: format_instant(at) for name, at in life.items()}}


def test_the_key_from_before_is_the_first_of_the_list():
    participation = {"organization_id": "x", "public_key": EC}
    changed = key_life.added(participation, entry(OKP))
    assert [one["key"]["kid"] for one in changed["keys"]] == [EC["kid"], OKP["kid"]]
    assert "public_key" not in changed
    assert key_life.listed(changed) == changed["keys"]


def test_a_next_key_ends_those_of_its_use_that_count():
    held = {"keys": [entry(EC), {"key": {**RSA, "use": "sig"}}]}
    old, signing, new = key_life.rotated(held, entry(OKP), NOW, LATER)["keys"]
    assert old["not_after"] == format_instant(LATER)
    assert "not_after" not in signing
    assert new["key"]["kid"] == OKP["kid"]


def test_what_ends_sooner_anyway_is_not_made_longer():
    sooner = NOW + timedelta(days=1)
    [old, _] = key_life.rotated({"keys": [entry(EC, not_after=sooner)]}, entry(OKP), NOW, LATER)["keys"]
    assert old["not_after"] == format_instant(sooner)


def test_revoked_once_it_stays_so():
    once = key_life.revoked({"keys": [entry(EC)]}, EC["kid"], NOW)
    assert key_life.revoked(once, EC["kid"], LATER) == once


@pytest.mark.parametrize(
    ("life", "state"),
    [
        ({}, "counts"),
        ({"not_before": LATER}, "ahead"),
        ({"not_after": NOW}, "ended"),
        ({"not_after": LATER}, "counts"),
        ({"revoked_at": NOW}, "revoked"),
        ({"revoked_at": NOW, "not_after": NOW}, "revoked"),
    ],
)
def test_how_a_key_stands(life: dict[str, datetime], state: str):
    shown = key_life.shown(entry(EC, **life), NOW, is_confirmed=True)
    assert (shown["state"], shown["kid"]) == (state, EC["kid"])
    assert "x" not in shown
