"""Growing the log: append what was heard, sign where it stands, publish what was signed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from services.audit import publication, store
from services.audit.domain.checkpoint import UnreadableNoteError, VerifierKey, split
from services.audit.domain.cosignature import cosignatures
from services.audit.domain.entry import Entry, entry_of
from services.audit.domain.log import Head, checkpoint_is_due, grow
from services.audit.keys import holds
from services.audit.queries import tree
from services.audit.store import Standing
from services.audit.writer import LogContradictsError, Writer
from services.chassis.db import Connection
from services.chassis.errors import InvalidError, RefusedError
from services.chassis.hear import Arrival


def record(tx: Connection, writer: Writer, arrivals: Iterable[Arrival], now: datetime) -> int:
    """Append what is not in the log yet, in the order heard; answers how many entries were added."""
    heard: dict[UUID, Arrival] = {}
    for arrival in arrivals:
        heard.setdefault(arrival.envelope.id, arrival)
    standing, known = store.begin(tx, list(heard))
    refuse_if_contradicted(tx, writer, standing.head)
    new = [arrival for event_id, arrival in heard.items() if event_id not in known]
    if new:
        append(tx, writer, standing, [entry_of(arrival.envelope, arrival.position) for arrival in new], now)
    return len(new)


def append(tx: Connection, writer: Writer, standing: Standing, entries: Sequence[Entry], now: datetime) -> None:
    """Give the entries their places; sign the new head if it is time."""
    head, links, subtrees = grow(standing.head, [entry.leaf for entry in entries], now)
    recorded_at = head.recorded_at or now
    store.append_entries(tx, zip(entries, links, strict=True), recorded_at)
    is_due = checkpoint_is_due(standing.signed_size, standing.signed_at, head, now)
    signed = [(writer.signer.sign(head.size, head.frontier.root()), recorded_at)] if is_due else []
    store.append_head(tx, head, subtrees, signed)


def sign_what_is_left(tx: Connection, writer: Writer, now: datetime) -> bool:
    """Sign the head of a log that has become quiet - or whose writer died between append and signature."""
    store.lock_log(tx)
    standing = store.standing(tx)
    refuse_if_contradicted(tx, writer, standing.head)
    if not checkpoint_is_due(standing.signed_size, standing.signed_at, standing.head, now):
        return False
    note = writer.signer.sign(standing.head.size, standing.head.frontier.root())
    store.append_checkpoint(tx, standing.head.size, note, max(now, standing.signed_at or now))
    return True


def publish_newest(connection: Connection, writer: Writer) -> int | None:
    """Put the newest signed head outside the database; answers its size if it was not there yet."""
    signed = tree.latest_checkpoint(connection)
    published = writer.published()
    if signed is None or (published is not None and signed.size <= published.size):
        return None
    refuse_if_contradicted(connection, writer, store.standing(connection).head)
    publication.publish(writer.directory, signed.note, signed.signed_at)
    return signed.size


def keep_cosignatures(tx: Connection, witnesses: Mapping[str, VerifierKey], note: str, now: datetime) -> int:
    """Keep what known witnesses say under one of our heads; answers how many lines were new."""
    verify = {name: partial(holds, key) for name, key in witnesses.items()}
    try:
        head, given = cosignatures(note, witnesses, verify)
    except UnreadableNoteError as wrong:
        raise InvalidError("audit.note-unreadable", {"note": str(wrong)}) from wrong
    signed = tree.note_of_size(tx, head.size)
    if signed is None or split(signed)[0] != head.text():
        raise RefusedError("audit.head-not-ours", size=head.size)
    if not given:
        raise RefusedError("audit.witness-unknown")
    return sum(store.append_cosignature(tx, head.size, one, now) for one in given)


def refuse_if_contradicted(connection: Connection, writer: Writer, head: Head) -> None:
    """Nothing is appended to a log that is shorter than, or other than, what was once published of it."""
    published = writer.published()
    if published is None:
        return
    if published.size > head.size:
        raise LogContradictsError("audit.log-behind-checkpoint", size=head.size, published=published.size)
    if published.size > writer.confirmed:
        if not tree.holds(connection, published.size, published.root):
            raise LogContradictsError("audit.log-contradicts-checkpoint", published=published.size)
        writer.confirmed = published.size
