"""A partner's channel leads where two persons say: written down by one, in force once another confirmed it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from contracts.codes import ChannelKind, ChannelOutcome
from contracts.directory import OrganizationPublished, PartnerChannelHandedIn, PartnerChannelSettled
from contracts.identity import id_of
from services.chassis.jobs import ClockRole
from services.directory import config, store
from services.directory.clock_jobs import CLOCK_JOBS
from services.directory.commands.applying import announce_everything, plan_rows
from services.directory.domain.keys import thumbprint
from services.directory.domain.objects import Kind
from services.directory.domain.reading import Row
from services.directory.store import channel_confirmations as confirmations
from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer, settings
from tests.integration.directory.conftest import Directory
from tests.integration.directory.test_web import KEY
from tests.unit.directory.rows import a_directory, a_participation

CHAMBER = str(id_of("organization", "a-chamber"))
PLACE = "/directory/operator/organizations/a-chamber"
PAGE = "/directory/keys?lang=de"
QUEUE = {"kind": "amqp"}
HERS = {"kind": "light", "unit_mailbox": "unit@elsewhere.example"}
AGREEMENT = a_participation()["agreement"]


class House:
    """A directory in which nobody turns a partner to another address alone, and those who work there."""

    def __init__(self, directory: Directory, issuer: TestIssuer) -> None:
        self.directory, self.issuer = directory, issuer
        self.client = create_app(settings(), directory.unit, issuer_keys=issuer.keys()).test_client()

    def as_(self, name: str, role: str = "directory_editor") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.token(sub=name, roles=[role])}"}

    def write(self, name: str, channel: dict[str, Any] = HERS, **agreement: Any) -> None:
        body = {"channel": channel, "agreement": {**AGREEMENT, **agreement}}
        answer = self.client.put(f"{PLACE}/participation", json=body, headers=self.as_(name))
        assert answer.status_code == 200, answer.json

    def stands(self) -> Any:
        return self.client.get(f"{PLACE}/channel", headers=self.as_("ann")).json

    def decide(self, name: str, what: str = "confirmations", role: str = "lead", **given: Any) -> TestResponse:
        told = {"thumbprint": self.stands().get("waits", {}).get("thumbprint"), **given}
        return self.client.post(f"{PLACE}/channel/{what}", json=told, headers=self.as_(name, role))

    def on_page(self, name: str, **given: Any) -> TestResponse:
        return self.client.post(f"/directory/keys/{CHAMBER}/channel?lang=de", data=given, headers=self.as_(name))

    def told(self) -> OrganizationPublished:
        return next(one for one in reversed(self.directory.said()) if isinstance(one, OrganizationPublished))

    def facts(self) -> list[Any]:
        said = [one for one in self.directory.said() if isinstance(one, PartnerChannelHandedIn | PartnerChannelSettled)]
        return [one.kind if isinstance(one, PartnerChannelHandedIn) else one.outcome for one in said]


@pytest.fixture
def house(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Its partner has taken part by queue since before."""
    directory.take_in(*a_directory())
    monkeypatch.setenv("KEY_CONFIRMATION", "second-person")
    config.asks_second_person.cache_clear()
    yield House(directory, TestIssuer())
    monkeypatch.undo()
    config.asks_second_person.cache_clear()


def test_until_a_second_person_confirms_it_a_partner_is_reached_as_before(house: House):
    house.write("mallory", contact="hers@elsewhere.example")
    told = house.told()
    assert (told.channel.kind, told.channel.unit_mailbox) == (ChannelKind.AMQP, None)
    assert told.agreement is not None and told.agreement.contact is None
    assert house.stands()["in_force"] == {"channel": QUEUE}
    refused = house.decide("mallory", role="directory_editor")
    assert (refused.status_code, refused.json["slug"]) == (409, "directory.channel-same-person")
    assert house.told().channel.kind is ChannelKind.AMQP

    assert house.decide("ben").status_code == 200
    told = house.told()
    assert (told.channel.kind, told.channel.unit_mailbox) == (ChannelKind.LIGHT, HERS["unit_mailbox"])
    assert told.agreement is not None and told.agreement.contact == "hers@elsewhere.example"
    assert house.facts() == [ChannelKind.LIGHT, ChannelOutcome.CONFIRMED]
    assert house.decide("cleo").status_code == 404, "none waits any longer"


