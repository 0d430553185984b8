"""Every withdrawal beside what followed from it: who was stopped and told, what each partner owes, what it answered.

What a withdrawal sets off at once stands in the log under its own correlation id, after it. What partners owe and
answer comes later and by itself: it is found by referral, duty and kind of data.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from contracts.codes import DisclosurePoint, Duty, DutyState, NoticeKind
from services.audit.queries.search import FoundEntry, consents, identities, oldest_first
from services.chassis.db import Connection

CONSENT, REQUEST = "referral.consent_withdrawn.v1", "referral.enterprise_request_withdrawn.v1"
DECIDED, REVOKED = "referral.disclosure_decided.v1", "referral.revoked.v1"
SENT, ARRIVED = "notifications.notice_sent.v1", "notifications.notice_confirmed.v1"
OPENED, ESCALATED = "referral.duty_opened.v1", "referral.duty_escalated.v1"
STOPPED, DELETED = "referral.stop_acknowledged.v1", "referral.deletion_stated.v1"
#: What happens to a referral in the same moment.
AT_ONCE = frozenset({REVOKED, "referral.dossier_destroyed.v1", "referral.dossier_sealed.v1", DECIDED, OPENED})
FOLLOWS = sorted(AT_ONCE | {SENT, ARRIVED, ESCALATED, STOPPED, DELETED})
#: Notices by which a partner hears of it.
TELLS = frozenset({NoticeKind.REFERRAL_STOPPED.value, NoticeKind.DUTY_OPENED.value})


@dataclass(frozen=True, slots=True)
class Owed:
    """One answer a partner owes, and what became of it."""

    opened: FoundEntry
    answer: FoundEntry | None = None
    escalated: FoundEntry | None = None

    @property
    def due_on(self) -> date:
        return date.fromisoformat(self.opened.data["due_on"])

    @property
    def state(self) -> DutyState:
        if self.answer is None:
            return DutyState.OPEN
        return DutyState(self.answer.data.get("deletion", DutyState.ACKNOWLEDGED))

    def days_late(self, today: date) -> int:
        """By how many days it is overdue; nought if it is not."""
        return max(0, (today - self.due_on).days) if self.answer is None else 0

    def is_answered_by(self, entry: FoundEntry) -> bool:
        """Whether this is the word that is owed: of the same kind and about the same data."""
        if self.answer is not None:
            return False
        if entry.type == STOPPED:
            return self.duty is Duty.ACKNOWLEDGE_STOP
        same = entry.data.get("category") == self.opened.data.get("category")
        return entry.type == DELETED and self.duty is Duty.STATE_DELETION and same

    @property
    def duty(self) -> Duty:
        return Duty(self.opened.data["duty"])


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of one referral: at once, when its partner was told, and what it owes since."""

    referral_id: str
    organization_id: str
    at_once: tuple[FoundEntry, ...]
    told: FoundEntry | None
    arrived: FoundEntry | None
    owed: tuple[Owed, ...]

    @property
    def was_stopped(self) -> bool:
        return any(one.type == REVOKED for one in self.at_once)

    @property
    def was_unread(self) -> bool:
        """Stopped before the partner had anything: nothing is owed."""
        return self.was_stopped and not self.owed


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One withdrawal: what was withdrawn, the consent it ended, and what followed, referral by referral."""

    entry: FoundEntry
    ground: FoundEntry | None
    followed: tuple[Followed, ...] = ()

    @property
    def position(self) -> int:
        return self.entry.position

    @property
    def is_settled(self) -> bool:
        return all(owed.answer is not None for one in self.followed for owed in one.owed)

    def days_late(self, today: date) -> int:
        """By how many days the latest answer is overdue."""
        return max((owed.days_late(today) for one in self.followed for owed in one.owed), default=0)


def withdrawals(
    connection: Connection, kind: str, identity: UUID, controller: UUID | None, shown: Sequence[FoundEntry]
) -> list[Withdrawal]:
    """The withdrawals that concern a case, the newest first. Of a partner: those that reach into what is shown."""
    referrals = _referrals_of(connection, kind, identity, shown)
    told = _withdrawn(connection, kind, identity, controller, referrals)
    if not told:
        return []
    found = oldest_first(connection, "referral_id", referrals, FOLLOWS, controller)
    by_referral = {key: list(group) for key, group in groupby(sorted(found, key=_referral_first), _id_of)}
    given = consents(connection, [UUID(one.data["consent_id"]) for one in told if one.type == CONSENT])
    every = [_followed_up(one, told, given, by_referral) for one in told]
    return [one for one in reversed(every) if one.followed or kind == "person"]


def _referrals_of(connection: Connection, kind: str, identity: UUID, shown: Sequence[FoundEntry]) -> list[UUID]:
    if kind == "referral":
        return [identity]
    if kind == "organization":
        return sorted({UUID(_id_of(one)) for one in shown if one.type in (REVOKED, OPENED)})
    return identities(connection, "referral_id", f"{kind}_id", [identity])


def _withdrawn(
    connection: Connection, kind: str, identity: UUID, controller: UUID | None, referrals: Sequence[UUID]
) -> list[FoundEntry]:
    """The withdrawals of whoever these referrals are about, the oldest first."""
    persons = [identity] if kind == "person" else identities(connection, "person_id", "referral_id", referrals)
    enquiries = [identity] if kind == "enquiry" else identities(connection, "enquiry_id", "referral_id", referrals)
    found = oldest_first(connection, "person_id", persons, [CONSENT], controller)
    found += oldest_first(connection, "enquiry_id", enquiries, [REQUEST], controller)
    return sorted(found, key=_order)


def _followed_up(
    one: FoundEntry,
    every: Sequence[FoundEntry],
    given: Mapping[tuple[str, int], FoundEntry],
    by_referral: Mapping[str, list[FoundEntry]],
) -> Withdrawal:
    version = one.data.get("consent_id", ""), int(one.data.get("consent_version", 0))
    rival = [other for other in every if other is not one and _correlation(other) == _correlation(one)]
    followed = (_followed(one, rival, entries) for _, entries in sorted(by_referral.items()))
    return Withdrawal(one, given.get(version), tuple(found for found in followed if found is not None))


def _followed(one: FoundEntry, rival: Sequence[FoundEntry], entries: Sequence[FoundEntry]) -> Followed | None:
    """What this withdrawal meant for one referral; None where it meant nothing."""
    at_once = tuple(entry for entry in entries if _is_telling(entry) and _caused(one, rival, entry))
    if not at_once:
        return None
    told = next((entry for entry in entries if _order(entry) >= _order(one) and _tells(entry)), None)
    arrived = None if told is None else next((entry for entry in entries if _is_arrival(entry, told)), None)
    return Followed(
        _id_of(at_once[0]),
        at_once[0].data.get("organization_id", ""),
        tuple(entry for entry in at_once if entry.type != OPENED),
        told,
        arrived,
        tuple(_owed_since(one, entries)),
    )


def _caused(one: FoundEntry, rival: Sequence[FoundEntry], entry: FoundEntry) -> bool:
    """In the same work, after it and before another withdrawal of that work."""
    if _correlation(entry) != _correlation(one) or _order(entry) < _order(one):
        return False
    return not any(_order(one) < _order(other) <= _order(entry) for other in rival)


def _is_telling(entry: FoundEntry) -> bool:
    """What happens at once; of decisions only the one that says on what a referral goes on."""
    if entry.type == DECIDED:
        return entry.data.get("point") == DisclosurePoint.RESEAL
    return entry.type in AT_ONCE


def _owed_since(one: FoundEntry, entries: Iterable[FoundEntry]) -> Iterator[Owed]:
    """What was open when it was withdrawn or was opened by it; a duty told anew is owed anew."""
    duties: dict[str, Owed] = {}
    for entry in entries:
        if entry.type == OPENED and _is_of(one, entry, duties):
            duties[entry.data["duty_id"]] = Owed(entry)
        for key, owed in duties.items():
            if owed.is_answered_by(entry):
                duties[key] = replace(owed, answer=entry)
            elif entry.type == ESCALATED and owed.duty in entry.data["duties"]:
                duties[key] = replace(owed, escalated=entry)
        if _order(entry) < _order(one):
            duties = {key: owed for key, owed in duties.items() if owed.answer is None}
    yield from duties.values()


def _is_of(one: FoundEntry, entry: FoundEntry, duties: Collection[str]) -> bool:
    """Owed before, because of it, or once more after an answer that was taken back."""
    before = _order(entry) < _order(one)
    return before or _correlation(entry) == _correlation(one) or entry.data["duty_id"] in duties


def _tells(entry: FoundEntry) -> bool:
    return entry.type == SENT and entry.data.get("kind") in TELLS


def _is_arrival(entry: FoundEntry, told: FoundEntry) -> bool:
    return entry.type == ARRIVED and entry.data.get("delivery_id") == told.data.get("delivery_id")


def _correlation(entry: FoundEntry) -> Any:
    return entry.leaf.get("correlationid")


def _order(entry: FoundEntry) -> tuple[Any, int]:
    return entry.occurred_at, entry.position


def _id_of(entry: FoundEntry) -> str:
    return str(entry.data.get("referral_id", ""))


def _referral_first(entry: FoundEntry) -> tuple[Any, ...]:
    return _id_of(entry), *_order(entry)
