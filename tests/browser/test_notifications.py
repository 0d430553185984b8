"""The pages on deliveries: what is stuck is seen at once, by everybody, on every screen."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser

from contracts.codes import ChannelKind, LetterPlace
from services.chassis.db import Database
from services.notifications import config
from services.notifications.mailroom import Mailroom
from services.notifications.web.app import create_app
from tests.browser.markup import findings, linked
from tests.browser.rig import DARK_AND_SMALL, GERMAN, axe, first_in_the_gate, page_of, scrolls_sideways, served, shoot
from tests.chassis.web_rig import TestIssuer, bearer, settings
from tests.conftest import Broker
from tests.integration.notifications.conftest import NOW, PUBLIC_URL, Notifications, listing
from tests.integration.notifications.test_letters import operations_uri
from tests.integration.notifications.test_partner_queue import publish
from tests.integration.notifications.test_processes import Outside
from tests.integration.notifications.test_units import away, quiet
from tests.integration.notifications.test_web import a_dead_webhook
from tests.waiting import eventually

ISSUER = TestIssuer()
LEAD = bearer(ISSUER.token(sub="lea", roles=["lead"]))


@dataclass(frozen=True)
class Place:
    url: str
    referral: UUID
    unit: UUID
    delivery: UUID
    letter: UUID

    def at(self, path: str) -> str:
        named = path.format(**{name: getattr(self, name) for name in ("referral", "unit", "delivery", "letter")})
        return f"{self.url}/notifications/{named}"


def lying_dead(vhost: Broker) -> UUID | None:
    """One letter that a service of ours laid aside."""
    with Mailroom(operations_uri(vhost)).visit() as visit:
        return next((found.letter.letter_id for found in visit.fetch(LetterPlace.DEAD)), None)


@pytest.fixture(scope="module")
def place(make_database: Callable[[str], Any], make_vhost: Callable[[], Broker]) -> Iterator[Place]:
    with Database(make_database("notifications").app_dsn) as db, pytest.MonkeyPatch.context() as environment:
        environment.setenv("PUBLIC_URL", PUBLIC_URL)
        config.public_url.cache_clear()
        notifications = Notifications.of(db)
        stuck = notifications.a_request(notifications.an_organization(ChannelKind.LIGHT))
        notifications.dispatch()
        a_dead_webhook(notifications)
        vhost = make_vhost()
        outside = Outside(vhost)
        gone = notifications.an_organization(ChannelKind.AMQP)
        publish(outside, gone, range(3))
        for _ in range(2):
            outside.say("directory", listing(ChannelKind.NONE))
            outside.take("audit.inbox.0", refuse=True)
        for kind in (ChannelKind.AMQP, ChannelKind.PULL):
            notifications.a_request(notifications.an_organization(kind))
        unit = notifications.an_organization(
            ChannelKind.LIGHT, mailbox="team-m@amt.example", contact="leitung@amt.example"
        )
        quiet(notifications, unit)
        away(notifications, unit, from_on=NOW.date(), substitute_mailbox="team-n@amt.example")
        told = settings(OPERATIONS_AMQP_URI=operations_uri(vhost))
        letter = eventually(lambda: lying_dead(vhost))
        with served(create_app(told, notifications.unit, issuer_keys=ISSUER.keys())) as url:
            yield Place(url, stuck, unit, notifications.deliveries(stuck)[0]["delivery_id"], letter)


@pytest.mark.parametrize(
    "path",
    [
        *("deliveries", "deliveries/{delivery}", "referrals/{referral}", "units/", "units/{unit}"),
        *("letters/", "letters/{letter}"),
    ],
)
@pytest.mark.parametrize("view", first_in_the_gate(GERMAN, DARK_AND_SMALL))
def test_a_page_has_no_findings_and_fits(browser: Browser, place: Place, path: str, view: dict[str, str]) -> None:
    with page_of(browser, **view, extra_http_headers=LEAD) as page:
        page.goto(f"{place.at(path)}?lang={view['language']}")
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        shoot(page, f"notifications-{path.translate(str.maketrans('/', '-', '{}'))}-{'-'.join(view.values())}")
        assert axe(page) == []
        assert not scrolls_sideways(page)


def test_from_what_is_stuck_to_its_referral(browser: Browser, place: Place) -> None:
    with page_of(browser, language="de", extra_http_headers=LEAD) as page:
        page.goto(f"{place.at('deliveries')}?lang=de")
        page.get_by_label("Stand", exact=True).select_option(label="Angehalten (3)")
        page.get_by_role("button", name="Anzeigen").click()
        page.locator(f"a[href$='{place.referral}']").click()
        assert page.url.endswith(str(place.referral))
        page.get_by_role("link", name="Diese Zustellung, und was zu tun ist").click()
        assert page.get_by_role("button", name="Erneut senden").count() == 1


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_markup_of_every_page_a_lead_finds_is_valid(place: Place, tmp_path: Path) -> None:
    pages = linked(place.url, "/notifications/deliveries", "/notifications/", LEAD)
    assert len(pages) > 5
    assert findings(pages, tmp_path) == []
