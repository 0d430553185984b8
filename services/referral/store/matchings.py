"""Suggestions for a need, made where the person's record lies, and what was chosen of them."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from contracts.codes import FundingJustification, Status, Topic
from services.chassis.db import Connection
from services.chassis.work import Work
from services.referral.domain.candidates import Seeker
from services.referral.domain.matching import Ranking, rank, why_own
from services.referral.domain.referral import Referral
from services.referral.domain.seeking import seeker_of
from services.referral.store import candidates, persons
from services.referral.store.enquiries import Enquiry, Need
from services.referral.vault import Vault


def ranking(
    work: Work,
    vault: Vault,
    enquiry: Enquiry,
    need: Need,
    answers: Mapping[str, str],
    *,
    named: Collection[UUID] = (),
) -> Ranking:
    """Rank the local copy of the directory for one need; `answers` settle questions an earlier ranking asked.

    What is `named` is told even where it is for other places or people.
    """
    record = persons.record_of(work.tx, vault, need.person_id)
    seeker = seeker_of(enquiry.enquirer, record, work.today, answers)
    said_no, cards = declined(work.tx, need.id), given_along(work.tx, need.id)
    return ranked(work.tx, seeker, need.topic, work.today, declined=said_no, cards=cards, named=named)


def ranked(
    connection: Connection,
    seeker: Seeker,
    topic: Topic,
    on: date,
    *,
    declined: Collection[UUID] = (),
    cards: Collection[UUID] = (),
    named: Collection[UUID] = (),
) -> Ranking:
    """What `rank` says of the whole directory, without looking at what an index already knows to be elsewhere."""
    reached = candidates.in_reach(connection, topic, seeker, on, named)
    found = rank(
        reached.candidates,
        seeker,
        topic,
        on,
        declined=declined,
        cards=cards,
        named=named,
        place_needed=reached.place_needed,
    )
    return replace(found, elsewhere=reached.elsewhere)


def declined(connection: Connection, need_id: UUID) -> frozenset[UUID]:
    """Services that have already said no to this need, or never answered."""
    rows = connection.execute(
        "SELECT service_id FROM referrals WHERE need_id = %s AND status = ANY(%s)",
        (need_id, [Status.REJECTED, Status.EXPIRED]),
    ).fetchall()
    return frozenset(row["service_id"] for row in rows)


def given_along(connection: Connection, need_id: UUID) -> frozenset[UUID]:
    """Services whose contact card she was given for this need."""
    rows = connection.execute(
        "SELECT service_id FROM contact_cards WHERE need_id = %s AND service_id IS NOT NULL", (need_id,)
    ).fetchall()
    return frozenset(row["service_id"] for row in rows)


def keep(work: Work, enquiry: Enquiry, need: Need, found: Ranking) -> UUID:
    """What was suggested, as it was suggested."""
    matching_id = work.new_id()
    suggestions = [
        {
            "service_id": str(one.service_id),
            "score": one.score,
            "fits": one.fits,
            "to_clarify": one.to_clarify,
            "blocked_because": one.blocked_because,
            "own_measure": one.own_measure,
            "pass_on": one.pass_on,
            "declined": one.declined,
        }
        for one in found.suggestions
    ]
    exclusions = [
        {
            "service_id": str(one.service_id),
            "because": one.because,
            "better_bodies": [str(body) for body in one.better_bodies],
            **({"fits": one.fits, "to_clarify": one.to_clarify, "score": one.score} if one.fits else {}),
        }
        for one in found.exclusions
    ]
    work.tx.execute(
        "INSERT INTO matchings (id, enquiry_id, need_id, suggestions, exclusions, made_by, made_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (matching_id, enquiry.id, need.id, Jsonb(suggestions), Jsonb(exclusions), work.actor, work.now),
    )
    return matching_id


def keep_choice(
    work: Work, enquiry: Enquiry, referral: Referral, found: Ranking, justification: FundingJustification | None
) -> None:
    """That a person decided, for what, what else there was, and the ranking it was held against."""
    matching_id = keep(work, enquiry, enquiry.need(referral.need_id), found)
    reason = why_own(found, referral.service_id)
    suggested = [one.service_id for one in found.suggestions]
    place = suggested.index(referral.service_id) + 1 if referral.service_id in suggested else None
    excluded: dict[UUID, Any] = {one.service_id: one.because for one in found.exclusions}
    work.tx.execute(
        "INSERT INTO choices (referral_id, need_id, service_id, place, alternatives, excluded_because, own_measure,"
        " own_measure_because, not_referable, matching_id, justification, made_by, made_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            referral.id,
            referral.need_id,
            referral.service_id,
            place,
            [one for one in suggested if one != referral.service_id],
            list(excluded.get(referral.service_id, ())),
            reason is not None,
            reason,
            [one.service_id for one in found.exclusions if reason and one.could_help],
            matching_id,
            justification,
            work.actor,
            work.now,
        ),
    )
