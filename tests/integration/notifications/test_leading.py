"""One dispatcher leads, and it outlives whatever goes wrong around it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from joserfc.jwk import OKPKey

from contracts.codes import ChannelKind
from services.chassis.config import Settings
from services.chassis.db import connect
from services.chassis.errors import UnavailableError
from services.chassis.work import Unit
from services.notifications import leading
from services.notifications.channels.result import Result
from services.notifications.dispatcher import Dispatcher
from tests.chassis.web_rig import settings
from tests.integration.notifications.conftest import Notifications
from tests.waiting import eventually


@pytest.fixture
def configured() -> Settings:
    return settings(
        SMTP_URL="smtp://127.0.0.1:1",
        MAIL_FROM="lotsen@netz.example",
        LEAD_MAILBOX="leitung@netz.example",
        DESK_LINK_KEY=json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)),
    )


@contextmanager
def role(configured: Settings, unit: Unit) -> Iterator[threading.Event]:
    stop = threading.Event()
    thread = threading.Thread(target=leading.run, args=(configured, unit, stop))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


def test_a_second_dispatcher_stands_by_until_the_first_is_gone(
    notifications: Notifications, configured: Settings
) -> None:
    with connect(notifications.db.dsn) as first:
        first.execute("SELECT pg_advisory_lock(%s)", (leading.LOCK,))
        with role(configured, notifications.unit):
            referral = notifications.a_request(notifications.an_organization(ChannelKind.LIGHT))
            assert notifications.states(referral) == ["pending"]
            first.execute("SELECT pg_advisory_unlock(%s)", (leading.LOCK,))
            eventually(lambda: notifications.states(referral) == ["parked"])
            eventually(lambda: beaten(notifications))


def beaten(notifications: Notifications) -> bool:
    with notifications.db.read() as connection:
        return connection.execute("SELECT FROM beats WHERE role = 'dispatcher'").fetchone() is not None


def test_who_loses_its_session_leads_no_longer_and_comes_back(
    notifications: Notifications, configured: Settings
) -> None:
    with role(configured, notifications.unit):
        eventually(lambda: hang_up(notifications) == 1)
        eventually(lambda: sessions(notifications) == 1)
        referral = notifications.a_request(notifications.an_organization(ChannelKind.LIGHT))
        eventually(lambda: notifications.states(referral) == ["parked"])


SESSION = "application_name = 'notifications.dispatcher' AND datname = current_database()"


def hang_up(notifications: Notifications) -> int:
    with notifications.db.session() as connection:
        return connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {SESSION}").rowcount


def sessions(notifications: Notifications) -> int:
    with notifications.db.session() as connection:
        row = connection.execute(f"SELECT count(*) AS n FROM pg_stat_activity WHERE {SESSION}").fetchone()
    return int(row["n"]) if row else 0


def test_a_mistake_in_a_thread_does_not_end_the_others(notifications: Notifications) -> None:
    referral = notifications.a_request(notifications.an_organization(ChannelKind.LIGHT))
    dispatcher = notifications.dispatcher(mails=None)
    assert notifications.dispatch(dispatcher) == 1
    assert notifications.states(referral) == ["pending"]
    notifications.clock.instant += timedelta(minutes=2)
    assert notifications.dispatch() == 1


class Forgetful(Dispatcher):
    """Its database is away at every odd look."""

    looks = 0

    def turn(self, pool: object) -> int:
        self.looks += 1
        if self.looks == 1:
            raise UnavailableError("database.unavailable")
        return super().turn(pool)  # type: ignore[arg-type]


def test_a_database_that_is_away_is_waited_for(notifications: Notifications, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.notifications.dispatcher.TROUBLE_SECONDS", 0.01)
    ready = notifications.dispatcher()
    forgetful = Forgetful(ready.unit, ready.webhooks, ready.mails, ready.ladder, ready.deployment_keys)
    stop = threading.Event()
    thread = threading.Thread(target=forgetful.run, args=(stop,))
    thread.start()
    referral = notifications.a_request(notifications.an_organization(ChannelKind.LIGHT))
    eventually(lambda: notifications.states(referral) == ["parked"])
    stop.set()
    thread.join(5)


def test_what_could_not_be_recorded_is_due_again(notifications: Notifications, monkeypatch: pytest.MonkeyPatch) -> None:
    referral = notifications.a_request(notifications.an_organization(ChannelKind.LIGHT))
    dispatcher = notifications.dispatcher()
    monkeypatch.setattr(type(dispatcher.mails), "send", lambda *_: lost_database())
    notifications.dispatch(dispatcher)
    assert notifications.states(referral) == ["pending"]
    assert notifications.deliveries(referral)[0]["attempts"] == []


def lost_database() -> Result:
    raise UnavailableError("database.unavailable")


def test_all_threads_busy_means_nothing_more_is_claimed(notifications: Notifications) -> None:
    notifications.a_request(notifications.an_organization(ChannelKind.LIGHT))
    assert notifications.dispatch(notifications.dispatcher(threads=0)) == 0
