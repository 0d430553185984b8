"""The inbox on a real database: once, in order, and poison put aside."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from contracts.directory import ImportApplied, ServiceRetired
from contracts.envelope import Envelope, InvalidEnvelopeError
from contracts.topology import OPERATIONS_USER
from services.chassis import parking
from services.chassis.errors import NotFoundError, RefusedError, UnavailableError
from services.chassis.hear import Arrival, Mail, doors_of, hears, hears_everything, obeys
from services.chassis.inbox import PLANTED, PUT_BACK, Inbox
from services.chassis.inlet import Inlet
from services.chassis.work import Unit, Work
from tests.chassis.rig import NOW, Room, a_mail, a_retirement, an_import

QUEUE = "referral.inbox.0"
Trouble = Callable[[Work, ImportApplied], None]
KEEP = "INSERT INTO heard (event_id, subject, sequence, type, number) VALUES (%s, %s, %s, %s, %s)"


class Listener:
    """Writes down what it hears; `trouble` may raise."""

    trouble: Trouble = staticmethod(lambda work, event: None)
    answers = False

    @hears(ImportApplied)
    def import_applied(self, work: Work, event: ImportApplied, envelope: Envelope) -> None:
        values = (envelope.id, envelope.subject, envelope.sequence, envelope.type, event.organizations)
        work.tx.execute(KEEP, values)
        self.trouble(work, event)


class Recorder:
    @hears_everything
    def record(self, work: Work, arrivals: Sequence[Arrival]) -> None:
        for arrival in arrivals:
            envelope = arrival.envelope
            if envelope.is_known and getattr(envelope.data, "organizations", 0) == 13:
                raise ValueError("thirteen")
            work.tx.execute(KEEP, (envelope.id, envelope.subject, envelope.sequence, envelope.type, 0))


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def inbox(referral: Room, listener: Listener) -> Inbox:
    return Inbox(referral.unit(), listener, doors_of(Listener), QUEUE)


def said(document: object, by: str = "directory") -> Mail:
    """As the broker hands over what that service has sent."""
    return Mail(json.dumps(document).encode(), QUEUE, user_id=by)


def numbers(room: Room) -> list[object]:
    return [row["number"] for row in room.rows("SELECT number FROM heard ORDER BY n")]


def reasons(room: Room) -> list[tuple[object, object]]:
    sql = "SELECT sequence, reason FROM parked_events WHERE settled_at IS NULL ORDER BY parked_id"
    return [(row["sequence"], row["reason"]) for row in room.rows(sql)]


def fail_on(*wanted: int, error: Exception | None = None) -> Trouble:
    def trouble(work: Work, event: ImportApplied) -> None:
        if event.organizations in wanted:
            raise error or ValueError("a mistake in the program")

    return trouble


# --- once ------------------------------------------------------------------------------------------------------------


def test_the_same_event_twice_in_one_batch_is_handled_once(inbox: Inbox, referral: Room) -> None:
    mail = a_mail(uuid4(), 1)
    inbox.hear([mail, mail, mail])
    assert referral.heard() == 1
    assert inbox.counts.deduplicated == 2


def test_an_event_heard_before_is_not_handled_again(inbox: Inbox, referral: Room) -> None:
    subject = uuid4()
    first, second = a_mail(subject, 1), a_mail(subject, 2)
    inbox.hear([first])
    inbox.hear([first, second, first])
    assert numbers(referral) == [1, 2]


def test_an_event_of_unknown_type_is_counted_in_its_line_and_skipped(inbox: Inbox, referral: Room) -> None:
    subject = uuid4()
    document = json.loads(a_mail(subject, 2).raw)
    document["type"] = "directory.something_new.v1"
    inbox.hear([a_mail(subject, 1), said(document), a_mail(subject, 3)])
    assert numbers(referral) == [1, 3]


def test_what_a_handler_announces_names_the_event_as_its_cause(
    inbox: Inbox, listener: Listener, referral: Room
) -> None:
    listener.trouble = lambda work, event: work.announce(an_import()) and None
    mail = a_mail(uuid4(), 1)
    inbox.hear([mail])
    told, heard = json.loads(bytes(referral.value("SELECT body FROM outbox"))), json.loads(mail.raw)  # type: ignore[arg-type]
    assert told["causationid"] == heard["id"]
    assert told["correlationid"] == heard["correlationid"]


# --- in order --------------------------------------------------------------------------------------------------------


def test_an_early_event_waits_for_its_predecessor_and_others_flow(inbox: Inbox, referral: Room) -> None:
    subject, other = uuid4(), uuid4()
    inbox.hear([a_mail(subject, 1), a_mail(subject, 3), a_mail(subject, 4), a_mail(other, 1, number=100)])
    assert numbers(referral) == [1, 100]
    assert referral.value("SELECT count(*) FROM held_events") == 2
    inbox.hear([a_mail(subject, 2), a_mail(subject, 5)])
    assert numbers(referral) == [1, 100, 2, 3, 4, 5]
    assert referral.value("SELECT count(*) FROM held_events") == 0


@pytest.mark.parametrize("seed", range(5))
def test_any_shuffle_with_repetitions_comes_out_in_order(inbox: Inbox, referral: Room, seed: int) -> None:
    import random

    chance = random.Random(seed)
    subjects = [uuid4() for _ in range(3)]
    mails = [a_mail(subject, n) for subject in subjects for n in range(1, 9)]
    stream = [*mails, *chance.sample(mails, 8)]
    chance.shuffle(stream)
    while stream:
        size = chance.randint(1, 6)
        batch, stream = stream[:size], stream[size:]
        inbox.hear(batch)
    by_subject = referral.rows("SELECT array_agg(sequence ORDER BY n) AS all FROM heard GROUP BY subject")
    assert [row["all"] for row in by_subject] == [list(range(1, 9))] * 3


def test_a_line_may_begin_with_a_snapshot_but_not_in_the_middle(inbox: Inbox, referral: Room) -> None:
    subject = uuid4()
    inbox.hear([a_mail(subject, 7)])
    assert referral.heard() == 0
    assert referral.value("SELECT reason FROM held_events") == parking.GAP


def test_what_waits_longer_than_a_minute_is_parked_and_the_rest_behind_it(inbox: Inbox, referral: Room) -> None:
    subject = uuid4()
    inbox.hear([a_mail(subject, 7)])
    referral.rows("UPDATE held_events SET held_at = held_at - interval '61 seconds' RETURNING 1")
    inbox.tick()
    assert reasons(referral) == [(7, parking.GAP)]
    inbox.hear([a_mail(subject, 8), a_mail(uuid4(), 1, number=100)])
    assert reasons(referral) == [(7, parking.GAP), (8, parking.BEHIND)]
    assert numbers(referral) == [100]


def test_a_gap_that_closes_late_is_mended_by_itself(inbox: Inbox, referral: Room) -> None:
    subject = uuid4()
    inbox.hear([a_mail(subject, 1), a_mail(subject, 3)])
    referral.rows("UPDATE held_events SET held_at = held_at - interval '61 seconds' RETURNING 1")
    inbox.tick()
    inbox.hear([a_mail(subject, 4)])
    assert numbers(referral) == [1]
    inbox.hear([a_mail(subject, 2)])
    assert numbers(referral) == [1, 2, 3, 4]
    assert reasons(referral) == []


def test_an_operator_may_let_a_line_begin_in_the_middle(inbox: Inbox, referral: Room) -> None:
    subject = uuid4()
    inbox.hear([a_mail(subject, 7), a_mail(subject, 8)])
    referral.rows("UPDATE held_events SET held_at = held_at - interval '61 seconds' RETURNING 1")
    inbox.tick()
    with referral.db.transaction() as tx:
        parking.retry(tx, parking.parked(tx)[0].parked_id)
    inbox.tick()
    assert numbers(referral) == [7, 8]


# --- poison ----------------------------------------------------------------------------------------------------------


def test_poison_is_found_in_a_batch_and_only_its_own_subject_waits(
    inbox: Inbox, listener: Listener, referral: Room
) -> None:
    subject = uuid4()
    listener.trouble = fail_on(1002)
    batch = [a_mail(uuid4(), 1, number=n) for n in range(1, 41)]
    batch[20:20] = [a_mail(subject, n, number=1000 + n) for n in (1, 2, 3)]
    inbox.hear(batch)
    assert sorted(map(int, map(str, numbers(referral)))) == [*range(1, 41), 1001]
    assert reasons(referral) == [(2, "bug"), (3, parking.BEHIND)]
    assert referral.value("SELECT attempts FROM parked_events WHERE sequence = 2") == 3
    inbox.hear([a_mail(subject, 4, number=1004)])
    assert reasons(referral)[-1] == (4, parking.BEHIND)


def test_after_a_retry_the_line_goes_on_in_order(inbox: Inbox, listener: Listener, referral: Room) -> None:
    subject = uuid4()
    listener.trouble = fail_on(2)
    inbox.hear([a_mail(subject, n) for n in (1, 2, 3, 4)])
    with referral.db.transaction() as tx:
        poison, behind, _ = parking.parked(tx)
        with pytest.raises(RefusedError):
            parking.retry(tx, behind.parked_id)
        parking.retry(tx, poison.parked_id)
    inbox.tick()
    assert numbers(referral) == [1], "it is still poison"
    listener.trouble = fail_on()
    with referral.db.transaction() as tx:
        parking.retry(tx, poison.parked_id)
    inbox.tick()
    assert numbers(referral) == [1, 2, 3, 4]
    assert reasons(referral) == []


def test_after_a_discard_the_line_goes_on_without_it(inbox: Inbox, listener: Listener, referral: Room) -> None:
    subject = uuid4()
    listener.trouble = fail_on(2)
    inbox.hear([a_mail(subject, n) for n in (1, 2, 3)])
    with referral.db.transaction() as tx:
        parking.discard(tx, parking.parked(tx)[0].parked_id, by="staff:ab")
    inbox.tick()
    assert numbers(referral) == [1, 3]
    settled = referral.rows("SELECT settlement, settled_by FROM parked_events ORDER BY sequence")
    assert settled[0] == {"settlement": "discarded", "settled_by": "staff:ab"}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\xff\xfe", "envelope.invalid"),
        (b"{}", "envelope.invalid"),
        (b"[" * 100_000, "envelope.invalid"),
        (b"{" + b" " * 600_000 + b"}", "envelope.invalid"),
        (b'{"specversion": "1.0", "id": "\\u0000"}', "envelope.invalid"),
    ],
    ids=["not utf-8", "empty", "too deep", "too big", "nul byte"],
)
def test_unreadable_bytes_are_parked_and_the_rest_of_the_batch_is_heard(
    inbox: Inbox, referral: Room, raw: bytes, reason: str
) -> None:
    inbox.hear([a_mail(uuid4(), 1), Mail(raw, QUEUE, {"x": "\0"}, user_id="directory"), a_mail(uuid4(), 1)])
    assert referral.heard() == 2
    assert reasons(referral) == [(None, reason)]


def test_an_event_with_wrong_data_blocks_its_subject(inbox: Inbox, referral: Room) -> None:
    subject = uuid4()
    document = json.loads(a_mail(subject, 2).raw)
    document["data"]["organizations"] = "many"
    inbox.hear([a_mail(subject, 1), said(document), a_mail(subject, 3)])
    assert numbers(referral) == [1]
    assert reasons(referral) == [(2, "envelope.invalid"), (3, parking.BEHIND)]


def test_a_refusal_is_parked_at_once_with_its_slug_and_its_facts_are_told(
    inbox: Inbox, listener: Listener, referral: Room
) -> None:
    tries: list[int] = []

    def refuse(work: Work, event: ImportApplied) -> None:
        tries.append(1)
        raise RefusedError("consent.withdrawn", facts=(an_import(),))

    listener.trouble = refuse
    inbox.hear([a_mail(uuid4(), 1)])
    assert reasons(referral) == [(1, "consent.withdrawn")]
    assert len(tries) == 1
    assert referral.value("SELECT count(*) FROM outbox") == 1


def test_an_event_that_speaks_of_something_unknown_waits_for_it(
    inbox: Inbox, listener: Listener, referral: Room
) -> None:
    subject = uuid4()
    listener.trouble = fail_on(1, error=NotFoundError("referral.unknown"))
    inbox.hear([a_mail(subject, 1), a_mail(subject, 2), a_mail(uuid4(), 1, number=100)])
    inbox.tick()
    assert numbers(referral) == [100]
    listener.trouble = fail_on()
    inbox.tick()
    assert numbers(referral) == [100, 1, 2]


def test_a_held_event_whose_turn_comes_but_whose_matter_is_unknown_goes_on_waiting(
    inbox: Inbox, listener: Listener, referral: Room
) -> None:
    subject = uuid4()
    listener.trouble = fail_on(2, error=NotFoundError("referral.unknown"))
    inbox.hear([a_mail(subject, 2)])
    inbox.hear([a_mail(subject, 1)])
    inbox.tick()
    assert numbers(referral) == [1]
    listener.trouble = fail_on()
    inbox.tick()
    assert numbers(referral) == [1, 2]


@pytest.mark.parametrize("error", [UnavailableError("partner.timeout"), psycopg.OperationalError("gone")])
def test_trouble_outside_acknowledges_nothing_and_parks_nothing(
    inbox: Inbox, listener: Listener, referral: Room, error: Exception
) -> None:
    listener.trouble = fail_on(3, error=error)
    with pytest.raises(UnavailableError):
        inbox.hear([a_mail(uuid4(), 1, number=n) for n in range(6)])
    assert referral.heard() == 0
    assert referral.value("SELECT count(*) FROM inbox") == 0


# --- who may say what -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sender", ["audit", "partner.7b1d5f0e-58a9-5c54-9a3f-0c5b8d6f0a01", "admin", None])
def test_an_event_its_service_did_not_send_is_not_heard_and_not_kept(
    inbox: Inbox, referral: Room, sender: str | None
) -> None:
    subject = uuid4()
    genuine = a_mail(subject, 1)
    inbox.hear([replace(genuine, user_id=sender)])
    assert referral.heard() == 0
    (kept,) = referral.rows("SELECT event_id, subject, body, reason, arrival FROM parked_events")
    assert (kept["event_id"], kept["subject"], kept["reason"]) == (None, None, PLANTED)
    assert bytes(kept["body"]) == b"", "it may hold anything"  # type: ignore[call-overload]
    assert kept["arrival"] == {"headers": {"size": len(genuine.raw)}, "user_id": sender}
    inbox.hear([genuine, a_mail(subject, 2)])
    assert numbers(referral) == [1, 2], "and the true one is neither taken for heard nor waits behind it"


def test_a_service_may_not_speak_for_another(inbox: Inbox, referral: Room) -> None:
    document = json.loads(a_mail(uuid4(), 1).raw)
    document["source"] = "/lotsennetz/audit"
    inbox.hear([said(document, by="audit")])
    document = json.loads(a_mail(uuid4(), 1).raw)
    inbox.hear([said(document, by="notifications")])
    assert reasons(referral) == [(None, PLANTED), (None, PLANTED)]


def test_garbage_of_one_service_does_not_stop_the_line_of_another(inbox: Inbox, referral: Room) -> None:
    subject = uuid4()
    document = json.loads(a_mail(subject, 1).raw) | {"time": "yesterday"}
    inbox.hear([said(document, by="notifications")])
    inbox.hear([a_mail(subject, 1)])
    assert numbers(referral) == [1]


def asked_for_again(inbox: Inbox, room: Room) -> None:
    with room.db.transaction() as tx:
        parking.retry_some(tx, None)
    inbox.tick()


def test_what_was_planted_is_not_heard_however_often_it_is_asked_for(inbox: Inbox, referral: Room) -> None:
    inbox.hear([replace(a_mail(uuid4(), 1), user_id="audit")])
    asked_for_again(inbox, referral)
    assert reasons(referral) == [(None, PLANTED)]


def test_what_operations_put_back_is_heard_when_an_operator_asks_for_it_and_once(inbox: Inbox, referral: Room) -> None:
    subject = uuid4()
    lost, then = a_mail(subject, 1), a_mail(subject, 2)
    inbox.hear([then])
    back = replace(lost, user_id=OPERATIONS_USER)
    inbox.hear([back, back])
    assert numbers(referral) == []
    assert reasons(referral) == [(None, PUT_BACK), (None, PUT_BACK)]
    asked_for_again(inbox, referral)
    assert numbers(referral) == [1, 2]
    assert reasons(referral) == []


def test_not_even_an_operator_makes_an_event_of_somebody_elses(inbox: Inbox, referral: Room) -> None:
    document = json.loads(a_mail(uuid4(), 1).raw) | {"source": "/partner/7b1d5f0e"}
    inbox.hear([said(document, by=OPERATIONS_USER)])
    asked_for_again(inbox, referral)
    assert reasons(referral) == [(None, PLANTED)]


# --- whole batches ---------------------------------------------------------------------------------------------------


def test_a_door_for_everything_gets_whole_batches_and_waits_for_no_gap(make_room: Callable[[str], Room]) -> None:
    audit = make_room("audit")
    inbox = Inbox(audit.unit(), Recorder(), doors_of(Recorder), "audit.inbox.0")
    subject = uuid4()
    mails = [a_mail(subject, n, number=n) for n in (5, 3, 13, 8)]
    inbox.hear([*mails, mails[0], a_retirement(uuid4(), 4)])
    assert [row["sequence"] for row in audit.rows("SELECT sequence FROM heard ORDER BY n")] == [5, 3, 8, 4]
    assert reasons(audit) == [(13, "bug")]


# --- commands --------------------------------------------------------------------------------------------------------


class Obedient:
    tries = 0

    @obeys("referral.commands.0")
    def command(self, unit: Unit, mail: Mail) -> None:
        Obedient.tries += 1
        if mail.raw == b"bug":
            raise ValueError
        if mail.raw.startswith(b"gibberish"):
            raise InvalidEnvelopeError("", "a JSON object")
        if mail.raw == b"ill":
            raise UnavailableError("partner.timeout")


def test_a_command_nobody_can_answer_is_parked_and_can_be_tried_again(referral: Room) -> None:
    Obedient.tries = 0
    inlet = Inlet(referral.unit(), Obedient(), "command", "referral.commands.0")
    inlet.hear([Mail(b"ok", "referral.commands.0"), Mail(b"bug", "referral.commands.0", user_id="partner.x")])
    assert Obedient.tries == 4
    assert reasons(referral) == [(None, "bug")]
    with referral.db.transaction() as tx:
        parking.retry(tx, parking.parked(tx)[0].parked_id)
    inlet.tick()
    assert Obedient.tries == 5
    assert referral.value("SELECT arrival ->> 'user_id' FROM parked_events") == "partner.x"


def test_a_command_nobody_can_read_is_parked_without_a_word_of_it(referral: Room) -> None:
    inlet = Inlet(referral.unit(), Obedient(), "command", "referral.commands.0")
    mail = Mail(b"gibberish of Max", "referral.commands.0", {"x-name": "Max"}, user_id="partner.x")
    inlet.hear([mail])
    (row,) = referral.rows("SELECT * FROM parked_events")
    assert row["reason"] == "envelope.invalid"
    assert row["arrival"] == {"headers": {"size": len(mail.raw)}, "user_id": "partner.x"}
    assert "Max" not in str(row) and bytes(row["body"]) == b""


def test_a_command_that_meets_trouble_outside_is_not_acknowledged(referral: Room) -> None:
    inlet = Inlet(referral.unit(), Obedient(), "command", "referral.commands.0")
    with pytest.raises(UnavailableError):
        inlet.hear([Mail(b"ill", "referral.commands.0")])
    assert reasons(referral) == []


def test_two_doors_for_one_event_are_a_mistake() -> None:
    class Twice:
        @hears(ImportApplied, ServiceRetired)
        def one(self, work: Work, event: object, envelope: Envelope) -> None: ...

        @hears(ImportApplied)
        def two(self, work: Work, event: object, envelope: Envelope) -> None: ...

    with pytest.raises(ValueError, match="both one and two"):
        doors_of(Twice)


def test_lag_is_measured_from_writing_to_handling(referral: Room, listener: Listener) -> None:
    inbox = Inbox(referral.unit(NOW + timedelta(seconds=3)), listener, doors_of(Listener), QUEUE)
    inbox.hear([a_mail(UUID(int=1), 1)])
    inbox.tick()
    assert referral.value("SELECT (figures ->> 'lag_ms')::int FROM beats WHERE role = 'worker'") == 3000


# --- seldom, but it happens ------------------------------------------------------------------------------------------


def test_an_older_number_than_the_last_is_passed_over(inbox: Inbox, referral: Room) -> None:
    subject = uuid4()
    inbox.hear([a_mail(subject, 1), a_mail(subject, 2)])
    inbox.hear([a_mail(subject, 1, number=99)])  # another event under a number already heard
    assert numbers(referral) == [1, 2]
    assert inbox.counts.passed_over == 1


def test_an_event_without_a_number_stands_in_no_line(inbox: Inbox, referral: Room) -> None:
    inbox.hear([a_mail(uuid4(), None, number=5), a_mail(uuid4(), None, number=6)])
    assert numbers(referral) == [5, 6]


def test_trouble_outside_during_the_second_try_acknowledges_nothing_either(
    inbox: Inbox, listener: Listener, referral: Room
) -> None:
    errors = iter([ValueError("first a mistake"), UnavailableError("then.trouble")])

    def trouble(work: Work, event: ImportApplied) -> None:
        raise next(errors)

    listener.trouble = trouble
    with pytest.raises(UnavailableError):
        inbox.hear([a_mail(uuid4(), 1)])
    assert reasons(referral) == []
    assert referral.value("SELECT count(*) FROM inbox") == 0


def test_a_passing_fault_is_over_at_the_second_try(inbox: Inbox, listener: Listener, referral: Room) -> None:
    errors = iter([ValueError("once")])

    def trouble(work: Work, event: ImportApplied) -> None:
        for error in errors:
            raise error

    listener.trouble = trouble
    inbox.hear([a_mail(uuid4(), 1)])
    assert referral.heard() == 1
    assert reasons(referral) == []


def test_poison_delivered_twice_is_parked_once(inbox: Inbox, listener: Listener, referral: Room) -> None:
    listener.trouble = fail_on(1)
    mail = a_mail(uuid4(), 1)
    inbox.hear([mail])
    inbox.hear([mail])
    unreadable = json.loads(a_mail(uuid4(), 1).raw)
    unreadable["dataclassification"] = "secret?"
    for _ in range(2):
        inbox.hear([said(unreadable)])
    assert [reason for _, reason in reasons(referral)] == ["bug", "envelope.invalid"]


def test_a_held_event_that_turns_out_to_be_poison_is_parked(inbox: Inbox, listener: Listener, referral: Room) -> None:
    subject = uuid4()
    listener.trouble = fail_on(2)
    inbox.hear([a_mail(subject, 2), a_mail(subject, 3)])
    inbox.hear([a_mail(subject, 1)])
    assert numbers(referral) == [1]
    assert reasons(referral) == [(2, "bug")]
    listener.trouble = fail_on()
    with referral.db.transaction() as tx:
        parking.retry(tx, parking.parked(tx)[0].parked_id)
    inbox.tick()
    assert numbers(referral) == [1, 2, 3]


def test_trouble_outside_while_waiting_ones_are_tried_leaves_them_waiting(
    inbox: Inbox, listener: Listener, referral: Room
) -> None:
    subject = uuid4()
    inbox.hear([a_mail(subject, 2)])
    listener.trouble = fail_on(2, error=UnavailableError("partner.timeout"))
    with pytest.raises(UnavailableError):
        inbox.hear([a_mail(subject, 1)])
    assert numbers(referral) == [1], "the batch itself was committed before"
    listener.trouble = fail_on()
    inbox.tick()
    assert numbers(referral) == [1, 2]


def test_an_unreadable_one_can_be_retried_and_stays_unreadable(inbox: Inbox, referral: Room) -> None:
    inbox.hear([Mail(b"[]", QUEUE, user_id="directory")])
    with referral.db.transaction() as tx:
        parking.retry(tx, parking.parked(tx)[0].parked_id)
    inbox.tick()
    with referral.db.transaction() as tx:
        (item,) = parking.parked(tx)
        assert (item.attempts, item.retry_requested_at) == (2, None)
        parking.discard(tx, item.parked_id, by="staff:ab")
        with pytest.raises(NotFoundError):
            parking.show(tx, item.parked_id)


def test_an_event_parked_while_it_was_unknown_can_be_retried(inbox: Inbox, listener: Listener, referral: Room) -> None:
    listener.trouble = fail_on(1, error=NotFoundError("referral.unknown"))
    inbox.hear([a_mail(uuid4(), 1)])
    referral.rows("UPDATE held_events SET held_at = held_at - interval '61 seconds' RETURNING 1")
    inbox.tick()
    assert reasons(referral) == [(1, "referral.unknown")]
    listener.trouble = fail_on()
    with referral.db.transaction() as tx:
        parking.retry(tx, parking.parked(tx)[0].parked_id)
    inbox.tick()
    assert numbers(referral) == [1]


def test_a_batch_of_nothing_but_repetitions_calls_no_door(make_room: Callable[[str], Room]) -> None:
    audit = make_room("audit")
    inbox = Inbox(audit.unit(), Recorder(), doors_of(Recorder), "audit.inbox.0")
    mail = a_mail(uuid4(), 1)
    inbox.hear([mail])
    inbox.hear([mail])
    assert audit.heard() == 1


def test_probing_says_whether_the_database_answers(inbox: Inbox, referral: Room) -> None:
    inbox.probe()
    Inlet(referral.unit(), Obedient(), "command", "referral.commands.0").probe()
    referral.db.close()
    with pytest.raises(UnavailableError):
        inbox.probe()
