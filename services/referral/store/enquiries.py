"""Enquiries, what is needed, contact cards and employers' requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.codes import EnquirerKind, Site, Topic, Urgency
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work


@dataclass(frozen=True, slots=True)
class Need:
    id: UUID
    topic: Topic
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class Enquiry:
    """Somebody's request for help, and who at the welcome center is responsible for it."""

    id: UUID
    enquirer: EnquirerKind
    person_id: UUID
    site: Site
    organization_id: UUID
    needs: tuple[Need, ...] = ()

    @property
    def advised_person_id(self) -> UUID | None:
        """The person whose consent counts; an employer's contact is none."""
        return self.person_id if self.enquirer is EnquirerKind.PERSON else None

    def need(self, need_id: UUID) -> Need:
        for need in self.needs:
            if need.id == need_id:
                return need
        raise NotFoundError("need.unknown")


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
    for need in enquiry.needs:
        add_need(work, enquiry.id, need)


def add_need(work: Work, enquiry_id: UUID, need: Need) -> None:
    work.tx.execute(
        "INSERT INTO needs (id, enquiry_id, topic, urgency, recorded_at) VALUES (%s, %s, %s, %s, %s)",
        (need.id, enquiry_id, need.topic, need.urgency, work.now),
    )


def load(connection: Connection, enquiry_id: UUID, *, site: Site | None, organization_id: UUID | None) -> Enquiry:
    """The enquiry, if this organization at this site is responsible for it; a foreign one looks like a missing one."""
    row = connection.execute(
        "SELECT * FROM enquiries WHERE id = %s AND site = %s AND organization_id = %s",
        (enquiry_id, site, organization_id),
    ).fetchone()
    if row is None:
        raise NotFoundError("enquiry.unknown")
    needs = connection.execute(
        "SELECT id, topic, urgency FROM needs WHERE enquiry_id = %s ORDER BY recorded_at, id", (enquiry_id,)
    ).fetchall()
    return Enquiry(
        row["id"],
        EnquirerKind(row["enquirer"]),
        row["person_id"],
        Site(row["site"]),
        row["organization_id"],
        tuple(Need(need["id"], Topic(need["topic"]), Urgency(need["urgency"])) for need in needs),
    )


def desk_of(connection: Connection, enquiry_id: UUID) -> tuple[Site, UUID]:
    """On whose desk, at which site, whatever concerns this enquiry lies."""
    row = connection.execute("SELECT site, organization_id FROM enquiries WHERE id = %s", (enquiry_id,)).fetchone()
    if row is None:
        raise NotFoundError("enquiry.unknown")
    return Site(row["site"]), row["organization_id"]


def of_index(
    connection: Connection, indexes: Sequence[bytes], *, site: Site | None, organization_id: UUID | None
) -> list[tuple[UUID, UUID]]:
    """Own enquiries of the person these blind indexes find, one for each service key in use: enquiry and person."""
    rows = connection.execute(
        "SELECT e.id, e.person_id FROM enquiries e JOIN persons p ON p.id = e.person_id"
        " WHERE p.blind_index = ANY(%s) AND e.site = %s AND e.organization_id = %s"
        " ORDER BY e.recorded_at DESC LIMIT 50",
        (list(indexes), site, organization_id),
    )
    return [(row["id"], row["person_id"]) for row in rows.fetchall()]


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
