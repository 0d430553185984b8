"""Enquiries, what is needed, contact cards and employers' requests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.codes import EnquirerKind, Relation, Site, Topic, Urgency
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError, RefusedError
from services.chassis.work import Work
from services.referral.domain.drafting import ConsentText

OF_INDEX = (
    "SELECT e.id, p.id AS person_id, m.removed_at IS NOT NULL AS is_removed FROM enquiries e"
    " JOIN enquiry_persons m ON m.enquiry_id = e.id JOIN persons p ON p.id = m.person_id"
    " WHERE p.blind_index = ANY(%s) AND e.site = %s AND e.organization_id = %s"
    " AND (%s OR e.closed_at IS NULL) ORDER BY e.recorded_at DESC LIMIT 50"
)


@dataclass(frozen=True, slots=True)
class Need:
    """Something one person of the enquiry needs."""

    id: UUID
    topic: Topic
    urgency: Urgency
    person_id: UUID


@dataclass(frozen=True, slots=True)
class Member:
    """One person of the enquiry, and how she belongs to whoever asked."""

    person_id: UUID
    relation: Relation


@dataclass(frozen=True, slots=True)
class Enquiry:
    """Somebody's request for help, and who at the welcome center is responsible for it."""

    id: UUID
    enquirer: EnquirerKind
    person_id: UUID
    site: Site
    organization_id: UUID
    needs: tuple[Need, ...] = ()
    #: Everybody the case is about, whoever asked first.
    members: tuple[Member, ...] = ()
    #: Closed, and therefore restricted: it is not shown, except to the lead for a purpose.
    closed_at: datetime | None = None
    #: Of whom nothing but ids, codes and times is left; it may be whoever asked, and the others go on.
    erased: frozenset[UUID] = frozenset()
    #: Who was taken out of it while something of hers is held: nothing is done with her, except what she asks for.
    former: tuple[Member, ...] = ()
    #: The member of staff it belongs to: who took it down, or whom a lead gave it.
    owner: str = ""

    @property
    def advised_person_id(self) -> UUID | None:
        """The person whose consent counts; an employer's contact is none."""
        return self.person_id if self.enquirer is EnquirerKind.PERSON else None

    def known(self, person_id: UUID) -> UUID | None:
        """One of its persons as facts name her; an employer's contact is named in none."""
        return person_id if self.enquirer is EnquirerKind.PERSON else None

    def member(self, person_id: UUID | None) -> Member:
        """One of its persons; the one who asked, if nobody is named."""
        for member in self.members:
            if member.person_id == (person_id or self.person_id):
                return member
        raise NotFoundError("person.not-of-this-enquiry")

    def living(self, person_id: UUID | None) -> Member:
        """The same, for what can only be done for somebody who has not been erased."""
        member = self.member(person_id)
        if member.person_id in self.erased:
            raise NotFoundError("person.erased")
        return member

    def of_the_living(self) -> "Enquiry":
        """As it is worked on: without the erased, and without what they needed."""
        members, former = (
            tuple(one for one in these if one.person_id not in self.erased) for these in (self.members, self.former)
        )
        needs = tuple(one for one in self.needs if one.person_id not in self.erased)
        return replace(self, members=members, needs=needs, former=former)

    def with_former(self) -> "Enquiry":
        """As somebody's rights see it: whose data are held has them, whether she still belongs to it or not."""
        return replace(self, members=self.members + self.former)

    @property
    def is_restricted(self) -> bool:
        return self.closed_at is not None

    def need(self, need_id: UUID) -> Need:
        for need in self.needs:
            if need.id == need_id:
                return need
        raise NotFoundError("need.unknown")


@dataclass(frozen=True, slots=True)
class Found:
    """An enquiry that somebody belongs to, or was taken out of."""

    enquiry_id: UUID
    person_id: UUID
    is_removed: bool


