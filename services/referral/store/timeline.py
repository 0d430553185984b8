"""What happened to a referral: each announced fact is kept beside it, and the desk's tasks follow."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from contracts.codes import (
    Action,
    DataCategory,
    DisclosurePoint,
    ReminderKind,
    Site,
    StaffRole,
    TaskKind,
    ViewPurpose,
    Way,
)
from contracts.event import from_dict, subject_of, to_dict, type_of
from contracts.referral import (
    DisclosureDecided,
    DoubleFundingHinted,
    DuplicateCareAsked,
    DuplicateMatterOpened,
    PersonalDataViewed,
    TaskClosed,
    TaskOpened,
)
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.domain.consent import Allowed
from services.referral.domain.referral import Referral
from services.referral.store import duplicates, funding

#: Facts that say nothing to a navigator beyond what stands beside them.
SILENT = frozenset(
    {
        "referral.disclosure_decided.v1",
        "referral.dossier_sealed.v1",
        "referral.reminder_due.v1",
        "referral.finding_raised.v1",
    }
)

KEEP: LiteralString = (
    "INSERT INTO timeline (event_id, referral_id, type, at, actor, data) VALUES (%s, %s, %s, %s, %s, %s)"
)


def tell(work: Work, referral_id: UUID, event: Any, *, consentref: str | None = None) -> None:
    """Announce a fact and keep it in the referral's timeline."""
    event_id = work.announce(event, consentref=consentref)
    _write(work, KEEP, (event_id, referral_id, type_of(event), work.now, work.actor, Jsonb(to_dict(event))))


def says_something(entry: Mapping[str, Any]) -> bool:
    """Whether a navigator reads it in the timeline; of reminders those that somebody sent, not what the clock did."""
    return entry["type"] not in SILENT or entry["data"].get("reminder") == ReminderKind.FOLLOW_UP


def has_heard(connection: Connection, referral_id: UUID, event: type, *, since: datetime) -> bool:
    """Whether a fact of this kind was told of the referral after that moment."""
    row = connection.execute(
        "SELECT FROM timeline WHERE referral_id = %s AND type = %s AND at > %s LIMIT 1",
        (referral_id, type_of(event), since),
    ).fetchone()
    return row is not None


def told(connection: Connection, referral_id: UUID, *kinds: type) -> list[Any]:
    """The facts of these kinds that were told of a referral, in their order."""
    names = {type_of(kind): kind for kind in kinds}
    rows = connection.execute(
        "SELECT type, data FROM timeline WHERE referral_id = %s AND type = ANY(%s) ORDER BY at, event_id",
        (referral_id, list(names)),
    ).fetchall()
    return [from_dict(row["type"], row["data"]) for row in rows]


def _write(work: Work, sql: LiteralString, params: Sequence[Any]) -> None:
    """At once inside a transaction; otherwise as a part of the one statement that the work becomes."""
    if work.in_transaction:
        work.tx.execute(sql, params)
    else:
        work.save(sql, params)


DECIDE: LiteralString = (
    "INSERT INTO decisions (id, referral_id, person_id, organization_id, service_id, point, purpose, categories,"
    " allowed, ground, ground_id, ground_version, refusal, back_level, disclosed, decided_at, actor)"
    " VALUES (%s, %s, (SELECT person_id FROM referrals WHERE id = %s), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
    " %s, %s)"
)


def decided(work: Work, decision: DisclosureDecided, *, at: datetime, disclosed: bool = False) -> None:
    """Keep and announce an answer of the consent engine, allowed or refused, and the instant it was given for.

    What a partner may tell back is decided with each of its words, and so stands beside them, not in the timeline.
    """
    _write(
        work,
        DECIDE,
        (
            decision.decision_id,
            decision.referral_id,
            decision.referral_id,
            decision.organization_id,
            decision.service_id,
            decision.point,
            decision.purpose,
            [str(category) for category in decision.categories],
            decision.allowed,
            decision.ground,
            decision.ground_id,
            decision.ground_version,
            decision.refusal,
            decision.back_level,
            disclosed,
            at,
            work.actor,
        ),
    )
    if decision.point is DisclosurePoint.BACK_CHANNEL:
        work.follows(subject_of(decision), 0)
        work.announce(decision, consentref=ground_name(decision))
    else:
        tell(work, decision.referral_id, decision, consentref=ground_name(decision))


def ground_name(ground: DisclosureDecided | Allowed) -> str | None:
    """The ground a disclosure stands on, as events name it."""
    kind = ground.kind if isinstance(ground, Allowed) else ground.ground
    if ground.ground_id is None:
        return None
    version = f"/{ground.ground_version}" if ground.ground_version is not None else ""
    return f"{kind}/{ground.ground_id}{version}"


def tell_all(work: Work, referral: Referral, facts: Iterable[Any], *, consentref: str | None = None) -> None:
    """What a verb caused: kept, announced, and put on a desk where it is a task."""
    for fact in facts:
        if isinstance(fact, TaskOpened):
            open_task(work, fact)
        else:
            tell(work, referral.id, fact, consentref=consentref)


