"""Table of contents: everything referral hears, one door each."""

from contracts.directory import OrganizationPublished, ServicePublished, ServiceRetired
from contracts.envelope import Envelope
from contracts.topology import COMMANDS_QUEUE
from services.chassis.config import Environment
from services.chassis.hear import Mail, hears, obeys
from services.chassis.work import Unit, Work
from services.referral import handlers, inlet
from services.referral.config import load


class ReferralService:
    """Keeps a copy of the directory, and obeys partners that answer through the broker."""

    name = "referral"

    def __init__(self) -> None:
        self.keys = load(Environment()).keys

    @hears(OrganizationPublished)
    def organization_published(self, work: Work, event: OrganizationPublished, envelope: Envelope) -> None:
        handlers.keep_organization(work, event)

    @hears(ServicePublished)
    def service_published(self, work: Work, event: ServicePublished, envelope: Envelope) -> None:
        handlers.keep_service(work, event)

    @hears(ServiceRetired)
    def service_retired(self, work: Work, event: ServiceRetired, envelope: Envelope) -> None:
        handlers.retire_service(work, event)

    @obeys(COMMANDS_QUEUE)
    def partner_command(self, unit: Unit, mail: Mail) -> None:
        inlet.obey(unit, self.keys, mail)