def add(work: Work, enquiry: Enquiry) -> None:
    work.tx.execute(
        "INSERT INTO enquiries (id, enquirer, person_id, site, organization_id, recorded_by, recorded_at,"
        " last_contact_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            enquiry.id,
            enquiry.enquirer,
            enquiry.person_id,
            enquiry.site,
            enquiry.organization_id,
            work.actor,
            work.now,
            work.now,
        ),
    )
    for member in enquiry.members:
        add_member(work, enquiry.id, member)
    for need in enquiry.needs:
        add_need(work, enquiry.id, need)


def keep_notice(work: Work, enquiry_id: UUID, notice: ConsentText) -> None:
    """Which words the person had before her when she asked (GDPR Art. 13, 14)."""
    work.tx.execute(
        "UPDATE enquiries SET notice_text_id = %s, notice_version = %s, notice_sha256 = %s, notice_language = %s"
        " WHERE id = %s",
        (notice.id, notice.version, notice.sha256, notice.language, enquiry_id),
    )


def add_member(work: Work, enquiry_id: UUID, member: Member) -> None:
    work.tx.execute(
        "INSERT INTO enquiry_persons (enquiry_id, person_id, relation, added_at, added_by) VALUES (%s, %s, %s, %s, %s)",
        (enquiry_id, member.person_id, member.relation, work.now, work.actor),
    )


def remove_member(work: Work, enquiry_id: UUID, person_id: UUID) -> None:
    work.tx.execute(
        "UPDATE enquiry_persons SET removed_at = %s, removed_by = %s WHERE enquiry_id = %s AND person_id = %s",
        (work.now, work.actor, enquiry_id, person_id),
    )
    work.tx.execute(
        "DELETE FROM needs WHERE enquiry_id = %s AND person_id = %s"
        " AND NOT EXISTS (SELECT FROM referrals WHERE need_id = needs.id)"
        " AND NOT EXISTS (SELECT FROM contact_cards WHERE need_id = needs.id)"
        " AND NOT EXISTS (SELECT FROM matchings WHERE need_id = needs.id)"
        " AND NOT EXISTS (SELECT FROM obstacles WHERE need_id = needs.id)",
        (enquiry_id, person_id),
    )


def add_need(work: Work, enquiry_id: UUID, need: Need) -> None:
    work.tx.execute(
        "INSERT INTO needs (id, enquiry_id, person_id, topic, urgency, recorded_at) VALUES (%s, %s, %s, %s, %s, %s)",
        (need.id, enquiry_id, need.person_id, need.topic, need.urgency, work.now),
    )


def load(
    connection: Connection,
    enquiry_id: UUID,
    *,
    site: Site | None,
    organization_id: UUID | None,
    restricted_too: bool = False,
) -> Enquiry:
    """The enquiry, if this organization at this site is responsible for it; a foreign one looks like a missing one.

    A closed one is refused to whoever does not say that it may be restricted, too.
    """
    row = connection.execute(
        "SELECT * FROM enquiries WHERE id = %s AND site = %s AND organization_id = %s",
        (enquiry_id, site, organization_id),
    ).fetchone()
    if row is None:
        raise NotFoundError("enquiry.unknown")
    if row["closed_at"] is not None and not restricted_too:
        raise RefusedError("enquiry.restricted", since=row["closed_at"].isoformat())
    return _from_row(connection, row)


def of_id(connection: Connection, enquiry_id: UUID) -> Enquiry:
    """For the clock, which works for every desk."""
    row = connection.execute("SELECT * FROM enquiries WHERE id = %s", (enquiry_id,)).fetchone()
    if row is None:
        raise NotFoundError("enquiry.unknown")
    return _from_row(connection, row)


