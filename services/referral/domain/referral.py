"""The referral itself: one frozen value, and the guard every verb goes through.

A verb takes a referral, who acts and the moment, and returns the referral as it then is with the facts it caused; an
illegal one raises, carrying the fact of its refusal. The verbs stand in `sending` (the welcome center and its engine),
`answering` (the partner), and `stopping` (what ends a referral and what is owed afterwards).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from contracts.codes import (
    Action,
    BackLevel,
    Deletion,
    Duty,
    EndReason,
    EnquirerKind,
    Obstacle,
    Outcome,
    Party,
    PauseReason,
    QuestionCode,
    RejectionReason,
    RetentionGround,
    Site,
    StaffRole,
    Status,
    TaskKind,
    Topic,
    Urgency,
    Way,
)
from contracts.event import Reference, Slug
from contracts.referral import CommandRefused, TaskOpened
from services.chassis.errors import ForbiddenError, RefusedError
from services.referral.domain.duties import OpenDuty, SettledDuty
from services.referral.domain.lifecycle import (
    UNSENT,
    Actor,
    advance,
    allowed_actions,
    is_above,
    refusal_slug,
    waiting_for,
)
from services.referral.domain.workdays import Moment

Facts = tuple[Any, ...]
Told = tuple["Referral", Facts]


@dataclass(frozen=True, slots=True)
class Question:
    """What the partner asked and nobody has answered yet."""

    id: UUID
    code: QuestionCode
    asked_on: date


@dataclass(frozen=True, slots=True)
class ByHand:
    """A partner's word that a navigator wrote down; the partner may still say "that is not so"."""

    action: Action
    way: Way
    told_on: date
    recorded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """One matter of one enquiry, passed to one service of one partner. Codes, ids and times only."""

    id: UUID
    reference: Reference
    version: int
    status: Status
    enquiry_id: UUID
    need_id: UUID
    person_id: UUID
    enquirer: EnquirerKind
    site: Site
    sender_id: UUID
    organization_id: UUID
    service_id: UUID
    topic: Topic
    urgency: Urgency
    back_level: BackLevel
    drafted_by: str
    drafted_on: date
    based_on: UUID | None = None
    own_employer: bool = False

    release_at: datetime | None = None
    duplicates_checked: bool = False
    requested_on: date | None = None
    #: Where the partner's clock started; a clarification moves it by the days it stood still.
    clock_on: date | None = None
    fetched_at: datetime | None = None
    received_at: datetime | None = None
    contact_by: date | None = None
    waitlisted_on: date | None = None
    estimated_on: date | None = None
    first_contact_on: date | None = None
    #: The appointment the partner named last and did not call off; when and where stands sealed elsewhere.
    appointment_id: UUID | None = None
    ended_on: date | None = None

    questions: tuple[Question, ...] = ()
    #: What the partner still owes, and what became of what it owed before.
    duties: tuple[OpenDuty, ...] = ()
    settled: tuple[SettledDuty, ...] = ()
    by_hand: ByHand | None = None

    rejection: RejectionReason | None = None
    better_service_id: UUID | None = None
    end_reason: EndReason | None = None
    pause_reason: PauseReason | None = None
    outcome: Outcome | None = None
    obstacles: tuple[Obstacle, ...] = ()
    deletion: Deletion | None = None
    retention_ground: RetentionGround | None = None
    became_aware_at: datetime | None = None

    #: Who has worked on it for either side: nobody may be both.
    sender_staff: tuple[str, ...] = ()
    partner_staff: tuple[str, ...] = ()

    @property
    def advised_person_id(self) -> UUID | None:
        """The person as facts name her; an employer's contact is advised in nothing and appears in none."""
        return self.person_id if self.enquirer is EnquirerKind.PERSON else None

    @property
    def is_fetched(self) -> bool:
        return self.fetched_at is not None

    @property
    def owed(self) -> tuple[Duty, ...]:
        """The kinds of duty that are open, each once."""
        return tuple(dict.fromkeys(open_duty.duty for open_duty in self.duties))

    def allowed_to(self, party: Party) -> tuple[Action, ...]:
        """What this party may do with the referral now."""
        return allowed_actions(
            self.status,
            party,
            back_level=self.back_level,
            fetched=self.is_fetched,
            question_open=bool(self.questions),
            duties=self.owed,
            disputable=self.by_hand is not None,
            appointed=self.appointment_id is not None,
        )

    @property
    def waiting_for(self) -> Party | None:
        return waiting_for(self.status, back_level=self.back_level, fetched=self.is_fetched, duties=self.owed)


