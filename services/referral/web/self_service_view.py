"""Everything her page shows, gathered per recipient: what went there, why, on what consent, and what became of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from contracts.codes import Action, ConsentState, DataCategory, Duty, DutyState, Party, RetentionGround
from services.chassis.work import Work
from services.referral.domain.grounds import Consent, state_on
from services.referral.domain.person_view import PersonView, as_she_may_see
from services.referral.domain.referral import Referral
from services.referral.domain.withdrawing import may_be_taken_back
from services.referral.queries import self_service as queries
from services.referral.queries.self_service import Disclosure
from services.referral.store import consents
from services.referral.web.names import Names
from services.referral.web.why import Why, told_answers, why_of


@dataclass(frozen=True, slots=True)
class DeletionAnswer:
    """What a body owes or has said about the data it holds after a withdrawal."""

    state: DutyState | None
    category: DataCategory | None
    due_on: date
    ground: RetentionGround | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """One referral with what left on it."""

    referral: Referral
    view: PersonView
    disclosures: list[tuple[Disclosure, Consent | None]]
    answers: list[DeletionAnswer]
    may_conclude: bool
    why: Why | None = None


@dataclass(slots=True)
class RecipientView:
    """One body and service, and all that concerns it."""

    organization_id: UUID
    service_id: UUID
    organization: str
    service: str
    passed: list[Passed] = field(default_factory=list)
    #: What it may be told as things stand, or from a day to come.
    may_receive: list[tuple[Consent, tuple[DataCategory, ...]]] = field(default_factory=list)
    #: Consents that time alone has ended.
    ran_out: list[Consent] = field(default_factory=list)
    withdrawn: list[datetime] = field(default_factory=list)
    may_withdraw: bool = False
    #: It has her data and has not said that it deleted them or why it keeps them.
    has_data: bool = False

    @property
    def got_anything(self) -> bool:
        return any(one.disclosures for one in self.passed)


def overview(work: Work, person_id: UUID, names: Names, on: date) -> list[RecipientView]:
    """Every body that has, had, or may get something of hers; where data went first."""
    hers, holders = consents.of_person(work.tx, person_id), queries.holders(work.tx, person_id)
    left = queries.disclosures(work.tx, person_id)
    found: dict[UUID, RecipientView] = {}
    referrals, decisions = queries.her_referrals(work.tx, person_id), queries.decisions(work.tx, person_id)
    for referral in referrals:
        view = _recipient(found, names, referral.organization_id, referral.service_id)
        decision = decisions.get(referral.id)
        why = why_of(decision, told_answers(decision, referrals), names) if decision else None
        view.passed.append(_passed(referral, left, hers, why))
    for consent in hers:
        for one in consent.recipients:
            if one.service_id is not None:
                view = _recipient(found, names, one.organization_id, one.service_id)
                view.has_data = (one.organization_id, one.service_id) in holders
                _note(view, consent, one.categories, on)
                if consent.superseded_at is not None and _is_left_out(one.service_id, consent, hers):
                    view.withdrawn.append(consent.superseded_at)
    return sorted(found.values(), key=lambda one: (not one.got_anything, not one.may_receive, one.organization))


def _recipient(
    found: dict[UUID, RecipientView], names: Names, organization_id: UUID, service_id: UUID
) -> RecipientView:
    if service_id not in found:
        organization, service = names.organization(organization_id), names.service(service_id)
        found[service_id] = RecipientView(organization_id, service_id, organization, service)
    return found[service_id]


def _note(view: RecipientView, consent: Consent, categories: tuple[DataCategory, ...], on: date) -> None:
    if consent.withdrawn_at is not None:
        view.withdrawn.append(consent.withdrawn_at)
        return
    state = state_on(consent, on)
    if state is ConsentState.GIVEN:
        view.may_receive.append((consent, categories))
    elif state is ConsentState.EXPIRED:
        view.ran_out.append(consent)
    named = {(view.organization_id, view.service_id)} if view.has_data else frozenset()
    view.may_withdraw |= may_be_taken_back(consent, on, named)


def _is_left_out(service_id: UUID, consent: Consent, hers: Iterable[Consent]) -> bool:
    """Whether the next version of this consent names the recipient no longer: that was a withdrawal in part."""
    following = [one for one in hers if (one.id, one.version) == (consent.id, consent.version + 1)]
    return any(service_id not in {named.service_id for named in one.recipients} for one in following)


def _passed(referral: Referral, left: Iterable[Disclosure], hers: Iterable[Consent], why: Why | None = None) -> Passed:
    by_version = {(one.id, one.version): one for one in hers}
    return Passed(
        referral,
        as_she_may_see(referral),
        [
            (one, by_version.get((one.consent_id, one.consent_version)) if one.consent_id else None)  # type: ignore[arg-type]
            for one in left
            if one.referral_id == referral.id
        ],
        [*_owed(referral), *_answered(referral)],
        Action.CONCLUDE in referral.allowed_to(Party.PERSON),
        why,
    )


def _owed(referral: Referral) -> list[DeletionAnswer]:
    return [
        DeletionAnswer(None, one.category, one.due_on) for one in referral.duties if one.duty is Duty.STATE_DELETION
    ]


def _answered(referral: Referral) -> list[DeletionAnswer]:
    return [
        DeletionAnswer(one.state, one.was.category, one.was.due_on, one.ground)
        for one in referral.settled
        if one.was.duty is Duty.STATE_DELETION and one.state in (DutyState.DELETED, DutyState.RETAINED)
    ]
