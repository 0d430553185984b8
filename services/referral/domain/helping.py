"""Somebody who comes along to one appointment, interpreter or volunteer, and sees what that needs until it is over."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from contracts.codes import HelperEnd, HelperKind
from contracts.event import Code, LanguageTag
from contracts.referral import HelperDeclared, HelperEnded, HelperInvited
from services.chassis.errors import RefusedError
from services.referral.domain.appointments import Kept
from services.referral.domain.drafting import ConsentText, Review
from services.referral.domain.form_code import ALPHABET, LENGTH, with_check
from services.referral.domain.workdays import Moment

#: How long after an appointment a helper still sees it, unless the deployment says otherwise.
GRACE = timedelta(hours=12)
#: A code that nobody used until then opens nothing.
CODE_LIFE = timedelta(days=14)
LONGEST_NAME = 100
AT_MOST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """One place beside somebody at one appointment."""

    id: UUID
    referral_id: UUID
    person_id: UUID
    appointment_id: UUID
    kind: HelperKind
    invited_at: datetime
    expires_at: datetime
    helper: str | None = None
    declared_at: datetime | None = None
    text_id: str | None = None
    ended_at: datetime | None = None
    ending: HelperEnd | None = None

    def waits(self, now: datetime) -> bool:
        """Whether its code still opens."""
        return self.helper is None and self.ended_at is None and now < self.expires_at


def invite(appointment: Kept, person_id: UUID, kind: HelperKind, moment: Moment) -> tuple[Invitation, HelperInvited]:
    """Let somebody come along; the code opens once, for two weeks at most. Nothing of it tells when she is expected."""
    if not appointment.is_to_come(moment.at):
        raise RefusedError("helper.appointment-over")
    one = Invitation(
        id=moment.new_id(),
        referral_id=appointment.referral_id,
        person_id=person_id,
        appointment_id=appointment.id,
        kind=kind,
        invited_at=moment.at,
        expires_at=moment.at + CODE_LIFE,
    )
    told = HelperInvited(
        referral_id=one.referral_id,
        appointment_id=one.appointment_id,
        invitation_id=one.id,
        kind=kind,
        expires_at=one.expires_at,
    )
    return one, told


def declare(one: Invitation, helper: str, text: ConsentText, moment: Moment) -> tuple[Invitation, HelperDeclared]:
    """Sign that all of it stays between them; before that nothing is seen."""
    if not one.waits(moment.at):
        raise RefusedError("helper.code-over")
    if text.review is not Review.REVIEWED:
        raise RefusedError("helper.declaration-missing")
    signed = replace(one, helper=helper, declared_at=moment.at, text_id=text.id)
    told = HelperDeclared(
        referral_id=one.referral_id,
        appointment_id=one.appointment_id,
        invitation_id=one.id,
        text_id=Code(text.id),
        text_sha256=Code(text.sha256),
        language=LanguageTag(text.language),
    )
    return signed, told


def end(one: Invitation, ending: HelperEnd, moment: Moment) -> tuple[Invitation, HelperEnded]:
    """From now on it opens nothing."""
    if one.ended_at is not None:
        raise RefusedError("helper.ended")
    told = HelperEnded(
        referral_id=one.referral_id, appointment_id=one.appointment_id, invitation_id=one.id, ending=ending
    )
    return replace(one, ended_at=moment.at, ending=ending), told


def may_see(one: Invitation, helper: str, appointment: Kept, now: datetime, grace: timedelta = GRACE) -> bool:
    """The whole rule: her own invitation, signed, not ended, to an appointment that stands and is not long over."""
    return (
        one.helper == helper
        and one.declared_at is not None
        and one.ended_at is None
        and one.appointment_id == appointment.id
        and appointment.stands()
        and now < appointment.what.ends_at + grace
    )


def code_of(digest: str) -> str:
    """The code as it is said on the telephone, from a keyed digest in hexadecimal; a mistyped letter is noticed."""
    number, letters = int(digest, 16), ""
    for _ in range(LENGTH):
        number, place = divmod(number, len(ALPHABET))
        letters += ALPHABET[place]
    return with_check(letters)
