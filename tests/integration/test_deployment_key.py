"""The deployment key is exchanged: what was made with the former one counts while that is named, and no longer."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts import assurance_link, capacity_link
from services.audit.notes import Notes
from services.chassis.clock import SystemClock
from services.chassis.config import Settings
from services.chassis.errors import ForbiddenError
from services.chassis.web import create_app
from services.chassis.work import Unit
from services.directory.web import confirming, resting, units
from services.notifications import webhook_secrets
from services.referral.web import device
from tests.chassis.web_rig import ISSUER, TestIssuer, bearer, settings

FORMER, NEW, FOREIGN = (bytes([number]) * 32 for number in (1, 2, 3))
ORGANIZATION, ASK = UUID(int=7), UUID(int=8)
NOW = SystemClock().now()
LATER = NOW + timedelta(days=1)
SIDE_BY_SIDE = {"DEPLOYMENT_KEY": NEW.hex(), "DEPLOYMENT_KEYS_OLD": FORMER.hex(), "PSEUDONYM_KEY": FORMER.hex()}
ALONE = {"DEPLOYMENT_KEY": NEW.hex(), "PSEUDONYM_KEY": FORMER.hex()}

each_time = pytest.mark.parametrize(
    ("told", "counts"), [(SIDE_BY_SIDE, True), (ALONE, False)], ids=["named", "dropped"]
)


@contextmanager
def inside(told: dict[str, str]) -> Iterator[Settings]:
    """Within an application that was told these keys."""
    configured = settings(**told)
    unit = Unit(None, SystemClock(), "sample")  # type: ignore[arg-type]  # nothing here asks a database
    app = create_app("sample", configured, unit, issuer_keys=TestIssuer().keys())
    with app.test_request_context():
        yield configured


@each_time
def test_a_unit_still_says_whether_it_has_places(
    told: dict[str, str], monkeypatch: pytest.MonkeyPatch, *, counts: bool
) -> None:
    monkeypatch.setattr(resting, "expect_taking_part", lambda organization_id: None)
    with inside(told):
        assert units.read(capacity_link.sign(NEW, ORGANIZATION, None, LATER)).organization_id == ORGANIZATION
        former = capacity_link.sign(FORMER, ORGANIZATION, None, LATER)
        if counts:
            assert units.read(former).organization_id == ORGANIZATION
        for token in (former, capacity_link.sign(FOREIGN, ORGANIZATION, None, LATER))[counts:]:
            with pytest.raises(ForbiddenError):
                units.read(token)


@each_time
def test_a_question_whether_entries_are_true_is_still_answered(
    told: dict[str, str], monkeypatch: pytest.MonkeyPatch, *, counts: bool
) -> None:
    monkeypatch.setattr(resting, "expect_taking_part", lambda organization_id: None)
    monkeypatch.setattr(confirming, "asked_organization", lambda connection, ask_id: ORGANIZATION)
    with inside(told) as configured, monkeypatch.context() as patched:
        patched.setattr(confirming, "room", lambda: Paper(configured))
        assert confirming._asked(assurance_link.sign(NEW, ASK, LATER)) == (ASK, ORGANIZATION)
        former = assurance_link.sign(FORMER, ASK, LATER)
        if counts:
            assert confirming._asked(former) == (ASK, ORGANIZATION)
        for token in (former, assurance_link.sign(FOREIGN, ASK, LATER))[counts:]:
            with pytest.raises(ForbiddenError):
                confirming._asked(token)


class Paper:
    """A room whose database is not asked anything."""

    def __init__(self, told: Settings) -> None:
        self.settings, self.unit, self.db, self.clock = told, self, self, SystemClock()

    @contextmanager
    def read(self) -> Iterator[None]:
        yield None


@each_time
def test_a_known_device_stays_known(told: dict[str, str], *, counts: bool) -> None:
    with inside(told):
        words: tuple[Any, ...] = ("token", ORGANIZATION, "desk")
        assert device.is_signed(device.signature(NEW, *words), *words)
        assert device.is_signed(device.signature(FORMER, *words), *words) is counts
        assert not device.is_signed(device.signature(FOREIGN, *words), *words)


@each_time
def test_webhooks_are_signed_with_the_secret_their_receiver_has(told: dict[str, str], *, counts: bool) -> None:
    sealed = [webhook_secrets.seal(f"whsec_{key.hex()}", ORGANIZATION, key) for key in (NEW, FORMER, FOREIGN)]
    found = webhook_secrets.opened(sealed, ORGANIZATION, *settings(**told).deployment_keys)
    assert found == [f"whsec_{key.hex()}" for key in ((NEW, FORMER) if counts else (NEW,))]


@each_time
def test_an_officers_note_is_still_read(told: dict[str, str], *, counts: bool) -> None:
    notes = Notes(*settings(**told).deployment_keys)
    for key, opens in ((NEW, True), (FORMER, counts), (FOREIGN, False)):
        sealed = Notes(key).seal("what was found", "finding")
        opened = notes.open(sealed.content, "finding", sealed.sha256, "staff:x")
        assert (opened.words == "what was found", opened.altered) == (opens, not opens)
    fresh = notes.seal("anew", "finding")
    assert Notes(NEW).open(fresh.content, "finding", fresh.sha256, "staff:x").words == "anew"


def test_everybody_keeps_her_pseudonym() -> None:
    issuer, names = TestIssuer(), set()
    for told in ({"DEPLOYMENT_KEY": FORMER.hex()}, SIDE_BY_SIDE, ALONE):
        unit = Unit(None, SystemClock(), "sample")  # type: ignore[arg-type]
        app = create_app("sample", settings(**told), unit, issuer_keys=issuer.keys())
        with app.test_request_context(headers=bearer(issuer.token(iss=ISSUER))):
            from services.chassis.auth import actor_of_account
            from services.chassis.room import room

            names.add(actor_of_account("anna", room().settings))
    assert len(names) == 1
