"""What referral does when a day has come: each due row of `deadlines` once, and consents that run out."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from contracts.codes import Action, Party, ReminderKind, RetentionKind, StaffRole, TaskKind
from contracts.referral import ReminderDue
from services.chassis.db import Connection
from services.chassis.jobs import ClockJob, Due
from services.chassis.logging import get_logger
from services.chassis.work import Work
from services.referral import domain
from services.referral.calendar import is_working_day, moment_of
from services.referral.commands import (
    agreements,
    cascade,
    disclosing,
    erasures,
    external_disclosures,
    intake,
    invitations,
    partner_keys,
    preparing,
    resolutions,
    retention,
    staff_names,
    telling,
)
from services.referral.commands.breaches import escalate
from services.referral.commands.duplicates import renew
from services.referral.commands.referrals import release
from services.referral.commands.saving import load, save
from services.referral.config import Keys
from services.referral.domain import owing
from services.referral.domain.deadlines import Deadline, DeadlineKind, expires_on
from services.referral.domain.deadlines import deadlines as deadlines_of
from services.referral.domain.lifecycle import RUNNING, Actor
from services.referral.domain.referral import Referral, task
from services.referral.keeping import Retention
from services.referral.keystore.ledger import Withdrawal
from services.referral.queries import due
from services.referral.store import breaches, consents, deadlines, persons, pseudonyms, referrals, timeline, withdrawals

CLOCK = Actor(Party.CLOCK, "system:clock")
Deed = Callable[[Work, Referral], None]
#: A question moves the partner's clock; a reminder that was given before it is not given again.
ONCE = frozenset({DeadlineKind.REMIND_FIRST, DeadlineKind.REMIND_SECOND})


def jobs(keys: Callable[[], Keys], kept: Callable[[], Retention] = Retention) -> tuple[ClockJob, ...]:
    """The clock's list. Keys are asked for only when something is due, so that other roles need none."""
    return (
        ClockJob("deadlines", due.deadlines, lambda work, one: meet(work, keys, one)),
        ClockJob("consents-ended", due.consents_ended, lambda work, one: follow_end(work, keys(), one)),
        ClockJob("consents-running-out", due.consents_running_out, warn),
        ClockJob("coming-of-age", due.coming_of_age, ask_for_her_own),
        ClockJob("agreements-ending", due.agreements_ending, lambda work, one: agreements.warn(work, *one.payload)),
        ClockJob("keys-ending", due.keys_ending, lambda work, one: partner_keys.warn(work, *one.payload)),
        ClockJob("agreements-ended", due.agreements_ended, lambda work, one: agreements.tell_end(work, *one.payload)),
        ClockJob("breaches", breaches.to_escalate, escalate),
        ClockJob("erasures", due.erasures, lambda work, one: erasures.finish(work, keys(), one.payload)),
        ClockJob(
            "enquiry-drafts-ended",
            due.enquiry_drafts_ended,
            lambda work, one: intake.destroy_key(work, keys().vault, *one.payload),
        ),
        ClockJob(
            "enquiry-drafts-used-up", due.enquiry_drafts_used_up, lambda work, one: intake.forget(work, one.payload)
        ),
        ClockJob("leftover-keys", lambda *when: leftovers(keys(), *when), lambda work, _: sweep(work, keys())),
        ClockJob("pseudonyms-over", due.pseudonyms_over, lambda work, _: pseudonyms.expire(work)),
        ClockJob(
            "pseudonyms-renewed", due.pseudonyms_to_renew, lambda work, one: renew(work, keys().vault, one.payload)
        ),
        ClockJob(
            "disclosures-unconfirmed",
            due.disclosures_unconfirmed,
            lambda work, one: external_disclosures.remind(work, one.payload),
        ),
        ClockJob("resolutions-over", due.resolutions_run_out, lambda work, one: resolutions.expire(work, one.payload)),
        ClockJob(
            "staff-names-over",
            lambda *when: due.staff_names_over(*when, kept=kept().periods.of[RetentionKind.ACCESS_RECORD]),
            lambda work, one: staff_names.forget(work, keys().vault, one.payload),
        ),
        ClockJob("invitations-over", invitations.expired, invitations.expire),
        ClockJob(
            "withdrawals-noted", due.withdrawals_unnoted, lambda work, one: note_outside(work, keys(), one.payload)
        ),
        ClockJob("retention", lambda *when: due.nightly(*when, hour=kept().hour), begin_retention),
        ClockJob("retention-step", due.retention_step, lambda work, _: go_on(work, kept())),
    )


def meet(work: Work, keys: Callable[[], Keys], one: Due) -> None:
    """Do what this deadline asks for, unless the referral has moved on meanwhile; it never comes back."""
    referral_id, kind, due_at = one.payload
    if kind is DeadlineKind.RELEASE:
        release(work, keys(), referral_id)
    else:
        referral = load(work, referral_id, CLOCK)
        wanted = Deadline(kind, due_at) in deadlines_of(referral, is_working_day)
        if wanted and not (kind in ONCE and due.was_met(work.tx, referral_id, kind)):
            DEEDS[kind](work, referral)
    deadlines.done(work, referral_id, kind)


def ask_for_her_own(work: Work, one: Due) -> None:
    """Thirty days before the guardian's consent ends with her eighteenth birthday: she is asked for her own."""
    consent = consents.load(work.tx, *one.payload)
    enquiry_id = consents.enquiry_of(work.tx, consent.id)
    preparing.open_task(work, enquiry_id, consent.id, TaskKind.COMES_OF_AGE, consent.valid_until)


def leftovers(keys: Keys, connection: Connection, now: datetime, _limit: int) -> list[Due]:
    """At most once an hour, and only if there are keys old enough that nobody has been seen to own."""
    hourly = due.hourly(connection, "keystore/referral:sweep", now)
    return hourly if hourly and erasures.may_be_leftovers(keys, now) else []


