"""What must hold after every round, or the round counts for nothing."""

import hashlib
from dataclasses import dataclass

import psycopg

from tests.benchmarks.stage import Stage


@dataclass(frozen=True)
class Held:
    """The counts behind the promise: acknowledged = committed = heard, once, in order, and the chain unbroken."""

    committed: int
    heard: int
    duplicates: int
    inversions: int
    chain_holds: bool
    left_in_outbox: int

    def wrong(self, acknowledged: int, *, ordered: bool) -> list[str]:
        found = []
        if not acknowledged == self.committed == self.heard:
            found.append(f"acknowledged {acknowledged}, committed {self.committed}, heard {self.heard}")
        if self.duplicates:
            found.append(f"{self.duplicates} heard twice")
        if ordered and self.inversions:
            found.append(f"{self.inversions} out of order")
        if not self.chain_holds:
            found.append("the chain is broken")
        if self.left_in_outbox:
            found.append(f"{self.left_in_outbox} left in the outbox")
        return found


def look(stage: Stage) -> Held:
    with psycopg.connect(stage.sender_dsn) as sender, psycopg.connect(stage.listener_dsn) as listener:
        return Held(
            _one(sender, "SELECT coalesce(sum(version), 0) FROM cases"),
            _one(listener, "SELECT count(*) FROM chain WHERE subject LIKE 'referral/%'"),
            _one(listener, "SELECT count(*) - count(DISTINCT event_id) FROM chain"),
            _one(
                listener,
                "SELECT count(*) FROM (SELECT sequence - lag(sequence) OVER (PARTITION BY subject ORDER BY n) AS step"
                " FROM chain) AS steps WHERE step <> 1",
            ),
            _chain_holds(listener),
            _one(
                sender,
                "SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL) + (SELECT count(*) FROM letters)",
            ),
        )


def _chain_holds(listener: psycopg.Connection[tuple[object, ...]]) -> bool:
    last = b""
    for body, seen in listener.execute("SELECT body, hash FROM chain ORDER BY n"):
        last = hashlib.sha256(last + bytes(body)).digest()  # type: ignore[arg-type]
        if last != bytes(seen):  # type: ignore[arg-type]
            return False
    return True


def _one(connection: psycopg.Connection[tuple[object, ...]], sql: str) -> int:
    row = connection.execute(sql.encode()).fetchone()
    assert row is not None
    return int(str(row[0]))
