"""Whom we asked whether its entries are still true, and what is wrong with them: write SQL, and its reads."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.chassis.db import Connection
from services.chassis.work import Work


def to_ask(
    tx: Connection, before: date, since: datetime, limit: int, only: UUID | None = None
) -> Sequence[Mapping[str, Any]]:
    """Organizations with entries that wait, with how many, that were not asked since then; each has a mailbox.

    Where something is doubted, it is an editor's turn.
    """
    return tx.execute(
        """
        SELECT e.organization_id, count(*) AS services FROM assured_entries e JOIN mailboxes USING (organization_id)
        WHERE NOT e.is_doubted AND (e.assured_on IS NULL OR e.assured_on < %(before)s)
        AND (%(only)s::uuid IS NULL OR e.organization_id = %(only)s)
        AND NOT EXISTS (SELECT FROM standings s WHERE s.organization_id = e.organization_id
            AND s.participation <> 'taking_part')
        AND NOT EXISTS (SELECT FROM assurance_asks a WHERE a.organization_id = e.organization_id
            AND greatest(a.asked_at, a.reminded_at) > %(since)s)
        GROUP BY e.organization_id ORDER BY e.organization_id LIMIT %(limit)s""",
        {"before": before, "since": since, "limit": limit, "only": only},
    ).fetchall()


def to_remind(
    tx: Connection, before: date, since: datetime, until: datetime, limit: int
) -> Sequence[Mapping[str, Any]]:
    """Questions asked in this span, the latest of each organization, that nobody was reminded of and that some entries
    still wait for."""
    return tx.execute(
        """
        SELECT a.ask_id, a.organization_id, waiting.services FROM assurance_asks a
        CROSS JOIN LATERAL (SELECT count(*) AS services FROM assured_entries e
            WHERE e.organization_id = a.organization_id AND NOT e.is_doubted
            AND (e.assured_on IS NULL OR e.assured_on < %(before)s)) AS waiting
        WHERE a.reminded_at IS NULL AND a.asked_at > %(since)s AND a.asked_at <= %(until)s AND waiting.services > 0
        AND NOT EXISTS (SELECT FROM standings s WHERE s.organization_id = a.organization_id
            AND s.participation <> 'taking_part')
        AND NOT EXISTS (SELECT FROM assurance_asks later
            WHERE later.organization_id = a.organization_id AND later.asked_at > a.asked_at)
        ORDER BY a.asked_at LIMIT %(limit)s FOR UPDATE OF a""",
        {"before": before, "since": since, "until": until, "limit": limit},
    ).fetchall()


def keep_ask(work: Work, ask_id: UUID, organization_id: UUID) -> None:
    work.tx.execute(
        "INSERT INTO assurance_asks (ask_id, organization_id, asked_at, asked_by) VALUES (%s, %s, %s, %s)",
        (ask_id, organization_id, work.now, work.actor),
    )


def keep_reminder(work: Work, ask_id: UUID) -> None:
    work.tx.execute("UPDATE assurance_asks SET reminded_at = %s WHERE ask_id = %s", (work.now, ask_id))


def asked_organization(tx: Connection, ask_id: UUID) -> UUID | None:
    """Whose entries a question is about."""
    row = tx.execute("SELECT organization_id FROM assurance_asks WHERE ask_id = %s", (ask_id,)).fetchone()
    return row["organization_id"] if row else None


def lock_asking(tx: Connection, organization_id: UUID) -> None:
    """Two who ask the same organization at once: one waits for the other and sees it."""
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('assurance/' || %s::text, 0))", (organization_id,))


def keep_doubt(work: Work, doubt_id: UUID, ask_id: UUID, service_id: UUID, words: str) -> UUID | None:
    """The doubt these words belong to: this one, or the one that is open already; None if they stand there."""
    row = work.tx.execute(
        """
        INSERT INTO assurance_doubts AS known (doubt_id, ask_id, service_id, words, said_at)
        VALUES (%(id)s, %(ask)s, %(service)s, %(words)s, %(now)s)
        ON CONFLICT (service_id) WHERE settled_at IS NULL DO UPDATE
            SET words = left(known.words || E'\n\n' || EXCLUDED.words, 8000), said_at = EXCLUDED.said_at
            WHERE position(EXCLUDED.words IN known.words) = 0
        RETURNING doubt_id""",
        {"id": doubt_id, "ask": ask_id, "service": service_id, "words": words, "now": work.now},
    ).fetchone()
    return row["doubt_id"] if row else None


def is_doubted(tx: Connection, service_id: UUID) -> bool:
    """Whether somebody says that an entry is wrong and nobody has settled it."""
    query = "SELECT FROM assurance_doubts WHERE service_id = %s AND settled_at IS NULL"
    return tx.execute(query, (service_id,)).fetchone() is not None


def settle(work: Work, doubt_id: UUID) -> UUID | None:
    """The words go, the fact stays; whose entry it was, or None if it is settled already or unknown."""
    row = work.tx.execute(
        """
        UPDATE assurance_doubts SET words = NULL, settled_at = %s, settled_by = %s
        WHERE doubt_id = %s AND settled_at IS NULL RETURNING service_id""",
        (work.now, work.actor, doubt_id),
    ).fetchone()
    return row["service_id"] if row else None
