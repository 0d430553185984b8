"""Table of contents: what notifications hears. Everything else is asked over HTTP (`web/`)."""

from typing import Any

from contracts import referral as said
from contracts.directory import (
    AssuranceAsked,
    OrganizationPublished,
    PartnerChannelHandedIn,
    PartnerChannelSettled,
    PartnerKeyConfirmed,
    PartnerKeyHandedIn,
    ProposalMade,
    ProposalSettled,
)
from contracts.envelope import Envelope
from services.chassis.hear import hears
from services.chassis.work import Work
from services.notifications import config, handlers
from services.notifications.store import keys, proposals


class NotificationsService:
    """One door per matter, three lines a door."""

    name = "notifications"

    @hears(OrganizationPublished)
    def organization_published(self, work: Work, event: OrganizationPublished, envelope: Envelope) -> None:
        handlers.keep_organization(work, event)

    @hears(AssuranceAsked)
    def assurance_asked(self, work: Work, event: AssuranceAsked, envelope: Envelope) -> None:
        handlers.keep_asked(work, event)

    @hears(PartnerKeyHandedIn)
    def key_waits(self, work: Work, event: PartnerKeyHandedIn, envelope: Envelope) -> None:
        keys.wait(work.tx, event, work.now)

    @hears(PartnerKeyConfirmed)
    def key_confirmed(self, work: Work, event: PartnerKeyConfirmed, envelope: Envelope) -> None:
        keys.confirmed(work.tx, event)

    @hears(PartnerChannelHandedIn)
    def channel_waits(self, work: Work, event: PartnerChannelHandedIn, envelope: Envelope) -> None:
        keys.channel_waits(work.tx, event, work.now)

    @hears(PartnerChannelSettled)
    def channel_settled(self, work: Work, event: PartnerChannelSettled, envelope: Envelope) -> None:
        keys.channel_settled(work.tx, event)

    @hears(ProposalMade)
    def proposal_waits(self, work: Work, event: ProposalMade, envelope: Envelope) -> None:
        proposals.wait(work.tx, event, work.now)

    @hears(ProposalSettled)
    def proposal_settled(self, work: Work, event: ProposalSettled, envelope: Envelope) -> None:
        proposals.settled(work.tx, event, work.now)

    @hears(
        said.ReferralRequested,
        said.ClarificationAnswered,
        said.ReferralConcluded,
        said.ReferralCancelled,
        said.ReferralRevoked,
        said.ReferralEnteredInError,
        said.ReferralExpired,
    )
    def sender_did(self, work: Work, event: Any, envelope: Envelope) -> None:
        handlers.follow_referral(work, event, envelope, config.public_url())

    @hears(
        said.ReferralReceived,
        said.ClarificationAsked,
        said.ReferralAccepted,
        said.ReferralWaitlisted,
        said.ReferralRejected,
        said.ReferralStarted,
        said.AppointmentSet,
        said.AppointmentCancelled,
        said.ReferralPaused,
        said.ReferralResumed,
        said.ReferralCompleted,
        said.ReferralEndedEarly,
    )
    def partner_did(self, work: Work, event: Any, envelope: Envelope) -> None:
        handlers.follow_referral(work, event, envelope, config.public_url())

    @hears(
        said.DossierFetched,
        said.DeskEntered,
        said.StopAcknowledged,
        said.DeletionStated,
        said.RectificationAcknowledged,
    )
    def partner_showed_itself(self, work: Work, event: Any, envelope: Envelope) -> None:
        handlers.follow_referral(work, event, envelope, config.public_url())

    @hears(said.DeskLinkRequested)
    def unit_wants_a_link(self, work: Work, event: said.DeskLinkRequested, envelope: Envelope) -> None:
        handlers.follow_referral(work, event, envelope, config.public_url())

    @hears(said.DutyOpened, said.DutyEscalated, said.ReminderDue)
    def partner_is_due(self, work: Work, event: Any, envelope: Envelope) -> None:
        handlers.follow_referral(work, event, envelope, config.public_url(), config.gathering())
