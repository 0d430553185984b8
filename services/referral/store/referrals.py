"""Referrals: found only by those who may see them, changed only by a write that names the version it saw.

Statements are put together from the field names of `Referral` and from fixed conditions, never from what comes in.
"""
# ruff: noqa: S608

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from contracts.codes import (
    Action,
    BackLevel,
    Deletion,
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
    ViewPurpose,
    Way,
)
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError, StaleError
from services.chassis.work import Work
from services.referral.domain.grounds import Recipient
from services.referral.domain.lifecycle import Actor, herself
from services.referral.domain.referral import ByHand, Question, Referral
from services.referral.store import deadlines, duties, grounds
from services.referral.store.grounds import Standing


@dataclass(frozen=True, slots=True)
class StaffActor(Actor):
    """A member of staff in one role: sees what the own organization is responsible for at the own site."""

    site: Site | None = None
    employer: UUID | None = None
    role: StaffRole = StaffRole.NAVIGATOR
    #: Works at the desk of another site, which is closed.
    substituting: bool = False

    def why(self, purpose: ViewPurpose) -> ViewPurpose:
        """What whoever stands in looks at is looked at as a substitute."""
        is_work = self.substituting and purpose is ViewPurpose.CASE_WORK
        return ViewPurpose.SUBSTITUTION if is_work else purpose

    @property
    def desks(self) -> list[StaffRole]:
        """Whose tasks this caller may act on: a lead may do all that a navigator may, not the other way round."""
        return [StaffRole.NAVIGATOR, StaffRole.LEAD] if self.role is StaffRole.LEAD else [self.role]


@dataclass(frozen=True, slots=True)
class PersonActor(Actor):
    """The person herself, by her own link: sees what is about her and nothing else."""

    person_id: UUID | None = None


def person_actor(person_id: UUID) -> PersonActor:
    return PersonActor(Party.PERSON, herself(person_id), None, person_id)


def staff_actor(actor: str, site: Site | None, employer: UUID | None, role: StaffRole) -> StaffActor:
    return StaffActor(Party.NAVIGATOR, actor, None, site, employer, role)


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """What decides how much the partner may tell back: the person's grounds and the partner's own terms, as of now."""

    standing: Standing
    recipient: Recipient
    terms: BackLevel
    #: Released without a word about anybody: there is nobody whose consent could be asked for.
    about_nobody: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen(Referral):
    """A referral with what waits on the desk because of it; verbs carry that along."""

    open_tasks: frozenset[TaskKind] = frozenset()
    way_back: WayBack


COLUMNS = tuple(field.name for field in fields(Referral))
CODES: Mapping[str, Any] = {
    "status": Status,
    "enquirer": EnquirerKind,
    "site": Site,
    "topic": Topic,
    "urgency": Urgency,
    "back_level": BackLevel,
    "rejection": RejectionReason,
    "end_reason": EndReason,
    "pause_reason": PauseReason,
    "outcome": Outcome,
    "deletion": Deletion,
    "retention_ground": RetentionGround,
}
#: What never changes once a referral exists.
FIXED = frozenset(
    {
        "id",
        "reference",
        "version",
        "enquiry_id",
        "person_id",
        "enquirer",
        "site",
        "sender_id",
        "drafted_by",
        "drafted_on",
        "based_on",
    }
)
CHANGING = tuple(name for name in COLUMNS if name not in FIXED)

#: What is computed from a referral with every change and kept beside it, for the clock and for lists.
COMPUTED = ("deadlines", "waiting_for", "due_on", "changed_at")

