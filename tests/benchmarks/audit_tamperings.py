"""Ways of tampering with a log, each tried on a copy of its own, and what the independent verifier says of it.

A superuser's hands: triggers and constraints do not hold him. Some of it is done to what lies outside the database.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from contracts.audit import EntriesExpired, EntrySpan
from contracts.codes import LogRetentionGround
from contracts.envelope import write
from contracts.event import Code
from contracts.referral import StreamReported
from services.audit import commands
from services.audit.keys import make_signer, save_signer
from services.chassis.db import connect
from services.chassis.hear import Arrival
from tests.benchmarks.audit_stage import START, VERIFIER, Log, arrivals, copied_database, database, seal_at

SIZE, SIGNED = 2_000, 1_000
CLEARED = (
    "leaf = NULL, subject = NULL, actor = NULL, correlation_id = NULL, enquiry_id = NULL, referral_id = NULL,"
    " person_id = NULL, organization_id = NULL"
)
REHASH = "UPDATE entries SET leaf_hash = sha256('\\x00'::bytea || leaf) WHERE position = 700"
MOVED_UP = (
    "DELETE FROM entries WHERE position = 700",
    "UPDATE entries SET position = -position WHERE position > 700",
    "UPDATE entries SET position = -position - 1 WHERE position < 0",
)
MOVED_DOWN = (
    "UPDATE entries SET position = -position - 1 WHERE position >= 700",
    "UPDATE entries SET position = -position WHERE position < 0",
    "CREATE TEMP TABLE forged AS SELECT * FROM entries WHERE position = 3",
    "UPDATE forged SET position = 700, event_id = gen_random_uuid(), stream_position = NULL",
    "INSERT INTO entries SELECT * FROM forged",
)
SWAPPED = (
    "UPDATE entries SET position = -700 WHERE position = 700",
    "UPDATE entries SET position = 700 WHERE position = 712",
    "UPDATE entries SET position = 712 WHERE position = -700",
)
#: In the database, as a superuser.
IN_DATABASE: dict[str, tuple[str, ...]] = {
    "one byte of an entry": ("UPDATE entries SET leaf = set_byte(leaf, 20, 65) WHERE position = 700",),
    "one byte of an entry, its hash recomputed": (
        "UPDATE entries SET leaf = set_byte(leaf, 20, 65) WHERE position = 700",
        REHASH,
    ),
    "a search column (actor)": ("UPDATE entries SET actor = 'staff:0' WHERE position = 700",),
    "a search column (case)": ("UPDATE entries SET referral_id = gen_random_uuid() WHERE position = 700",),
    "an entry deleted": ("DELETE FROM entries WHERE position = 700",),
    "an entry deleted, the rest moved up": MOVED_UP,
    "an entry put in, the rest moved down": MOVED_DOWN,
    "two entries swapped": SWAPPED,
    "the content taken out before its time": (f"UPDATE entries SET {CLEARED} WHERE position = 700",),
    "the newest entries deleted": ("DELETE FROM entries WHERE position >= 1990",),
    "the newest entries deleted with every trace of them (an older backup)": (
        "DELETE FROM entries WHERE position >= 1500",
        "DELETE FROM heads WHERE size > 1500",
        "DELETE FROM checkpoints WHERE size > 1500",
        "DELETE FROM tiles WHERE (index + 1) << level > 1500",
    ),
    "a stored head": ("UPDATE heads SET root = sha256('forged') WHERE size = 1000",),
    "a stored subtree": ("UPDATE tiles SET hash = sha256('forged') WHERE level = 8 AND index = 2",),
    "a stored checkpoint": ("UPDATE checkpoints SET note = replace(note, E'\\n1000\\n', E'\\n1001\\n')",),
}


@dataclass(frozen=True)
class Tried:
    """One way, and the verifier's word."""

    what: str
    exit_code: int
    kind: str
    entry: int | None
    last: int | None
    detail: str


def tampered(admin: str, folder: Path) -> list[dict[str, Any]]:
    """Try everything; the untouched log comes first and must verify."""
    with database(admin) as dsn:
        log = Log(dsn, folder)
        log.grow(SIGNED)
        seal_at(log, START + timedelta(days=1))
        log.grow(SIZE)
        seal_at(log, START + timedelta(days=2))
        log.connection.close()
        found = [_verified("nothing", dsn, log.directory, folder / "log.key.pub")]
        for what, statements in IN_DATABASE.items():
            with _copy(admin, dsn, folder) as (copy, outside):
                _as_superuser(copy, statements)
                found.append(_verified(what, copy, outside, folder / "log.key.pub"))
        for what, act in BY_HAND.items():
            with _copy(admin, dsn, folder) as (copy, outside):
                key = act(log, copy, outside) or folder / "log.key.pub"
                found.append(_verified(what, copy, outside, key))
    return [asdict(one) for one in found]


@contextmanager
def _copy(admin: str, dsn: str, folder: Path) -> Iterator[tuple[str, Path]]:
    outside = folder / "outside"
    shutil.copytree(folder / "checkpoints", outside)
    try:
        with copied_database(admin, dsn) as copy:
            yield copy, outside
    finally:
        shutil.rmtree(outside)


