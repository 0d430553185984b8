"""A partner that waits for its notices: answered at once when one comes, at no cost while none does."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from contracts.codes import ChannelKind
from services.notifications import queries
from services.notifications.bell import OF_ONE_PARTNER, Bell
from services.notifications.web.app import create_app
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.integration.notifications.conftest import Notifications
from tests.waiting import eventually


class Feed:
    """The application, asked by several partners at once."""

    def __init__(self, notifications: Notifications) -> None:
        self.notifications = notifications
        self.issuer = TestIssuer()
        self.app = create_app(settings(HTTP_THREADS="8"), notifications.unit, issuer_keys=self.issuer.keys())
        self.bell: Bell = self.app.extensions["notifications-bell"]
        self.pool = ThreadPoolExecutor(12)

    def ask(self, partner: UUID, query: str) -> Any:
        token = self.issuer.token(sub="partner", roles=None, organization_id=str(partner))
        began = time.monotonic()
        with self.app.test_client() as client:
            answer = client.get(f"/partner/v1/events?{query}", headers=bearer(token))
        answer.took = time.monotonic() - began  # type: ignore[attr-defined]
        return answer

    def ask_later(self, partner: UUID, query: str) -> Future[Any]:
        """Returns once it sits and waits."""
        seated = len(self.bell._taken)
        asked = self.pool.submit(self.ask, partner, query)
        eventually(lambda: len(self.bell._taken) == seated + 1 or asked.done(), 10)
        return asked


@pytest.fixture
def feed(notifications: Notifications) -> Iterator[Feed]:
    feed = Feed(notifications)
    yield feed
    feed.pool.shutdown(wait=True)
    feed.bell.close()


@pytest.fixture(autouse=True)
def no_long_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.notifications.bell.LISTEN_SECONDS", 0.2)


def test_who_waits_is_answered_when_a_notice_comes(feed: Feed) -> None:
    partner = feed.notifications.an_organization(ChannelKind.PULL)
    waiting = feed.ask_later(partner, "wait=30")
    referral = feed.notifications.a_request(partner)
    (event,) = waiting.result(10).json["events"]
    assert event["data"]["referral_id"] == str(referral)


def test_what_is_there_already_is_not_waited_for(feed: Feed) -> None:
    partner = feed.notifications.an_organization(ChannelKind.PULL)
    feed.notifications.a_request(partner)
    answer = feed.ask(partner, "wait=30")
    assert len(answer.json["events"]) == 1
    assert answer.took < 10


def test_in_the_end_there_is_an_empty_page_with_the_same_cursor(feed: Feed) -> None:
    partner = feed.notifications.an_organization(ChannelKind.PULL)
    feed.notifications.a_request(partner)
    cursor = feed.ask(partner, "wait=1").json["cursor"]
    answer = feed.ask(partner, f"after={cursor}&wait=1")
    assert answer.json == {"events": [], "cursor": cursor}
    assert answer.took >= 1
    assert "Retry-After" not in answer.headers


def test_anothers_notice_wakes_nobody_else(feed: Feed) -> None:
    mine, other = (feed.notifications.an_organization(ChannelKind.PULL) for _ in range(2))
    waiting = feed.ask_later(mine, "wait=30")
    feed.notifications.a_request(other)
    assert len(feed.ask(other, "wait=0").json["events"]) == 1
    assert not waiting.done()
    feed.notifications.a_request(mine)
    assert len(waiting.result(10).json["events"]) == 1


def test_a_notice_that_was_never_committed_wakes_nobody(feed: Feed) -> None:
    partner = feed.notifications.an_organization(ChannelKind.PULL)
    waiting = feed.ask_later(partner, "wait=2")
    with pytest.raises(RuntimeError), feed.notifications.unit.work(actor="system:test") as work:
        work.tx.execute("SELECT pg_notify('notices', %s)", (str(partner),))
        raise RuntimeError
    assert waiting.result(10).json["events"] == []


def test_who_waits_holds_no_connection(feed: Feed, postgres: str) -> None:
    """Four wait; of the database they hold nothing but the one session that listens for all."""
    partners = [feed.notifications.an_organization(ChannelKind.PULL) for _ in range(4)]
    waiting = [feed.ask_later(partner, "wait=30") for partner in partners]
    with feed.notifications.db.read() as connection:
        name = connection.info.dbname
    query = "SELECT application_name, state FROM pg_stat_activity WHERE datname = %s"

    def busy() -> list[tuple[str, str]]:
        with psycopg.connect(postgres) as admin:
            return [row for row in admin.execute(query, (name,)).fetchall() if row[1] != "idle"]

    eventually(lambda: busy() == [], 10)
    with psycopg.connect(postgres) as admin:
        rows = admin.execute(query, (name,)).fetchall()
    assert [row[0] for row in rows].count("notifications.bell") == 1
    for partner in partners:
        feed.notifications.a_request(partner)
    assert [len(one.result(10).json["events"]) for one in waiting] == [1, 1, 1, 1]


def test_while_nothing_comes_the_database_is_left_alone(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[UUID] = []
    ask = queries.feed
    monkeypatch.setattr(queries, "feed", lambda connection, *of: looks.append(of[0]) or ask(connection, *of))
    feed.ask(uuid4(), "wait=2")
    assert 2 <= len(looks) <= 3, "before sitting down, after it, and when the listening began"


def test_too_many_are_told_to_come_again_instead_of_taking_every_thread(feed: Feed) -> None:
    partners = [feed.notifications.an_organization(ChannelKind.PULL) for _ in range(5)]
    seated = [feed.ask_later(partner, "wait=30") for partner in partners[:4]]
    late = feed.ask(partners[4], "wait=30")
    assert (late.json["events"], late.headers["Retry-After"]) == ([], "5")
    assert late.took < 10
    for partner in partners[:4]:
        feed.notifications.a_request(partner)
    assert [one.result(10).status_code for one in seated] == [200] * 4
    assert feed.bell._taken == []


def test_one_partner_cannot_take_every_place(feed: Feed) -> None:
    greedy, other = (feed.notifications.an_organization(ChannelKind.PULL) for _ in range(2))
    for _ in range(OF_ONE_PARTNER):
        feed.ask_later(greedy, "wait=30")
    assert feed.ask(greedy, "wait=30").headers["Retry-After"] == "5"
    waiting = feed.ask_later(other, "wait=30")
    for partner in (greedy, other):
        feed.notifications.a_request(partner)
    assert len(waiting.result(10).json["events"]) == 1


def test_a_session_that_was_cut_listens_again(feed: Feed, postgres: str) -> None:
    partner = feed.notifications.an_organization(ChannelKind.PULL)
    waiting = feed.ask_later(partner, "wait=30")

    def listeners() -> list[int]:
        with psycopg.connect(postgres, autocommit=True) as admin:
            found = "SELECT pid FROM pg_stat_activity WHERE application_name = 'notifications.bell' AND datname = %s"
            return [row[0] for row in admin.execute(found, (feed_database(feed),)).fetchall()]

    (first,) = eventually(listeners, 10)
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", (first,))
    eventually(lambda: listeners() not in ([], [first]), 20)
    feed.notifications.a_request(partner)
    assert len(waiting.result(20).json["events"]) == 1


def feed_database(feed: Feed) -> str:
    with feed.notifications.db.read() as connection:
        return connection.info.dbname


@pytest.mark.parametrize("wait", ["31", "-1", "soon"])
def test_a_wait_out_of_range_is_refused(feed: Feed, wait: str) -> None:
    assert feed.ask(uuid4(), f"wait={wait}").status_code == 422


def test_the_largest_page_has_five_hundred(feed: Feed) -> None:
    partner = feed.notifications.an_organization(ChannelKind.PULL)
    with feed.notifications.unit.work(actor="system:test") as work:
        work.tx.execute(
            """
            INSERT INTO notices (notice_id, caused_by, referral_id, organization_id, kind, body, made_at)
            SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), %s, 'reminder', '{}', now()
            FROM generate_series(1, 501)""",
            (partner,),
        )
    first = feed.ask(partner, "limit=500").json
    assert len(first["events"]) == 500
    assert len(feed.ask(partner, f"limit=500&after={first['cursor']}").json["events"]) == 1