INSERT: LiteralString = (
    f"INSERT INTO referrals ({', '.join((*COLUMNS, *COMPUTED))})"
    f" VALUES ({', '.join(['%s'] * (len(COLUMNS) + len(COMPUTED)))})"
)
#: The guard: the version the verb was applied to and, for whoever discloses or is told, the state of consent it was
#: decided on. That row is locked with it: a statement that waited for the referral alone would go on comparing with the
#: consent it saw before it waited.
UPDATE: LiteralString = (
    f"UPDATE referrals SET {', '.join(f'{name} = %s' for name in (*CHANGING, *COMPUTED))},"
    " version = version + 1 WHERE id = %s AND version = %s AND (%s::int IS NULL OR EXISTS"
    " (SELECT FROM persons WHERE persons.id = referrals.person_id AND persons.consent_epoch = %s FOR SHARE))"
)
SEE: LiteralString = (
    """
SELECT r.*, array(SELECT kind FROM tasks WHERE referral_id = r.id AND closed_at IS NULL) AS open_tasks,
       coalesce((SELECT last FROM subject_sequences WHERE subject = 'referral/' || r.id), 0) AS last_sequence,
       services.snapshot #>> '{terms,back_level}' AS terms_level,
       organizations.snapshot -> 'must_stand_alone' AS must_stand_alone,
       r.enquirer = 'employer' AND EXISTS (SELECT FROM decisions WHERE referral_id = r.id AND point = 'request'
           AND allowed AND ground = 'no_personal_data') AS about_nobody,
"""
    + grounds.COLUMNS
    + """
FROM (SELECT * FROM referrals WHERE id = %s AND """
)
SEE_ALL: LiteralString = """) r
JOIN persons p ON p.id = r.person_id
LEFT JOIN services ON services.id = r.service_id
LEFT JOIN organizations ON organizations.id = r.organization_id"""
VISIBLE_TO_PARTNER: LiteralString = "organization_id = %s AND status NOT IN ('draft', 'awaiting_consent')"
VISIBLE_TO_STAFF: LiteralString = "site = %s AND sender_id = %s"


def visible(by: Actor) -> tuple[LiteralString, tuple[Any, ...]]:
    """Which referrals this actor may see, as a condition; a foreign one looks like a missing one."""
    if by.party is Party.PARTNER:
        # A draft, or one that never left, is nobody's business but the sender's.
        return VISIBLE_TO_PARTNER + " AND requested_on IS NOT NULL", (by.organization_id,)
    if isinstance(by, StaffActor):
        return VISIBLE_TO_STAFF, (by.site, by.employer)
    if isinstance(by, PersonActor):
        return "person_id = %s AND enquirer = 'person'", (by.person_id,)
    if by.party in (Party.SYSTEM, Party.CLOCK):
        return "true", ()
    return "false", ()


def load(connection: Connection, referral_id: UUID, *, visible_to: Actor, lock: bool = False) -> Referral:
    """The referral as it stands, if this actor may see it; locked until the end of the work on request."""
    condition, params = visible(visible_to)
    suffix: LiteralString = " FOR UPDATE" if lock else ""
    row = connection.execute(
        "SELECT * FROM referrals WHERE id = %s AND " + condition + suffix, (referral_id, *params)
    ).fetchone()
    if row is None:
        raise NotFoundError("referral.unknown")
    return from_row(row)


def see(work: Work, referral_id: UUID, *, visible_to: Actor) -> Seen:
    """The referral with all that is needed to write the next step as one statement; nothing is locked."""
    condition, params = visible(visible_to)
    row = work.reader.execute(SEE + condition + SEE_ALL, (referral_id, *params)).fetchone()
    if row is None:
        raise NotFoundError("referral.unknown")
    work.follows(f"referral/{referral_id}", row["last_sequence"])
    return Seen(
        **values_of(row),
        open_tasks=frozenset(TaskKind(kind) for kind in row["open_tasks"]),
        way_back=way_back(row, work.now),
    )


def way_back(row: Mapping[str, Any], now: datetime) -> WayBack:
    """What this version of the software does not understand lets nothing back."""
    level = row["terms_level"]
    return WayBack(
        standing=grounds.from_row(row, now),
        recipient=Recipient(row["organization_id"], row["service_id"], bool(row["must_stand_alone"])),
        terms=BackLevel(level) if level in set(BackLevel) else BackLevel.NONE,
        about_nobody=row["about_nobody"],
    )


