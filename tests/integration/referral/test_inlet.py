"""Commands from partners' queues: obeyed once, answered always, parked only where nobody could be answered."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import amqp
import pytest

from contracts import envelope
from contracts.codes import Action, BackLevel, Status, TaskKind
from contracts.envelope import InvalidEnvelopeError
from contracts.partner.messages import CommandOutcome, CommandResult
from contracts.referral import CommandRefused, ReferralAccepted, ReferralReceived
from contracts.topology import COMMANDS_QUEUE, PARTNERS, partner_exchange, partner_queue, partner_user
from lotse.broker import Broker as Management
from lotse.topology import onboard
from services.chassis import broker as amqp_broker
from services.chassis.errors import ForbiddenError, UnavailableError
from services.chassis.hear import Mail
from services.chassis.inlet import Inlet
from services.chassis.work import Unit
from services.referral import inlet
from tests.chassis.rig import Room
from tests.chassis.test_relay import relaying
from tests.conftest import Broker
from tests.integration.referral.scene import HWK, IHK, NOW, Scene
from tests.waiting import eventually

CONTACT_BY = (NOW.date() + timedelta(days=7)).isoformat()


def a_command(
    referral_id: UUID,
    action: str = "accept",
    body: dict[str, Any] | None = None,
    *,
    version: int | None = 3,
    command_id: UUID | None = None,
    organization_id: UUID = HWK,
) -> dict[str, Any]:
    command: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(command_id or uuid4()),
        "source": f"/partners/{organization_id}",
        "type": f"partner.{action}.v1",
        "subject": f"referral/{referral_id}",
        "time": "2026-11-23T09:00:00Z",
        "datacontenttype": "application/json",
        "data": {"contact_by": CONTACT_BY} if body is None else body,
    }
    return {**command, "expectedversion": version} if version is not None else command


def obey(scene: Scene, command: dict[str, Any], user: str | None = None) -> None:
    mail = Mail(json.dumps(command).encode(), COMMANDS_QUEUE, {}, partner_user(HWK) if user is None else user)
    inlet.obey(scene.unit, scene.keys, mail)


def results(scene: Scene, organization_id: UUID = HWK) -> list[CommandResult]:
    rows = scene.rows(
        "SELECT body FROM outbox WHERE exchange = %s AND routing_key = %s ORDER BY number",
        PARTNERS,
        str(organization_id),
    )
    return [envelope.read(row["body"]).data for row in rows]


def test_an_acceptance_is_done_and_answered_with_the_new_version_and_what_may_follow(scene: Scene):
    referral = scene.told_directory().requested()
    command = a_command(referral.id, version=referral.version)
    obey(scene, command)
    now = scene.now(referral.id)
    [result] = results(scene)
    assert now.status is Status.ACCEPTED
    assert (result.result, result.status, result.version) == (CommandOutcome.DONE, Status.ACCEPTED, now.version)
    assert result.command_id == UUID(command["id"])
    assert result.allowed_actions == (Action.ASK, Action.START, Action.SET_APPOINTMENT, Action.END)
    assert len(scene.said(ReferralReceived, ReferralAccepted)) == 2


def test_the_same_command_again_has_no_second_effect_and_gets_the_same_answer(scene: Scene):
    referral = scene.told_directory().requested()
    command = a_command(referral.id, version=referral.version)
    for _ in range(3):
        obey(scene, command)
    assert len(scene.said(ReferralAccepted)) == 1
    assert len(results(scene)) == 3
    assert len(set(results(scene))) == 1


def test_the_same_command_on_the_version_it_made_itself_is_the_same_command(scene: Scene):
    """Its sender died before the result came, looked again, and says it once more under its id."""
    referral = scene.told_directory().requested()
    command = a_command(referral.id, version=referral.version)
    obey(scene, command)
    obey(scene, {**command, "expectedversion": scene.now(referral.id).version})
    assert len(scene.said(ReferralAccepted)) == 1
    first, again = results(scene)
    assert first == again and first.result is CommandOutcome.DONE


def test_an_id_used_for_another_command_is_refused(scene: Scene):
    referral = scene.told_directory().requested()
    one = uuid4()
    obey(scene, a_command(referral.id, version=referral.version, command_id=one))
    obey(scene, a_command(referral.id, "end", {"reason": "PERSON_MOVED"}, version=4, command_id=one))
    assert results(scene)[-1].slug == "idempotency.key-reused"
    assert scene.now(referral.id).status is Status.ACCEPTED


def test_two_partners_may_use_the_same_id(scene: Scene):
    one = uuid4()
    first = scene.told_directory().requested()
    obey(scene, a_command(first.id, version=first.version, command_id=one))
    obey(scene, a_command(first.id, version=4, command_id=one), user=partner_user(IHK))
    assert [result.result for result in results(scene, IHK)] == [CommandOutcome.REFUSED]


def test_a_stale_command_is_told_the_version_it_should_look_at(scene: Scene):
    referral = scene.told_directory().requested()
    obey(scene, a_command(referral.id, version=referral.version - 1))
    [result] = results(scene)
    assert (result.result, result.slug) == (CommandOutcome.STALE, "referral.changed-meanwhile")
    assert result.version == referral.version
    assert scene.now(referral.id).status is Status.REQUESTED


def test_a_stale_command_is_done_under_the_same_id_at_the_new_version(scene: Scene):
    referral = scene.told_directory().requested()
    command = a_command(referral.id, version=referral.version - 1)
    obey(scene, command)
    obey(scene, {**command, "expectedversion": referral.version})
    assert [result.result for result in results(scene)] == [CommandOutcome.STALE, CommandOutcome.DONE]
    assert {result.command_id for result in results(scene)} == {UUID(command["id"])}
    assert len(scene.said(ReferralAccepted)) == 1


def test_another_organizations_referral_looks_like_none(scene: Scene):
    referral = scene.told_directory().requested()
    obey(scene, a_command(referral.id, version=referral.version), user=partner_user(IHK))
    [result] = results(scene, IHK)
    assert (result.result, result.slug, result.status, result.version) == (
        CommandOutcome.REFUSED,
        "referral.unknown",
        None,
        None,
    )
    assert scene.now(referral.id).status is Status.REQUESTED


def test_who_the_message_says_it_is_does_not_count(scene: Scene):
    referral = scene.told_directory().requested()
    obey(scene, a_command(referral.id, version=referral.version, organization_id=IHK))
    assert scene.now(referral.id).status is Status.ACCEPTED


@pytest.mark.parametrize("user", ["", "guest", "partner.nobody", f"partner.{HWK}x"])
def test_a_command_without_a_known_sender_can_be_answered_to_nobody(scene: Scene, user: str):
    referral = scene.told_directory().requested()
    with pytest.raises(ForbiddenError):
        obey(scene, a_command(referral.id, version=referral.version), user=user)
    assert scene.now(referral.id).status is Status.REQUESTED


@pytest.mark.parametrize("raw", [b"", b"{}", b"[1]", b'{"specversion": "1.0"}', b"\xff"])
def test_what_cannot_be_read_can_be_answered_to_nobody(scene: Scene, raw: bytes):
    with pytest.raises(InvalidEnvelopeError):
        inlet.obey(scene.unit, scene.keys, Mail(raw, COMMANDS_QUEUE, {}, partner_user(HWK)))


def test_an_action_no_partner_has_can_be_answered_to_nobody(scene: Scene):
    referral = scene.told_directory().requested()
    with pytest.raises(InvalidEnvelopeError):
        obey(scene, a_command(referral.id, "cancel", {}))


@pytest.mark.parametrize(
    ("body", "version", "slug"),
    [
        ({"contact_by": "soon"}, 3, "partner.body-invalid"),
        ({"contact_by": CONTACT_BY, "name": "Amira"}, 3, "partner.body-invalid"),
        ({"contact_by": "2026-01-01"}, 3, "referral.contact-by-past"),
        ({"contact_by": "2999-12-31"}, 3, "referral.contact-by-late"),
        ({"contact_by": CONTACT_BY}, None, "partner.version-missing"),
    ],
)
def test_a_command_that_is_wrong_is_told_why(scene: Scene, body: dict[str, Any], version: int | None, slug: str):
    referral = scene.told_directory().requested()
    obey(scene, a_command(referral.id, body=body, version=version and referral.version))
    [result] = results(scene)
    assert (result.result, result.slug) == (CommandOutcome.REFUSED, slug)
    assert scene.now(referral.id).version == referral.version


def test_above_the_back_level_nothing_of_the_command_is_kept_anywhere(scene: Scene):
    referral = scene.told_directory().requested(level=BackLevel.RECEIPT)
    obey(scene, a_command(referral.id, "reject", {"reason": "ALREADY_CARED_FOR"}, version=referral.version))
    [result] = results(scene)
    [fact] = scene.said(CommandRefused)
    assert (result.slug, fact.slug, fact.action) == ("consent.back-level", "consent.back-level", None)
    assert result.allowed_actions == (Action.RECEIVE,)
    for table in ("referrals", "timeline", "comments", "questions", "command_results", "tasks", "outbox", "decisions"):
        kept = scene.rows(f"SELECT {table}::text AS kept FROM {table}")
        assert not [row for row in kept if "ALREADY_CARED_FOR" in row["kept"] or "reject" in row["kept"]]
    outbox = scene.rows("SELECT convert_from(body, 'UTF8') AS body FROM outbox")
    assert not [row for row in outbox if "ALREADY_CARED_FOR" in row["body"]]


def test_an_answer_after_the_end_is_refused_and_lands_on_the_navigators_desk(scene: Scene):
    referral = scene.told_directory().requested()
    scene.days_pass(14)
    ended = scene.now(referral.id)
    obey(scene, a_command(referral.id, version=ended.version))
    assert results(scene)[-1].slug == "referral.closed"
    open_tasks = scene.rows("SELECT kind FROM tasks WHERE closed_at IS NULL")
    assert TaskKind.ANSWERED_LATE in {row["kind"] for row in open_tasks}


def test_if_the_refusal_cannot_be_recorded_nothing_is_answered_and_the_command_comes_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    referral = scene.told_directory().requested(level=BackLevel.RECEIPT)

    def fails(*_: object) -> None:
        raise UnavailableError("refusal.not-recorded")

    monkeypatch.setattr(scene.unit, "record_refusal", fails)
    with pytest.raises(UnavailableError):
        obey(scene, a_command(referral.id, version=referral.version))
    assert results(scene) == []


def test_what_nobody_can_answer_is_parked_and_the_next_command_is_obeyed(scene: Scene):
    referral = scene.told_directory().requested()

    class Doors:
        def partner_command(self, unit: Unit, mail: Mail) -> None:
            inlet.obey(unit, scene.keys, mail)

    good = json.dumps(a_command(referral.id, version=referral.version)).encode()
    mails = [
        Mail(b"not a command", COMMANDS_QUEUE, {}, partner_user(HWK)),
        Mail(good, COMMANDS_QUEUE, {}, None),
        Mail(good, COMMANDS_QUEUE, {}, partner_user(HWK)),
    ]
    Inlet(scene.unit, Doors(), "partner_command", COMMANDS_QUEUE).hear(mails)
    parked = scene.rows("SELECT reason FROM parked_events ORDER BY parked_at")
    assert [row["reason"] for row in parked][1] == "auth.sender-unknown"
    assert len(parked) == 2
    assert [result.result for result in results(scene)] == [CommandOutcome.DONE]


def test_over_a_real_broker_the_sender_is_who_the_broker_says_and_the_answer_reaches_only_it(
    make_database: Callable[[str], Any], make_vhost: Callable[[], Broker]
):
    addresses, vhost = make_database("referral"), make_vhost()
    room = Room("referral", addresses.app_dsn, addresses.owner_dsn)
    scene = Scene(room.db).told_directory()
    referral = scene.requested()
    management = Management(vhost.management_url, vhost.vhost)
    for organization_id in (HWK, IHK):
        onboard(management, organization_id, "secret")
    with pytest.raises(amqp.exceptions.AMQPError):
        _publish(vhost, HWK, a_command(referral.id), claims_to_be=IHK)
    _publish(vhost, HWK, a_command(referral.id, version=referral.version))
    inlet.obey(scene.unit, scene.keys, _next_command(vhost))
    with relaying(room, vhost.amqp_uri):
        answer = eventually(lambda: _read(vhost, HWK), timeout=20)
    assert answer["data"]["result"] == "done"
    assert answer["type"] == "partner.command_result.v1"
    assert _read(vhost, IHK) is None
    scene.close()
    room.db.close()


def _as(vhost: Broker, organization_id: UUID) -> amqp.Connection:
    host = vhost.amqp_uri.rpartition("@")[2].partition("/")[0]
    link = amqp.Connection(
        host=host,
        userid=partner_user(organization_id),
        password="secret",
        virtual_host=vhost.vhost,
        confirm_publish=True,
    )
    link.connect()
    return link


def _publish(vhost: Broker, organization_id: UUID, command: dict[str, Any], claims_to_be: UUID | None = None) -> None:
    with _as(vhost, organization_id) as link:
        message = amqp.Message(
            json.dumps(command).encode(), delivery_mode=2, user_id=partner_user(claims_to_be or organization_id)
        )
        link.channel().basic_publish(message, partner_exchange(organization_id), command["type"])


def _next_command(vhost: Broker) -> Mail:
    link, found = amqp_broker.connect(vhost.amqp_uri, "test"), []
    link.channel().basic_consume(COMMANDS_QUEUE, callback=found.append, no_ack=True)
    link.drain_events(timeout=10)
    link.close()
    [message] = found
    body = message.body.encode() if isinstance(message.body, str) else bytes(message.body)
    return Mail(body, COMMANDS_QUEUE, {}, message.properties["user_id"])


def _read(vhost: Broker, organization_id: UUID) -> dict[str, Any] | None:
    with _as(vhost, organization_id) as link:
        message = link.channel().basic_get(partner_queue(organization_id), no_ack=True)
    return json.loads(message.body) if message else None
