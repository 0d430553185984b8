"""How complete the log is: what each service says it has published, against what arrived here.

Every event carries the place its sender's relay gave it, counted without a gap per service. Every minute each service
says how far it has come and a rolling hash over the hashes of all its bytes. A number that is missing here is an event
that was never heard; a rolling hash that differs is an event that was not what its sender sent.
"""

import hashlib
import json
from collections.abc import Sequence

from services.audit.domain.streams import Compared, Gap, Stream
from services.chassis.db import Connection

SERVICES = ("directory", "referral", "notifications", "audit")
REPORT = """
SELECT source, leaf, occurred_at FROM entries WHERE type = %s AND leaf IS NOT NULL
ORDER BY occurred_at DESC, position DESC LIMIT 1
"""
CHECK = """
SELECT position, rolling_sha256,
    (SELECT count(*) FROM stream_checks WHERE source = %(source)s AND NOT agrees) AS differing
FROM stream_checks WHERE source = %(source)s ORDER BY position DESC LIMIT 1
"""
HEARD = """
SELECT count(DISTINCT stream_position) AS heard FROM entries
WHERE source = %s AND stream_position > %s AND stream_position <= %s
"""
GAPS = """
SELECT before + 1 AS first, stream_position - 1 AS last FROM (
    SELECT stream_position, coalesce(lag(stream_position) OVER (ORDER BY stream_position), %(after)s) AS before
    FROM entries WHERE source = %(source)s AND stream_position > %(after)s AND stream_position <= %(position)s
    UNION ALL
    SELECT %(position)s + 1, coalesce(max(stream_position), %(after)s) FROM entries
    WHERE source = %(source)s AND stream_position > %(after)s AND stream_position <= %(position)s
) AS steps WHERE stream_position > before + 1 ORDER BY first LIMIT %(limit)s
"""
BODIES = """
SELECT convert_from(leaf, 'UTF8')::jsonb ->> 'eventsha256' AS sha256 FROM entries
WHERE source = %s AND stream_position > %s AND stream_position <= %s AND leaf IS NOT NULL ORDER BY stream_position
"""


def streams(connection: Connection, limit: int = 20) -> list[Stream]:
    """Every service's newest report against the log, at most `limit` gaps each."""
    found = (_stream(connection, f"{service}.stream_reported.v1", limit) for service in SERVICES)
    return [stream for stream in found if stream is not None]


def never_heard(found: Sequence[Stream]) -> list[str]:
    """Services whose streams nothing is known of."""
    return [name for name in (f"/lotsennetz/{one}" for one in SERVICES) if name not in {one.source for one in found}]


def _stream(connection: Connection, type_: str, limit: int) -> Stream | None:
    row = connection.execute(REPORT, (type_,), prepare=False).fetchone()  # planned for this very type
    if row is None:
        return None
    report, source = json.loads(bytes(row["leaf"]))["data"], row["source"]
    compared, position = last_comparison(connection, source), report["position"]
    counted = connection.execute(HEARD, (source, compared.position, position), prepare=False).fetchone() or {"heard": 0}
    heard = min(compared.position, position) + int(counted["heard"])
    gaps: tuple[Gap, ...] = ()
    if heard < position:
        wanted = {"source": source, "after": compared.position, "position": position, "limit": limit}
        gaps = tuple(Gap(found["first"], found["last"]) for found in connection.execute(GAPS, wanted, prepare=False))
    return Stream(source, position, heard, row["occurred_at"], report["rolling_sha256"], gaps, compared)


def last_comparison(connection: Connection, source: str) -> Compared:
    """Up to where nothing was missing and the content was compared."""
    row = connection.execute(CHECK, {"source": source}).fetchone()
    return Compared() if row is None else Compared(**row)


def agrees(connection: Connection, stream: Stream) -> bool:
    """Whether the events since the last comparison are, byte for byte, those the service says it sent."""
    rolling = bytes.fromhex(stream.compared.rolling_sha256)
    for row in connection.execute(BODIES, (stream.source, stream.compared.position, stream.position), prepare=False):
        rolling = hashlib.sha256(rolling + bytes.fromhex(row["sha256"])).digest()
    return rolling.hex() == stream.rolling_sha256