def step(referral: Referral, action: Action, by: Actor, moment: Moment) -> Referral:
    """Do what the table says: the referral in its next status, or a refusal that says why and is itself a fact."""
    check_hands(referral, by, moment)
    if referral.status in UNSENT and by.party is Party.PARTNER:
        # No level was agreed yet, and what somebody says the partner told is kept no more than above a level.
        raise refusal(referral, "lifecycle.not-allowed", None, moment)
    if by.party is Party.PARTNER and is_above(action, referral.back_level):
        raise above_level(referral, moment)
    status = advance(action, referral.status, by.party)
    if status is None:
        raise refusal(referral, refusal_slug(referral.status, by.party), action, moment)
    moved = replace(_remember_staff(referral, by), status=status)
    ended = status.is_terminal and not referral.status.is_terminal
    return replace(moved, ended_on=moment.on, release_at=None, appointment_id=None) if ended else moved


def check_hands(referral: Referral, by: Actor, moment: Moment) -> None:
    """An answer counts only from the addressed partner, and nobody acts for both sides of one referral."""
    if by.party is Party.PARTNER and by.organization_id != referral.organization_id:
        raise ForbiddenError("auth.other-organization", [_refused(referral, "auth.other-organization", None, moment)])
    other_side = referral.partner_staff if by.party is Party.NAVIGATOR else referral.sender_staff
    if by.party in (Party.NAVIGATOR, Party.PARTNER) and by.actor in other_side:
        raise refusal(referral, "referral.both-sides", None, moment)


def _remember_staff(referral: Referral, by: Actor) -> Referral:
    if not by.actor.startswith("staff:"):
        return referral
    if by.party is Party.NAVIGATOR and by.actor not in referral.sender_staff:
        return replace(referral, sender_staff=(*referral.sender_staff, by.actor))
    if by.party is Party.PARTNER and by.actor not in referral.partner_staff:
        return replace(referral, partner_staff=(*referral.partner_staff, by.actor))
    return referral


def refusal(referral: Referral, slug: str, action: Action | None, moment: Moment, **data: Any) -> RefusedError:
    """The domain's no, with the fact of it; a partner's answer after the end also lands on the navigator's desk.

    That it came is all that is kept of it: with the referral the leave to tell anything has ended.
    """
    if slug == "referral.closed":
        late = task(referral, TaskKind.ANSWERED_LATE, moment)
        return RefusedError(slug, [_refused(referral, slug, None, moment), late], status=referral.status, **data)
    return RefusedError(slug, [_refused(referral, slug, action, moment)], status=referral.status, **data)


def above_level(referral: Referral, moment: Moment) -> RefusedError:
    """Refused at the inlet; neither what was tried nor why is kept anywhere (§ 35 SGB I)."""
    return RefusedError("consent.back-level", [_refused(referral, "consent.back-level", None, moment)])


def _refused(referral: Referral, slug: str, action: Action | None, moment: Moment) -> CommandRefused:
    return CommandRefused(
        refusal_id=moment.new_id(),
        referral_id=referral.id,
        organization_id=referral.organization_id,
        slug=Slug(slug),
        action=action,
    )


#: Within how many working days a task wants to be looked at.
TASK_DAYS = {TaskKind.QUESTION_OPEN: 5, TaskKind.CONSENT_MISSING: 5}


def task(
    referral: Referral,
    kind: TaskKind,
    moment: Moment,
    role: StaffRole = StaffRole.NAVIGATOR,
    due_on: date | None = None,
) -> TaskOpened:
    """Something to do on a desk of the welcome center because of this referral."""
    return TaskOpened(
        task_id=moment.new_id(),
        referral_id=referral.id,
        enquiry_id=referral.enquiry_id,
        kind=kind,
        role=role,
        site=referral.site,
        due_on=due_on or moment.in_working_days(TASK_DAYS.get(kind, 2)),
    )
