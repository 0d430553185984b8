"""A partner's channel that waits: a second person puts it in force, or says why it is not used."""

from typing import Any

from contracts.codes import CHANNEL_REFUSALS, ChannelOutcome
from services.chassis.errors import InvalidError, NotFoundError, RefusedError, StaleError
from services.chassis.work import Work
from services.directory import config, store
from services.directory.commands.applying import plan_rows, tell_organizations
from services.directory.commands.participation import participation_of
from services.directory.domain import channel_life
from services.directory.domain.objects import Kind
from services.directory.domain.reading import Row
from services.directory.store import channel_confirmations as confirmations
from services.directory.store.channel_confirmations import Document

Json = dict[str, Any]


def channel_of(work: Work, organization_id: str) -> Json:
    """By which channel a partner is reached, and which waits with the thumbprint that names it."""
    participation_of(work, organization_id)
    now = confirmations.standing(work.tx, organization_id)
    shown: Json = {"in_force": now.in_force or channel_life.NOWHERE}
    if now.waiting is not None:
        shown["waits"] = {**now.waiting, "thumbprint": channel_life.thumbprint(now.waiting)}
    return shown


def confirm_channel(work: Work, organization_id: str, thumbprint: Any) -> Json:
    """From now on the partner is reached by the channel somebody looked at; nobody confirms what she had a hand in."""
    waits, touched_by = _waiting(work, organization_id, thumbprint)
    if work.actor in touched_by:
        raise RefusedError("directory.channel-same-person")
    confirmations.put_in_force(work, organization_id, waits, work.actor)
    _settle(work, organization_id, waits, ChannelOutcome.CONFIRMED)
    return channel_of(work, organization_id)


def refuse_channel(work: Work, organization_id: str, thumbprint: Any, reason: Any) -> Json:
    """The channel that waits is not used; what is on file is again the one in force."""
    if not isinstance(reason, str) or reason not in set(CHANNEL_REFUSALS):
        raise InvalidError("request.invalid", {"reason": "one of " + ", ".join(CHANNEL_REFUSALS)})
    waits, _ = _waiting(work, organization_id, thumbprint)
    _put_back(work, organization_id)
    _settle(work, organization_id, waits, ChannelOutcome(reason))
    return channel_of(work, organization_id)


def note_unnoted(work: Work, limit: int) -> None:
    """What a version before this one wrote down waits for a second person from now on."""
    found = confirmations.unnoted(work.tx, limit)
    for organization_id, by in found.items():
        held = participation_of(work, organization_id)
        confirmations.note(work, held, second_person=config.asks_second_person(), by=by)
    tell_organizations(work, list(found))


def _waiting(work: Work, organization_id: str, thumbprint: Any) -> tuple[Document, tuple[str, ...]]:
    """What waits, if it is what she looked at."""
    participation_of(work, organization_id)
    now = confirmations.standing(work.tx, organization_id)
    if now.waiting is None:
        raise NotFoundError("directory.channel-unknown")
    if thumbprint != channel_life.thumbprint(now.waiting):
        raise StaleError("directory.channel-changed")
    return now.waiting, now.touched_by


def _put_back(work: Work, organization_id: str) -> None:
    """On file stands what is in force. Her hand is in no key by that: she wrote none down."""
    held = participation_of(work, organization_id)
    now = confirmations.standing(work.tx, organization_id)
    row = Row(1, Kind.PARTICIPATION, organization_id, channel_life.used(held, now.in_force))
    changes, _ = plan_rows(work, [row])
    store.write(work, changes)


def _settle(work: Work, organization_id: str, waited: Document, outcome: ChannelOutcome) -> None:
    confirmations.drop(work, organization_id)
    confirmations.settle(work, organization_id, waited, outcome)
    tell_organizations(work, [organization_id])
