"""PostgreSQL: bounded pools whose every connection carries its own deadlines.

Without them one slow lock or one half-open network holds a worker for ever: `statement_timeout` ends a slow query,
`lock_timeout` a wait behind somebody else, `idle_in_transaction_session_timeout` a forgotten transaction and
`tcp_user_timeout` a peer that went away without a word. A server that froze keeps none of these, while its kernel goes
on acknowledging every packet: so we wait a little longer than it was given, and then hang up.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from services.chassis.errors import UnavailableError

#: What the database says when the trouble is its own and the same request may succeed later.
INFRASTRUCTURE_ERRORS = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, PoolClosed, TooManyRequests)
#: Of these the server knows nothing: there is no free connection to it.
SHORT: tuple[type[Exception], ...] = (PoolTimeout, PoolClosed, TooManyRequests)

STATEMENT_MS = 5_000
LOCK_MS = 3_000
IDLE_IN_TRANSACTION_MS = 15_000
TCP_USER_MS = 5_000
#: So long after its own deadline a statement is given up: by then a server that is alive has ended it.
SILENCE_SECONDS = 1.5
POOL_SECONDS = 3.0
#: So long while the server is known to be away: who asks then is told so soon, and does not hold up who comes next.
AWAY_SECONDS = 1.0


class Connection(psycopg.Connection[DictRow]):
    """Waits for an answer as long as the server may take for it, and then lets go of the server."""

    #: Seconds; None where somebody sits and waits.
    patience: float | None = STATEMENT_MS / 1000 + SILENCE_SECONDS

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """As psycopg does for every statement, but not for ever."""
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.errors._WaitTimeout as error:
            if timeout is not None:
                raise
            self.pgconn.finish()  # what was asked may yet be done: only the server will know
            raise psycopg.OperationalError("the server fell silent") from error


def take_time(tx: Connection, seconds: int) -> None:
    """Let the statements of this transaction take longer than others may."""
    tx.execute("SELECT set_config('statement_timeout', %s, true)", (f"{seconds}s",))
    tx.patience = seconds + SILENCE_SECONDS


def conninfo(dsn: str, *, name: str = "lotsennetz", read_only: bool = False, statement_ms: int = STATEMENT_MS) -> str:
    """The same address with all deadlines attached (options already in the DSN come last and so win)."""
    given = conninfo_to_dict(dsn)
    settings = {
        "statement_timeout": statement_ms,
        "lock_timeout": LOCK_MS,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_MS,
        "default_transaction_read_only": "on" if read_only else "off",
        "timezone": "UTC",
        "jit": "off",  # compiling takes longer than anything we ask
    }
    options = " ".join(f"-c {key}={value}" for key, value in settings.items())
    deadlines: dict[str, Any] = {
        "connect_timeout": 3,
        "tcp_user_timeout": TCP_USER_MS,
        "keepalives_idle": 10,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "application_name": name,
    }
    given_options = str(given.pop("options", None) or "")
    return make_conninfo(**{**deadlines, **given, "options": f"{options} {given_options}".strip()})


def connect(dsn: str, *, name: str = "lotsennetz", statement_ms: int = STATEMENT_MS) -> Connection:
    """One connection outside any pool, for a process that needs a session of its own (leader locks live in one)."""
    address = conninfo(dsn, name=name, statement_ms=statement_ms)
    connection = Connection.connect(address, autocommit=True, row_factory=dict_row)
    connection.patience = statement_ms / 1000 + SILENCE_SECONDS
    return connection


class Database:
    """The one database of a service, as two pools: one that writes and one that may only read."""

    def __init__(self, dsn: str, min_size: int = 1, max_size: int = 8, *, name: str = "lotsennetz") -> None:
        self.dsn = dsn
        self._writers = _pool(dsn, min_size, max_size, name=name, read_only=False)
        self._readers = _pool(dsn, 0, max_size, name=name, read_only=True)
        self._is_away = False

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection inside one transaction: committed at the end, rolled back on any error."""
        with self.session() as connection, connection.transaction():
            yield connection

    def session(self) -> AbstractContextManager[Connection]:
        """A writing connection in autocommit mode: every statement is a transaction of its own."""
        return self._borrow(self._writers)

    def read(self) -> AbstractContextManager[Connection]:
        """A connection that refuses to write, in autocommit mode."""
        return self._borrow(self._readers)

    def ping(self) -> None:
        """Raise `UnavailableError` unless the database answers."""
        with self.session() as connection:
            connection.execute("SELECT 1")

    def _replace_dead(self) -> None:
        """The server went away for one connection: so it did for the others, of either pool; nobody shall meet them."""
        for pool in (self._writers, self._readers):
            if not pool.closed:
                pool.drain()  # and nobody waits for an answer of a dead one

    @property
    def waiting(self) -> int:
        """How many wait for a connection just now: the first sign that a service has too few of them."""
        return sum(pool.get_stats().get("requests_waiting", 0) for pool in (self._writers, self._readers))

    @contextmanager
    def _borrow(self, pool: ConnectionPool[Connection]) -> Iterator[Connection]:
        """Lend a connection; trouble of the database's own comes out as `UnavailableError`."""
        try:
            if pool.closed:
                pool.open()
            with pool.connection(timeout=AWAY_SECONDS if self._is_away else POOL_SECONDS) as connection:
                connection.patience = Connection.patience
                yield connection
            self._is_away = False
        except SHORT as error:
            raise UnavailableError("database.unavailable") from error
        except psycopg.OperationalError as error:
            if error.sqlstate is None or error.sqlstate.startswith(("57P", "08")):
                self._is_away = True
                self._replace_dead()
            raise UnavailableError("database.unavailable") from error
        except INFRASTRUCTURE_ERRORS as error:
            raise UnavailableError("database.unavailable") from error

    def close(self) -> None:
        for pool in (self._writers, self._readers):
            pool.close(timeout=1)

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _pool(dsn: str, min_size: int, max_size: int, *, name: str, read_only: bool) -> ConnectionPool[Connection]:
    return ConnectionPool(
        conninfo(dsn, name=name, read_only=read_only),
        connection_class=Connection,
        kwargs={"autocommit": True, "row_factory": dict_row},
        min_size=min_size,
        max_size=max_size,
        timeout=POOL_SECONDS,
        reconnect_timeout=5,
        open=False,
    )
