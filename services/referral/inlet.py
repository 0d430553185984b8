"""Partners' commands from the queue: who sent it is what the broker says, and every command gets an answer.

What nobody can answer - unreadable, or of no known sender - leaves by an exception and is parked. Everything else ends
in a `command_result` in the partner's own queue, through the outbox of the same transaction as its effect.
"""

from contextlib import suppress
from typing import Any
from uuid import UUID

from marshmallow import ValidationError

from contracts import envelope as envelopes
from contracts.codes import Action, Party, Status
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
from services.chassis.hear import Mail, heard
from services.chassis.work import Cause, Unit, Work
from services.referral.commands import partners
from services.referral.commands.resting import expect_taking_part
from services.referral.config import Keys
from services.referral.domain import same_answer
from services.referral.domain.lifecycle import Actor
from services.referral.queries import referrals as queries
from services.referral.store import referrals
from services.referral.store.timeline import tell_refusal


def obey(unit: Unit, keys: Keys, mail: Mail) -> None:
    """Do what the addressed partner asks, once, and answer it."""
    unit.tell_refusal = tell_refusal
    by = sender_of(mail)
    envelope = envelopes.read(mail.raw)
    command = command_of(envelope)
    with heard(envelope, mail.queue) as traceparent:
        _obey(unit, keys, by, command, unit.cause(by.actor, envelope.correlationid, envelope.id, traceparent))


def _obey(unit: Unit, keys: Keys, by: Actor, command: Command, cause: Cause) -> None:
    digest, *formerly = keys.vault.digests(same_answer.said(command.referral_id, command.action, command.body))
    made: dict[str, Any] = {}

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        nonlocal made
        made = perform(work, keys, by, command)
        answer(work, by, done(command, made))
        return 200, made

    try:
        _expect_taking_part(unit, by)
        _, body = unit.idempotent(
            by.actor,
            same_answer.name_of(command.id),
            digest,
            run,
            actor=cause.actor,
            correlation_id=cause.correlation_id,
            causation_id=cause.causation_id,
            traceparent=cause.traceparent,
            formerly=formerly,
        )
    except UnavailableError:
        raise
    except LotsennetzError as error:
        with _work(unit, cause) as work:
            answer(work, by, refused(work, by, command, error))
        return
    if body is not made:
        # Said before, or meanwhile, by queue or by HTTPS: the partner may have missed the answer, so it gets it again.
        with _work(unit, cause) as work:
            answer(work, by, done(command, body))


def _work(unit: Unit, cause: Cause) -> Any:
    return unit.work(
        actor=cause.actor,
        correlation_id=cause.correlation_id,
        causation_id=cause.causation_id,
        traceparent=cause.traceparent,
    )


def _expect_taking_part(unit: Unit, by: Actor) -> None:
    """Whoever rests or has left is told so, and not even what it said before is answered again."""
    assert by.organization_id is not None, "made from the broker's user"
    with unit.db.read() as connection:
        expect_taking_part(connection, by.organization_id)


def sender_of(mail: Mail) -> Actor:
    """The organization behind the broker user; what the message says about its sender does not count."""
    organization_id = organization_of_user(mail.user_id or "")
    if organization_id is None:
        raise ForbiddenError("auth.sender-unknown")
    return Actor(Party.PARTNER, f"partner:{organization_id}", organization_id)


def perform(work: Work, keys: Keys, by: Actor, command: Command) -> dict[str, Any]:
    """The same command as over REST, answered in the same words; the version seen is demanded here as there."""
    if command.expected_version is None:
        raise InvalidError("partner.version-missing", {"expectedversion": "the-version-seen"})
    try:
        body = read_body(command.action, command.body)
    except ValidationError as error:
        fields = dict.fromkeys(map(str, error.messages), "as-described")
        raise InvalidError("partner.body-invalid", fields) from error
    made = partners.perform(work, keys, command.referral_id, by, command.action, body, command.expected_version)
    return queries.answered(made.referral, made.receipts)


def done(command: Command, body: dict[str, Any]) -> CommandResult:
    """The answer to what was done, now or before: of what REST answers, the part that travels by queue."""
    return CommandResult(
        command_id=command.id,
        referral_id=UUID(body["id"]),
        result=CommandOutcome.DONE,
        status=Status(body["status"]),
        version=body["version"],
        allowed_actions=tuple(map(Action, body["allowed_actions"])),
        receipts=tuple(map(SignedToken, body["receipts"])),
    )


def refused(work: Work, by: Actor, command: Command, error: LotsennetzError) -> CommandResult:
    """A no with its reason and, if the partner may see the referral, how it stands; stale means: look, decide anew."""
    outcome = CommandOutcome.STALE if isinstance(error, StaleError) else CommandOutcome.REFUSED
    referral = None
    if not isinstance(error, ForbiddenError):
        with suppress(NotFoundError):
            referral = referrals.load(work.tx, command.referral_id, visible_to=by)
    return CommandResult(
        command_id=command.id,
        referral_id=command.referral_id,
        result=outcome,
        slug=Slug(error.slug),
        status=referral.status if referral else None,
        version=referral.version if referral else None,
        allowed_actions=referral.allowed_to(Party.PARTNER) if referral else (),
    )


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