def test_what_is_refused_is_gone_from_the_file_too_and_the_reason_is_a_fact(house: House):
    house.write("mallory")
    assert house.decide("ben", "refusals", reason="because").status_code == 422
    assert house.decide("ben", "refusals", reason="not_from_partner").status_code == 200
    held = house.client.get(f"{PLACE}/participation", headers=house.as_("ann")).json
    assert (held["channel"], house.stands()) == (QUEUE, {"in_force": {"channel": QUEUE}})
    assert house.facts() == [ChannelKind.LIGHT, ChannelOutcome.NOT_FROM_PARTNER]
    states = house.client.get(f"/directory/operator/history/participation/{CHAMBER}", headers=house.as_("ann")).json
    assert len({one["changed_by"] for one in states["states"][:2]}) == 2, "who refused it stands in the history"


def test_by_no_way_in_and_by_nobody_else_is_a_channel_put_in_force(house: House):
    line = json.dumps(a_participation(channel=HERS)).encode()
    taken = house.client.post("/directory/operator/imports", data=line, headers=house.as_("mallory"))
    assert taken.status_code == 200
    announce_everything(house.directory.unit)
    assert house.told().channel.kind is ChannelKind.AMQP
    for role in ("navigator", "coordinator", "partner_clerk"):
        assert house.decide("nina", role=role).status_code == 403
    assert house.told().channel.kind is ChannelKind.AMQP


def test_the_first_channel_of_a_body_waits_too(house: House):
    body = {"channel": HERS, "agreement": AGREEMENT}
    another = {"object": "organization", "id": "another", "name": {"de": "Andere"}, "description": {"de": "Andere"}}
    rows = [{**another, "organization_type": "chamber", "sources": a_directory()[2]["sources"]}]
    house.directory.take_in(*rows)
    path = "/directory/operator/organizations/another/participation"
    assert house.client.put(path, json=body, headers=house.as_("mallory")).status_code == 200
    assert house.told().channel.kind is ChannelKind.NONE
    assert house.told().agreement is not None


def test_giving_a_channel_up_waits_for_nobody_and_coming_back_does(house: House):
    house.write("anna", {"kind": "none"})
    assert house.told().channel.kind is ChannelKind.NONE
    assert house.facts() == []
    house.write("anna", QUEUE)
    assert house.told().channel.kind is ChannelKind.NONE
    assert house.facts() == [ChannelKind.AMQP]


def test_somebody_elses_correction_is_no_second_pair_of_eyes(house: House):
    house.write("mallory")
    house.write("anna", contact="right@chamber.example")
    assert house.facts()[1:] == [ChannelOutcome.REPLACED, ChannelKind.LIGHT]
    for name in ("mallory", "anna"):
        assert house.decide(name, role="directory_editor").status_code == 409
    house.write("anna", QUEUE)
    assert "waits" not in house.stands()
    assert house.facts()[3:] == [ChannelOutcome.TAKEN_BACK]


def test_only_what_was_looked_at_is_confirmed(house: House):
    house.write("anna", {"kind": "webhook", "webhook_url": "https://hooks.chamber.example/in"})
    looked_at = house.stands()["waits"]["thumbprint"]
    house.write("mallory")
    stale = house.decide("ben", thumbprint=looked_at)
    assert (stale.status_code, stale.json["slug"]) == (412, "directory.channel-changed")
    assert house.on_page("ben", thumbprint=looked_at, decision="confirm").status_code == 412
    assert house.told().channel.kind is ChannelKind.AMQP