def _from_row(connection: Connection, row: dict[str, Any]) -> Enquiry:
    needs = connection.execute(
        "SELECT n.id, topic, urgency, person_id, p.erased_at FROM needs n JOIN persons p ON p.id = person_id"
        " WHERE enquiry_id = %s ORDER BY n.recorded_at, n.id",
        (row["id"],),
    ).fetchall()
    members = connection.execute(
        "SELECT person_id, relation, p.erased_at, removed_at FROM enquiry_persons JOIN persons p ON p.id = person_id"
        " WHERE enquiry_id = %s ORDER BY relation <> 'self', added_at, person_id",
        (row["id"],),
    ).fetchall()
    return Enquiry(
        row["id"],
        EnquirerKind(row["enquirer"]),
        row["person_id"],
        Site(row["site"]),
        row["organization_id"],
        tuple(Need(one["id"], Topic(one["topic"]), Urgency(one["urgency"]), one["person_id"]) for one in needs),
        tuple(_member(one) for one in members if one["removed_at"] is None),
        row["closed_at"],
        frozenset(one["person_id"] for one in (*needs, *members) if one["erased_at"] is not None),
        tuple(_member(one) for one in members if one["removed_at"] is not None),
        row["owner"],
    )


def _member(row: dict[str, Any]) -> Member:
    return Member(row["person_id"], Relation(row["relation"]))


def lock(work: Work, enquiry_id: UUID) -> None:
    """Nobody begins or ends anything in this enquiry until this work is over."""
    work.tx.execute("SELECT FROM enquiries WHERE id = %s FOR UPDATE", (enquiry_id,))


def expect_open(work: Work, enquiry_id: UUID) -> None:
    """Whoever begins something in it holds it open until that is written: it is not closed or deleted meanwhile."""
    row = work.tx.execute("SELECT closed_at FROM enquiries WHERE id = %s FOR SHARE", (enquiry_id,)).fetchone()
    if row is None:
        raise NotFoundError("enquiry.unknown")
    if row["closed_at"] is not None:
        raise RefusedError("enquiry.restricted", since=row["closed_at"].isoformat())


def close(work: Work, enquiry_id: UUID) -> None:
    work.tx.execute(
        "UPDATE enquiries SET closed_at = %s, closed_by = %s WHERE id = %s AND closed_at IS NULL",
        (work.now, work.actor, enquiry_id),
    )


def resume(work: Work, enquiry_id: UUID) -> None:
    work.tx.execute(
        "UPDATE enquiries SET closed_at = NULL, closed_by = NULL, last_contact_at = %s WHERE id = %s",
        (work.now, enquiry_id),
    )


def desk_of(connection: Connection, enquiry_id: UUID) -> tuple[Site, UUID]:
    """On whose desk, at which site, whatever concerns this enquiry lies."""
    row = connection.execute("SELECT site, organization_id FROM enquiries WHERE id = %s", (enquiry_id,)).fetchone()
    if row is None:
        raise NotFoundError("enquiry.unknown")
    return Site(row["site"]), row["organization_id"]


def of_index(
    connection: Connection,
    indexes: Sequence[bytes],
    *,
    site: Site | None,
    organization_id: UUID | None,
    restricted_too: bool = False,
) -> list[Found]:
    """Own enquiries of the person these blind indexes find, one for each service key in use."""
    rows = connection.execute(OF_INDEX, (list(indexes), site, organization_id, restricted_too))
    return [Found(row["id"], row["person_id"], row["is_removed"]) for row in rows.fetchall()]


def touch(work: Work, enquiry_id: UUID) -> None:
    """There was contact: the time until deletion begins anew."""
    work.tx.execute("UPDATE enquiries SET last_contact_at = %s WHERE id = %s", (work.now, enquiry_id))


def add_contact_card(
    work: Work, enquiry_id: UUID, need_id: UUID | None, organization_id: UUID, service_id: UUID | None
) -> UUID:
    card_id = work.new_id()
    work.tx.execute(
        "INSERT INTO contact_cards (id, enquiry_id, need_id, organization_id, service_id, issued_by, issued_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (card_id, enquiry_id, need_id, organization_id, service_id, work.actor, work.now),
    )
    return card_id
