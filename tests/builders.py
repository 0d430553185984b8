"""Things that are valid by default; a test names only what matters to it.

Domain values come from here wherever a test stands. What needs a database has its own builders beside it: a `Scene` in
`tests/integration/referral/scene.py`, a whole `Network` with callers in `rig.py`.
"""

from typing import Any

from contracts.codes import EnquirerKind, Relation, Site, Topic, Urgency
from services.referral.store.enquiries import Enquiry, Member, Need
from tests.integration.referral.scene import a_service, an_organization
from tests.unit.referral.builders import (
    ENQUIRY,
    PERSON,
    SENDER,
    UUID,
    a_consent,
    a_moment,
    a_question,
    a_recipient_entry,
    a_referral,
    an_allowance,
    an_enterprise_request,
)

__all__ = [
    "a_consent",
    "a_moment",
    "a_need",
    "a_question",
    "a_recipient_entry",
    "a_referral",
    "a_service",
    "an_allowance",
    "an_enquiry",
    "an_enterprise_request",
    "an_organization",
]


def a_need(topic: Topic = Topic.ANERKENNUNG, urgency: Urgency = Urgency.NORMAL) -> Need:
    return Need(UUID(int=0x3), topic, urgency, PERSON)


def an_enquiry(*needs: Need, **changes: Any) -> Enquiry:
    """A person in Aachen needs recognition."""
    usual: dict[str, Any] = {
        "id": ENQUIRY,
        "enquirer": EnquirerKind.PERSON,
        "person_id": PERSON,
        "site": Site.AACHEN,
        "organization_id": SENDER,
        "needs": needs or (a_need(),),
        "members": (Member(PERSON, Relation.SELF),),
    }
    return Enquiry(**{**usual, **changes})
