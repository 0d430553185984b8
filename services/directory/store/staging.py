"""Where a file waits while it is looked at: a temporary table, so that however large it is, memory does not grow.

What equals what the directory holds is set aside by the database; everything else is looked at in batches, kind by kind
and in the order of ids, which is the order of locks.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from services.chassis.db import Connection, take_time
from services.directory.domain.objects import Kind
from services.directory.domain.planning import Name
from services.directory.domain.reading import Row

BATCH = 500
MOST_SECONDS = 15 * 60
PLACES = {kind: place for place, kind in enumerate(Kind)}

PREPARE: tuple[LiteralString, ...] = (
    "SET LOCAL lock_timeout = '1min'",
    "SET LOCAL idle_in_transaction_session_timeout = '15min'",
    "SET LOCAL work_mem = '64MB'",
    """
    CREATE TEMPORARY TABLE staged (
        n integer GENERATED ALWAYS AS IDENTITY,
        place integer NOT NULL,
        id text COLLATE "C" NOT NULL,
        file text NOT NULL,
        line integer NOT NULL,
        document jsonb NOT NULL,
        aside boolean NOT NULL,
        is_known boolean NOT NULL DEFAULT false
    ) ON COMMIT DROP""",
    "CREATE TEMPORARY TABLE touched (kind text, id uuid, PRIMARY KEY (kind, id)) ON COMMIT DROP",
)

ORDER: tuple[LiteralString, ...] = ("CREATE INDEX ON staged (place, id)", "ANALYZE staged")

COPY: LiteralString = "COPY staged (place, id, file, line, document, aside) FROM STDIN"

#: One file after the other; `store.load` takes the same lock together with others, before any row.
ALONE: LiteralString = "SELECT pg_advisory_xact_lock(hashtext('directory.writing'))"

TWICE: LiteralString = """
    SELECT place, id, staged.file, staged.line, said.first_line, staged.document
    FROM (SELECT place, id, min(n) AS first, (array_agg(line ORDER BY n))[1] AS first_line FROM staged
        GROUP BY place, id HAVING count(*) > 1) AS said
    JOIN staged USING (place, id) WHERE staged.n > said.first ORDER BY staged.n LIMIT %s"""

#: Of what is said several times the fullest stays, the first of equals.
MERGE: LiteralString = """
    DELETE FROM staged USING (
        SELECT n, row_number() OVER (
            PARTITION BY place, id ORDER BY aside, length(document::text) DESC, n
        ) AS nth FROM staged
    ) AS ranked WHERE ranked.n = staged.n AND ranked.nth > 1"""

#: When something was fetched is told anew only where it says something else than before.
_SET_ASIDE: LiteralString = """
    UPDATE staged SET is_known = held.document #- '{origin,retrieved_at}' = staged.document #- '{origin,retrieved_at}'
    FROM {} AS held WHERE staged.place = %s AND held.id = staged.id{}"""

#: A participation is left to the plan: keys that are left out are kept.
TABLES: Mapping[Kind, tuple[LiteralString, LiteralString]] = {
    Kind.SOURCE: ("sources", ""),
    Kind.AREA: ("areas", ""),
    Kind.ORGANIZATION: ("organizations", "::uuid"),
    Kind.LOCATION: ("locations", "::uuid"),
    Kind.SERVICE: ("services", "::uuid"),
    Kind.SERVICE_AT_LOCATION: ("service_at_locations", "::uuid"),
    Kind.COMPETENCE: ("competences", "::uuid"),
    Kind.REPORT: ("(SELECT service_id AS id, document FROM reports)", "::uuid"),
}

_MENTIONED: LiteralString = """
    UPDATE staged SET is_known = true FROM {} AS held
    WHERE staged.aside AND staged.place = %s AND held.id = staged.id{}"""

AFTER: LiteralString = """
    SELECT place, id, file, line, document FROM staged
    WHERE (place, id) > (%s, %s) AND NOT is_known ORDER BY place, id LIMIT %s"""

AMONG: LiteralString = """
    SELECT staged.place, staged.id, staged.document FROM staged
    JOIN unnest(%s::integer[], %s::text[]) AS asked (place, id) USING (place, id)"""

#: A reason somebody wrote down here stands in nobody else's file; it goes only with the ground it is about.
KEEP_REASONS: LiteralString = """
    UPDATE staged SET document = staged.document
        || jsonb_build_object('overlap_justification', held.document -> 'overlap_justification')
    FROM services AS held
    WHERE staged.place = %s AND held.id = staged.id::uuid AND held.document ? 'overlap_justification'
        AND NOT staged.document ? 'overlap_justification'
        AND staged.document ->> 'overlap_group' = held.document ->> 'overlap_group'"""

GROUNDED: LiteralString = """
    SELECT staged.place, staged.id, staged.file, staged.line, staged.document, services.document AS held
    FROM staged LEFT JOIN services ON services.id = staged.id::uuid
    WHERE staged.place = %s AND NOT staged.is_known AND staged.document ? 'overlap_group'
    ORDER BY n"""

STANDING: LiteralString = """
    SELECT document FROM services WHERE document ->> 'overlap_group' IN (
        SELECT document ->> 'overlap_group' FROM staged WHERE place = %(place)s)
    AND NOT EXISTS (
        SELECT FROM staged WHERE place = %(place)s AND NOT is_known AND staged.id = services.id::text)"""


def prepare(tx: Connection) -> None:
    take_time(tx, MOST_SECONDS)
    for statement in PREPARE:
        tx.execute(statement)


def put(tx: Connection, rows: Iterable[Row]) -> None:
    """Some rows at a time, so that whoever reads them may ask the database in between."""
    with tx.cursor() as cursor, cursor.copy(COPY) as copy:
        for row in rows:
            copy.write_row((PLACES[row.kind], row.id, row.file, row.line, Jsonb(row.document), row.aside))


def order(tx: Connection) -> None:
    for statement in ORDER:
        tx.execute(statement)


def repeated(tx: Connection, limit: int) -> list[tuple[Row, int]]:
    """Rows whose id stands in the file already, with the line where."""
    return [(_row(row), row["first_line"]) for row in tx.execute(TWICE, (limit,)).fetchall()]


def merge_repeated(tx: Connection) -> int:
    """How many rows said an object once more."""
    return tx.execute(MERGE).rowcount


def set_aside_known(tx: Connection) -> None:
    """What the directory holds exactly so, and what it knows of what another object only mentions: bodies and areas."""
    for kind, (table, cast) in TABLES.items():
        tx.execute(_SET_ASIDE.replace("{}", table, 1).replace("{}", cast, 1), (PLACES[kind],))
    for kind in (Kind.ORGANIZATION, Kind.AREA):
        table, cast = TABLES[kind]
        tx.execute(_MENTIONED.replace("{}", table, 1).replace("{}", cast, 1), (PLACES[kind],))


def count(tx: Connection) -> Iterator[tuple[Kind, int, int]]:
    """For each kind: how many rows there are, and how many of them are set aside."""
    rows = tx.execute(
        "SELECT place, count(*) AS rows, count(*) FILTER (WHERE is_known) AS known FROM staged GROUP BY place"
    ).fetchall()
    return ((list(Kind)[row["place"]], row["rows"], row["known"]) for row in rows)


def batches(tx: Connection) -> Iterator[list[Row]]:
    """Everything that is not set aside, in the order in which objects need each other."""
    last = (-1, "")
    while rows := tx.execute(AFTER, (*last, BATCH)).fetchall():
        yield [_row(row) for row in rows]
        last = (rows[-1]["place"], rows[-1]["id"])


def among(tx: Connection, names: Collection[Name]) -> dict[Name, dict[str, Any]]:
    """Those of these objects that stand in the file."""
    places, ids = [PLACES[kind] for kind, _ in names], [name for _, name in names]
    rows = tx.execute(AMONG, (places, ids)).fetchall()
    return {(list(Kind)[row["place"]], row["id"]): row["document"] for row in rows}


def keep_reasons(tx: Connection) -> None:
    """A file that says nothing of why a service is needed beside others takes the recorded reason from nobody."""
    tx.execute(KEEP_REASONS, (PLACES[Kind.SERVICE],))


def grounded(tx: Connection) -> Iterator[tuple[Row, dict[str, Any] | None]]:
    """New and changed services that name an overlap group, in the order of the file, each with what is there."""
    return _stream(tx, "grounded", GROUNDED, (PLACES[Kind.SERVICE],), lambda row: (_row(row), row["held"]))


def standing(tx: Connection) -> Iterator[dict[str, Any]]:
    """What the directory holds in the overlap groups of the file, and the file does not change."""
    place = {"place": PLACES[Kind.SERVICE]}
    return _stream(tx, "standing", STANDING, place, lambda row: row["document"])


def touch(tx: Connection, kind: Kind, ids: Iterable[str]) -> None:
    """Note entries whose published word changes."""
    tx.execute(
        "INSERT INTO touched SELECT %s, unnest(%s::uuid[]) ON CONFLICT DO NOTHING", (kind.value, sorted(set(ids)))
    )


def touched(tx: Connection, kind: Kind) -> Iterator[list[str]]:
    """The entries noted, in batches and in order."""
    last = "00000000-0000-0000-0000-000000000000"
    query: LiteralString = "SELECT id FROM touched WHERE kind = %s AND id > %s ORDER BY id LIMIT %s"
    while rows := tx.execute(query, (kind.value, last, BATCH)).fetchall():
        yield [str(row["id"]) for row in rows]
        last = str(rows[-1]["id"])


def _stream(tx: Connection, name: str, query: LiteralString, params: Any, made: Any) -> Iterator[Any]:
    with tx.cursor(name=name) as cursor:
        cursor.itersize = BATCH
        cursor.execute(query, params)
        yield from map(made, cursor)


def _row(row: Mapping[str, Any]) -> Row:
    return Row(row["line"], list(Kind)[row["place"]], row["id"], row["document"], row["file"])