def _as_superuser(dsn: str, statements: tuple[str, ...]) -> None:
    with psycopg.connect(dsn, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for name in ("entries_check", "entries_position_check"):
            superuser.execute(f"ALTER TABLE entries DROP CONSTRAINT IF EXISTS {name}".encode())
        for statement in statements:
            superuser.execute(statement.encode())


def _rewritten(_log: Log, dsn: str, _outside: Path) -> None:
    """One entry changed and every hash after it recomputed; what would contradict it deleted."""
    with psycopg.connect(dsn) as superuser:
        superuser.execute("SET session_replication_role = replica")
        before = bytes(32)
        for position, leaf in superuser.execute("SELECT position, leaf FROM entries ORDER BY position").fetchall():
            forged = leaf.replace(b'"sequence":1200,', b'"sequence":1201,')
            hashed = hashlib.sha256(b"\x00" + forged).digest()
            before = hashlib.sha256(b"\x02" + position.to_bytes(8, "big") + before + hashed).digest()
            superuser.execute(
                "UPDATE entries SET leaf = %s, leaf_hash = %s, chain_hash = %s WHERE position = %s",
                (forged, hashed, before, position),
            )
        for table in ("heads", "checkpoints"):
            superuser.execute(f"DELETE FROM {table} WHERE size > 1000".encode())
        superuser.execute("DELETE FROM tiles WHERE (index + 1) << level > 1000")


def _forked_note(log: Log, _dsn: str, outside: Path) -> None:
    (outside / "latest.note").write_text(log.writer.signer.sign(SIZE, hashlib.sha256(b"fork").digest()))


def _shrunk_note(log: Log, _dsn: str, outside: Path) -> None:
    (outside / "latest.note").write_text(log.writer.signer.sign(10, bytes(32)))


def _edited_note(_log: Log, _dsn: str, outside: Path) -> None:
    latest = outside / "latest.note"
    latest.write_text(latest.read_text().replace(f"\n{SIZE}\n", f"\n{SIZE + 1}\n"))


def _other_key(log: Log, _dsn: str, outside: Path) -> Path:
    path = outside / "other.key"
    save_signer(make_signer(log.writer.signer.key.name), path)
    return outside / "other.key.pub"


def _lost_event(log: Log, dsn: str, _outside: Path) -> None:
    """A service reports one event more than ever arrived."""
    report = StreamReported(
        stream_id=START_ID, position=SIZE + 1, count=SIZE + 1, rolling_sha256=Code("0" * 64), reported_at=START
    )
    with connect(dsn) as connection, connection.transaction():
        lost = arrivals(SIZE + 1, 1, report)
        commands.record(connection, log.writer, lost, START + timedelta(days=3))


def _expired_early(log: Log, dsn: str, _outside: Path) -> None:
    """Everything as the retention job does it, told and signed; only that the times in the database were set back."""
    told = EntriesExpired(
        run_id=START_ID,
        entries=11,
        first=1_200,
        last=1_210,
        spans=(EntrySpan(first=1_200, last=1_210),),
        kind=None,
        keep_days=1_095,
        ground=LogRetentionGround.PROOF_OF_DISCLOSURE,
    )
    with connect(dsn) as connection, connection.transaction():
        at = START + timedelta(days=90)
        named = {"id": UUID(int=1), "sequence": 1, "actor": "system:clock", "correlation_id": START_ID}
        own = write(told, source="/lotsennetz/audit", time=at, **named)
        commands.record(connection, log.writer, [Arrival(own, "audit.inbox.0", position=1)], at)
    _as_superuser(
        dsn,
        (
            "UPDATE entries SET recorded_at = '2015-01-01' WHERE position < 2000",
            f"UPDATE entries SET {CLEARED} WHERE position BETWEEN 1200 AND 1210",
        ),
    )


START_ID = arrivals(0, 1)[0].envelope.id
BY_HAND: dict[str, Callable[[Log, str, Path], Path | None]] = {
    "everything rewritten with all hashes": _rewritten,
    "outside: another head of the same size": _forked_note,
    "outside: a smaller head after a larger one": _shrunk_note,
    "outside: the size in a signed head": _edited_note,
    "another key": _other_key,
    "an event that never arrived": _lost_event,
    "the times set back, so that entries expired too early": _expired_early,
}


def _verified(what: str, dsn: str, outside: Path, key: Path) -> Tried:
    command = [sys.executable, "-I", str(VERIFIER), "--database", dsn, "--checkpoint", str(outside), "--key", str(key)]
    done = subprocess.run([*command, "--json"], check=False, capture_output=True, text=True)
    answer = json.loads(done.stdout or done.stderr)
    finding = answer.get("finding") or {}
    said = finding.get("detail", answer.get("unreadable", ""))
    return Tried(what, done.returncode, finding.get("kind", ""), finding.get("entry"), finding.get("last"), said)