def person_of(connection: Connection, referral_id: UUID, *, visible_to: Actor) -> UUID:
    """Whose matter it is; this never changes, so it may be read before anything is locked."""
    condition, params = visible(visible_to)
    row = connection.execute(
        "SELECT person_id FROM referrals WHERE id = %s AND " + condition, (referral_id, *params)
    ).fetchone()
    if row is None:
        raise NotFoundError("referral.unknown")
    person_id: UUID = row["person_id"]
    return person_id


def of_person(connection: Connection, person_id: UUID, *, lock: bool = False) -> list[Referral]:
    """All referrals of one person, in the order of their ids so that two works never wait for each other."""
    suffix: LiteralString = " FOR UPDATE" if lock else ""
    rows = connection.execute("SELECT * FROM referrals WHERE person_id = %s ORDER BY id" + suffix, (person_id,))
    return [from_row(row) for row in rows.fetchall()]


def add(work: Work, referral: Referral) -> None:
    values = to_row(referral)
    work.tx.execute(INSERT, (*(values[name] for name in COLUMNS), *_computed(work, referral)))


def save(work: Work, referral: Referral, *, epoch: int | None = None) -> Referral:
    """Write the referral over the version it was loaded at; whoever came first wins, the other is told."""
    values = to_row(referral)
    changing = (values[name] for name in CHANGING)
    guard = (referral.id, referral.version, epoch, epoch)
    params = (*changing, *_computed(work, referral), *guard)
    if not work.in_transaction:
        work.save(UPDATE, params)
    elif work.tx.execute(UPDATE, params).rowcount != 1:
        raise StaleError("referral.changed-meanwhile")
    return replace(referral, version=referral.version + 1)


def _computed(work: Work, referral: Referral) -> tuple[Any, ...]:
    return deadlines.due(referral), referral.waiting_for, deadlines.due_on(referral), work.now


def expect_version(referral: Referral, version: int | None) -> None:
    """The caller decided on what it saw; if that has changed it has to look again."""
    if version is not None and version != referral.version:
        raise StaleError("referral.changed-meanwhile", version=referral.version)


def to_row(referral: Referral) -> dict[str, Any]:
    values = {name: getattr(referral, name) for name in COLUMNS}
    values["questions"] = Jsonb(
        [{"id": str(one.id), "code": one.code, "asked_on": one.asked_on.isoformat()} for one in referral.questions]
    )
    values["duties"] = Jsonb([duties.open_to_json(one) for one in referral.duties])
    values["settled"] = Jsonb([duties.settled_to_json(one) for one in referral.settled])
    values["obstacles"] = [str(obstacle) for obstacle in referral.obstacles]
    values["sender_staff"] = list(referral.sender_staff)
    values["partner_staff"] = list(referral.partner_staff)
    if (said := referral.by_hand) is not None:
        values["by_hand"] = Jsonb(
            {
                "action": said.action,
                "way": said.way,
                "told_on": said.told_on.isoformat(),
                "recorded_by": said.recorded_by,
            }
        )
    return values


def from_row(row: Mapping[str, Any]) -> Referral:
    return Referral(**values_of(row))


def values_of(row: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: row[name] for name in COLUMNS}
    for name, codes in CODES.items():
        values[name] = None if row[name] is None else codes(row[name])
    values["questions"] = tuple(
        Question(UUID(one["id"]), QuestionCode(one["code"]), date.fromisoformat(one["asked_on"]))
        for one in row["questions"]
    )
    values["duties"] = tuple(duties.open_from_json(one) for one in row["duties"])
    values["settled"] = tuple(duties.settled_from_json(one) for one in row["settled"])
    values["obstacles"] = tuple(Obstacle(code) for code in row["obstacles"])
    values["sender_staff"] = tuple(row["sender_staff"])
    values["partner_staff"] = tuple(row["partner_staff"])
    if (said := row["by_hand"]) is not None:
        values["by_hand"] = ByHand(
            Action(said["action"]), Way(said["way"]), date.fromisoformat(said["told_on"]), said["recorded_by"]
        )
    return values
