"""Questions about duplicate care with their answers, and matters: two cases that may be the same care, side by side."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import (
    CareResolution,
    DuplicateAnswer,
    DuplicateRefusal,
    DuplicateSide,
    MatterState,
    PersonOnCare,
    Site,
    Topic,
)
from contracts.referral import DuplicateCareAsked, DuplicateMatterOpened, DuplicateMatterStated
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.domain.lifecycle import RUNNING
from services.referral.domain.workdays import start_of
from services.referral.store.referrals import StaffActor

KEEP: LiteralString = """
INSERT INTO duplicate_questions (id, enquiry_id, referral_id, person_id, asked_id, topic, categories, answer, refusal,
    consent_refusal, ground, ground_id, ground_version, asked_by, asked_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
#: What one side said last about the one and about the other.
LAST_WORDS: LiteralString = """
LEFT JOIN LATERAL (
    SELECT (array_agg(person_says ORDER BY said_at DESC, id DESC) FILTER (WHERE person_says IS NOT NULL))[1]
               AS person_says,
           (array_agg(resolution ORDER BY said_at DESC, id DESC) FILTER (WHERE resolution IS NOT NULL))[1]
               AS resolution, max(said_at) AS said_at
    FROM duplicate_statements w WHERE w.matter_id = s.matter_id AND w.side = s.side) AS words ON true"""
OWN_SIDES: LiteralString = (
    "SELECT s.*, m.topic, m.opened_at, m.state, m.settled_at, words.*"  # noqa: S608 - fixed parts
    " FROM duplicate_sides s JOIN duplicate_matters m ON m.id = s.matter_id " + LAST_WORDS
)
#: Running referrals found for this case on which its own side has said nothing yet.
UNANSWERED: LiteralString = """
SELECT r.id, r.site, r.sender_id FROM duplicate_sides s
JOIN duplicate_matters m ON m.id = s.matter_id AND m.topic = %(topic)s
JOIN duplicate_sides f ON f.matter_id = s.matter_id AND f.side <> s.side
JOIN referrals r ON r.person_id = f.person_id AND r.topic = m.topic AND r.status = ANY(%(running)s)
WHERE s.enquiry_id = %(enquiry)s AND s.person_id = %(person)s
  AND NOT EXISTS (SELECT FROM duplicate_statements w
                  WHERE w.matter_id = s.matter_id AND w.side = s.side AND w.resolution IS NOT NULL)
ORDER BY r.id"""


@dataclass(frozen=True, slots=True)
class OwnSide:
    """What one desk may know of a matter: its own side, and whether both are done."""

    matter_id: UUID
    side: DuplicateSide
    enquiry_id: UUID
    person_id: UUID
    referral_id: UUID | None
    topic: Topic
    opened_at: datetime
    state: MatterState
    settled_at: datetime | None
    person_says: PersonOnCare | None
    resolution: CareResolution | None
    said_at: datetime | None


@dataclass(frozen=True, slots=True)
class Hint:
    """The last answer on one topic about one person of the enquiry, where it was not a plain no."""

    topic: Topic
    person_id: UUID
    answer: DuplicateAnswer
    refusal: DuplicateRefusal | None


def tell(work: Work, fact: DuplicateCareAsked | DuplicateMatterOpened) -> None:
    """Each question with its answer is kept and a fact; a matter that is there already is not opened again."""
    if isinstance(fact, DuplicateCareAsked):
        _keep_question(work, fact)
        work.announce(fact)
    elif _open(work, fact):
        work.announce(fact)


def _keep_question(work: Work, asked: DuplicateCareAsked) -> None:
    work.tx.execute(
        KEEP,
        (
            asked.question_id,
            asked.enquiry_id,
            asked.referral_id,
            asked.person_id,
            asked.asked_id,
            asked.topic,
            [str(category) for category in asked.categories],
            asked.answer,
            asked.refusal,
            asked.consent_refusal,
            asked.ground,
            asked.ground_id,
            asked.ground_version,
            work.actor,
            work.now,
        ),
    )


def _open(work: Work, matter: DuplicateMatterOpened) -> bool:
    placed = work.tx.execute(
        "INSERT INTO duplicate_matters (id, question_id, topic, opened_at, state) VALUES (%s, %s, %s, %s, 'open')"
        " ON CONFLICT DO NOTHING",
        (matter.matter_id, matter.question_id, matter.topic, work.now),
    ).rowcount
    if not placed:
        return False
    work.tx.execute(
        "INSERT INTO duplicate_sides (matter_id, side, enquiry_id, person_id, site, organization_id)"
        " SELECT %s, 'asking', id, %s, site, organization_id FROM enquiries WHERE id = %s",
        (matter.matter_id, matter.person_id, matter.enquiry_id),
    )
    work.tx.execute(
        "INSERT INTO duplicate_sides (matter_id, side, enquiry_id, person_id, referral_id, site, organization_id)"
        " SELECT %s, 'found', enquiry_id, person_id, id, site, sender_id FROM referrals WHERE id = %s",
        (matter.matter_id, matter.found_referral_id),
    )
    return True


def known(connection: Connection, enquiry_id: UUID) -> dict[UUID, CareResolution | None]:
    """The matters of this enquiry, each with what its own side said last becomes of it."""
    return {one.matter_id: one.resolution for one in own_sides(connection, enquiry_id)}


def asked_today(work: Work) -> int:
    """How many controllers the actor has had asked since midnight; until this work ends nobody asks in her name."""
    work.tx.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 19))", (f"duplicate-care/{work.actor}",))
    row = work.tx.execute(
        "SELECT count(*) AS count FROM duplicate_questions WHERE asked_by = %s AND asked_at >= %s"
        " AND answer <> 'refused'",
        (work.actor, start_of(work.today)),
    ).fetchone()
    assert row is not None
    count: int = row["count"]
    return count


