"""A worker an employer asked about is invited - and nothing is known of her until she says so herself.

What stands in for her meanwhile is an empty record under a key of its own. It holds at most the address of the one
letter, and that only until the letter has left. Answered, declined or expired, its key is destroyed. Who accepts
becomes a new person with an enquiry of her own; no row leads from the employer to her.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.codes import EnquirerKind, PersonLinkPurpose, PersonLinkWay, TaskKind, Topic, Urgency
from services.chassis.db import Connection
from services.chassis.errors import InvalidError, RefusedError
from services.chassis.jobs import Due
from services.chassis.work import Work
from services.referral.commands import desk_tasks, enquiries, person_links
from services.referral.commands.person_links import IssuedLink
from services.referral.config import ReferralSettings
from services.referral.consent_texts import TextKind
from services.referral.store import letters, persons
from services.referral.store import person_links as links
from services.referral.store.enquiries import Enquiry, desk_of
from services.referral.store.person_links import PersonLink
from services.referral.store.referrals import StaffActor

KIND = "invited"
OCCASION = "invitation"
OVER = "invitation.over"


def invite(
    work: Work, house: ReferralSettings, by: StaffActor, enquiry_id: UUID, *, language: str, mailbox: str | None = None
) -> IssuedLink:
    """Invite a worker: by a letter to the address given for it, or by a link to take along.

    Only where there is a reviewed notice to tell her what becomes of what she enters (GDPR Art. 13, 14).
    """
    enquiry = enquiries.load(work, enquiry_id, by)
    if enquiry.enquirer is not EnquirerKind.EMPLOYER:
        raise InvalidError("invitation.not-an-employer", {"enquiry_id": "an-employers-enquiry"})
    if house.texts.notice(TextKind.INVITATION, language) is None:
        raise InvalidError("invitation.no-notice", {"language": "a-reviewed-notice"})
    keys = house.keys
    placeholder = persons.add(work, keys.vault, KIND, {"email": mailbox} if mailbox else {})
    issued = person_links.issue(
        work,
        keys,
        placeholder,
        enquiry.id,
        PersonLinkPurpose.INVITATION,
        language=language,
        way=PersonLinkWay.MAILED if mailbox else PersonLinkWay.SHOWN,
    )
    if mailbox:
        letters.add(work, issued.id)
    return issued


def accept(
    work: Work,
    house: ReferralSettings,
    link: PersonLink,
    *,
    record: Mapping[str, Any],
    topics: Sequence[Topic],
    notice_sha256: str,
    wants_link: bool = False,
) -> Enquiry:
    """She says who she is: from here on she is the person of an enquiry of her own, at the same desk.

    She consents to nothing by that. On what ground her words are kept is for a lawyer [law]; which notice told her so
    is kept with them.
    """
    expect_open(work, link)
    keys, notice = house.keys, house.texts.notice_given(TextKind.INVITATION, notice_sha256)
    site, organization_id = desk_of(work.tx, link.enquiry_id)
    enquiry = enquiries.open_enquiry(
        work,
        keys.vault,
        enquirer=EnquirerKind.PERSON,
        site=site,
        organization_id=organization_id,
        record=record,
        needs=[(topic, Urgency.NORMAL) for topic in topics],
        notice=notice,
    )
    desk_tasks.open_for_enquiry(work, enquiry.id, TaskKind.INVITATION_ACCEPTED)
    if wants_link and record.get("email"):
        person_links.send(
            work, keys, enquiry.person_id, enquiry.id, PersonLinkPurpose.SELF_SERVICE, language=link.language
        )
    forget(work, link)
    return enquiry


def decline(work: Work, link: PersonLink) -> None:
    """She does not want it: nothing of it stays but that there was an invitation."""
    expect_open(work, link)
    forget(work, link)


def expect_open(work: Work, link: PersonLink) -> None:
    """Answered once, an invitation is over; of two answers at once the second finds it so."""
    links.lock_person(work, link.person_id)
    if is_over(work.tx, link) or links.load(work.tx, link.id).voided_at is not None:
        raise RefusedError(OVER)


def is_over(connection: Connection, link: PersonLink) -> bool:
    row = connection.execute("SELECT erased_at FROM persons WHERE id = %s", (link.person_id,)).fetchone()
    return row is None or row["erased_at"] is not None


def forget(work: Work, link: PersonLink) -> None:
    """Erase the placeholder and let its link open nothing any more; the clock destroys its key."""
    person_links.close(work, link)
    persons.erase(work, link.person_id, OCCASION)


def expired(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Invitations nobody answered in time, for the clock."""
    stale = links.stale_invitations(connection, now, limit)
    return [Due(f"person-link/{link_id}:invitation-over", link_id) for link_id in stale]


def expire(work: Work, one: Due) -> None:
    """What nobody answered vanishes."""
    link = links.load(work.tx, one.payload)
    links.lock_person(work, link.person_id)
    if not is_over(work.tx, link):
        forget(work, link)
