"""The deletion job: step after step through what is due, each step a transaction of its own.

A step deletes, notes what it deleted and moves on, or nothing of it happened; so a run can be killed anywhere and goes
on where it stood. Before anything goes, whatever it depends on is locked and looked at once more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from uuid import UUID

from contracts.codes import Party, RetentionKind
from contracts.referral import ConsentRecordDeleted, ReferralDraftDeleted, RetentionCount, RetentionRun
from services.chassis.work import Work
from services.referral.commands import closing, disclosing
from services.referral.domain.lifecycle import Actor
from services.referral.domain.retention import Item, Periods
from services.referral.queries.retention import NOBODY, SOURCES, Look, Source, found_under, is_still_due
from services.referral.store import documents, enquiries, intake, persons, referrals, retention
from services.referral.store.retention import Run

OCCASION = "retention"
#: How much one step looks through, and after how many deletions it commits.
LOOKED_THROUGH, DELETED = 500, 50

Deed = Callable[[Work, Item], None]
#: The job sees every desk's matters.
CLOCK = Actor(Party.CLOCK, "system:clock")


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did; when there is nothing left, the run is finished."""

    run: Run
    deleted: int
    finished: bool


def begin(work: Work, as_of: date) -> Run:
    """Today's run, or the one that was interrupted: there is never more than one."""
    return retention.open_run(work.tx, lock=True) or retention.begin(work, as_of)


def step(work: Work, periods: Periods) -> Step | None:
    """Go on with the run that is open; None if there is none."""
    run = retention.open_run(work.tx, lock=True)
    if run is None:
        return None
    names = [name for name, _ in SOURCES]
    at = names.index(run.at_kind) if run.at_kind in names else 0
    name, source = SOURCES[at]
    page = source(work.tx, Look(run.as_of, periods), run.at_id or NOBODY, LOOKED_THROUGH, None)
    portion = _portion(page.items, source)
    deleted = sum(_end(work, run, periods, source, item) for item in portion)
    if len(portion) < len(page.items):
        retention.move(work, run, name, found_under(portion[-1], source))
    elif page.last is not None:
        retention.move(work, run, name, page.last)
    elif at + 1 < len(SOURCES):
        retention.move(work, run, names[at + 1], None)
    else:
        _finish(work, run)
        return Step(run, deleted, finished=True)
    return Step(run, deleted, finished=False)


def _portion(items: Sequence[Item], source: Source) -> list[Item]:
    """As much as one transaction takes; what belongs to one person is never torn apart."""
    taken: list[Item] = []
    for item in items:
        if len(taken) >= DELETED and found_under(item, source) != found_under(taken[-1], source):
            break
        taken.append(item)
    return taken


def _end(work: Work, run: Run, periods: Periods, source: Source, item: Item) -> bool:
    """Lock, look once more, delete and note; a hold is noted, too."""
    look = Look(run.as_of, periods)
    if item.is_held:
        retention.note(work, run, item)
        return False
    LOCKS[item.kind](work, item)
    if not is_still_due(work.tx, look, source, item):
        return False
    _do(work, look, item)
    retention.note(work, run, item)
    return True


def _do(work: Work, look: Look, item: Item) -> None:
    if item.kind is RetentionKind.ACCESS_RECORD:
        until = look.periods.of[item.kind].latest_start(look.on)
        retention.delete_access_record(work, item.id, until)
    else:
        DEEDS[item.kind](work, item)


def _finish(work: Work, run: Run) -> None:
    retention.finish(work, run)
    outcome = retention.outcome(work.tx, run.id)
    work.announce(
        RetentionRun(
            run_id=run.id,
            as_of=run.as_of,
            started_at=run.started_at,
            counts=tuple(RetentionCount(kind=kind, deleted=number) for kind, number in outcome.deleted.items()),
            held=outcome.held,
            held_until=outcome.held_until,
        )
    )


# --- what ends how --------------------------------------------------------------------------------------------------


def _lock_person(work: Work, item: Item) -> None:
    if item.person_id is not None:
        retention.lock_person(work, item.person_id)


def _lock_enquiry_draft(work: Work, item: Item) -> None:
    retention.lock_enquiry_draft(work, item.id)


def _lock_referral(work: Work, item: Item) -> None:
    retention.lock_referral(work, item.id)


def _erase(work: Work, item: Item) -> None:
    """The same erasure as at her own wish; nothing of her runs any more, so nothing has to be stopped."""
    retention.close_cases(work, item.id)
    persons.erase(work, item.id, OCCASION)


def _restrict(work: Work, item: Item) -> None:
    closing.restrict(work, enquiries.of_id(work.tx, item.id))


def _delete_draft(work: Work, item: Item) -> None:
    draft = referrals.load(work.tx, item.id, visible_to=CLOCK)
    retention.delete_referral(work, draft.id)
    work.announce(ReferralDraftDeleted(referral_id=draft.id, enquiry_id=draft.enquiry_id))


def _destroy_dossier(work: Work, item: Item) -> None:
    disclosing.destroy(work, referrals.load(work.tx, item.id, visible_to=CLOCK))


def _delete_document(work: Work, item: Item) -> None:
    documents.delete(work, documents.load(work.tx, item.id))


def _delete_consent(work: Work, item: Item) -> None:
    retention.delete_consent(work, item.id)
    work.announce(ConsentRecordDeleted(consent_id=item.id))


def _row(delete: Callable[[Work, UUID], None]) -> Deed:
    return lambda work, item: delete(work, item.id)


DEEDS: Mapping[RetentionKind, Deed] = MappingProxyType(
    {
        RetentionKind.RESTRICTION: _restrict,
        RetentionKind.ENQUIRY_DRAFT: _row(intake.end),
        RetentionKind.REFERRAL_DRAFT: _delete_draft,
        RetentionKind.CONSENT_DRAFT: _row(retention.delete_consent_draft),
        RetentionKind.CUSTODIAL_DOSSIER: _destroy_dossier,
        RetentionKind.PARTNER_WORDS: _row(retention.delete_words),
        RetentionKind.PERSON_LINK: _row(retention.delete_link),
        RetentionKind.DOCUMENT: _delete_document,
        RetentionKind.ENQUIRY_WITHOUT_REFERRAL: _erase,
        RetentionKind.CLOSED_CASE: _erase,
        RetentionKind.PERSON_WITHOUT_CASE: _erase,
        RetentionKind.CONSENT_RECORD: _delete_consent,
        RetentionKind.RIGHTS_RECORD: _row(retention.delete_rights_record),
    }
)
OF_REFERRALS = frozenset({RetentionKind.REFERRAL_DRAFT, RetentionKind.CUSTODIAL_DOSSIER, RetentionKind.PARTNER_WORDS})
LOCKS: Mapping[RetentionKind, Callable[[Work, Item], None]] = MappingProxyType(
    {
        **{kind: _lock_referral if kind in OF_REFERRALS else _lock_person for kind in RetentionKind},
        RetentionKind.ENQUIRY_DRAFT: _lock_enquiry_draft,
    }
)
