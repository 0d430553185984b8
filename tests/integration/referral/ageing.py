"""Cases as time has left them: put into the database as they would stand there, without living through the years."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from contracts.codes import DocumentKind, EnquirerKind, HoldReason, Relation, Site, Status, Topic, Urgency
from contracts.event import Reference
from services.referral.commands import retention
from services.referral.domain.retention import Item, Periods
from services.referral.domain.workdays import PLACE
from services.referral.queries.retention import Look, everything
from services.referral.store import documents, enquiries, holds, persons, referrals
from services.referral.store.enquiries import Enquiry, Member, Need
from services.referral.store.holds import Hold
from services.referral.store.retention import Outcome, outcome, runs
from tests.integration.referral.scene import CENTER, NAVIGATOR, RECORD, Scene
from tests.unit.referral.builders import a_referral, duties
from tests.unit.referral.papers import a_png

ENDED, RUNNING, DRAFT = Status.COMPLETED, Status.ACCEPTED, Status.DRAFT


def noon(day: date) -> datetime:
    """An instant of that day, as people there count days."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=PLACE).astimezone(UTC)


@dataclass
class Ageing:
    """Builds cases of any age on a scene, and lets nights pass over them."""

    scene: Scene

    def person(self, *, day: date) -> UUID:
        """Somebody recorded on that day, in no case yet."""
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            person_id = persons.add(work, self.scene.keys.vault, "person", {**RECORD, "given_name": str(uuid4())})
            work.tx.execute("UPDATE persons SET changed_at = %s WHERE id = %s", (noon(day), person_id))
        return person_id

    def case(self, *, contact: date, closed: date | None = None, person_id: UUID | None = None) -> Enquiry:
        """An enquiry whose last contact was on that day."""
        person_id = person_id or self.person(day=contact)
        need = Need(uuid4(), Topic.ANERKENNUNG, Urgency.NORMAL, person_id)
        members = (Member(person_id, Relation.SELF),)
        enquiry = Enquiry(uuid4(), EnquirerKind.PERSON, person_id, Site.AACHEN, CENTER, (need,), members)
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            enquiries.add(work, enquiry)
            work.tx.execute(
                "UPDATE enquiries SET recorded_at = %s, last_contact_at = %s, closed_at = %s WHERE id = %s",
                (noon(contact), noon(contact), noon(closed) if closed else None, enquiry.id),
            )
        return enquiry

    def referral(
        self, enquiry: Enquiry, status: Status = ENDED, *, day: date, owed: bool = False, **changes: Any
    ) -> UUID:
        """A referral that came into this status on that day; owed: the partner has not answered about deletion yet."""
        referral_id = uuid4()
        usual: dict[str, Any] = {
            "id": referral_id,
            "reference": Reference(f"R-26-{referral_id.hex[:8].upper().translate(str.maketrans('01', 'XY'))[:6]}"),
            "enquiry_id": enquiry.id,
            "need_id": enquiry.needs[0].id,
            "person_id": enquiry.person_id,
            "sender_id": CENTER,
            "drafted_on": day,
            "ended_on": day if status.is_terminal else None,
            "duties": tuple(replace(duty, id=uuid4()) for duty in duties()) if owed else (),
        }
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            referrals.add(work, a_referral(status, **{**usual, **changes}))
            work.tx.execute("UPDATE referrals SET changed_at = %s WHERE id = %s", (noon(day), referral_id))
        return referral_id

    def document(self, enquiry: Enquiry) -> UUID:
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            return documents.keep(
                work,
                self.scene.keys.vault,
                enquiry.person_id,
                enquiry_id=enquiry.id,
                kind=DocumentKind.CERTIFICATE,
                content=a_png(),
                media_type="image/png",
            )

    def hold(self, enquiry: Enquiry, until: date) -> UUID:
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            key = persons.key_of(work.tx, self.scene.keys.vault, enquiry.person_id)
            hold = Hold(
                uuid4(), enquiry.person_id, enquiry.id, HoldReason.LEGAL_CLAIM, until, NAVIGATOR.actor, work.now
            )
            holds.add(work, key, hold, "a law suit")
        return hold.id

    @property
    def today(self) -> date:
        return self.scene.clock.today()

    def due(self, on: date | None = None, periods: Periods | None = None) -> list[Item]:
        with self.scene.db.read() as connection:
            return list(everything(connection, Look(on or self.today, periods or Periods())))

    def night(self, periods: Periods | None = None) -> Outcome:
        """One whole run, step by step, as the clock does it."""
        with self.scene.unit.work(actor="system:clock") as work:
            run = retention.begin(work, self.today)
        while True:
            with self.scene.unit.work(actor="system:clock") as work:
                step = retention.step(work, periods or Periods())
            if step is None or step.finished:
                break
        with self.scene.db.read() as connection:
            return outcome(connection, run.id)

    def runs(self) -> int:
        with self.scene.db.read() as connection:
            return len(runs(connection, 100))

    def erased(self) -> set[UUID]:
        return {row["id"] for row in self.scene.rows("SELECT id FROM persons WHERE erased_at IS NOT NULL")}


def before(day: date, months: int = 0, days: int = 0) -> date:
    """The day from which a period of so many months or days ends on this one."""
    month = day.month - 1 - months
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, day.day) - timedelta(days=days)
