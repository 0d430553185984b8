"""What the clock sets off: the head of a log that became quiet is signed, and the newest one leaves the database.

Streams are compared with what their services say about them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from contracts.audit import CheckpointSigned, EntriesExpired, EntrySpan, RetentionPeriodSet, SigningKeyReplaced
from contracts.codes import LogRetentionGround
from contracts.event import Code, Slug
from services.audit import commands, config, retention, store
from services.audit.comparing import OWNER_JOBS
from services.audit.domain.log import checkpoint_is_due
from services.audit.finding_jobs import FINDING_JOBS
from services.audit.queries import retention as expiry
from services.audit.queries import tree
from services.audit.queries.search import Search, search
from services.audit.queries.streams import agrees, streams
from services.audit.tallying import TALLY_JOBS
from services.audit.writer import Writer
from services.chassis.clock import PLACE
from services.chassis.config import Environment
from services.chassis.db import Connection, connect
from services.chassis.jobs import ClockJob, Due
from services.chassis.work import Work

#: A published head is itself told at most this often: telling it makes an entry, which is signed in turn.
TELL_AFTER = timedelta(minutes=1)


@cache
def writer() -> Writer:
    """The clock's own hold on key and directory."""
    return config.load_writer(Environment())


def unpublished_head(connection: Connection, now: datetime, _limit: int) -> list[Due]:
    """The head, if it is to be signed or has been signed but not published."""
    standing = store.standing(connection)
    published = writer().published()
    unsigned = checkpoint_is_due(standing.signed_size, standing.signed_at, standing.head, now)
    if unsigned or standing.signed_size > (published.size if published else 0):
        return [Due(f"log:checkpoint:{standing.head.size}/{standing.signed_size}")]
    return []


def publish_head(work: Work, _due: Due) -> None:
    """Sign what is left, publish the newest head, and say so now and then."""
    commands.sign_what_is_left(work.tx, writer(), work.now)
    size = commands.publish_newest(work.tx, writer())
    if size is not None and _telling_is_due(work):
        work.announce(_told(work, size))


def _telling_is_due(work: Work) -> bool:
    last = search(work.tx, Search(type="audit.checkpoint_signed.v1"), limit=1).entries
    return not last or work.now - last[0].occurred_at >= TELL_AFTER


def _told(work: Work, size: int) -> CheckpointSigned:
    key = writer().signer.key
    return CheckpointSigned(
        checkpoint_id=uuid5(NAMESPACE_URL, f"{key.name}/{size}"),
        size=size,
        root_sha256=Code(tree.root_at(work.tx, size).hex()),
        key_id=Code(key.key_id().hex()),
    )


def replaced_key(connection: Connection, _now: datetime, _limit: int) -> list[Due]:
    """The key in use, if another was there before it and the log does not know of the change yet."""
    keys = writer().outside.keys
    if not keys.former or _knows(connection, keys.current.key_id().hex()):
        return []
    return [Due(f"key:{keys.current.key_id().hex()}")]


def _knows(connection: Connection, key_id: str) -> bool:
    told = search(connection, Search(type="audit.signing_key_replaced.v1"), limit=100).entries
    return any(entry.data.get("key_id") == key_id for entry in told)


def tell_key(work: Work, _due: Due) -> None:
    keys = writer().outside.keys
    former, size = keys.former[0]
    key_id = keys.current.key_id().hex()
    work.announce(
        SigningKeyReplaced(
            replacement_id=uuid5(NAMESPACE_URL, f"{former.name}/{key_id}"),
            key_id=Code(key_id),
            former_key_id=Code(former.key_id().hex()),
            size=size,
        )
    )


def whole_streams(connection: Connection, _now: datetime, limit: int) -> list[Due]:
    """Streams of which nothing is missing up to a report that was not yet compared."""
    fresh = [one for one in streams(connection) if one.complete and one.position > one.compared.position]
    return [Due(f"stream:{one.source}:{one.position}", one) for one in fresh[:limit]]


def compare_stream(work: Work, due: Due) -> None:
    """Note whether the log holds what the service says it sent."""
    store.append_stream_check(work.tx, due.payload, agrees(work.tx, due.payload), work.now)


def untold_runs(connection: Connection, _now: datetime, limit: int) -> list[Due]:
    """Retention runs nobody has told of yet; their role may not speak for itself."""
    return [Due(f"retention:{run['run_id']}", run) for run in expiry.untold_runs(connection, limit)]


def tell_run(work: Work, due: Due) -> None:
    """Say exactly what is about to be emptied: nothing is, before this is an entry of the log."""
    run = due.payload
    spans = tuple(EntrySpan(first=span.lower, last=span.upper - 1) for span in run["spans"])
    work.announce(
        EntriesExpired(
            run_id=run["run_id"],
            entries=run["entries"],
            first=run["first"],
            last=run["last"],
            spans=spans,
            **_period(run),
        )
    )


def untold_periods(connection: Connection, _now: datetime, limit: int) -> list[Due]:
    """Periods somebody set since the last look."""
    return [Due(f"retention_period:{one['period_id']}", one) for one in expiry.untold_periods(connection, limit)]


def tell_period(work: Work, due: Due) -> None:
    work.announce(RetentionPeriodSet(period_id=due.payload["period_id"], **_period(due.payload)))


def _period(row: Mapping[str, Any]) -> dict[str, Any]:
    kind = None if row["kind"] == "*" else Slug(row["kind"])
    return {"kind": kind, "keep_days": row["days"], "ground": LogRetentionGround(row["ground"])}


def retention_is_due(connection: Connection, now: datetime, _limit: int) -> list[Due]:
    """Once a night, where this clock was given the retention role's way in."""
    local = now.astimezone(PLACE)
    if not _retention_dsn() or local.hour < config.retention_hour(Environment()):
        return []
    key = f"retention:night:{local:%Y-%m-%d}"
    return [] if expiry.is_done(connection, key) else [Due(key)]


def plan_retention(_work: Work, _due: Due) -> None:
    """Name what is past its period, and let notes go whose time is over, under the role that may."""
    with _as_retention() as connection:
        retention.plan(connection)
        retention.empty_notes(connection)


def told_runs(connection: Connection, _now: datetime, limit: int) -> list[Due]:
    """Runs the log has told of, signed: now they may be done."""
    runs = retention.ready(connection, limit) if _retention_dsn() else []
    return [Due(f"retention:empty:{run_id}", run_id) for run_id in runs]


def empty_run(_work: Work, due: Due) -> None:
    with _as_retention() as connection:
        retention.empty(connection, due.payload)


def _retention_dsn() -> str:
    return config.retention_dsn(Environment())


def _as_retention() -> Connection:
    return connect(_retention_dsn(), name="audit.retention", statement_ms=600_000)


CLOCK_JOBS = (
    ClockJob("publish_head", unpublished_head, publish_head),
    ClockJob("tell_key", replaced_key, tell_key),
    ClockJob("compare_stream", whole_streams, compare_stream),
    ClockJob("tell_run", untold_runs, tell_run),
    ClockJob("tell_period", untold_periods, tell_period),
    ClockJob("plan_retention", retention_is_due, plan_retention),
    ClockJob("empty_run", told_runs, empty_run),
    *FINDING_JOBS,
    *TALLY_JOBS,
    *OWNER_JOBS,
)
