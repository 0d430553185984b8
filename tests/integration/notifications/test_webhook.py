"""Webhooks as their receivers see them, well-behaved and not."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
import time_machine
from standardwebhooks import Webhook, WebhookVerificationError

from contracts import envelope
from contracts.codes import ChannelKind, NoticeKind
from services.chassis.errors import UnavailableError
from services.notifications import commands
from services.notifications.domain.ladder import STEPS, Ladder
from tests.integration.notifications.conftest import NOW, SECRET, Notifications
from tests.integration.notifications.receiver import Receiver, running


def a_partner(notifications: Notifications, url: str) -> UUID:
    partner = notifications.an_organization(ChannelKind.WEBHOOK, url=url)
    notifications.keep_secret(partner)
    return partner


def test_the_official_verifier_accepts_what_we_sign(notifications: Notifications) -> None:
    with running(Receiver()) as receiver:
        referral = notifications.a_request(a_partner(notifications, receiver.url))
        notifications.dispatch()
    (headers, body) = receiver.got[0]
    with time_machine.travel(NOW):
        Webhook(SECRET).verify(body.decode(), headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(body.decode() + " ", headers)
    told = envelope.read(body)
    assert told.data.kind is NoticeKind.REFERRAL_REQUESTED
    assert headers["webhook-id"] == str(told.id)
    assert notifications.states(referral) == ["confirmed"]
    assert notifications.said()[-2:] == ["notifications.notice_sent.v1", "notifications.notice_confirmed.v1"]


@pytest.mark.parametrize(
    ("status", "cause", "state"),
    [
        (500, "http-500", "failed"),
        (429, "http-429", "failed"),
        (302, "redirect-refused", "failed"),
        (410, "gone", "parked"),
    ],
)
def test_a_refusing_receiver_is_tried_again_unless_it_says_gone(
    notifications: Notifications, status: int, cause: str, state: str
) -> None:
    with running(Receiver([status])) as receiver:
        referral = notifications.a_request(a_partner(notifications, receiver.url))
        notifications.dispatch()
    (delivery,) = notifications.deliveries(referral)
    assert (delivery["state"], delivery["cause"]) == (state, cause)
    assert [(one["status_code"], one["cause"], one["succeeded"]) for one in delivery["attempts"]] == [
        (status, cause, False)
    ]
    assert len(receiver.got) == 1


@pytest.mark.parametrize("receiver", [Receiver(delay=3.0), Receiver(drip=True)], ids=["silent", "dripping"])
def test_a_slow_receiver_is_hung_up_on(notifications: Notifications, receiver: Receiver) -> None:
    with running(receiver):
        referral = notifications.a_request(a_partner(notifications, receiver.url))
        notifications.dispatch()
    (delivery,) = notifications.deliveries(referral)
    assert (delivery["state"], delivery["cause"]) == ("failed", "timeout")
    assert delivery["attempts"][0]["latency_ms"] < 2500


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (b"Guten Tag!\r\n\r\n", "answer-unreadable"),
        (b"HTTP/1.1 zweihundert OK\r\n\r\n", "answer-unreadable"),
        (b"\x00\xff" * 40_000, "answer-unreadable"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-More: a\r\n" * 200, "answer-unreadable"),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 100_000, "answer-unreadable"),
        (b"", "connection-failed"),
    ],
    ids=["no-http", "no-number", "bytes", "many-headers", "long-header", "nothing"],
)
def test_what_is_no_answer_is_a_failed_attempt(notifications: Notifications, said: bytes, cause: str) -> None:
    with running(Receiver(raw=said)) as receiver:
        referral = notifications.a_request(a_partner(notifications, receiver.url))
        notifications.dispatch()
    (delivery,) = notifications.deliveries(referral)
    assert (delivery["state"], delivery["cause"], len(delivery["attempts"])) == ("failed", cause, 1)


def test_of_an_answer_nothing_but_its_status_is_read(notifications: Notifications) -> None:
    """A body as long as somebody likes costs nothing: it is not waited for."""
    with running(Receiver(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n" + b"a" * 1_000)) as receiver:
        referral = notifications.a_request(a_partner(notifications, receiver.url))
        notifications.dispatch()
    assert notifications.states(referral) == ["confirmed"]
    assert notifications.deliveries(referral)[0]["attempts"][0]["latency_ms"] < 900


def test_nobody_listening_is_a_failure_too(notifications: Notifications) -> None:
    referral = notifications.a_request(a_partner(notifications, "http://127.0.0.1:9/"))
    notifications.dispatch()
    assert notifications.deliveries(referral)[0]["cause"] == "connection-failed"


def test_the_ladder_ends_in_parked_and_an_operator_sends_it_again(notifications: Notifications) -> None:
    with running(Receiver([500] * len(STEPS) + [204])) as receiver:
        referral = notifications.a_request(a_partner(notifications, receiver.url))
        for _ in STEPS:
            assert notifications.dispatch() == 1
            assert notifications.dispatch() == 0
            notifications.clock.instant += timedelta(hours=10)
        (delivery,) = notifications.deliveries(referral)
        assert (delivery["state"], delivery["attempt"], delivery["due_at"]) == ("parked", len(STEPS), None)
        with notifications.unit.work(actor="staff:op") as work:
            commands.replay(work, delivery["delivery_id"])
        notifications.dispatch()
    assert notifications.states(referral) == ["confirmed"]
    assert len(notifications.deliveries(referral)[0]["attempts"]) == len(STEPS) + 1
    assert notifications.said()[-4:] == [
        "notifications.notice_parked.v1",
        "notifications.notice_replayed.v1",
        "notifications.notice_sent.v1",
        "notifications.notice_confirmed.v1",
    ]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_a_slow_partner_does_not_hold_up_another(notifications: Notifications) -> None:
    with running(Receiver(delay=0.8)) as slow, running(Receiver()) as quick:
        tardy = a_partner(notifications, slow.url)
        waiting = [notifications.a_request(tardy) for _ in range(3)]
        prompt = notifications.a_request(a_partner(notifications, quick.url))
        assert notifications.dispatch() == 2
        assert notifications.states(prompt) == ["confirmed"]
    assert sum(notifications.states(referral) == ["pending"] for referral in waiting) == 2


def test_an_address_behind_our_own_door_is_never_called(notifications: Notifications) -> None:
    with running(Receiver()) as receiver:
        referral = notifications.a_request(a_partner(notifications, receiver.url.replace("http://", "https://")))
        notifications.dispatch(notifications.dispatcher(allowed=()))
    assert receiver.got == []
    assert notifications.deliveries(referral)[0]["cause"] == "address-refused"
    assert notifications.states(referral) == ["parked"]


def test_without_a_secret_nothing_is_sent(notifications: Notifications) -> None:
    with running(Receiver()) as receiver:
        partner = notifications.an_organization(ChannelKind.WEBHOOK, url=receiver.url)
        referral = notifications.a_request(partner)
        notifications.dispatch()
    assert receiver.got == []
    assert notifications.deliveries(referral)[0]["cause"] == "webhook-secret-missing"


def test_a_claim_whose_dispatcher_died_is_due_again(notifications: Notifications) -> None:
    with running(Receiver()) as receiver:
        referral = notifications.a_request(a_partner(notifications, receiver.url))
        dispatcher = notifications.dispatcher()
        assert len(dispatcher._claim(5)) == 1
        assert notifications.dispatch() == 0
        notifications.clock.instant += timedelta(minutes=2)
        assert notifications.dispatch() == 1
    assert notifications.states(referral) == ["confirmed"]


def test_the_secret_is_not_in_the_database(notifications: Notifications) -> None:
    partner = a_partner(notifications, "https://kammer.example/")
    with notifications.db.read() as connection:
        row = connection.execute("SELECT sealed FROM webhook_secrets WHERE organization_id = %s", (partner,)).fetchone()
    assert row is not None
    assert SECRET.encode() not in bytes(row["sealed"])


class DatabaseBreaker(Receiver):
    """Takes the notice - and while it does, every connection to the database is cut."""

    def __init__(self, notifications: Notifications, admin_dsn: str) -> None:
        super().__init__()
        with notifications.db.read() as connection:
            self._database = connection.info.dbname
        self._admin_dsn = admin_dsn

    def answer(self, headers: dict[str, str], body: bytes) -> int:
        with psycopg.connect(self._admin_dsn, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (self._database,)
            )
        return super().answer(headers, body)


def test_a_database_away_during_the_attempt_is_waited_for(notifications: Notifications, postgres: str) -> None:
    """Otherwise the partner would hear the same notice again when the claim has run out."""
    receiver = DatabaseBreaker(notifications, postgres)
    with running(receiver):
        referral = notifications.a_request(a_partner(notifications, receiver.url))
        notifications.dispatch()
    with suppress(UnavailableError):
        notifications.states(referral)  # the reading connections were cut, too: the first to notice replaces them
    (delivery,) = notifications.deliveries(referral)
    assert (delivery["state"], len(delivery["attempts"])) == ("confirmed", 1)
    assert len(receiver.got) == 1


def test_recording_the_same_attempt_again_changes_nothing(notifications: Notifications) -> None:
    """A commit whose answer was lost looks like a failure, and is tried again."""
    with running(Receiver()) as receiver:
        referral = notifications.a_request(a_partner(notifications, receiver.url))
        notifications.dispatch()
    (before,), said = notifications.deliveries(referral), notifications.said()
    again = commands.Attempt(NOW, 1, status_code=204, confirmed=True)
    with notifications.unit.work(actor="system:dispatcher") as work:
        kind = NoticeKind.REFERRAL_REQUESTED
        result = commands.record_attempt(work, before["delivery_id"], kind, again, Ladder())
    assert result is commands.Consequence.NONE
    assert notifications.deliveries(referral) == [before]
    assert notifications.said() == said
