"""The person's side in tests: links, her browser, her mailbox, and a look at every table."""

import json
import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from contracts.codes import PersonLinkPurpose
from services.chassis.mail import MailServer
from services.referral.commands import person_links
from services.referral.commands.person_links import IssuedLink
from services.referral.postman import Postman
from services.referral.store.enquiries import Enquiry
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import NAVIGATOR
from tests.mailing import Mailbox

HTML = {"Accept": "text/html"}
LINK = re.compile(r"http://localhost(/referral/my/enter/[\w.-]+)")


def issued(network: Network, enquiry: Enquiry, **changes: Any) -> IssuedLink:
    """A link as the navigator hands it over."""
    scene = network.scene
    usual: dict[str, Any] = {"purpose": PersonLinkPurpose.SELF_SERVICE, "language": "en", "mail_is_safe": True}
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        return person_links.issue(work, scene.keys, enquiry.person_id, enquiry.id, **{**usual, **changes})


def path_of(link: IssuedLink) -> str:
    return link.url.removeprefix("http://localhost")


def press(client: FlaskClient, link: IssuedLink | str) -> TestResponse:
    """The one button behind a link."""
    return client.post(link if isinstance(link, str) else path_of(link), headers=HTML)


def postman(network: Network, smtp: tuple[str, int] = ("127.0.0.1", 1)) -> Postman:
    scene = network.scene
    return Postman(scene.unit, scene.keys, MailServer(*smtp, encrypted=False), "lotsen@netz.example")


def deliver(network: Network, smtp: tuple[str, int] = ("127.0.0.1", 1)) -> int:
    """Let the postman do everything that is due; returns how many letters he tried or took back."""
    his = postman(network, smtp)
    return sum(1 for _ in iter(his.deliver_next, False))


def links_in(mailbox: Mailbox) -> list[str]:
    """Every link in the mails, in order, each once."""
    found = [path for mail in mailbox.mails for path in LINK.findall(mail.get_content())]
    return list(dict.fromkeys(found))


def everything(network: Network) -> dict[str, list[str]]:
    """Every row of every table, so that any change at all is seen."""
    names = network.scene.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return {name: rows_of(network, name) for name in (row["tablename"] for row in names)}


def rows_of(network: Network, table: str) -> list[str]:
    found = network.scene.rows(f'SELECT * FROM "{table}"')
    return sorted(json.dumps(one, default=bytes_too, sort_keys=True) for one in found)


def bytes_too(value: Any) -> str:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)