def own_sides(connection: Connection, enquiry_id: UUID) -> list[OwnSide]:
    """The sides of this enquiry, what is open first; never the other side."""
    rows = connection.execute(
        OWN_SIDES + " WHERE s.enquiry_id = %s ORDER BY m.state = 'settled', m.opened_at, m.id, s.side", (enquiry_id,)
    )
    return [_own_side(row) for row in rows.fetchall()]


def load(work: Work, matter_id: UUID, enquiry_id: UUID) -> OwnSide:
    """The side of this enquiry, with both sides held; a matter of other cases looks like none."""
    work.tx.execute("SELECT FROM duplicate_matters WHERE id = %s FOR UPDATE", (matter_id,))
    row = work.tx.execute(
        OWN_SIDES + " WHERE s.matter_id = %s AND s.enquiry_id = %s", (matter_id, enquiry_id)
    ).fetchone()
    if row is None:
        raise NotFoundError("duplicate-matter.unknown")
    return _own_side(row)


def _own_side(row: Any) -> OwnSide:
    return OwnSide(
        matter_id=row["matter_id"],
        side=DuplicateSide(row["side"]),
        enquiry_id=row["enquiry_id"],
        person_id=row["person_id"],
        referral_id=row["referral_id"],
        topic=Topic(row["topic"]),
        opened_at=row["opened_at"],
        state=MatterState(row["state"]),
        settled_at=row["settled_at"],
        person_says=PersonOnCare(row["person_says"]) if row["person_says"] else None,
        resolution=CareResolution(row["resolution"]) if row["resolution"] else None,
        said_at=row["said_at"],
    )


def add_statement(
    work: Work, own: OwnSide, person_says: PersonOnCare | None, resolution: CareResolution | None
) -> None:
    work.tx.execute(
        "INSERT INTO duplicate_statements (id, matter_id, side, person_says, resolution, said_by, said_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (work.new_id(), own.matter_id, own.side, person_says, resolution, work.actor, work.now),
    )


def last_words(work: Work, matter_id: UUID) -> dict[DuplicateSide, CareResolution | None]:
    """What each side said last becomes of it; for the engine, not for a desk."""
    rows = work.tx.execute(
        "SELECT s.side, words.resolution FROM duplicate_sides s "  # noqa: S608 - fixed parts
        + LAST_WORDS
        + " WHERE s.matter_id = %s",
        (matter_id,),
    ).fetchall()
    return {
        DuplicateSide(row["side"]): CareResolution(row["resolution"]) if row["resolution"] else None for row in rows
    }


def save(work: Work, matter_id: UUID, state: MatterState) -> None:
    settled_at = work.now if state is MatterState.SETTLED else None
    work.tx.execute(
        "UPDATE duplicate_matters SET state = %s, settled_at = %s WHERE id = %s", (state, settled_at, matter_id)
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """What a desk may know before it sends: its own running referrals of the matter, and whether there are others."""

    ours: tuple[UUID, ...] = ()
    elsewhere: bool = False


def seen(
    connection: Connection, by: StaffActor, *, referral_id: UUID, enquiry_id: UUID, person_id: UUID, topic: Topic
) -> Seen:
    """From what was asked already; nothing is asked by looking."""
    params = {
        "topic": topic,
        "running": [str(status) for status in RUNNING],
        "enquiry": enquiry_id,
        "person": person_id,
        "referral": referral_id,
    }
    rows = connection.execute(UNANSWERED, params).fetchall()
    same = connection.execute(
        "SELECT id, site, sender_id FROM referrals WHERE person_id = %(person)s AND topic = %(topic)s"
        " AND id <> %(referral)s AND status = ANY(%(running)s) ORDER BY id",
        params,
    ).fetchall()
    return split(by, [(row["id"], Site(row["site"]), row["sender_id"]) for row in (*same, *rows)])


def split(by: StaffActor, found: Iterable[tuple[UUID, Site, UUID]]) -> Seen:
    """Referrals with their site and sender: a desk may look at its own, of all others it hears that there are some."""
    own = {referral_id: (site, sender) == (by.site, by.employer) for referral_id, site, sender in found}
    return Seen(tuple(one for one, is_ours in own.items() if is_ours), not all(own.values()))


def hints(connection: Connection, enquiry_id: UUID) -> list[Hint]:
    """The last answer on each topic about each person that was not a plain no; of several bodies a yes counts."""
    rows = connection.execute(
        "SELECT DISTINCT ON (topic, person_id) topic, person_id, answer, refusal FROM ("
        " SELECT DISTINCT ON (topic, person_id, asked_id) * FROM duplicate_questions WHERE enquiry_id = %s"
        " AND (refusal IS NULL OR refusal = 'limit_reached')"
        " ORDER BY topic, person_id, asked_id, asked_at DESC, id DESC) AS last"
        " ORDER BY topic, person_id, array_position(ARRAY['yes', 'refused', 'unknown', 'no'], answer), id",
        (enquiry_id,),
    )
    return [
        Hint(
            Topic(row["topic"]),
            row["person_id"],
            DuplicateAnswer(row["answer"]),
            DuplicateRefusal(row["refusal"]) if row["refusal"] else None,
        )
        for row in rows
        if row["answer"] != DuplicateAnswer.NO
    ]


def stated(
    own: OwnSide,
    person_says: PersonOnCare | None,
    resolution: CareResolution | None,
    state: MatterState,
) -> DuplicateMatterStated:
    return DuplicateMatterStated(
        matter_id=own.matter_id,
        enquiry_id=own.enquiry_id,
        person_id=own.person_id,
        side=own.side,
        person_says=person_says,
        resolution=resolution,
        state=state,
    )
