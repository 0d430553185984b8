"""Obstacles of a case: codes in the open, words sealed under the person's key."""

from typing import Any
from uuid import UUID

from contracts.codes import LegalSphere, Obstacle, ObstacleEffect, Topic
from contracts.event import OfficialKey
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.domain.obstacles import Met, Said
from services.referral.store.enquiries import Enquiry
from services.referral.vault import PersonKey


def place(words_id: UUID) -> str:
    """What sealed words are bound to."""
    return f"obstacle_words/{words_id}"


def add(work: Work, enquiry: Enquiry, one: Met) -> None:
    work.tx.execute(
        "INSERT INTO obstacles (id, enquiry_id, need_id, person_id, referral_id, site, organization_id, topic, kind,"
        " effect, legal_sphere, area, words_id, recorded_by, recorded_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            one.id,
            enquiry.id,
            one.need_id,
            one.person_id,
            one.referral_id,
            enquiry.site,
            enquiry.organization_id,
            one.topic,
            one.said.kind,
            one.said.effect,
            one.said.legal_sphere,
            one.said.area,
            one.words_id,
            work.actor,
            one.recorded_at,
        ),
    )


def save(work: Work, one: Met) -> None:
    """What was said of it now; words that nothing refers to any more go."""
    work.tx.execute(
        "UPDATE obstacles SET kind = %s, effect = %s, legal_sphere = %s, area = %s, words_id = %s, changed_at = %s"
        " WHERE id = %s",
        (
            one.said.kind,
            one.said.effect,
            one.said.legal_sphere,
            one.said.area,
            one.words_id,
            one.changed_at,
            one.id,
        ),
    )
    _forget_loose_words(work, one.enquiry_id)


def take_back(work: Work, one: Met) -> None:
    """It is not counted any more, and its words go."""
    work.tx.execute("UPDATE obstacles SET taken_back_at = %s, words_id = NULL WHERE id = %s", (work.now, one.id))
    _forget_loose_words(work, one.enquiry_id)


def _forget_loose_words(work: Work, enquiry_id: UUID) -> None:
    work.tx.execute(
        "DELETE FROM obstacle_words w WHERE enquiry_id = %s"
        " AND NOT EXISTS (SELECT FROM obstacles WHERE words_id = w.id)",
        (enquiry_id,),
    )


def load(connection: Connection, enquiry_id: UUID, obstacle_id: UUID) -> Met:
    """One that stands; whoever may see the enquiry may see it."""
    found = [one for one in of_enquiry(connection, enquiry_id) if one.id == obstacle_id]
    if not found:
        raise NotFoundError("obstacle.unknown")
    return found[0]


def of_enquiry(connection: Connection, enquiry_id: UUID) -> list[Met]:
    """What stood in the way in a case and was not taken back, oldest first."""
    rows = connection.execute(
        "SELECT * FROM obstacles WHERE enquiry_id = %s AND taken_back_at IS NULL ORDER BY recorded_at, id",
        (enquiry_id,),
    ).fetchall()
    return [_from_row(row) for row in rows]


def _from_row(row: dict[str, Any]) -> Met:
    effect, sphere, area = row["effect"], row["legal_sphere"], row["area"]
    return Met(
        row["id"],
        row["enquiry_id"],
        row["need_id"],
        row["person_id"],
        Topic(row["topic"]),
        Said(
            Obstacle(row["kind"]),
            ObstacleEffect(effect) if effect else None,
            LegalSphere(sphere) if sphere else None,
            OfficialKey(area) if area else None,
        ),
        row["recorded_at"],
        row["referral_id"],
        row["changed_at"],
        row["words_id"],
    )


def add_words(work: Work, key: PersonKey, enquiry_id: UUID, person_id: UUID, words: str) -> UUID:
    words_id = work.new_id()
    work.tx.execute(
        "INSERT INTO obstacle_words (id, enquiry_id, person_id, sealed, kept_at) VALUES (%s, %s, %s, %s, %s)",
        (words_id, enquiry_id, person_id, key.seal(place(words_id), words.encode()), work.now),
    )
    return words_id


def sealed_words(connection: Connection, enquiry_id: UUID, person_id: UUID) -> list[tuple[UUID, bytes]]:
    rows = connection.execute(
        "SELECT id, sealed FROM obstacle_words WHERE enquiry_id = %s AND person_id = %s ORDER BY kept_at, id",
        (enquiry_id, person_id),
    ).fetchall()
    return [(row["id"], row["sealed"]) for row in rows]
