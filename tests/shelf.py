"""Databases for tests: handed out as freshly migrated, and made ready again rather than made anew.

Creating and dropping a database costs more than most tests. One that comes back is emptied down to the rows the
migrations left; one whose tables, triggers or rights were changed is dropped.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import psycopg

from deploy.demo import databases
from deploy.demo.databases import DatabaseAddresses

OWN = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'"
#: What stands in the catalogs, and when it was written: any change of a table, trigger, function or right shows.
SHAPE = f"""
SELECT concat(count(*), ':', bit_xor(hashtextextended(what, 0)), ':', sum(hashtext(what)::bigint)) FROM (
    SELECT concat('c', c.oid, ':', c.xmin, ':', c.relpages) AS what
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {OWN}
    UNION ALL SELECT concat('a', attrelid, ':', attnum, ':', a.xmin)
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {OWN}
    UNION ALL SELECT concat('t', oid, ':', xmin) FROM pg_trigger
    UNION ALL SELECT concat('p', p.oid, ':', p.xmin)
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {OWN}
    UNION ALL SELECT concat('k', oid, ':', xmin) FROM pg_constraint
    UNION ALL SELECT concat('n', n.oid, ':', n.xmin) FROM pg_namespace n WHERE {OWN}
) AS everything
"""
TABLES = f"""
SELECT c.oid::regclass::text, array_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind = 'r' AND {OWN} GROUP BY c.oid ORDER BY 1
"""
SEQUENCES = f"""
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'S' AND {OWN} ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Migrated:
    """How a database looks after its migrations."""

    template: str
    shape: str
    empty: str
    rows: dict[str, tuple[str, bytes]]
    tables: frozenset[str]


@dataclass
class Shelf:
    """The databases of one session on one server; `admin_dsn` is its superuser's."""

    admin_dsn: str
    passwords: dict[str, str]
    session: str
    _migrated: dict[str, Migrated] = field(default_factory=dict)
    _free: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _numbers: Any = field(default_factory=count)
    #: To each database that was handed out before; to connect takes longer than to make ready.
    _ways_in: dict[str, psycopg.Connection[Any]] = field(default_factory=dict)

    def know(self, service: str, template: str) -> None:
        """Copies of this template are handed out for the service from now on."""
        with self._enter(template) as connection:
            tables = connection.execute(TABLES).fetchall()
            wanted = {name: ", ".join(f'"{one}"' for one in columns) for name, columns in tables}
            rows = {name: (columns, _copied(connection, name, columns)) for name, columns in wanted.items()}
            steps = ["SET session_replication_role = replica", *(f"DELETE FROM {name}" for name in wanted)]
            for (name,) in connection.execute(SEQUENCES).fetchall():
                last, called = _first(connection, f"SELECT last_value, is_called FROM {name}")
                steps.append(f"SELECT setval('{name}', {last}, {called})")
            [shape] = _first(connection, SHAPE)
        kept = {name: found for name, found in rows.items() if found[1]}
        self._migrated[service] = Migrated(template, shape, "; ".join(steps), kept, frozenset(wanted))

    def knows(self, service: str) -> bool:
        return service in self._migrated

    def take(self, service: str) -> tuple[str, DatabaseAddresses]:
        """A database as it is after its migrations, and its name."""
        while self._free[service]:
            name = self._free[service].pop()
            if self._made_ready(self._migrated[service], name):
                return name, databases.addresses(self.admin_dsn, service, self.passwords, name)
            self.drop(name)
        name = f"test_{self.session}_{service}_{next(self._numbers)}"
        template = self._migrated[service].template
        return name, databases.create_database(self.admin_dsn, service, self.passwords, name=name, template=template)

    def give_back(self, service: str, name: str) -> None:
        self._free[service].append(name)

    def drop(self, name: str) -> None:
        if name in self._ways_in:
            self._ways_in.pop(name).close()
        databases.drop_database(self.admin_dsn, name)

    def clear(self, *, drop: bool = True) -> None:
        """Close what is open; drop everything unless the whole server is to go, templates last."""
        for name in [one for names in self._free.values() for one in names] if drop else ():
            self.drop(name)
        for way_in in self._ways_in.values():
            way_in.close()
        for migrated in self._migrated.values() if drop else ():
            self.drop(migrated.template)

    def _made_ready(self, migrated: Migrated, name: str) -> bool:
        connection = self._way_into(name)
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        _drop_partitions(connection, migrated.tables)
        if _first(connection, SHAPE)[0] != migrated.shape:
            return False
        connection.execute(migrated.empty.encode())
        for table, (columns, content) in migrated.rows.items():
            with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT binary)".encode()) as copy:
                copy.write(content)
        connection.execute("RESET ALL")
        return True

    def _way_into(self, name: str) -> psycopg.Connection[Any]:
        """Kept from the last time, unless a test ended it with everybody else's."""
        try:
            self._ways_in[name].execute("SELECT")
        except (KeyError, psycopg.Error):
            self._ways_in[name] = self._enter(name)
        return self._ways_in[name]

    def _enter(self, name: str) -> psycopg.Connection[Any]:
        return psycopg.connect(databases.at_database(self.admin_dsn, name), autocommit=True)


def _drop_partitions(connection: psycopg.Connection[Any], stay: frozenset[str]) -> None:
    """Those which a service adds day by day; the ones of the migrations stay."""
    made = connection.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
        " WHERE relkind = 'r' AND inhparent = to_regclass('public.outbox') AND relname ~ '^outbox_[0-9]'"
    ).fetchall()
    for name in {one for (one,) in made} - stay:
        connection.execute(f"DROP TABLE {name}".encode())


def _copied(connection: psycopg.Connection[Any], table: str, columns: str) -> bytes:
    if _first(connection, f"SELECT count(*) FROM {table}")[0] == 0:
        return b""
    with connection.cursor().copy(f"COPY {table} ({columns}) TO STDOUT (FORMAT binary)".encode()) as copy:
        return b"".join(bytes(piece) for piece in copy)


def _first(connection: psycopg.Connection[Any], query: str) -> tuple[Any, ...]:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return tuple(row)
