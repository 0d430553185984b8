"""The clock: what is due is done once, by one, and one that fails stops no other."""

import threading
from datetime import datetime, timedelta

import pytest

from services.chassis.db import Connection
from services.chassis.errors import RefusedError, UnavailableError
from services.chassis.jobs import ClockJob, ClockRole, Due, sweep
from services.chassis.work import Work
from tests.chassis.rig import NOW, Room, an_import
from tests.waiting import eventually

DATES = "CREATE TABLE dates (id int PRIMARY KEY, due_at timestamptz NOT NULL, done_at timestamptz)"


def due(connection: Connection, now: datetime, limit: int) -> list[Due]:
    rows = connection.execute(
        "SELECT id, due_at FROM dates WHERE done_at IS NULL AND due_at <= %s ORDER BY due_at LIMIT %s", (now, limit)
    )
    return [Due(f"date/{row['id']}:reminder:{row['due_at'].isoformat()}", row["id"]) for row in rows]


def remind(work: Work, item: Due) -> None:
    if item.payload == 13:
        raise RefusedError("date.unlucky")
    work.tx.execute("UPDATE dates SET done_at = %s WHERE id = %s", (work.now, item.payload))
    work.announce(an_import())


@pytest.fixture
def dates(directory: Room) -> Room:
    directory.own(DATES)
    for number, days in ((1, -1), (2, 0), (3, 1), (13, -2)):
        directory.rows("INSERT INTO dates VALUES (%s, %s) RETURNING 1", number, NOW + timedelta(days=days))
    return directory


def done(room: Room) -> list[object]:
    return [row["id"] for row in room.rows("SELECT id FROM dates WHERE done_at IS NOT NULL ORDER BY id")]


def test_what_is_due_is_done_and_what_is_not_waits(dates: Room) -> None:
    clock = ClockRole(dates.unit(NOW), [])
    assert clock.run_due(ClockJob("remind", due, remind)) == 2
    assert done(dates) == [1, 2]
    assert ClockRole(dates.unit(NOW + timedelta(days=1)), []).run_due(ClockJob("remind", due, remind)) == 1
    assert done(dates) == [1, 2, 3]


def test_two_clocks_at_once_do_everything_once(dates: Room) -> None:
    job = ClockJob("remind", due, remind)
    clocks = [ClockRole(dates.unit(NOW), []) for _ in range(4)]
    threads = [threading.Thread(target=clock.run_due, args=(job,)) for clock in clocks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dates.value("SELECT count(*) FROM outbox") == 2


def test_one_that_cannot_be_done_is_not_tried_every_second(dates: Room) -> None:
    tried: list[object] = []

    def count(work: Work, item: Due) -> None:
        tried.append(item.payload)
        remind(work, item)

    clock, job = ClockRole(dates.unit(NOW), []), ClockJob("remind", due, count)
    clock.run_due(job)
    clock.run_due(job)
    assert tried.count(13) == 1


def test_one_clock_leads_and_another_takes_over(dates: Room) -> None:
    stop, second_stop = threading.Event(), threading.Event()
    job = ClockJob("remind", due, remind)
    first = threading.Thread(target=ClockRole(dates.unit(NOW), [job]).run, args=(stop,))
    first.start()
    eventually(lambda: done(dates) == [1, 2])
    second = threading.Thread(target=ClockRole(dates.unit(NOW + timedelta(days=2)), [job]).run, args=(second_stop,))
    second.start()
    stop.set()
    first.join(5)
    eventually(lambda: done(dates) == [1, 2, 3])
    second_stop.set()
    second.join(5)


def test_what_is_remembered_only_against_repetition_is_forgotten_in_time(directory: Room) -> None:
    directory.rows("INSERT INTO inbox VALUES (gen_random_uuid(), 's', now() - interval '41 days') RETURNING 1")
    directory.rows("INSERT INTO inbox VALUES (gen_random_uuid(), 's', now() - interval '36 days') RETURNING 1")
    with directory.session() as session:
        sweep(session)
    assert directory.value("SELECT count(*) FROM inbox") == 1


def test_what_was_typed_and_never_looked_for_again_is_forgotten_within_the_hour(directory: Room) -> None:
    kept = "INSERT INTO kept_forms VALUES (%s, '', now() - %s * interval '1 minute') RETURNING 1"
    directory.rows(kept, "staff:late", 61)
    directory.rows(kept, "staff:soon", 59)
    with directory.session() as session:
        sweep(session)
    assert directory.rows("SELECT actor FROM kept_forms") == [{"actor": "staff:soon"}]


def test_a_clock_whose_session_is_cut_begins_anew(dates: Room) -> None:
    stop = threading.Event()
    job = ClockJob("remind", due, remind)
    clock = ClockRole(dates.unit(NOW), [job])
    thread = threading.Thread(target=clock.run, args=(stop,))
    thread.start()
    eventually(lambda: done(dates) == [1, 2])
    with dates.session() as killer:
        killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'directory.clock' AND datname = current_database()"
        )
    dates.rows("INSERT INTO dates VALUES (4, %s) RETURNING 1", NOW)
    eventually(lambda: done(dates) == [1, 2, 4])
    stop.set()
    thread.join(5)


def test_what_the_database_cannot_do_now_is_tried_again_soon(dates: Room) -> None:
    def trouble(work: Work, item: Due) -> None:
        raise UnavailableError("database.unavailable")

    with pytest.raises(UnavailableError):
        ClockRole(dates.unit(NOW), []).run_due(ClockJob("remind", due, trouble))
