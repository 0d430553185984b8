"""Inviting somebody to come along to one appointment, her declaration, what she then sees, and the end of it."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts.codes import DataCategory, EnquirerKind, HelperEnd, HelperKind, StaffRole, ViewPurpose
from services.chassis.db import Connection
from services.chassis.errors import InvalidError, NotFoundError, RefusedError
from services.chassis.work import Work
from services.referral.calendar import moment_of
from services.referral.commands import appointing
from services.referral.commands.saving import load
from services.referral.domain import form_code, helping
from services.referral.domain.appointments import Kept
from services.referral.domain.drafting import ConsentText
from services.referral.domain.helping import AT_MOST, LONGEST_NAME, Invitation
from services.referral.domain.lifecycle import Actor
from services.referral.store import companions, persons, timeline
from services.referral.store.referrals import StaffActor, person_actor
from services.referral.vault import Vault

#: All that coming along needs to know of somebody.
SHOWN = (DataCategory.IDENTITY, DataCategory.LANGUAGE)


@dataclass(frozen=True, slots=True)
class Beside:
    """What a helper sees: the appointment, how to address whom she comes along with, and which languages she speaks."""

    invitation: Invitation
    appointment: Kept
    given_name: str
    languages: tuple[str, ...]


def invite(
    work: Work, vault: Vault, by: StaffActor, referral_id: UUID, appointment_id: UUID, kind: HelperKind, name: str
) -> Invitation:
    """Make a place at this appointment; the code for it is told by the navigator herself."""
    referral = load(work, referral_id, by)
    if referral.enquirer is not EnquirerKind.PERSON:
        raise RefusedError("helper.of-an-employer")
    if not name or len(name) > LONGEST_NAME:
        raise InvalidError("request.invalid", {"name": "1-to-100-letters"})
    key = persons.key_of(work.tx, vault, referral.person_id)
    others = [one for one, _ in companions.named(work.tx, key, person_id=referral.person_id) if one.ended_at is None]
    if sum(one.appointment_id == appointment_id for one in others) >= AT_MOST:
        raise RefusedError("helper.too-many")
    hers = appointing.of_person(work.tx, vault, referral.person_id, visible_to=by)
    appointment = appointing.one_of([one for one in hers if one.referral_id == referral.id], appointment_id)
    one, told = helping.invite(appointment, referral.person_id, kind, moment_of(work))
    companions.add(work, key, one, name)
    timeline.tell(work, referral.id, told)
    return one


def codes_of(vault: Vault, invitation_id: UUID) -> list[str]:
    """What is to be typed, under the current service key first: it is never kept, only computed."""
    return [helping.code_of(digest) for digest in vault.digests(b"helper/" + invitation_id.bytes)]


def declare(work: Work, vault: Vault, helper: str, typed: str, text: ConsentText) -> Invitation | None:
    """Take the place the code is for, and sign for it; None where it opens nothing.

    One at a time: whoever is invited to another appointment first ends the one before, unless it is over.
    """
    former = companions.of_helper(work.tx, helper)
    if former is not None and _seen_by(work, vault, former, helper, timedelta()) is not None:
        if _fits(vault, former, typed):
            return former  # a second click
        raise RefusedError("helper.one-at-a-time")
    fitting = _fitting(work, vault, typed)
    if not fitting or not _is_to_come(work, vault, fitting[0]):
        return None
    if former is not None:
        _end(work, former, HelperEnd.OVER)
    signed, told = helping.declare(fitting[0], helper, text, moment_of(work))
    companions.sign(work, signed, text)
    timeline.tell(work, signed.referral_id, told)
    return signed


def _fitting(work: Work, vault: Vault, typed: str) -> list[Invitation]:
    """Whose code this is; every one is compared whatever the ones before it said, so that the time tells nothing."""
    if not form_code.is_code(typed):
        return []
    return [one for one in companions.waiting(work, work.now) if _fits(vault, one, typed)]


def _fits(vault: Vault, one: Invitation, typed: str) -> bool:
    given = form_code.normalized(typed).encode()
    return sum(hmac.compare_digest(code.encode(), given) for code in codes_of(vault, one.id)) > 0


def look(work: Work, vault: Vault, helper: str, grace: timedelta) -> Beside | None:
    """What this account may see now; that it looks is committed before anything is shown."""
    invitation = companions.of_helper(work.tx, helper)
    if invitation is None or (appointment := _seen_by(work, vault, invitation, helper, grace)) is None:
        return None
    timeline.viewed(
        work,
        role=StaffRole.HELPER,
        purpose=ViewPurpose.COMING_ALONG,
        categories=SHOWN,
        person_id=invitation.person_id,
        referral_id=invitation.referral_id,
    )
    record = persons.record_of(work.tx, vault, invitation.person_id)
    return Beside(invitation, appointment, str(record.get("given_name", "")), _languages(record))


def has_place(work: Work, helper: str) -> bool:
    """Whether this account came by a code that nobody has ended: what it opened is over then, or was called off."""
    return companions.of_helper(work.tx, helper) is not None


def _languages(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The one an interpreter was wished for comes first."""
    wished = [record["interpreter"]] if record.get("interpreter") else []
    return tuple(dict.fromkeys([*wished, *record.get("languages", [])]))


def _is_to_come(work: Work, vault: Vault, one: Invitation) -> bool:
    found = _appointment(work, vault, one)
    return found is not None and found.is_to_come(work.now)


def _appointment(work: Work, vault: Vault, one: Invitation) -> Kept | None:
    hers = appointing.of_person(work.tx, vault, one.person_id, visible_to=person_actor(one.person_id))
    return next((kept for kept in hers if kept.id == one.appointment_id), None)


def _seen_by(work: Work, vault: Vault, one: Invitation, helper: str, grace: timedelta) -> Kept | None:
    found = _appointment(work, vault, one)
    return found if found is not None and helping.may_see(one, helper, found, work.now, grace) else None


def end(work: Work, by: Actor, referral_id: UUID, invitation_id: UUID) -> None:
    """The navigator takes it back; the helper sees nothing from her next click on."""
    referral = load(work, referral_id, by)
    _end(work, companions.load(work.tx, referral.id, invitation_id), HelperEnd.BY_NAVIGATOR)


def leave(work: Work, helper: str) -> None:
    """The helper herself cannot come, or is done; said twice it is done once."""
    one = companions.of_helper(work.tx, helper)
    if one is not None:
        _end(work, companions.load(work.tx, one.referral_id, one.id), HelperEnd.BY_HERSELF)


def _end(work: Work, one: Invitation, ending: HelperEnd) -> None:
    ended, told = helping.end(one, ending, moment_of(work))
    companions.end(work, ended)
    timeline.tell(work, one.referral_id, told)


def beside(connection: Connection, vault: Vault, person_id: UUID) -> list[tuple[Invitation, str]]:
    """Everybody invited beside her, with what they are called; nobody once she is erased."""
    try:
        key = persons.key_of(connection, vault, person_id)
    except NotFoundError:
        return []
    return companions.named(connection, key, person_id=person_id)
