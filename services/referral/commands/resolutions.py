"""The name behind a pseudonym of the log, in four steps of two persons: ask, read why, answer, look once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts.codes import DataCategory, ResolutionPurpose, ResolutionReason, ResolutionRefusal, StaffRole, ViewPurpose
from contracts.event import Code
from contracts.referral import (
    ResolutionAgreed,
    ResolutionAsked,
    ResolutionExpired,
    ResolutionRead,
    ResolutionRefused,
    ResolutionShown,
)
from services.chassis.errors import NotFoundError, RefusedError
from services.chassis.work import Work
from services.referral.domain import resolution
from services.referral.domain.resolution import Resolution, Whose
from services.referral.store import persons, staff_names, timeline
from services.referral.store import resolutions as store
from services.referral.store.referrals import StaffActor
from services.referral.vault import PersonKey, Vault

#: What of a record names somebody.
NAMES = ("given_name", "family_name", "birth_date")


def ask(
    work: Work, vault: Vault, whose: Whose, reason: ResolutionReason, purpose: ResolutionPurpose, occasion: str
) -> Resolution:
    """The officer needs a name and says why; nothing is opened."""
    resolution.expect_occasion(occasion)
    resolution.expect_another(whose, work.actor)
    store.expect_known(work, whose)
    resolution.expect_few(store.asked_lately(work, work.actor, timedelta(days=1)))
    if store.is_open(work, work.actor, whose):
        raise RefusedError("resolution.open-already")
    identity = work.new_id()
    one = Resolution(
        id=identity,
        whose=whose,
        reason=reason,
        purpose=purpose,
        asked_by=work.actor,
        asked_at=work.now,
        expires_at=work.now + resolution.WAITS,
        sealed=_key(work, vault, whose).seal(store.place(identity), occasion.encode()),
    )
    store.add(work, one)
    work.announce(ResolutionAsked(**_named(one), reason=reason, purpose=purpose, expires_at=one.expires_at))
    return one


def read(
    work: Work, vault: Vault, by: StaffActor | None, role: StaffRole, resolution_id: UUID
) -> tuple[Resolution, str]:
    """The request with its occasion, for the two who decide; that it is read is noted."""
    one = store.load(work, resolution_id, visible_to=by)
    occasion = _key(work, vault, one.whose).open(store.place(one.id), one.sealed).decode()
    if one.whose.staff is None:
        _viewed(work, role, one, DataCategory.FREE_TEXT)
    else:
        work.announce(ResolutionRead(resolution_id=one.id, staff=Code(one.whose.staff), role=role))
    return one, occasion


def agree(work: Work, by: StaffActor | None, resolution_id: UUID) -> Resolution:
    """A second person agrees."""
    one = resolution.agree(store.load(work, resolution_id, visible_to=by), work.actor, work.now)
    store.save(work, one)
    work.announce(ResolutionAgreed(**_named(one), expires_at=one.expires_at))
    return one


def refuse(work: Work, by: StaffActor | None, resolution_id: UUID, refusal: ResolutionRefusal) -> Resolution:
    """A second person refuses, and says why."""
    one = resolution.refuse(store.load(work, resolution_id, visible_to=by), work.actor, work.now, refusal)
    store.save(work, one)
    work.announce(ResolutionRefused(**_named(one), refusal=refusal))
    return one


def show(work: Work, vault: Vault, role: StaffRole, resolution_id: UUID) -> dict[str, Any]:
    """The name, once, to whoever asked; the caller shows it only after this has been committed."""
    one = resolution.show(store.load(work, resolution_id, visible_to=None), work.actor, work.now)
    name = _name(work, vault, one.whose)
    store.save(work, one)
    if one.whose.staff is None:
        _viewed(work, role, one, DataCategory.IDENTITY)
    work.announce(ResolutionShown(**_named(one)))
    return name


def expire(work: Work, resolution_id: UUID) -> None:
    """Nobody answered, or nobody looked, in time."""
    before = store.load(work, resolution_id, visible_to=None)
    one = resolution.expire(before, work.now)
    if one is before:
        return
    store.save(work, one)
    work.announce(ResolutionExpired(**_named(one), agreed=one.answered_at is not None))


def _name(work: Work, vault: Vault, whose: Whose) -> dict[str, Any]:
    if whose.person_id is not None:
        record = persons.record_of(work.tx, vault, whose.person_id)
        return {name: record[name] for name in NAMES if record.get(name)}
    kept = staff_names.load(work.tx, str(whose.staff))
    return _key(work, vault, whose).open_record(staff_names.RECORD, kept.sealed)


def _key(work: Work, vault: Vault, whose: Whose) -> PersonKey:
    """What the occasion, and of staff the name, lies under."""
    if whose.person_id is not None:
        return persons.key_of(work.tx, vault, whose.person_id)
    if (key := vault.person_key(staff_names.load(work.tx, str(whose.staff)).key_id)) is None:
        raise NotFoundError("person.key-missing")
    return key


def _named(one: Resolution) -> dict[str, Any]:
    """Which request, and about which pseudonym."""
    staff = None if one.whose.staff is None else Code(one.whose.staff)
    return {"resolution_id": one.id, "person_id": one.whose.person_id, "staff": staff}


def _viewed(work: Work, role: StaffRole, one: Resolution, category: DataCategory) -> None:
    timeline.viewed(
        work,
        role=role,
        purpose=ViewPurpose.OVERSIGHT,
        categories=(category,),
        person_id=one.whose.person_id,
        enquiry_id=None,
    )
