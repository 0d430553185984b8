"""Links for persons: looking changes nothing, pressing works once, and a spent one tells nobody anything."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import OKPKey
from werkzeug.test import TestResponse

from contracts.codes import PersonLinkPurpose
from contracts.referral import PersonLinkIssued, PersonLinkUsed, SignInRefused
from services.referral.commands import person_links
from services.referral.commands.person_links import IssuedLink
from services.referral.store.enquiries import Enquiry
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import NAVIGATOR

HTML = {"Accept": "text/html"}


def issued(network: Network, enquiry: Enquiry, **changes: Any) -> IssuedLink:
    scene = network.scene
    usual: dict[str, Any] = {"purpose": PersonLinkPurpose.SELF_SERVICE, "language": "en", "mail_is_safe": True}
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        return person_links.issue(work, scene.keys, enquiry.person_id, enquiry.id, **{**usual, **changes})


def path_of(link: IssuedLink) -> str:
    return link.url.removeprefix("http://localhost")


def press(client: FlaskClient, link: IssuedLink | str) -> TestResponse:
    return client.post(link if isinstance(link, str) else path_of(link), headers=HTML)


def everything(network: Network) -> dict[str, list[str]]:
    """Every row of every table, so that any change at all is seen."""
    names = network.scene.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return {
        row["tablename"]: sorted(
            json.dumps(one, default=str, sort_keys=True)
            for one in network.scene.rows(f'SELECT * FROM "{row["tablename"]}"')
        )
        for row in names
    }


@pytest.fixture
def enquiry(network: Network) -> Enquiry:
    return network.scene.an_enquiry()


@pytest.fixture
def client(network: Network) -> Iterator[FlaskClient]:
    with network.app.test_client() as client:
        yield client


def test_a_mail_scanner_may_look_ten_times_and_the_button_still_works(network: Network, enquiry: Enquiry):
    mailed = {purpose: issued(network, enquiry, purpose=purpose) for purpose in PersonLinkPurpose}
    before = everything(network)
    for link in mailed.values():
        for _ in range(10):
            assert network.app.test_client().get(path_of(link), headers=HTML).status_code == 200
            assert network.app.test_client().head(path_of(link)).status_code == 200
    assert everything(network) == before
    for link in mailed.values():
        assert press(network.app.test_client(), link).status_code == 303


def test_the_page_behind_the_link_shows_a_button_and_nothing_about_her(network: Network, enquiry: Enquiry):
    page = network.app.test_client().get(path_of(issued(network, enquiry)), headers=HTML)
    assert page.text.count("<form") == 1
    assert "Ben Salah" not in page.text and "amira" not in page.text


def test_pressing_the_button_begins_one_session_of_an_hour_in_a_cookie_of_its_own(network: Network, enquiry: Enquiry):
    client = network.app.test_client()
    answer = press(client, issued(network, enquiry))
    cookie = answer.headers["Set-Cookie"]
    assert answer.headers["Location"] == "/referral/my/"
    assert "lotsennetz_referral_person=" in cookie and "Path=/referral/my" in cookie and "SameSite=Strict" in cookie
    [session] = network.scene.rows("SELECT * FROM web_sessions")
    assert (session["kind"], session["purpose"]) == ("person", "self_service")
    assert session["ends_at"] - session["began_at"] == timedelta(minutes=60)
    assert client.get("/referral/my/", headers=HTML).status_code == 200


def test_a_link_works_once(network: Network, enquiry: Enquiry):
    link = issued(network, enquiry)
    assert press(network.app.test_client(), link).status_code == 303
    again = press(network.app.test_client(), link)
    assert (again.status_code, "Set-Cookie" in again.headers) == (403, False)
    assert "This link was already used" in again.text
    assert [refused.slug for refused in network.scene.said(SignInRefused)] == ["person-link.used"]


def test_of_many_who_press_at_once_exactly_one_comes_in(network: Network, enquiry: Enquiry):
    link = issued(network, enquiry)
    with ThreadPoolExecutor(6) as pool:
        answers = [one.status_code for one in pool.map(lambda _: press(network.app.test_client(), link), range(6))]
    assert sorted(answers) == [303, 403, 403, 403, 403, 403]
    assert len(network.scene.rows("SELECT FROM web_sessions")) == 1
    assert len(network.scene.said(PersonLinkUsed)) == 1


def test_nothing_in_the_address_says_who_or_what_for(network: Network, enquiry: Enquiry):
    link = issued(network, enquiry)
    [fact] = network.scene.said(PersonLinkIssued)
    key = network.scene.keys.person_links.keys[0]
    claims = jwt.decode(link.url.rpartition("/")[2], key, algorithms=["Ed25519"]).claims
    assert set(claims) == {"jti", "nbf", "exp"}
    assert str(fact.person_id) not in str(claims) and str(enquiry.id) not in str(claims)


def forged(network: Network, key: OKPKey, **header: str) -> str:
    now = int(network.scene.clock.now().timestamp())
    claims = {"jti": urlsafe_b64encode(uuid4().bytes).decode().rstrip("="), "nbf": now, "exp": now + 600}
    return jwt.encode(
        {"alg": "Ed25519", "typ": "person-link", "kid": key.kid, **header}, claims, key, algorithms=["Ed25519"]
    )


def test_what_we_did_not_sign_opens_nothing_and_is_counted(network: Network, enquiry: Enquiry):
    own, strange = network.scene.keys.person_links.keys[0], OKPKey.generate_key("Ed25519", auto_kid=True)
    genuine = issued(network, enquiry).url.rpartition("/")[2]
    head, body, signature = genuine.split(".")
    tampered = [
        forged(network, own),  # signed by us, but no such link
        forged(network, strange),
        forged(network, strange, kid=str(own.kid)),
        forged(network, own, typ="JWT"),
        f"{head}.{body[:-4]}AAAA.{signature}",
        f"{head}.{body}.",
        "x" * 300,
        "%00",
    ]
    for token in tampered:
        for answer in (
            network.app.test_client().get(f"/referral/my/enter/{token}?lang=uk", headers=HTML),
            press(network.app.test_client(), f"/referral/my/enter/{token}?lang=uk"),
        ):
            assert answer.status_code == 403, token
            assert "Це посилання неповне або не від нас" in answer.text
            assert "<form" not in answer.text
    assert {refused.slug for refused in network.scene.said(SignInRefused)} == {"person-link.invalid"}
    assert network.scene.rows("SELECT FROM web_sessions") == []


@pytest.mark.parametrize(
    ("later", "sentence"), [(timedelta(days=1), "This link is too old"), (timedelta(seconds=-61), "not valid yet")]
)
def test_a_link_holds_from_and_until_its_time(network: Network, enquiry: Enquiry, later: timedelta, sentence: str):
    link = issued(network, enquiry)
    network.scene.clock.instant += later
    refused = press(network.app.test_client(), link)
    assert refused.status_code == 403 and sentence in refused.text


@pytest.mark.parametrize("later", [timedelta(hours=23, minutes=59), timedelta(seconds=-60)])
def test_clocks_may_be_a_minute_apart(network: Network, enquiry: Enquiry, later: timedelta):
    link = issued(network, enquiry)
    network.scene.clock.instant += later
    assert press(network.app.test_client(), link).status_code == 303