def sweep(work: Work, keys: Keys) -> None:
    """Keys that a crash left without a person."""
    if swept := erasures.sweep_leftovers(work, keys):
        get_logger().info("keystore.leftovers-destroyed", count=swept)


def note_outside(work: Work, keys: Keys, withdrawal: Withdrawal) -> None:
    """Write it where no restore reaches; twice is as good as once."""
    keys.ledger.append([withdrawal])
    withdrawals.noted(work, withdrawal)


def begin_retention(work: Work, one: Due) -> None:
    """Once a night: everything that is past its period goes, step by step, from here on."""
    retention.begin(work, one.payload)


def go_on(work: Work, kept: Retention) -> None:
    """One step further; the last one tells what was deleted."""
    done = retention.step(work, kept.periods)
    if done is not None and done.finished:
        get_logger().info("retention.finished", as_of=done.run.as_of.isoformat())


def _remind(reminder: ReminderKind) -> Deed:
    def remind(work: Work, referral: Referral) -> None:
        fact = ReminderDue(
            referral_id=referral.id,
            organization_id=referral.organization_id,
            reminder=reminder,
            waiting_for=Party.PARTNER,
        )
        timeline.tell(work, referral.id, fact)

    return remind


def _open(kind: TaskKind, role: StaffRole = StaffRole.NAVIGATOR) -> Deed:
    def open_task(work: Work, referral: Referral) -> None:
        timeline.open_task(work, task(referral, kind, moment_of(work), role), referral.sender_id)

    return open_task


def _ask_after(kind: TaskKind, role: StaffRole) -> Deed:
    """Somebody telephones; a call after the referral has ended by itself would come too late."""

    def open_task(work: Work, referral: Referral) -> None:
        moment = moment_of(work)
        ends_on = expires_on(referral.urgency, referral.clock_on or referral.drafted_on, is_working_day)
        due_on = min(moment.in_working_days(2), max(ends_on, moment.on))
        timeline.open_task(work, task(referral, kind, moment, role, due_on), referral.sender_id)

    return open_task


def _both(*deeds: Deed) -> Deed:
    def do(work: Work, referral: Referral) -> None:
        for deed in deeds:
            deed(work, referral)

    return do


def _expire(work: Work, referral: Referral) -> None:
    moved, facts = domain.expire(referral, CLOCK, moment_of(work))
    save(work, moved, facts, action=Action.EXPIRE)


def _escalate(work: Work, referral: Referral) -> None:
    """Once more to the partner, to the contact named in the agreement, and to the data-protection officer."""
    _remind(ReminderKind.DUTY)(work, referral)
    timeline.tell_all(work, referral, owing.escalate(referral, moment_of(work)))


DEEDS: Mapping[DeadlineKind, Deed] = MappingProxyType(
    {
        DeadlineKind.REMIND_FIRST: _both(
            _remind(ReminderKind.FIRST), _ask_after(TaskKind.ANSWER_MISSING, StaffRole.NAVIGATOR)
        ),
        DeadlineKind.REMIND_SECOND: _both(
            _remind(ReminderKind.SECOND), _ask_after(TaskKind.ANSWER_STILL_MISSING, StaffRole.LEAD)
        ),
        DeadlineKind.REMIND_WAITLIST: _both(_remind(ReminderKind.WAITLIST), _open(TaskKind.WAITLIST_UNRENEWED)),
        DeadlineKind.EXPIRE: _expire,
        DeadlineKind.CONCLUDE: _open(TaskKind.CONCLUDE_DUE),
        DeadlineKind.QUESTION_OVERDUE: _open(TaskKind.QUESTION_OVERDUE, StaffRole.LEAD),
        DeadlineKind.CONTACT_OVERDUE: _both(_remind(ReminderKind.CONTACT), _open(TaskKind.CONTACT_OVERDUE)),
        DeadlineKind.CONTACT_STILL_MISSING: _both(
            _remind(ReminderKind.CONTACT), _open(TaskKind.CONTACT_STILL_MISSING, StaffRole.LEAD)
        ),
        DeadlineKind.DUTY_OVERDUE: _both(_remind(ReminderKind.DUTY), _open(TaskKind.DUTY_OVERDUE, StaffRole.LEAD)),
        DeadlineKind.DUTY_ESCALATED: _escalate,
        DeadlineKind.CUSTODIAL_CLEANUP: disclosing.destroy,
    }
)


def follow_end(work: Work, keys: Keys, one: Due) -> None:
    """A consent has run out: what was not fetched ends as if withdrawn; what was fetched goes on without new data."""
    preparing.end_unconfirmed(work, *one.payload)
    for referral in _carried(work, *one.payload):
        if referral.is_fetched:
            telling.follow(work, referral.id)
        else:
            cascade.withdraw_from(work, keys, referral)


def warn(work: Work, one: Due) -> None:
    """Fourteen days before: somebody asks the person whether she renews it."""
    for referral in _carried(work, *one.payload):
        _open(TaskKind.CONSENT_RUNS_OUT)(work, referral)
        _remind(ReminderKind.CONSENT)(work, referral)


def _carried(work: Work, consent_id: UUID, person_id: UUID) -> list[Referral]:
    """The running referrals this consent names, with the person's consent held as it stands."""
    persons.hold_epoch(work, person_id)
    consent = consents.load(work.tx, consent_id, person_id)
    named = {(one.organization_id, one.service_id) for one in consent.recipients}
    return [
        referral
        for referral in referrals.of_person(work.tx, person_id, lock=True)
        if referral.status in RUNNING and (referral.organization_id, referral.service_id) in named
    ]
