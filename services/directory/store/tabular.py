"""Where the rows of CSV files wait until each finds its parent; so that no package is ever joined in memory."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

from psycopg import Copy
from psycopg.types.json import Jsonb

from services.chassis.db import Connection, take_time

BATCH = 500
MOST_SECONDS = 15 * 60
PREPARE: tuple[LiteralString, ...] = (
    "SET LOCAL idle_in_transaction_session_timeout = '15min'",
    """
    CREATE TEMPORARY TABLE cells (
        n integer GENERATED ALWAYS AS IDENTITY, kind text NOT NULL, id text NOT NULL, parents text[] NOT NULL,
        line integer NOT NULL, document jsonb NOT NULL
    ) ON COMMIT DROP""",
)
ORDER: tuple[LiteralString, ...] = (
    "CREATE INDEX ON cells USING gin (parents)",
    "CREATE INDEX ON cells (kind, n)",
    "CREATE INDEX ON cells (kind, id)",
    "ANALYZE cells",
)


@contextmanager
def cells(tx: Connection) -> Iterator[Copy]:
    """Rows go in as they are read, and can be asked for afterwards."""
    take_time(tx, MOST_SECONDS)
    for statement in PREPARE:
        tx.execute(statement)
    with tx.cursor() as cursor, cursor.copy("COPY cells (kind, id, parents, line, document) FROM STDIN") as copy:
        yield copy
    for statement in ORDER:
        tx.execute(statement)


def put(copy: Copy, kind: str, line: int, parents: Sequence[str], document: dict[str, Any]) -> None:
    copy.write_row((kind, str(document.get("id", "")), list(parents), line, Jsonb(document)))


def of_kind(tx: Connection, kind: str) -> Iterator[list[dict[str, Any]]]:
    """All rows of a file, in batches and in its order."""
    last = 0
    query: LiteralString = (
        "SELECT n, kind, id, line, document FROM cells WHERE kind = %s AND n > %s ORDER BY n LIMIT %s"
    )
    while rows := tx.execute(query, (kind, last, BATCH)).fetchall():
        yield rows
        last = rows[-1]["n"]


def below(tx: Connection, ids: Iterable[str]) -> list[dict[str, Any]]:
    """What hangs below these objects."""
    return tx.execute(
        "SELECT kind, id, parents, line, document FROM cells WHERE parents && %s ORDER BY n", (list(ids),)
    ).fetchall()


def named(tx: Connection, kind: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Rows of a file by their ids."""
    rows = tx.execute("SELECT id, document FROM cells WHERE kind = %s AND id = ANY(%s)", (kind, list(ids))).fetchall()
    return {row["id"]: row["document"] for row in rows}
