"""The five ways in on one running network: each an organization of its own, let in as a sandbox lets partners in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from lotsennetz_partner import Client, load

from contracts.codes import Purpose, Topic
from contracts.identity import id_of
from deploy.demo.desk import Desk, sign_in
from deploy.demo.partners.light_mail import Browser
from deploy.demo.partners.office import Store
from deploy.demo.places import free_port, read_state
from deploy.demo.sandbox.handing_out import Wish
from deploy.demo.stage import STORY_CLIENT
from lotse.certify.cases import Cast, Word
from lotse.certify.sandbox import Sandbox
from lotse.certify.welcome import Case, Target, WelcomeCenter, happened
from lotse.config import Config
from lotse.config import load as load_config
from lotse.network import Network
from tests.system.conformance.ways import (
    ByHand,
    ByLightPath,
    ByPull,
    ByQueue,
    ByWebhook,
    WayIn,
)
from tests.system.conftest import RunningNetwork
from tests.system.sandbox import OpenSandbox, opened
from tests.waiting import eventually

WAYS = ("amqp", "pull", "webhook", "light", "none")
CODES = 3


@dataclass
class Partner:
    """One partner by one way, and the welcome center that refers to it."""

    way: WayIn
    welcome: WelcomeCenter
    sandbox: Sandbox
    cases: dict[str, Case] = field(default_factory=dict)

    def referred(self) -> Case:
        """A referral that has arrived, as far as this way tells anybody."""
        case = self.welcome.refer(Word.HOLD)
        self.arrived(case)
        return case

    def arrived(self, case: Case) -> None:
        eventually(lambda: "requested" in self.facts(case), timeout=60, interval=0.1)
        if self.way.is_told:
            eventually(lambda: self.way.heard(case.referral_id, "referral_requested"), timeout=60, interval=0.1)

    def taken(self) -> Case:
        """Arrived, opened, and said to have been received."""
        case = self.referred()
        self.way.open(case.referral_id)
        assert self.way.say(case.referral_id, "receive").result == "done"
        return case

    def status(self, case: Case) -> str:
        return str(self.welcome.look(case)["status"])

    def facts(self, case: Case) -> list[str]:
        return happened(self.welcome.look(case))

    def is_told(self, case: Case, kind: str) -> None:
        if self.way.is_told:
            eventually(lambda: self.way.heard(case.referral_id, kind), timeout=60, interval=0.1)


@pytest.fixture(scope="package")
def sandbox(network: RunningNetwork) -> Iterator[OpenSandbox]:
    with opened(network) as here:
        yield here


@pytest.fixture(scope="package")
def partners(sandbox: OpenSandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Partner]:
    """Made when first asked for, kept for all scenarios."""
    return {}


@pytest.fixture(params=WAYS)
def partner(request: pytest.FixtureRequest, sandbox: OpenSandbox, partners: dict[str, Partner]) -> Partner:
    return partner_by(request.param, sandbox, partners)


@pytest.fixture
def stranger(sandbox: OpenSandbox, partners: dict[str, Partner]) -> Partner:
    """Another partner, with referrals of its own."""
    made = partners.get("stranger")
    if made is None:
        made = partners["stranger"] = partner_of(sandbox, "stranger", "pull")
    return made


def partner_by(channel: str, sandbox: OpenSandbox, partners: dict[str, Partner]) -> Partner:
    if channel not in partners:
        partners[channel] = partner_of(sandbox, f"conform-{channel}", channel)
    return partners[channel]


def partner_of(sandbox: OpenSandbox, slug: str, channel: str) -> Partner:
    dev, port = sandbox.network.dev, free_port()
    url = f"http://127.0.0.1:{port}/notices" if channel == "webhook" else ""
    wish = Wish(slug, channel, url)
    # the receiver has to stand before the first notice leaves
    folder = sandbox.let_in(wish)
    config = load_config(dev / "state.json")
    target = Target(str(wish.organization_id), str(id_of("service", wish.service)), Topic.SPRACHE, Purpose.SPRACHE)
    welcome = WelcomeCenter(Network(config.as_welcome_center()), Network(config), target, Cast())
    return Partner(WAYS_IN[channel](sandbox, wish, folder, port, config), welcome, Sandbox(config))


def by_queue(sandbox: OpenSandbox, wish: Wish, folder: Path, port: int, config: Config) -> WayIn:
    settings = load(folder / "settings.toml")
    return ByQueue(Client(settings), settings=settings)


def by_pull(sandbox: OpenSandbox, wish: Wish, folder: Path, port: int, config: Config) -> WayIn:
    return ByPull(Client(load(folder / "settings.toml")))


def by_webhook(sandbox: OpenSandbox, wish: Wish, folder: Path, port: int, config: Config) -> WayIn:
    secret = read_state(sandbox.network.dev)["sandbox"]["partners"][wish.slug]["webhook_secret"]
    return ByWebhook(Client(load(folder / "settings.toml")), port=port, secret=secret)


def by_light_path(sandbox: OpenSandbox, wish: Wish, folder: Path, port: int, config: Config) -> WayIn:
    lead = Network(config.as_lead())
    path = f"api/v1/desk-units/{wish.organization_id}/codes"
    codes = [eventually(lambda: code_for(lead, path), timeout=60, interval=0.3) for _ in range(CODES)]
    return ByLightPath(Browser(Store(folder)), sandbox.network.dev / "mail", wish.mailbox, codes)


def code_for(lead: Network, path: str) -> str:
    """Once the news of the unit has arrived."""
    try:
        return str(lead.post("referral", path, {"way": "letter"})["code"])
    except Exception as error:
        raise AssertionError(str(error)) from error


def by_hand(sandbox: OpenSandbox, wish: Wish, folder: Path, port: int, config: Config) -> WayIn:
    state: Any = sandbox.network.state
    return ByHand(
        Desk(state["origin"], lambda: sign_in(state["issuer"], STORY_CLIENT, f"{state['origin']}/story", NINA))
    )


NINA = "nina-navigator"
WAYS_IN: dict[str, Callable[[OpenSandbox, Wish, Path, int, Config], WayIn]] = {
    "amqp": by_queue,
    "pull": by_pull,
    "webhook": by_webhook,
    "light": by_light_path,
    "none": by_hand,
}
