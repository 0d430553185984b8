"""A unit of work: all of it, once, or nothing of it."""

import json
import threading
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from services.chassis.errors import InvalidError, RefusedError, StaleError, UnavailableError
from services.chassis.work import Unit, Work
from tests.chassis.rig import NOW, Room, an_import

ACCOUNTS = "CREATE TABLE accounts (id uuid PRIMARY KEY, version integer NOT NULL, status text NOT NULL)"
ACCEPT = "UPDATE accounts SET status = 'accepted', version = version + 1 WHERE id = %s AND version = %s"
LAST = "SELECT coalesce((SELECT last FROM subject_sequences WHERE subject = %s), 0) AS last"


def letters(room: Room) -> list[dict[str, Any]]:
    return [json.loads(bytes(row["body"])) for row in room.rows("SELECT body FROM outbox ORDER BY number")]  # type: ignore[arg-type]


def an_account(room: Room) -> UUID:
    room.own(ACCOUNTS)
    account = uuid4()
    room.rows("INSERT INTO accounts VALUES (%s, 1, 'new') RETURNING id", account)
    return account


def accept(work: Work, account: UUID, version: int = 1) -> None:
    """Load by a plain read, save by a guarded write, tell: the short way."""
    row = work.reader.execute(LAST, (f"import/{account}",)).fetchone()
    assert row is not None
    work.follows(f"import/{account}", row["last"])
    work.save(ACCEPT, (account, version))
    work.announce(an_import(account))


def test_what_was_announced_is_in_the_outbox_after_the_commit(directory: Room) -> None:
    with directory.unit(NOW).work(actor="staff:ab", traceparent=None) as work:
        told = work.announce(an_import())
    (letter,) = letters(directory)
    assert letter["id"] == str(told)
    assert letter["source"] == "/lotsennetz/directory"
    assert letter["actor"] == "staff:ab"
    assert letter["time"].startswith("2026-03-02T09:00:00")


def test_nothing_is_in_the_outbox_if_the_work_fails(directory: Room) -> None:
    with pytest.raises(RuntimeError), directory.unit().work(actor="staff:ab") as work:
        work.tx.execute("INSERT INTO beats VALUES ('x', now(), '{}')")
        work.announce(an_import())
        raise RuntimeError
    assert letters(directory) == []
    assert directory.value("SELECT count(*) FROM beats") == 0


def test_numbers_are_gapless_per_subject_even_when_works_fail_in_between(directory: Room) -> None:
    subject = uuid4()
    for fails in (False, True, False):
        try:
            with directory.unit().work(actor="staff:ab") as work:
                work.announce(an_import(subject))
                work.announce(an_import(subject))
                work.announce(an_import())
                if fails:
                    work.tx.execute("SELECT 1 / 0")
        except Exception:
            assert fails
    sequences = [int(letter["sequence"]) for letter in letters(directory) if letter["subject"] == f"import/{subject}"]
    assert sequences == [1, 2, 3, 4]