def open_task(work: Work, task: TaskOpened, organization_id: UUID | None = None) -> bool:
    """Put something on a desk; the same thing lies there only once. A referral's task lies on its sender's desk.

    False if it lay there already.
    """
    placed = work.tx.execute(
        "INSERT INTO tasks (id, kind, referral_id, enquiry_id, consent_id, organization_id, site, role, due_on,"
        " opened_at) VALUES (%s, %s, %s, %s, %s, coalesce(%s::uuid, (SELECT sender_id FROM referrals WHERE id = %s)),"
        " %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        (
            task.task_id,
            task.kind,
            task.referral_id,
            task.enquiry_id,
            task.consent_id,
            organization_id,
            task.referral_id,
            task.site,
            task.role,
            task.due_on,
            work.now,
        ),
    ).rowcount
    if placed:
        work.announce(task)
    return placed == 1


def tell_refusal(work: Work, fact: Any) -> None:
    """A fact of a refusal, written after the refused work was undone; a task among them lands on its desk."""
    if isinstance(fact, TaskOpened):
        open_task(work, fact)
    elif isinstance(fact, DisclosureDecided):
        decided(work, fact, at=work.now)
    elif isinstance(fact, DuplicateCareAsked | DuplicateMatterOpened):
        duplicates.tell(work, fact)
    elif isinstance(fact, DoubleFundingHinted):
        funding.tell(work, fact)
    else:
        work.announce(fact)


def recorded_by_hand(work: Work, referral_id: UUID, action: Action, way: Way, told_on: date, unit: str | None) -> None:
    """Keep who wrote down what the partner told, how it was told, and by which unit."""
    work.tx.execute(
        "INSERT INTO hand_records (id, referral_id, action, way, told_on, unit, recorded_by, recorded_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (work.new_id(), referral_id, action, way, told_on, unit, work.actor, work.now),
    )


def disputed(work: Work, referral_id: UUID) -> None:
    """The partner says of the last of these that it is not so; what was written down stays, with that beside it."""
    work.tx.execute(
        "UPDATE hand_records SET disputed_at = %s WHERE id = (SELECT id FROM hand_records WHERE referral_id = %s"
        " ORDER BY recorded_at DESC, id DESC LIMIT 1) AND disputed_at IS NULL",
        (work.now, referral_id),
    )


def close_tasks(work: Work, referral_id: UUID, kinds: Collection[TaskKind]) -> None:
    """What was waiting on the desk has been done."""
    if not kinds:
        return
    closed = work.tx.execute(
        "UPDATE tasks SET closed_at = %s, closed_by = %s WHERE referral_id = %s AND kind = ANY(%s)"
        " AND closed_at IS NULL RETURNING id, kind",
        (work.now, work.actor, referral_id, [str(kind) for kind in kinds]),
    ).fetchall()
    for row in closed:
        work.announce(TaskClosed(task_id=row["id"], kind=TaskKind(row["kind"])))


def close_tasks_of_consent(work: Work, consent_id: UUID) -> None:
    """What was waited for has come, or is waited for no longer."""
    closed = work.tx.execute(
        "UPDATE tasks SET closed_at = %s, closed_by = %s WHERE consent_id = %s AND closed_at IS NULL"
        " RETURNING id, kind",
        (work.now, work.actor, consent_id),
    ).fetchall()
    for row in closed:
        work.announce(TaskClosed(task_id=row["id"], kind=TaskKind(row["kind"])))


def close_tasks_by_id(work: Work, task_ids: Collection[UUID]) -> None:
    """What lay there because of something that is done now; what was taken off meanwhile stays as it is."""
    closed = work.tx.execute(
        "UPDATE tasks SET closed_at = %s, closed_by = %s WHERE id = ANY(%s) AND closed_at IS NULL RETURNING id, kind",
        (work.now, work.actor, [*task_ids]),
    ).fetchall()
    for row in closed:
        work.announce(TaskClosed(task_id=row["id"], kind=TaskKind(row["kind"])))


def close_task(
    work: Work,
    task_id: UUID,
    *,
    site: Site | None,
    organization_id: UUID | None,
    roles: Collection[StaffRole] = tuple(StaffRole),
    kinds: Collection[TaskKind] = tuple(TaskKind),
) -> None:
    """Somebody of these roles has looked into it and says that it is done."""
    closed = work.tx.execute(
        "UPDATE tasks SET closed_at = %s, closed_by = %s WHERE id = %s AND site = %s AND organization_id = %s"
        " AND role = ANY(%s) AND kind = ANY(%s) AND closed_at IS NULL RETURNING kind",
        (work.now, work.actor, task_id, site, organization_id, [*map(str, roles)], [*map(str, kinds)]),
    ).fetchone()
    if closed is None:
        raise NotFoundError("task.unknown")
    work.announce(TaskClosed(task_id=task_id, kind=TaskKind(closed["kind"])))


def viewed(
    work: Work,
    *,
    role: StaffRole | None,
    purpose: ViewPurpose,
    categories: tuple[DataCategory, ...],
    person_id: UUID | None,
    enquiry_id: UUID | None = None,
    referral_id: UUID | None = None,
) -> None:
    """Somebody is about to see personal data; this is committed first, or nothing is shown."""
    view_id = work.new_id()
    work.tx.execute(
        "INSERT INTO views (id, person_id, enquiry_id, referral_id, role, purpose, categories, actor, viewed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            view_id,
            person_id,
            enquiry_id,
            referral_id,
            role,
            purpose,
            [str(category) for category in categories],
            work.actor,
            work.now,
        ),
    )
    work.announce(
        PersonalDataViewed(
            view_id=view_id,
            enquiry_id=enquiry_id,
            referral_id=referral_id,
            person_id=person_id,
            role=role,
            purpose=purpose,
            categories=categories,
        )
    )
