"""From a sandbox's addresses to an examination: the partner found, the navigator signed in, the way to it opened."""

from contracts.codes import Purpose, Topic
from lotse.broker import Broker
from lotse.certify.exam import OWN_SYSTEM, Exam
from lotse.certify.injection import injector
from lotse.certify.sandbox import NotASandboxError, Sandbox
from lotse.certify.welcome import Target, WelcomeCenter
from lotse.config import Config
from lotse.network import Network


def exam_of(config: Config, organization_id: str, patience: float, quiet: float) -> Exam:
    """Ready to examine, or NotASandboxError: this is asked before anything is sent."""
    operator, sandbox = Network(config), Sandbox(config)
    sandbox.prove(operator)
    partner = sandbox.partner(organization_id)
    if partner.channel not in OWN_SYSTEM:
        raise NotASandboxError(f"By way {partner.channel} people take part, no system: there is nothing to certify.")
    target = Target(partner.organization_id, partner.service_id, Topic.SPRACHE, Purpose.SPRACHE)
    welcome = WelcomeCenter(Network(config.as_welcome_center()), operator, target)
    broker = Broker(config.management_url, config.vhost) if config.management_url else None
    return Exam(welcome, sandbox, partner, injector(sandbox, partner, broker, patience), patience, quiet)
