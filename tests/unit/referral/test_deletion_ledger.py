"""The ledger of erasures: on disk at once, torn writes and repetitions harm nothing, anything else is refused."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from contracts.codes import DataCategory, WithdrawalChannel
from services.referral.keystore.ledger import DeletionLedger, Erasure, LedgerError, Left, Withdrawal

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> DeletionLedger:
    return DeletionLedger(tmp_path / "referral" / "deletions.ndjson")


def an_erasure() -> Erasure:
    return Erasure(uuid4(), AT, "request")


def test_no_file_yet_names_nobody(ledger: DeletionLedger) -> None:
    assert ledger.erasures() == {}


def test_what_was_appended_is_read_again(ledger: DeletionLedger) -> None:
    one, other = an_erasure(), an_erasure()
    ledger.append([one])
    ledger.append([other])

    assert ledger.erasures() == {one.person_id: one, other.person_id: other}


def test_what_was_taken_back_stands_beside_the_erasures(ledger: DeletionLedger) -> None:
    part = Left(uuid4(), None, frozenset({DataCategory.IDENTITY, DataCategory.CONTACT}))
    all_of_it = Withdrawal(uuid4(), 1, AT, WithdrawalChannel.PHONE, ())
    some = Withdrawal(uuid4(), 3, AT, WithdrawalChannel.ONLINE, (part, Left(uuid4(), uuid4(), frozenset())))
    erasure = an_erasure()
    ledger.append([all_of_it, erasure, some, all_of_it])

    assert list(ledger.withdrawals().values()) == [all_of_it, some]
    assert list(ledger.erasures().values()) == [erasure]


def test_somebody_named_twice_counts_once(ledger: DeletionLedger) -> None:
    one = an_erasure()
    ledger.append([one, one])
    ledger.append([Erasure(one.person_id, AT + timedelta(days=1), "retention")])

    assert list(ledger.erasures()) == [one.person_id]


@pytest.mark.parametrize("length", [1, 20, 60])
def test_a_line_torn_by_a_crash_spoils_neither_those_before_nor_those_after(
    ledger: DeletionLedger, length: int
) -> None:
    before, torn, after = an_erasure(), an_erasure(), an_erasure()
    ledger.append([before])
    with ledger.path.open("ab") as file:
        file.write(torn.line()[:length])
    ledger.append([after])

    assert list(ledger.erasures()) == [before.person_id, after.person_id]


@pytest.mark.parametrize(
    "line", [b"{}", b'{"consent_id": "x"}', b'{"person_id": "x"}', b"[1]}", b'{"person_id": 1, "erased_at": 2}']
)
def test_a_whole_line_that_says_neither_is_named_and_never_passed_over(ledger: DeletionLedger, line: bytes) -> None:
    ledger.append([an_erasure()])
    with ledger.path.open("ab") as file:
        file.write(line + b"\n")

    with pytest.raises(LedgerError, match="line 2"):
        ledger.erasures()


def test_only_its_owner_may_read_the_file(ledger: DeletionLedger) -> None:
    ledger.append([an_erasure()])

    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600
