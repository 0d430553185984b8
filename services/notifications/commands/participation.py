"""A partner rests, has left or is back: what waits for it is held, taken back, or leaves.

By webhook and mail it is the dispatcher that passes over whoever rests; what it finds due afterwards leaves by itself.
"""

from dataclasses import replace
from uuid import UUID

from contracts.codes import Participation
from services.chassis.db import Connection
from services.chassis.errors import ForbiddenError
from services.chassis.work import Work
from services.notifications import commands, store
from services.notifications.domain.delivery import Move, move
from services.notifications.store import resting


def follow(work: Work, organization_id: UUID, before: Participation, now: Participation) -> None:
    """What follows from the change, and nothing where there is none."""
    if before is now:
        return
    if now is Participation.ENDED:
        commands.take_back(work, resting.waiting_for_partner(work.tx, organization_id, work.now))
    elif now is Participation.TAKING_PART:
        _put_into_queue(work, organization_id)


def _put_into_queue(work: Work, organization_id: UUID) -> None:
    """What was held goes into the partner's own queue, in its order."""
    for delivery, kind, body in resting.held_for_queue(work.tx, organization_id):
        left = replace(delivery, state=move(Move.SEND, delivery.state), attempt=delivery.attempt + 1, step=1)
        store.leave(work.tx, left, work.now)
        commands.hand_over(work, left, body, kind)


def expect_taking_part(connection: Connection, organization_id: UUID) -> None:
    """Go on, or refuse: its part in the network rests, or has ended."""
    organization = store.organization(connection, organization_id)
    found = organization.participation if organization else Participation.TAKING_PART
    if found is Participation.SUSPENDED:
        raise ForbiddenError("partner.suspended")
    if found is Participation.ENDED:
        raise ForbiddenError("partner.left")
