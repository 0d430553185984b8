"""The name behind a pseudonym of the log, in four steps of two persons: ask, read why, answer, look once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts.codes import DataCategory, ResolutionPurpose, ResolutionReason, ResolutionRefusal, StaffRole, ViewPurpose
from contracts.referral import (
    ResolutionAgreed,
    ResolutionAsked,
    ResolutionExpired,
    ResolutionRefused,
    ResolutionShown,
)
from services.chassis.errors import RefusedError
from services.chassis.work import Work
from services.referral.domain import resolution
from services.referral.domain.resolution import Resolution
from services.referral.store import persons, timeline
from services.referral.store import resolutions as store
from services.referral.store.referrals import StaffActor
from services.referral.vault import Vault

#: What of a record names somebody.
NAMES = ("given_name", "family_name", "birth_date")


def ask(
    work: Work, vault: Vault, person_id: UUID, reason: ResolutionReason, purpose: ResolutionPurpose, occasion: str
) -> Resolution:
    """The officer needs a name and says why; nothing is opened."""
    resolution.expect_occasion(occasion)
    store.expect_known(work, person_id)
    resolution.expect_few(store.asked_lately(work, work.actor, timedelta(days=1)))
    if store.is_open(work, work.actor, person_id):
        raise RefusedError("resolution.open-already")
    identity = work.new_id()
    one = Resolution(
        id=identity,
        person_id=person_id,
        reason=reason,
        purpose=purpose,
        asked_by=work.actor,
        asked_at=work.now,
        expires_at=work.now + resolution.WAITS,
        sealed=persons.key_of(work.tx, vault, person_id).seal(store.place(identity), occasion.encode()),
    )
    store.add(work, one)
    work.announce(
        ResolutionAsked(
            resolution_id=one.id, person_id=person_id, reason=reason, purpose=purpose, expires_at=one.expires_at
        )
    )
    return one


def read(
    work: Work, vault: Vault, by: StaffActor | None, role: StaffRole, resolution_id: UUID
) -> tuple[Resolution, str]:
    """The request with its occasion, for the two who decide; that it is read is noted."""
    one = store.load(work, resolution_id, visible_to=by)
    occasion = persons.key_of(work.tx, vault, one.person_id).open(store.place(one.id), one.sealed).decode()
    _viewed(work, role, one, DataCategory.FREE_TEXT)
    return one, occasion


def agree(work: Work, by: StaffActor | None, resolution_id: UUID) -> Resolution:
    """A second person agrees."""
    one = resolution.agree(store.load(work, resolution_id, visible_to=by), work.actor, work.now)
    store.save(work, one)
    work.announce(ResolutionAgreed(resolution_id=one.id, person_id=one.person_id, expires_at=one.expires_at))
    return one


def refuse(work: Work, by: StaffActor | None, resolution_id: UUID, refusal: ResolutionRefusal) -> Resolution:
    """A second person refuses, and says why."""
    one = resolution.refuse(store.load(work, resolution_id, visible_to=by), work.actor, work.now, refusal)
    store.save(work, one)
    work.announce(ResolutionRefused(resolution_id=one.id, person_id=one.person_id, refusal=refusal))
    return one


def show(work: Work, vault: Vault, role: StaffRole, resolution_id: UUID) -> dict[str, Any]:
    """The name, once, to whoever asked; the caller shows it only after this has been committed."""
    one = resolution.show(store.load(work, resolution_id, visible_to=None), work.actor, work.now)
    record = persons.record_of(work.tx, vault, one.person_id)
    store.save(work, one)
    _viewed(work, role, one, DataCategory.IDENTITY)
    work.announce(ResolutionShown(resolution_id=one.id, person_id=one.person_id))
    return {name: record[name] for name in NAMES if record.get(name)}


def expire(work: Work, resolution_id: UUID) -> None:
    """Nobody answered, or nobody looked, in time."""
    before = store.load(work, resolution_id, visible_to=None)
    one = resolution.expire(before, work.now)
    if one is before:
        return
    store.save(work, one)
    work.announce(ResolutionExpired(resolution_id=one.id, person_id=one.person_id, agreed=one.answered_at is not None))


def _viewed(work: Work, role: StaffRole, one: Resolution, category: DataCategory) -> None:
    timeline.viewed(
        work,
        role=role,
        purpose=ViewPurpose.OVERSIGHT,
        categories=(category,),
        person_id=one.person_id,
        enquiry_id=None,
    )
