"""Whether a partner is heard at all: the same answer at every door it has."""

from uuid import UUID

from contracts.codes import Participation
from services.chassis.db import Connection
from services.chassis.errors import ForbiddenError
from services.referral.store import directory


def expect_taking_part(connection: Connection, organization_id: UUID) -> None:
    """Go on, or refuse: its part in the network rests, or has ended."""
    found = directory.participation_of(connection, organization_id)
    if found is Participation.SUSPENDED:
        raise ForbiddenError("partner.suspended")
    if found is Participation.ENDED:
        raise ForbiddenError("partner.left")
