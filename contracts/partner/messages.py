"""What travels between the network and a partner's own queue, webhook or pull feed; all are CloudEvents.

Notice and result carry ids, codes and a link. Whatever concerns a person is fetched by HTTPS, sealed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from contracts.codes import Action, Classification, NoticeKind, Status
from contracts.envelope import Envelope, InvalidEnvelopeError
from contracts.event import PublicUrl, Reference, Slug, event
from contracts.fields import SignedToken
from contracts.partner.actions import ACTIONS


class CommandOutcome(StrEnum):
    """How the network answers a command."""

    DONE = "done"
    REFUSED = "refused"
    STALE = "stale"


@event("partner.notice.v1", subject=("referral", "referral_id"), classification=Classification.RESTRICTED)
class Notice:
    """Something happened that this partner should look at: which referral, why, where."""

    referral_id: UUID
    reference: Reference | None
    organization_id: UUID
    kind: NoticeKind
    status: Status | None
    link: PublicUrl


@event("partner.command_result.v1", subject=("referral", "referral_id"), classification=Classification.RESTRICTED)
class CommandResult:
    """What became of a partner's command: done, refused for a reason, or stale (look again)."""

    command_id: UUID
    referral_id: UUID
    result: CommandOutcome
    slug: Slug | None = None
    status: Status | None = None
    version: int | None = None
    allowed_actions: tuple[Action, ...] = ()
    #: What was done, signed by the network (RFC 8417); one for each fact it caused.
    receipts: tuple[SignedToken, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A partner's command as it came in. Who sent it is what the broker or the token says, never what is in here."""

    id: UUID
    action: Action
    referral_id: UUID
    expected_version: int | None
    body: Mapping[str, Any]


def command_of(envelope: Envelope) -> Command:
    """Understand an envelope as a command; its body is not looked at yet, because a wrong body can be answered."""
    action = ACTIONS.get(envelope.type)
    if action is None:
        raise InvalidEnvelopeError("type", "an action a partner may take, such as partner.accept.v1")
    kind, _, identity = (envelope.subject or "").partition("/")
    try:
        referral_id = UUID(identity)
    except ValueError:
        raise InvalidEnvelopeError("subject", "referral/<id>") from None
    if kind != "referral":
        raise InvalidEnvelopeError("subject", "referral/<id>")
    return Command(envelope.id, action, referral_id, envelope.expectedversion, envelope.data)