def test_numbers_follow_the_commits_when_many_tell_of_one_subject_at_once(directory: Room) -> None:
    subject, unit = uuid4(), directory.unit()

    def tell() -> None:
        for _ in range(10):
            with unit.work(actor="staff:ab") as work:
                work.announce(an_import(subject))

    threads = [threading.Thread(target=tell) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [int(letter["sequence"]) for letter in letters(directory)] == list(range(1, 61))


def test_a_refusal_is_rolled_back_but_its_facts_are_told(directory: Room) -> None:
    fact = an_import()
    with pytest.raises(RefusedError), directory.unit().work(actor="staff:ab") as work:
        work.tx.execute("INSERT INTO beats VALUES ('x', now(), '{}')")
        work.announce(an_import())
        raise RefusedError("consent.withdrawn", facts=(fact,))
    assert [letter["data"]["import_id"] for letter in letters(directory)] == [str(fact.import_id)]
    assert directory.value("SELECT count(*) FROM beats") == 0


def test_a_refusal_that_cannot_be_recorded_is_answered_as_unavailable(directory: Room) -> None:
    directory.own("REVOKE INSERT ON outbox FROM directory")
    with pytest.raises(UnavailableError), directory.unit().work(actor="staff:ab"):
        raise RefusedError("consent.withdrawn", facts=(an_import(),))


# --- once ------------------------------------------------------------------------------------------------------------


def run_once(unit: Unit, key: str = "k", digest: str = "d") -> tuple[int, dict[str, Any]]:
    def run(work: Work) -> tuple[int, dict[str, Any]]:
        work.announce(an_import())
        return 201, {"id": str(work.new_id())}

    return unit.idempotent("staff:ab", key, digest, run, actor="staff:ab")


def test_a_repeated_command_gets_the_first_answer_and_has_no_second_effect(directory: Room) -> None:
    unit = directory.unit()
    assert run_once(unit) == run_once(unit)
    assert len(letters(directory)) == 1


def test_the_same_key_for_another_request_is_a_mistake_of_the_caller(directory: Room) -> None:
    unit = directory.unit()
    run_once(unit)
    with pytest.raises(InvalidError) as caught:
        run_once(unit, digest="another")
    assert caught.value.slug == "idempotency.key-reused"


def test_fifty_parallel_repetitions_have_one_effect(directory: Room) -> None:
    unit = directory.unit()
    answers: list[object] = []

    def send() -> None:
        answers.extend(run_once(unit) for _ in range(7))

    threads = [threading.Thread(target=send) for _ in range(7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 49
    assert all(answer == answers[0] for answer in answers)
    assert len(letters(directory)) == 1


def test_a_repetition_that_meets_a_moved_version_still_gets_the_first_answer(directory: Room) -> None:
    account, unit = an_account(directory), directory.unit()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        accept(work, account)
        return 200, {"version": 2}

    first = unit.idempotent("staff:ab", "k", "d", run, actor="staff:ab")
    assert unit.idempotent("staff:ab", "k", "d", run, actor="staff:ab") == first
    with pytest.raises(StaleError):
        unit.idempotent("staff:ab", "another", "d", run, actor="staff:ab")
    assert len(letters(directory)) == 1


def test_who_loses_a_race_over_what_the_caller_did_not_see_decides_anew(directory: Room) -> None:
    account, unit, looked = an_account(directory), directory.unit(), []

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        [seen] = directory.rows("SELECT version FROM accounts")
        looked.append(seen["version"])
        if len(looked) == 1:
            with unit.work(actor="staff:cd") as other:
                accept(other, account)
        accept(work, account, version=int(seen["version"]))  # type: ignore[call-overload]
        return 200, {"looked": len(looked)}

    assert unit.idempotent("staff:ab", "k", "d", run, actor="staff:ab") == (200, {"looked": 2})
    assert looked == [1, 2]
    assert len(letters(directory)) == 2


def test_who_loses_every_race_is_told_so_and_nothing_is_kept(directory: Room) -> None:
    account, unit, tries = an_account(directory), directory.unit(), []

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        tries.append(1)
        accept(work, account, version=7)
        return 200, {}

    with pytest.raises(StaleError):
        unit.idempotent("staff:ab", "k", "d", run, actor="staff:ab")
    assert len(tries) == 3
    assert letters(directory) == []


# --- one statement ---------------------------------------------------------------------------------------------------


def test_the_short_way_needs_no_transaction_and_writes_everything(directory: Room) -> None:
    account = an_account(directory)
    with directory.unit().work(actor="staff:ab") as work:
        accept(work, account)
        work.announce(an_import(account))
        assert not work.in_transaction
    assert not work.in_transaction
    assert directory.rows("SELECT status, version FROM accounts") == [{"status": "accepted", "version": 2}]
    assert [int(letter["sequence"]) for letter in letters(directory)] == [1, 2]
    with directory.unit().work(actor="staff:ab") as work:
        accept(work, account, version=2)
    assert [int(letter["sequence"]) for letter in letters(directory)] == [1, 2, 3]


@pytest.mark.parametrize("in_transaction", [False, True], ids=["one-statement", "transaction"])
@pytest.mark.parametrize("many", [0, 1, 2, 6, 7, 20])
def test_however_many_letters_there_are_they_leave_in_their_order(
    directory: Room, many: int, in_transaction: bool
) -> None:
    account = an_account(directory)
    with directory.unit().work(actor="partner:x") as work:
        accept(work, account)
        work.bag.announcements.clear()
        told = [str(work.announce(an_import(account, number=number))) for number in range(many)]
        assert not in_transaction or work.tx.execute("SELECT 1")
    assert [letter["id"] for letter in letters(directory)] == told
    assert [int(letter["sequence"]) for letter in letters(directory)] == list(range(1, many + 1))
    assert directory.value("SELECT version FROM accounts") == 2


def test_a_lost_guard_is_stale_and_nothing_of_the_statement_happened(directory: Room) -> None:
    account = an_account(directory)
    with pytest.raises(StaleError), directory.unit().work(actor="staff:ab") as work:
        accept(work, account, version=7)
    assert letters(directory) == []
    assert directory.value("SELECT count(*) FROM subject_sequences") == 0


@pytest.mark.parametrize("told_before", [0, 1])
def test_a_number_taken_meanwhile_is_stale_and_undoes_the_update(directory: Room, told_before: int) -> None:
    account, unit = an_account(directory), directory.unit()
    for _ in range(told_before):
        with unit.work(actor="staff:ab") as other:
            other.announce(an_import(account))
    with pytest.raises(StaleError), unit.work(actor="staff:ab") as work:
        accept(work, account)
        with unit.work(actor="staff:cd") as other:
            other.announce(an_import(account))
    assert directory.value("SELECT status FROM accounts") == "new"


def test_saving_inside_a_transaction_keeps_the_guard(directory: Room) -> None:
    account = an_account(directory)
    with pytest.raises(StaleError), directory.unit().work(actor="staff:ab") as work:
        work.tx.execute("INSERT INTO beats VALUES ('x', now(), '{}')")
        accept(work, account, version=7)
    assert directory.value("SELECT count(*) FROM beats") == 0


def test_two_subjects_moved_in_one_statement_and_the_answer_kept(directory: Room) -> None:
    account, other, unit = an_account(directory), uuid4(), directory.unit()
    for _ in range(2):
        with unit.work(actor="staff:ab") as before:
            before.announce(an_import(account))
            before.announce(an_import(other))

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        work.follows(f"import/{account}", 2)
        work.follows(f"import/{other}", 2)
        work.save(ACCEPT, (account, 1))
        work.announce(an_import(account))
        work.announce(an_import(other))
        assert work.actor == "staff:ab"
        return 200, {"by": str(work.correlation_id)}

    first = unit.idempotent("staff:ab", "k", "d", run, actor="staff:ab")
    assert unit.idempotent("staff:ab", "k", "d", run, actor="staff:ab") == first
    assert [int(letter["sequence"]) for letter in letters(directory)] == [1, 1, 2, 2, 3, 3]


def test_a_work_that_only_looks_writes_nothing(directory: Room) -> None:
    with directory.unit().work(actor="staff:ab") as work:
        work.reader.execute("SELECT 1")
    assert letters(directory) == []


def test_a_database_that_is_away_is_not_mistaken_for_a_repetition(directory: Room) -> None:
    def run(work: Work) -> tuple[int, dict[str, Any]]:
        raise UnavailableError("partner.timeout")

    with pytest.raises(UnavailableError):
        directory.unit().idempotent("staff:ab", "k", "d", run, actor="staff:ab")


def test_another_unique_rule_broken_inside_the_statement_is_not_called_stale(directory: Room) -> None:
    account, unit = an_account(directory), directory.unit()
    directory.own("CREATE UNIQUE INDEX only_one ON accounts (status)")
    directory.rows("INSERT INTO accounts VALUES (%s, 1, 'accepted') RETURNING 1", uuid4())
    with pytest.raises(psycopg.errors.UniqueViolation), unit.work(actor="staff:ab") as work:
        accept(work, account)
