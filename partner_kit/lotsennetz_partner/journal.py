"""What was heard and what we mean to say, in one SQLite file: killed at any moment, we go on where we were.

Heard first means written down first: a notice is acknowledged only after it stands here. Said once means decided once:
an answer gets its idempotency key when it is written down and keeps it however often it has to be sent.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

SCHEMA = """
create table if not exists notices (
    id text primary key, referral_id text not null, reference text, kind text not null, data text not null,
    handled integer not null default 0, taken_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ')));
create table if not exists answers (
    id text primary key, source text not null, referral_id text not null, action text not null, body text not null,
    state text not null default 'open', result text, planned_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ')));
create table if not exists receipts (
    token text primary key, sha256 text, ours text, state text not null default 'kept',
    kept_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ')));
create table if not exists places (name text primary key, value text not null);
create index if not exists notices_waiting on notices (handled) where handled = 0;
create index if not exists answers_open on answers (state) where state in ('open', 'sent');
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the network told us."""

    id: str
    referral_id: str
    reference: str | None
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """Something we mean to say; `id` is its idempotency key, `source` where it came from."""

    id: str
    source: str
    referral_id: str
    action: str
    body: Mapping[str, Any]
    state: str = "open"


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """Something the network signed; `sha256` is of the bytes we got, `ours` what we signed in return."""

    token: str
    sha256: str | None
    ours: str | None
    state: str


class Journal:
    """One file, one process. A second process on the same file waits for its turn and does nothing twice."""

    def __init__(self, file: Path, organization_id: UUID) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._organization_id = organization_id
        self._connection = sqlite3.connect(file, timeout=30, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = full")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("begin immediate")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    # --- heard -----------------------------------------------------------------------------------------------------

    def take(self, notice_id: str, data: Mapping[str, Any]) -> bool:
        """Write a notice down; False if it was here before."""
        with self._transaction() as tx:
            return (
                tx.execute(
                    "insert or ignore into notices (id, referral_id, reference, kind, data) values (?, ?, ?, ?, ?)",
                    (notice_id, data["referral_id"], data.get("reference"), data["kind"], json.dumps(data)),
                ).rowcount
                == 1
            )

    def waiting(self) -> list[Notice]:
        """What was heard and not yet handed to the own system, oldest first."""
        rows = self._connection.execute("select * from notices where handled = 0 order by rowid").fetchall()
        return [
            Notice(row["id"], row["referral_id"], row["reference"], row["kind"], json.loads(row["data"]))
            for row in rows
        ]

    def handled(self, notice_id: str) -> None:
        with self._transaction() as tx:
            tx.execute("update notices set handled = 1 where id = ?", (notice_id,))

    def referral_of(self, name: str) -> str | None:
        """The id behind a number people use, if we ever heard of it; an id is its own answer."""
        try:
            return str(UUID(name))
        except ValueError:
            row = self._connection.execute(
                "select referral_id from notices where reference = ? order by rowid desc limit 1", (name,)
            ).fetchone()
            return row["referral_id"] if row else None

    # --- said ------------------------------------------------------------------------------------------------------

    def key_for(self, source: str) -> str:
        """The idempotency key of what comes from this source: the same source never has another."""
        return str(uuid5(NAMESPACE_URL, f"lotsennetz-partner:{self._organization_id}:{source}"))

    def plan(self, answer: Answer) -> bool:
        """Write down what we mean to say; False if this source has said it before."""
        with self._transaction() as tx:
            return (
                tx.execute(
                    "insert or ignore into answers (id, source, referral_id, action, body) values (?, ?, ?, ?, ?)",
                    (answer.id, answer.source, answer.referral_id, answer.action, json.dumps(answer.body)),
                ).rowcount
                == 1
            )

    def unsaid(self, state: str = "open") -> list[Answer]:
        """What was written down and has no result yet, oldest first."""
        rows = self._connection.execute("select * from answers where state = ? order by rowid", (state,)).fetchall()
        return [
            Answer(row["id"], row["source"], row["referral_id"], row["action"], json.loads(row["body"]), row["state"])
            for row in rows
        ]

    def mark(self, answer_id: str, state: str, result: Mapping[str, Any] | None = None) -> None:
        """Note how an answer stands: sent, done, refused, or open again."""
        with self._transaction() as tx:
            tx.execute(
                "update answers set state = ?, result = coalesce(?, result) where id = ?",
                (state, json.dumps(result) if result is not None else None, answer_id),
            )

    def answer(self, answer_id: str) -> Answer | None:
        """One answer as it stands; None if it is none of ours."""
        row = self._connection.execute("select * from answers where id = ?", (answer_id,)).fetchone()
        if row is None:
            return None
        return Answer(
            row["id"], row["source"], row["referral_id"], row["action"], json.loads(row["body"]), row["state"]
        )

    def result_of(self, answer_id: str) -> Any:
        """What the network said to an answer of ours; None if nothing yet."""
        row = self._connection.execute("select result from answers where id = ?", (answer_id,)).fetchone()
        return json.loads(row["result"]) if row and row["result"] else None

    # --- receipts --------------------------------------------------------------------------------------------------

    def keep_receipt(self, token: str, sha256: str | None = None) -> None:
        """What the network signed for us, and the digest of what we got with it."""
        with self._transaction() as tx:
            tx.execute("insert or ignore into receipts (token, sha256) values (?, ?)", (token, sha256))

    def receipts(self, *states: str) -> list[KeptReceipt]:
        """Those that stand so, or all, oldest first."""
        rows = self._connection.execute("select * from receipts order by rowid").fetchall()
        return [
            KeptReceipt(row["token"], row["sha256"], row["ours"], row["state"])
            for row in rows
            if not states or row["state"] in states
        ]

    def mark_receipt(self, token: str, state: str, ours: str | None = None) -> None:
        """Note how a receipt stands: checked, signed (with our word, before it leaves), confirmed, refused or wrong."""
        with self._transaction() as tx:
            tx.execute("update receipts set state = ?, ours = coalesce(?, ours) where token = ?", (state, ours, token))

    # --- where we are ----------------------------------------------------------------------------------------------

    def place(self, name: str) -> str | None:
        row = self._connection.execute("select value from places where name = ?", (name,)).fetchone()
        return row["value"] if row else None

    def keep_place(self, name: str, value: str) -> None:
        with self._transaction() as tx:
            tx.execute("insert or replace into places values (?, ?)", (name, value))
