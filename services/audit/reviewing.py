"""Reviewing: an officer keeps a search, and says that she has reviewed what it finds under a signed head."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from psycopg.types.json import Jsonb

from contracts.audit import ReviewHeld, SearchSaved
from contracts.event import Code
from services.audit.notes import Notes
from services.audit.queries import tree
from services.audit.queries.reviews import counted, saved_search
from services.audit.queries.search import Search
from services.chassis.db import take_time
from services.chassis.errors import InvalidError, RefusedError
from services.chassis.work import Work

LONGEST_NAME = 120
KEEP_SEARCH = """
INSERT INTO saved_searches (search_id, number, is_kept, name, name_sha256, filters, saved_by, saved_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
KEEP_REVIEW = """
INSERT INTO reviews (review_id, search_id, filters, size, root, entries, findings, waiting, note, note_sha256,
    reviewed_by, reviewed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it stands in an address, as it is looked for, and as it may stand in the log."""

    filters: Mapping[str, str]
    wanted: Search
    told: Mapping[str, object]


def save_search(work: Work, notes: Notes, name: str, asked: Asked) -> UUID:
    """Keep a search under a name."""
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidError("audit.review-invalid", {"name": f"a-name-of-at-most-{LONGEST_NAME}-characters"})
    search_id = work.new_id()
    sealed = notes.seal(name, about_search(search_id))
    row = (search_id, 1, True, sealed.content, sealed.sha256, Jsonb(dict(asked.filters)), work.actor, work.now)
    work.tx.execute(KEEP_SEARCH, row)
    work.announce(_saved(search_id, 1, True, sealed.sha256, asked))
    return search_id


def drop_search(work: Work, search_id: UUID, asked: Asked) -> None:
    """Keep it no longer; what was reviewed by it stays."""
    known = saved_search(work.tx, search_id)
    number = known.number + 1
    row = (search_id, number, False, None, known.name_sha256, Jsonb(dict(known.filters)), work.actor, work.now)
    work.tx.execute(KEEP_SEARCH, row)
    work.announce(_saved(search_id, number, False, known.name_sha256, asked))


def hold_review(work: Work, notes: Notes, search_id: UUID | None, asked: Asked, size: int, note: str) -> UUID:
    """Say what was reviewed: everything the search finds under the head the officer had before her."""
    if tree.note_of_size(work.tx, size) is None:
        raise RefusedError("audit.not-yet-signed", size=size)
    take_time(work.tx, 60)
    seen, root = counted(work.tx, asked.wanted, size, exactly=True), tree.root_at(work.tx, size)
    review_id = work.new_id()
    sealed = notes.seal(note, about_review(review_id))
    figures = (size, root, seen.entries, seen.findings, seen.waiting)
    words = (sealed.content, sealed.sha256, work.actor, work.now)
    work.tx.execute(KEEP_REVIEW, (review_id, search_id, Jsonb(dict(asked.filters)), *figures, *words))
    work.announce(
        ReviewHeld(
            review_id=review_id,
            search_id=search_id,
            size=size,
            root_sha256=Code(root.hex()),
            entries=seen.entries,
            findings=seen.findings,
            waiting=seen.waiting,
            note_sha256=Code(sealed.sha256),
            **asked.told,  # type: ignore[arg-type]
        )
    )
    return review_id


def about_search(search_id: UUID) -> str:
    return f"search/{search_id}"


def about_review(review_id: UUID) -> str:
    return f"review/{review_id}"


def _saved(search_id: UUID, number: int, is_kept: bool, sha256: str, asked: Asked) -> SearchSaved:
    return SearchSaved(
        search_id=search_id,
        number=number,
        is_kept=is_kept,
        name_sha256=Code(sha256),
        **asked.told,  # type: ignore[arg-type]
    )