def test_the_page_shows_both_and_who_had_a_hand_in_it_is_offered_no_button(house: House):
    house.write("anna")
    hers = house.client.get(PAGE, headers=house.as_("anna")).text
    assert "Sie haben an diesem Kanal mitgeschrieben" in hers and 'value="confirm"' not in hers
    page = house.client.get(PAGE, headers=house.as_("ben")).text
    assert HERS["unit_mailbox"] in page and 'value="confirm"' in page
    seen = house.stands()["waits"]["thumbprint"]
    assert house.on_page("anna", thumbprint=seen, decision="confirm").status_code == 409
    wordless = house.on_page("ben", thumbprint=seen, decision="refuse")
    assert (wordless.status_code, "Wählen Sie aus, warum er nicht verwendet wird." in wordless.text) == (422, True)
    assert house.on_page("ben", thumbprint=seen, decision="confirm").status_code == 303
    assert "Kein Kanal wartet" in house.client.get(PAGE, headers=house.as_("ben")).text
    assert house.on_page("ben", thumbprint=seen, decision="refuse", reason="mistyped").status_code == 404


def test_a_key_that_waits_can_still_be_confirmed_by_whoever_refused_a_channel(house: House):
    body = {"channel": HERS, "agreement": AGREEMENT, "public_key": KEY}
    assert house.client.put(f"{PLACE}/participation", json=body, headers=house.as_("anna")).status_code == 200
    assert house.decide("ben", "refusals", reason="mistyped").status_code == 200
    told = {"thumbprint": thumbprint(KEY)}
    answer = house.client.post(f"{PLACE}/keys/confirmations", json=told, headers=house.as_("ben", "lead"))
    assert answer.status_code == 200, answer.json


@pytest.mark.parametrize("minutes", [0, 1], ids=["before what is in force was confirmed", "after it"])
def test_what_the_version_before_wrote_down_waits_for_somebody_else_within_the_hour(house: House, minutes: int):
    """It knows of no second person: it writes the file and its history, and nothing else."""
    unit = house.directory.unit
    unit.clock.instant += timedelta(minutes=minutes)  # type: ignore[attr-defined]
    name = (Kind.PARTICIPATION, CHAMBER)
    with unit.work(actor="staff:mallory") as work:
        held = store.load(work.tx, [name])[name]
        changes, _ = plan_rows(work, [Row(1, *name, {**held, "channel": HERS})])
        store.write(work, changes)
    clock = ClockRole(unit, CLOCK_JOBS)
    assert clock.run_due(CLOCK_JOBS[1]) == 1
    assert house.stands()["waits"]["channel"] == HERS and house.told().channel.kind is ChannelKind.AMQP
    assert house.facts() == [ChannelKind.LIGHT]
    with unit.db.read() as connection:
        (waits,) = confirmations.unconfirmed(connection)
        assert waits["touched_by"] == ["staff:mallory"]
        assert confirmations.unnoted(connection, 10) == {}
    assert clock.run_due(CLOCK_JOBS[1]) == 0, "looked at in this hour"


def test_nothing_is_noted_twice_whatever_became_of_a_channel(house: House):
    house.write("anna", {"kind": "webhook", "webhook_url": "https://hooks.chamber.example/in"}, contact="a@b.example")
    for what, given in (("refusals", {"reason": "mistyped"}), ("confirmations", {})):
        with house.directory.db.read() as connection:
            assert confirmations.unnoted(connection, 10) == {}
        house.decide("ben", what, **given)
        with house.directory.db.read() as connection:
            assert confirmations.unnoted(connection, 10) == {}
        house.write("anna", {"kind": "none"})
        house.write("cleo")


def test_a_demo_may_do_without(directory: Directory):
    directory.take_in(*a_directory())
    directory.take_in(a_participation(channel=HERS))
    told = next(one for one in reversed(directory.said()) if isinstance(one, OrganizationPublished))
    assert told.channel.kind is ChannelKind.LIGHT
    assert not any(isinstance(one, PartnerChannelHandedIn) for one in directory.said())
