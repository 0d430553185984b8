"""What the clock sets off: the head of a log that became quiet is signed, and the newest one leaves the database.

Streams are compared with what their services say about them."""

from datetime import datetime, timedelta
from functools import cache
from uuid import NAMESPACE_URL, uuid5

from contracts.audit import CheckpointSigned, EntriesExpired
from contracts.event import Code
from services.audit import commands, store
from services.audit.config import load_writer
from services.audit.domain.log import checkpoint_is_due
from services.audit.queries import tree
from services.audit.queries.health import retention_runs
from services.audit.queries.search import Search, search
from services.audit.queries.streams import agrees, streams
from services.audit.writer import Writer
from services.chassis.config import Environment
from services.chassis.db import Connection
from services.chassis.jobs import ClockJob, Due
from services.chassis.work import Work

#: A published head is itself told at most this often: telling it makes an entry, which is signed in turn.
TELL_AFTER = timedelta(minutes=1)


@cache
def writer() -> Writer:
    """The clock's own hold on key and directory."""
    return load_writer(Environment())


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


def whole_streams(connection: Connection, _now: datetime, limit: int) -> list[Due]:
    """Streams of which nothing is missing up to a report that was not yet compared."""
    fresh = [one for one in streams(connection) if one.complete and one.position > one.compared.position]
    return [Due(f"stream:{one.source}:{one.position}", one) for one in fresh[:limit]]


def compare_stream(work: Work, due: Due) -> None:
    """Note whether the log holds what the service says it sent."""
    store.append_stream_check(work.tx, due.payload, agrees(work.tx, due.payload), work.now)


def untold_runs(connection: Connection, _now: datetime, limit: int) -> list[Due]:
    """Retention runs nobody has told of yet; their role may not speak for itself."""
    return [Due(f"retention:{run['run_id']}", run) for run in retention_runs(connection, limit)]


def tell_run(work: Work, due: Due) -> None:
    """Say what was emptied: a fact like any other."""
    run = due.payload
    work.announce(EntriesExpired(run_id=run["run_id"], entries=run["entries"], first=run["first"], last=run["last"]))


CLOCK_JOBS = (
    ClockJob("publish_head", unpublished_head, publish_head),
    ClockJob("compare_stream", whole_streams, compare_stream),
    ClockJob("tell_run", untold_runs, tell_run),
)
