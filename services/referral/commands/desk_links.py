"""A light-path unit asks for a new link: notifications mails it, and this is where too much asking ends."""

from datetime import timedelta
from uuid import UUID

from contracts.referral import DeskLinkRequested
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.commands.saving import load
from services.referral.domain.lifecycle import RUNNING, Actor
from services.referral.domain.referral import Referral
from services.referral.store import timeline

#: A spent link is no key any more, but whoever holds it could still fill a mailbox.
PAUSE = timedelta(minutes=5)


def ask_for_new(work: Work, referral_id: UUID, by: Actor, link_id: UUID) -> None:
    """Say that a unit wants a new link, if there is anything left to do behind it and none was just asked for.

    The referral stays locked meanwhile, so that of two clicks at once the second finds what the first has said.
    """
    try:
        referral = load(work, referral_id, by)
    except NotFoundError:
        return
    if _is_still_open(referral) and not timeline.has_heard(
        work.tx, referral.id, DeskLinkRequested, since=work.now - PAUSE
    ):
        asked = DeskLinkRequested(referral_id=referral.id, organization_id=referral.organization_id, link_id=link_id)
        timeline.tell(work, referral.id, asked)


def _is_still_open(referral: Referral) -> bool:
    return referral.status in RUNNING or bool(referral.owed)
