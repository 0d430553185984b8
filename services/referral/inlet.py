"""Partners' commands from the queue: who sent it is what the broker says, and every command gets an answer.

What nobody can answer - unreadable, or of no known sender - leaves by an exception and is parked. Everything else ends
in a `command_result` in the partner's own queue, through the outbox of the same transaction as its effect.
"""

import hashlib
from dataclasses import replace
from typing import Any

from marshmallow import ValidationError

from contracts import envelope as envelopes
from contracts.codes import Party
from contracts.envelope import Envelope
from contracts.event import Slug
from contracts.fields import SignedToken
from contracts.partner.actions import read_body
from contracts.partner.messages import Command, CommandOutcome, CommandResult, command_of
from contracts.topology import PARTNERS, organization_of_user
from services.chassis.errors import (
    ForbiddenError,
    InvalidError,
    LotsennetzError,
    NotFoundError,
    StaleError,
    UnavailableError,
)
from services.chassis.hear import Mail
from services.chassis.work import Cause, Unit, Work
from services.referral.commands import partners
from services.referral.config import Keys
from services.referral.domain.lifecycle import Actor
from services.referral.domain.referral import Referral
from services.referral.store import referrals
from services.referral.store.timeline import tell_refusal


def obey(unit: Unit, keys: Keys, mail: Mail) -> None:
    """Do what the addressed partner asks, once, and answer it."""
    unit.tell_refusal = tell_refusal
    by = sender_of(mail)
    envelope = envelopes.read(mail.raw)
    command = command_of(envelope)
    cause = unit.cause(by.actor, envelope.correlationid, envelope.id, envelope.traceparent)
    answered = False

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        nonlocal answered
        result = perform(work, keys, by, command)
        answer(work, by, result)
        answered = True
        return 200, _plain(result)

    try:
        _, body = unit.idempotent(
            by.actor,
            f"amqp:{command.id}",
            digest_of(envelope),
            run,
            actor=cause.actor,
            correlation_id=cause.correlation_id,
            causation_id=cause.causation_id,
            traceparent=cause.traceparent,
        )
    except UnavailableError:
        raise
    except LotsennetzError as error:
        with _work(unit, cause) as work:
            answer(work, by, refused(work, by, command, error))
        return
    if not answered:
        # Said before and asked again: the partner may have missed the answer, so it gets the same one once more.
        with _work(unit, cause) as work:
            answer(work, by, CommandResult.__event__.schema.load(body))  # type: ignore[attr-defined]


def _work(unit: Unit, cause: Cause) -> Any:
    return unit.work(
        actor=cause.actor,
        correlation_id=cause.correlation_id,
        causation_id=cause.causation_id,
        traceparent=cause.traceparent,
    )


def sender_of(mail: Mail) -> Actor:
    """The organization behind the broker user; what the message says about its sender does not count."""
    organization_id = organization_of_user(mail.user_id or "")
    if organization_id is None:
        raise ForbiddenError("auth.sender-unknown")
    return Actor(Party.PARTNER, f"partner:{organization_id}", organization_id)


def perform(work: Work, keys: Keys, by: Actor, command: Command) -> CommandResult:
    """The same command as over REST; the version seen is demanded here as there."""
    if command.expected_version is None:
        raise InvalidError("partner.version-missing", {"expectedversion": "the-version-seen"})
    try:
        body = read_body(command.action, command.body)
    except ValidationError as error:
        fields = dict.fromkeys(map(str, error.messages), "as-described")
        raise InvalidError("partner.body-invalid", fields) from error
    done = partners.perform(work, keys, command.referral_id, by, command.action, body, command.expected_version)
    result = result_of(command, CommandOutcome.DONE, done.referral)
    return replace(result, receipts=tuple(map(SignedToken, done.receipts)))


def result_of(
    command: Command, outcome: CommandOutcome, referral: Referral | None, slug: str | None = None
) -> CommandResult:
    """The answer: how it went and, if the partner may see the referral, how it stands now."""
    return CommandResult(
        command_id=command.id,
        referral_id=command.referral_id,
        result=outcome,
        slug=Slug(slug) if slug else None,
        status=referral.status if referral else None,
        version=referral.version if referral else None,
        allowed_actions=referral.allowed_to(Party.PARTNER) if referral else (),
    )


def refused(work: Work, by: Actor, command: Command, error: LotsennetzError) -> CommandResult:
    """A no with its reason; stale means: look again and decide anew."""
    outcome = CommandOutcome.STALE if isinstance(error, StaleError) else CommandOutcome.REFUSED
    try:
        referral = referrals.load(work.tx, command.referral_id, visible_to=by)
    except NotFoundError:
        referral = None
    return result_of(command, outcome, referral, error.slug)


def answer(work: Work, by: Actor, result: CommandResult) -> None:
    """Put the result on its way to this partner and nobody else."""
    written = envelopes.write(
        result,
        id=work.new_id(),
        source="/lotsennetz/referral",
        sequence=None,
        time=work.now,
        actor="system:referral",
        correlation_id=work.correlation_id,
        causation_id=result.command_id,
        traceparent=work.cause.traceparent,
    )
    work.send(
        written.raw,
        exchange=PARTNERS,
        routing_key=str(by.organization_id),
        id=written.id,
        subject=f"partner/{by.organization_id}",
        **envelopes.headers(written),
    )


def digest_of(envelope: Envelope) -> str:
    """What the command says, so that one id cannot be used for two things.

    As by HTTPS the version is no part of it: a system that died before it heard the result looks again, sees the
    version its own command made, and says the same on that one.
    """
    said = (envelope.type, envelope.subject, envelope.data)
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _plain(result: CommandResult) -> dict[str, Any]:
    dumped: dict[str, Any] = CommandResult.__event__.schema.dump(result)  # type: ignore[attr-defined]
    return dumped
