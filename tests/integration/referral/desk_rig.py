"""A unit before its browser: it comes in by a mailed link, and its device is made known by a code."""

import re
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from flask.testing import FlaskClient
from joserfc.jwk import KeySet, OKPKey
from werkzeug.test import TestResponse

from contracts.codes import BackLevel, ChannelKind, Way
from contracts.directory import Channel
from contracts.identity import id_of
from services.notifications.channels.desk_link import DeskLinks
from services.referral import handlers
from services.referral.commands import desk_devices
from tests.integration.referral.rig import Network, recipient
from tests.integration.referral.scene import Scene, a_service, an_organization, some_terms

JOBCENTER = id_of("organization", "jobcenter-staedteregion-aachen")
SERVICE = id_of("service", "jobcenter-leistung")
LINK_KEY = OKPKey.generate_key("Ed25519", auto_kid=True)
LINKS = DeskLinks(LINK_KEY, "http://localhost", timedelta(days=14))
HTML = {"Accept": "text/html"}


def a_desk(scene: Scene) -> Network:
    """A network in which the Jobcenter works by mail and desk page."""
    public = OKPKey.import_key({**LINK_KEY.as_dict(private=False), "kid": LINK_KEY.kid})
    scene.keys = replace(scene.keys, desk_links=KeySet([public]))
    network = Network(scene)
    light = Channel(kind=ChannelKind.LIGHT, unit_mailbox=None)
    with scene.unit.work(actor="system:directory") as work:
        handlers.keep_organization(work, an_organization(JOBCENTER, channel=light, public_key=None))
        handlers.keep_service(work, a_service(SERVICE, JOBCENTER, terms=some_terms()))
    return network


def referred(network: Network, level: BackLevel = BackLevel.OUTCOME) -> str:
    return network.requested(recipient(JOBCENTER, SERVICE, level), service_id=SERVICE)


def link_to(network: Network, referral_id: str, link_id: UUID | None = None) -> str:
    url, _ = LINKS.issue(JOBCENTER, UUID(referral_id), link_id or uuid4(), network.scene.clock.now())
    return url.removeprefix("http://localhost")


def enter(client: FlaskClient, link: str) -> TestResponse:
    return client.post(link, headers=HTML)


def a_code(scene: Scene, organization_id: UUID, way: Way = Way.PHONE) -> str:
    """What the welcome center says on the phone."""
    with scene.unit.work(actor="staff:nina") as work:
        code_id = desk_devices.issue(work, organization_id, way)
    return desk_devices.words_of(scene.keys.vault, code_id)[0]


def hidden_of(page: str, ending: str) -> dict[str, str]:
    """What a browser would send with the form whose address ends so."""
    form = re.search(rf'action="[^"]*{ending}">(.*?)</form>', page, re.DOTALL)
    assert form, f"no form leads to {ending}"
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[1]))


def type_code(client: FlaskClient, referral_id: str, code: str) -> TestResponse:
    desk = f"/referral/desk/referrals/{referral_id}"
    hidden = hidden_of(client.get(desk, headers=HTML).text, "/device")
    return client.post(f"{desk}/device", data={**hidden, "code": code}, headers=HTML)


def make_known(scene: Scene, client: FlaskClient, referral_id: str, organization_id: UUID) -> None:
    assert type_code(client, referral_id, a_code(scene, organization_id)).status_code == 303


def fields_of(page: str, action: str) -> dict[str, str]:
    """What a browser would send with the form of this action."""
    form = re.search(rf'action="[^"]*/actions/{action}">(.*?)</form>', page, re.DOTALL)
    assert form, f"{action} is not offered"
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[1]))


def press(client: FlaskClient, referral_id: str, action: str, **fields: str) -> TestResponse:
    desk = f"/referral/desk/referrals/{referral_id}"
    hidden = fields_of(client.get(desk, headers=HTML).text, action)
    return client.post(f"{desk}/actions/{action}", data=hidden | fields, headers=HTML)


def at_the_desk(network: Network, level: BackLevel = BackLevel.OUTCOME) -> tuple[FlaskClient, str]:
    referral_id = referred(network, level)
    client = network.app.test_client()
    assert enter(client, link_to(network, referral_id)).status_code == 303
    make_known(network.scene, client, referral_id, JOBCENTER)
    return client, referral_id
