"""What notifications does when it hears something: five to twelve lines each."""

from datetime import timedelta
from typing import Any

from contracts.codes import NoticeKind
from contracts.directory import AssuranceAsked, OrganizationPublished
from contracts.envelope import Envelope
from services.chassis.work import Work
from services.notifications import commands, store
from services.notifications.commands import participation
from services.notifications.domain import policy
from services.notifications.store import Organization, asked, endpoints


def keep_organization(work: Work, event: OrganizationPublished) -> None:
    """Keep how an organization is reached; the rest of the listing is nothing to us."""
    channel, before = event.channel, store.organization(work.tx, event.organization_id)
    endpoints.forgive_moved(work.tx, event.organization_id, channel.webhook_url, event.version)
    store.keep_organization(
        work.tx,
        Organization(
            event.organization_id,
            channel.kind,
            channel.webhook_url,
            channel.unit_mailbox,
            event.name.as_dict(),
            event.agreement.contact if event.agreement else None,
            event.participation,
        ),
        event.version,
    )
    kept = store.organization(work.tx, event.organization_id)
    if before is not None and kept is not None:
        participation.follow(work, event.organization_id, before.participation, kept.participation)


def keep_asked(work: Work, event: AssuranceAsked) -> None:
    """Whoever sends mail writes to it when it is welcome."""
    asked.keep(work.tx, event.ask_id, event.organization_id, event.services, work.now, reminder=event.reminder)


def follow_referral(
    work: Work, event: Any, envelope: Envelope, public_url: str, gather: timedelta = policy.GATHER
) -> None:
    """Keep the status, take the partner's own deed as receipt, withdraw what lost its sense, tell the rest."""
    decision = policy.decide(event)
    status = policy.status_after(event)
    if status is not None:
        store.keep_referral(
            work.tx,
            decision.referral_id,
            decision.organization_id,
            status,
            getattr(event, "reference", None),
            getattr(event, "urgency", None),
        )
    if policy.is_receipt(event):
        commands.confirm(work, store.unconfirmed(work.tx, decision.referral_id, decision.organization_id))
    if isinstance(event, policy.ANSWERS):
        commands.withdraw(work, decision.referral_id, policy.REMINDERS)
    if decision.withdraws:
        commands.withdraw(work, decision.referral_id)
    if decision.notice is not None and _still_makes_sense(work, decision):
        commands.tell_partner(work, decision, decision.notice, envelope.id, public_url, gather)


def _still_makes_sense(work: Work, decision: policy.Decision) -> bool:
    """A stop is only told to whom the request may have reached; a link only helps where links lead to something."""
    if decision.notice is NoticeKind.REFERRAL_STOPPED:
        return store.has_left(work.tx, decision.referral_id, decision.organization_id)
    if decision.notice is NoticeKind.DESK_LINK_RENEWED:
        organization = store.organization(work.tx, decision.organization_id)
        _, status = store.referral(work.tx, decision.referral_id)
        owes = store.was_told(work.tx, decision.referral_id, decision.organization_id, NoticeKind.DUTY_OPENED)
        channel = organization.channel if organization else None
        return policy.link_leads_somewhere(channel, status, owes=owes)
    return True
