"""The relay on real servers: order, positions, confirms, and one leader."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from contracts import directory as said
from services.chassis import broker as amqp_broker
from services.chassis.broker import Publisher, PublishError
from services.chassis.db import Connection, connect
from services.chassis.despatch import Shelf
from services.chassis.launch import reporter
from services.chassis.relay import Relay, Turns
from services.chassis.topology import TopologyError, listeners_of, require
from tests.chassis.rig import Room, an_import
from tests.conftest import Broker
from tests.waiting import eventually

EVENTS = "directory.events"
INBOX = "referral.inbox.0"


@contextmanager
def turning(session: Connection, link: Any, window: int) -> Iterator[Turns]:
    with ThreadPoolExecutor(1) as beside:
        yield Turns(session, link, window, beside)


@contextmanager
def relaying(room: Room, uri: str, **options: Any) -> Iterator[Relay]:
    stop = threading.Event()
    relay = Relay(dsn=room.dsn, amqp_uri=uri, service=room.name, **options)
    thread = threading.Thread(target=relay.run, args=(stop,))
    thread.start()
    try:
        yield relay
    finally:
        stop.set()
        thread.join(10)


def drained(room: Room) -> None:
    eventually(lambda: room.unpublished() == 0, timeout=15)


def messages(uri: str, queue: str = INBOX) -> list[Any]:
    """Everything that lies in a queue now, taken out."""
    link = amqp_broker.connect(uri, "test")
    channel = link.channel()
    lying = channel.queue_declare(queue, passive=True).message_count
    found: list[Any] = []
    channel.basic_consume(queue, callback=found.append, no_ack=True)
    while len(found) < lying:
        link.drain_events(timeout=5)
    link.close()
    return found


def positions(found: list[Any]) -> list[int]:
    return [message.properties["application_headers"]["position"] for message in found]


def test_letters_arrive_in_order_persistent_with_gapless_positions(directory: Room, vhost: Broker) -> None:
    directory.tell(700, subjects=7)
    with relaying(directory, vhost.amqp_uri):
        drained(directory)
    found = messages(vhost.amqp_uri)
    assert positions(found) == list(range(1, 701))
    assert {message.properties["delivery_mode"] for message in found} == {2}
    bodies = [json.loads(message.body) for message in found]
    assert [message.properties["message_id"] for message in found] == [body["id"] for body in bodies]
    assert found[0].properties["application_headers"]["ce-type"] == "directory.import_applied.v1"
    by_subject: dict[str, list[int]] = {}
    for body in bodies:
        by_subject.setdefault(body["subject"], []).append(int(body["sequence"]))
    assert list(by_subject.values()) == [list(range(1, 101))] * 7


def test_what_commits_late_gets_a_later_position(directory: Room, vhost: Broker) -> None:
    with directory.unit().work(actor="staff:ab") as slow:
        slow.tx.execute("SELECT nextval('outbox_number_seq')")
        slow.announce(an_import(number=1))
        directory.unit().finish(slow, slow.bag)  # numbered and written, not yet committed
        slow.bag.announcements.clear()
        directory.tell(3, subjects=1)
        with relaying(directory, vhost.amqp_uri):
            eventually(lambda: directory.value("SELECT count(*) FROM outbox WHERE published_at IS NOT NULL") == 3)
    with relaying(directory, vhost.amqp_uri):
        drained(directory)
    rows = directory.rows("SELECT position FROM outbox ORDER BY number")
    assert [row["position"] for row in rows] == [4, 1, 2, 3]


def test_a_position_is_committed_before_the_letter_leaves(directory: Room, vhost: Broker) -> None:
    directory.tell(5)
    with connect(directory.dsn) as session:
        Shelf(session, 500).next([])  # a relay that dies now has published nothing, but its positions stand
    directory.tell(5)
    with relaying(directory, vhost.amqp_uri):
        drained(directory)
    assert positions(messages(vhost.amqp_uri)) == list(range(1, 11))


def test_what_was_sent_but_not_marked_is_sent_again_under_the_same_position(directory: Room, vhost: Broker) -> None:
    directory.tell(5)
    link = amqp_broker.connect(vhost.amqp_uri, "test")
    with connect(directory.dsn) as session, turning(session, link, 500) as turns:
        turns.turn()
        turns.turn()  # sent and confirmed; the mark would come with the next turn
    link.close()
    assert directory.unpublished() == 5
    with relaying(directory, vhost.amqp_uri):
        drained(directory)
    found = messages(vhost.amqp_uri)
    assert positions(found) == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]
    assert len({message.properties["message_id"] for message in found}) == 5


def test_what_was_placed_ahead_and_not_sent_leaves_in_its_place(directory: Room, vhost: Broker) -> None:
    """Two windows are placed with the first full one; whoever dies then has sent one of them."""
    directory.tell(35)
    link = amqp_broker.connect(vhost.amqp_uri, "test")
    with connect(directory.dsn) as session, turning(session, link, 10) as turns:
        turns.turn()
        assert directory.value("SELECT count(position) FROM outbox") == 20
    link.close()
    with relaying(directory, vhost.amqp_uri):
        drained(directory)
    found = positions(messages(vhost.amqp_uri))
    assert found[-35:] == list(range(1, 36))
    assert found[:-35] == list(range(1, len(found) - 34)), "of the first window whatever the broker had taken by then"


def test_a_full_outbox_leaves_in_order_each_once_and_is_marked(directory: Room, vhost: Broker) -> None:
    directory.tell(57)
    link = amqp_broker.connect(vhost.amqp_uri, "test")
    with connect(directory.dsn) as session, turning(session, link, 10) as turns:
        turns.finish()
        assert turns.published == 57
    link.close()
    assert directory.unpublished() == 0
    found = messages(vhost.amqp_uri)
    assert positions(found) == list(range(1, 58))
    assert head_of(directory) == (57, rolled(found))


def head_of(directory: Room) -> tuple[int, str]:
    [row] = directory.rows("SELECT published, rolling_sha256 FROM outbox_heads")
    return row["published"], row["rolling_sha256"]


def rolled(found: list[Any]) -> str:
    rolling = bytes(32)
    for message in found:
        rolling = hashlib.sha256(rolling + hashlib.sha256(message.body).digest()).digest()
    return rolling.hex()


def test_the_head_tells_position_and_a_rolling_hash_over_the_bytes(directory: Room, vhost: Broker) -> None:
    directory.tell(30)
    with relaying(directory, vhost.amqp_uri, window=7):
        drained(directory)
    assert head_of(directory) == (30, rolled(messages(vhost.amqp_uri)))


def test_letters_to_partners_have_positions_of_their_own(directory: Room, vhost: Broker) -> None:
    with directory.unit().work(actor="staff:ab") as work:
        for number in range(3):
            work.announce(an_import(number=number))
            work.send(b"{}", exchange="partners", routing_key="nobody", id=uuid4(), subject="partner/x")
    with relaying(directory, vhost.amqp_uri):
        drained(directory)
    assert positions(messages(vhost.amqp_uri)) == [1, 2, 3]
    assert positions(messages(vhost.amqp_uri, "unrouted")) == [1, 2, 3], "nobody is bound there: seen, not lost"


def test_it_reports_the_stream_when_it_stops(directory: Room, vhost: Broker) -> None:
    directory.tell(4)
    with relaying(directory, vhost.amqp_uri, report=reporter(directory.unit())):
        drained(directory)
    last = json.loads(messages(vhost.amqp_uri)[-1].body)
    assert last["type"] == said.StreamReported.__event__.type  # type: ignore[attr-defined]
    assert last["data"]["position"] == 4


def test_two_relays_one_leads_and_the_other_takes_over(directory: Room, vhost: Broker) -> None:
    with relaying(directory, vhost.amqp_uri), relaying(directory, vhost.amqp_uri):
        directory.tell(200)
        drained(directory)
        lock = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 7301946 AND granted"
        assert (
            len(
                directory.rows(
                    f"{lock} AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                )
            )
            == 1
        )
        directory.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'directory.relay' AND datname = current_database()"
        )
        directory.tell(200)
        drained(directory)
    found = messages(vhost.amqp_uri)
    assert sorted(set(positions(found))) == list(range(1, 401))
    first_seen = list(dict.fromkeys(positions(found)))
    assert first_seen == sorted(first_seen), "no reordering among first deliveries"


def test_it_waits_while_a_listening_queue_is_missing(
    directory: Room, vhost: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    link = amqp_broker.connect(vhost.amqp_uri, "test")
    link.channel().queue_delete(INBOX)
    with pytest.raises(TopologyError, match=r"queue referral\.inbox\.0 is missing"):
        require(link, [EVENTS], listeners_of(EVENTS))
    directory.tell(1)
    with relaying(directory, vhost.amqp_uri):
        eventually(lambda: "queue referral.inbox.0 is missing" in capsys.readouterr().out)
    assert directory.unpublished() == 1


# --- the publisher ---------------------------------------------------------------------------------------------------


@pytest.fixture
def letters_of(directory: Room) -> Callable[[int], list[Any]]:
    def make(count: int) -> list[Any]:
        directory.tell(count)
        with connect(directory.dsn) as session:
            return list(Shelf(session, count).next([]))

    return make


def test_a_whole_window_is_confirmed_with_one_wait(vhost: Broker, letters_of: Callable[[int], list[Any]]) -> None:
    link = amqp_broker.connect(vhost.amqp_uri, "test")
    Publisher(link).publish(letters_of(500))
    assert len(messages(vhost.amqp_uri)) == 500


def test_a_letter_nobody_takes_is_an_error_where_no_alternate_exchange_is(
    vhost: Broker, letters_of: Callable[[int], list[Any]]
) -> None:
    link = amqp_broker.connect(vhost.amqp_uri, "test")
    link.channel().exchange_declare("bare", "topic", durable=True, auto_delete=False)
    (letter,) = letters_of(1)
    from dataclasses import replace

    with pytest.raises(PublishError, match="unroutable"):
        Publisher(link).publish([replace(letter, exchange="bare")])


def test_a_full_queue_refuses_and_that_is_an_error(vhost: Broker, letters_of: Callable[[int], list[Any]]) -> None:
    link = amqp_broker.connect(vhost.amqp_uri, "test")
    channel = link.channel()
    full = {"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"}
    channel.queue_declare("full", durable=True, auto_delete=False, arguments=full)
    channel.queue_bind("full", EVENTS, "#")
    letters = letters_of(20)

    def refused() -> bool:
        try:
            Publisher(link).publish(letters)
        except PublishError as error:
            return "refused" in str(error)
        return False

    eventually(refused)  # a replicated queue counts a moment later


def test_silence_is_an_error(vhost: Broker, letters_of: Callable[[int], list[Any]]) -> None:
    link = amqp_broker.connect(vhost.amqp_uri, "test")
    publisher = Publisher(link)
    publisher.send(letters_of(200))
    with pytest.raises(PublishError, match="timeout"):
        publisher.wait(0.0)


def test_what_was_sent_last_may_stay_under_way_and_nothing_before_it(
    vhost: Broker, letters_of: Callable[[int], list[Any]]
) -> None:
    publisher = Publisher(amqp_broker.connect(vhost.amqp_uri, "test"))
    letters = letters_of(200)
    publisher.send(letters)
    publisher.wait(0.0, but_the_last=True)  # asks for nothing
    publisher.send([])
    with pytest.raises(PublishError, match="timeout"):
        publisher.wait(0.0, but_the_last=True)
    publisher.send(letters)
    publisher.wait(but_the_last=True)
    publisher.wait()
    assert len(messages(vhost.amqp_uri)) == 400


def test_days_are_dropped_whole_but_never_with_something_unpublished(directory: Room) -> None:
    for day in ("2026-01-01", "2026-01-02"):
        name = f"outbox_{day.replace('-', '')}"
        directory.own(f"CREATE TABLE {name} PARTITION OF outbox FOR VALUES FROM ('{day}') TO ('{day} 23:00:00+00')")
    directory.rows(
        "INSERT INTO outbox (written_at, event_id, subject, exchange, routing_key, headers, body)"
        " VALUES ('2026-01-02 12:00:00+00', gen_random_uuid(), 's', 'e', 'r', '{}', '') RETURNING 1"
    )
    directory.rows("SELECT outbox_turn_partitions(7, 35)::text")
    left = "SELECT relname FROM pg_class WHERE relname ~ '^outbox_202601' AND relkind = 'r'"
    assert directory.rows(left) == [{"relname": "outbox_20260102"}]


def test_however_much_is_kept_the_relay_reads_only_what_is_not_published(directory: Room) -> None:
    """Statistics lag behind; a plan that reads a whole day would grow slower with every letter of that day."""
    directory.tell(400, per_work=100)
    directory.own("ANALYZE outbox")  # at a moment when nothing of the day is published
    with connect(directory.dsn) as session:
        shelf = Shelf(session, 500)
        confirmed = shelf.next([])
        for _ in range(8):
            directory.tell(400, per_work=100)
            confirmed = shelf.next(confirmed)
        shelf.next(confirmed)
        session.execute("SELECT pg_stat_force_next_flush()")
    scans = (
        "SELECT coalesce(sum(seq_tup_read), 0)::int AS read FROM pg_stat_user_tables WHERE relname ~ '^outbox_[0-9o]'"
    )
    assert int(str(directory.value(scans))) < 3_000, "3,200 letters were never read as a whole"
