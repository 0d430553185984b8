"""Links for persons: looking changes nothing, pressing works once, and a spent one tells nobody anything."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from contracts.codes import PersonLinkPurpose
from contracts.referral import PersonalDataViewed, PersonLinkIssued, PersonLinkUsed, PersonLinkVoided, SignInRefused
from services.chassis import rates
from services.referral.commands import enquiries, person_links
from services.referral.store import person_links as store
from services.referral.store.enquiries import Enquiry
from services.referral.web import limits
from tests.integration.referral.guests import HTML, deliver, everything, issued, links_in, path_of, press
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import NAVIGATOR
from tests.mailing import Mailbox, smtp_server


@pytest.fixture
def enquiry(network: Network) -> Enquiry:
    return network.scene.an_enquiry()


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
    cookie = answer.headers.getlist("Set-Cookie")[0]
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


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def smtp(mailbox: Mailbox) -> Iterator[tuple[str, int]]:
    with smtp_server(mailbox) as address:
        yield address


def ask_for_new(network: Network, path: str) -> str:
    """Press the button on the page of a spent link; the page that then comes."""
    answer = network.app.test_client().post(f"{path}/renewals", headers=HTML)
    assert answer.status_code == 303
    return network.app.test_client().get(answer.headers["Location"], headers=HTML).text


def test_a_spent_link_is_replaced_by_one_to_the_address_she_gave(
    network: Network, enquiry: Enquiry, mailbox: Mailbox, smtp: tuple[str, int]
):
    link = issued(network, enquiry)
    press(network.app.test_client(), link)
    page = network.app.test_client().get(path_of(link), headers=HTML).text
    assert "Request a new link" in page
    assert "Please look into your mail" in ask_for_new(network, path_of(link))
    assert deliver(network, smtp) == 1
    [mail] = mailbox.mails
    assert mail["To"] == "amira@example.org"
    [new] = links_in(mailbox)
    assert press(network.app.test_client(), new).status_code == 303


def test_asking_again_and_again_sends_one_letter(network: Network, enquiry: Enquiry):
    link = issued(network, enquiry)
    press(network.app.test_client(), link)
    pages = {ask_for_new(network, path_of(link)) for _ in range(3)}
    assert len(network.scene.rows("SELECT FROM person_letters")) == 1
    network.scene.clock.instant += timedelta(minutes=6)
    assert pages == {ask_for_new(network, path_of(link))}, "the answer tells nothing"
    assert len(network.scene.rows("SELECT FROM person_letters")) == 2


@pytest.mark.parametrize(
    "changes", [{"mail_is_safe": False}, {"purpose": PersonLinkPurpose.INVITATION}], ids=["not safe", "invitation"]
)
def test_where_mail_is_not_safe_none_is_sent_and_the_page_says_the_same(
    network: Network, enquiry: Enquiry, changes: dict[str, Any]
):
    said = []
    for one in ({}, changes):
        link = issued(network, enquiry, **one)
        press(network.app.test_client(), link)
        said.append(re.sub(r"/enter/[\w.-]+", "", ask_for_new(network, path_of(link))))
    assert len(network.scene.rows("SELECT FROM person_letters")) == 1
    assert said[0] == said[1]


def test_whoever_gave_no_address_gets_no_letter(network: Network):
    link = issued(network, network.scene.an_enquiry(email=""))
    press(network.app.test_client(), link)
    ask_for_new(network, path_of(link))
    assert network.scene.rows("SELECT FROM person_letters") == []


def test_whoever_was_erased_gets_no_letter(network: Network, enquiry: Enquiry):
    link = issued(network, enquiry)
    press(network.app.test_client(), link)
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.erase(work, NAVIGATOR, enquiry.id)
    ask_for_new(network, path_of(link))
    assert network.scene.rows("SELECT FROM person_letters") == []


def test_a_link_taken_back_opens_nothing_and_is_not_replaced(network: Network, enquiry: Enquiry):
    link = issued(network, enquiry)
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        person_links.void(work, store.load(work.tx, link.id))
    assert press(network.app.test_client(), link).status_code == 403
    ask_for_new(network, path_of(link))
    assert network.scene.rows("SELECT FROM person_letters") == []
    assert len(network.scene.said(PersonLinkVoided)) == 1


def test_a_later_answer_that_mail_is_not_safe_counts_for_every_older_link(network: Network, enquiry: Enquiry):
    link = issued(network, enquiry)
    press(network.app.test_client(), link)
    network.scene.clock.instant += timedelta(minutes=10)
    issued(network, enquiry, mail_is_safe=False)
    ask_for_new(network, path_of(link))
    assert network.scene.rows("SELECT FROM person_letters") == []


def test_a_used_link_taken_back_is_not_replaced_either(network: Network, enquiry: Enquiry):
    link = issued(network, enquiry)
    press(network.app.test_client(), link)
    desk = network.app.test_client()
    desk.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.navigator.token}"
    place = f"/referral/enquiries/{enquiry.id}"
    assert f"/person-links/{link.id}/voidances" in desk.get(place, headers=HTML).text
    assert desk.post(f"{place}/person-links/{link.id}/voidances", headers=HTML).status_code == 303
    ask_for_new(network, path_of(link))
    assert network.scene.rows("SELECT FROM person_letters") == []


@pytest.mark.parametrize(
    "purpose",
    [PersonLinkPurpose.SELF_SERVICE, pytest.param(PersonLinkPurpose.CONSENT, marks=pytest.mark.long)],
)
@pytest.mark.parametrize("end", ["taken-back", "erased"])
def test_whoever_is_in_is_out_at_once(network: Network, enquiry: Enquiry, purpose: PersonLinkPurpose, end: str):
    link, guest, hers = issued(network, enquiry, purpose=purpose), network.app.test_client(), network.app.test_client()
    room = press(guest, link).headers["Location"]
    other = press(hers, issued(network, enquiry)).headers["Location"]
    assert (guest.get(room, headers=HTML).status_code, hers.get(other, headers=HTML).status_code) == (200, 200)
    lead = network.staff(sub="lena", roles=["lead"])
    place = f"/referral/enquiries/{enquiry.id}/person-links/{link.id}/voidances"
    if end == "erased":
        lead.post(f"/referral/api/v1/enquiries/{enquiry.id}/erasures", {})
    else:
        lead.client.post(place, headers={"Authorization": f"Bearer {lead.token}"})
    looks = len(network.scene.said(PersonalDataViewed))

    assert guest.get(room, headers=HTML).status_code == 401
    assert guest.post(room, data={"answer": "agree"}, headers=HTML).status_code in (401, 403, 405)
    # another visit of hers goes on, unless nothing of her is left
    assert hers.get(other, headers=HTML).status_code == (401 if end == "erased" else 200)
    assert len(network.scene.said(PersonalDataViewed)) == looks + (end == "taken-back")


def test_a_month_after_its_end_a_link_is_no_reason_for_letters_any_more(network: Network, enquiry: Enquiry):
    link = issued(network, enquiry)
    network.scene.clock.instant += timedelta(days=32)
    ask_for_new(network, path_of(link))
    assert network.scene.rows("SELECT FROM person_letters") == []


def test_a_typed_code_leads_to_the_button_and_uses_nothing_up(network: Network, enquiry: Enquiry):
    link = issued(network, enquiry)
    client = network.app.test_client()
    assert client.get("/referral/my/code", headers=HTML).status_code == 200
    for typed in (link.code, link.code.lower().replace("-", " ")):
        answer = client.post("/referral/my/code", data={"code": typed}, headers=HTML)
        assert answer.headers["Location"] == path_of(link)
    assert press(client, link).status_code == 303
    assert client.post("/referral/my/code", data={"code": link.code}, headers=HTML).status_code == 403


def test_the_code_stands_in_no_table(network: Network, enquiry: Enquiry):
    link = issued(network, enquiry)
    told = str(everything(network))
    assert link.code not in told and link.code.replace("-", "") not in told
    assert link.url.rpartition(".")[2] not in told


def test_a_mailed_link_has_no_code(network: Network, enquiry: Enquiry):
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        person_links.send(
            work,
            network.scene.keys,
            enquiry.person_id,
            enquiry.id,
            PersonLinkPurpose.SELF_SERVICE,
            language="de",
        )
    assert network.scene.rows("SELECT code_digest FROM person_links") == [{"code_digest": None}]


def test_wrong_codes_are_refused_counted_and_slowed_down(network: Network):
    network.app.extensions["referral-limits"] = limits.Limits(wrong_codes=limits.Limiter(3, timedelta(minutes=1)))
    client = network.app.test_client()
    answers = [client.post("/referral/my/code?lang=uk", data={"code": "AAAAA-AAAAA"}, headers=HTML) for _ in range(5)]
    assert [one.status_code for one in answers] == [403, 403, 403, 429, 429]
    assert "Цей код неправильний" in answers[0].text
    assert int(answers[-1].headers["Retry-After"]) <= 60
    assert "Забагато спроб" in answers[-1].text
    assert {refused.slug for refused in network.scene.said(SignInRefused)} == {
        "person-link.code-wrong",
        "request.too-many",
    }
    network.scene.clock.instant += timedelta(seconds=61)
    assert client.post("/referral/my/code", data={"code": "AAAAA-AAAAA"}, headers=HTML).status_code == 403


def test_after_too_many_wrong_codes_a_right_one_is_refused_until_the_minute_is_over(network: Network, enquiry: Enquiry):
    """Otherwise the limit would slow nobody down who guesses: it is the right one that counts."""
    network.app.extensions["referral-limits"] = limits.Limits(wrong_codes=limits.Limiter(3, timedelta(minutes=1)))
    client, code = network.app.test_client(), issued(network, enquiry).code

    def typed(given: str) -> int:
        return client.post("/referral/my/code", data={"code": given}, headers=HTML).status_code

    assert [typed(code) for _ in range(5)] == [303] * 5, "right ones do not count"
    assert [typed("AAAAA-AAAAA") for _ in range(4)] == [403, 403, 403, 429]
    assert typed(code) == 429
    network.scene.clock.instant += timedelta(seconds=61)
    assert typed(code) == 303


HERS = {
    PersonLinkPurpose.SELF_SERVICE: ("", ("withdrawal", "contact")),
    PersonLinkPurpose.CONSENT: ("consent", ("consent",)),
    PersonLinkPurpose.INVITATION: ("invitation", ("invitation",)),
}


@pytest.mark.parametrize("purpose", PersonLinkPurpose)
def test_whoever_is_in_may_neither_look_nor_send_without_end(
    network: Network, enquiry: Enquiry, purpose: PersonLinkPurpose
):
    """Every page and every form of her session is counted, and none refused is done."""
    network.app.extensions["referral-limits"] = limits.Limits(per_session=limits.Limiter(1, timedelta(minutes=10)))
    client = network.app.test_client()
    assert press(client, issued(network, enquiry, purpose=purpose)).status_code == 303
    shown, sent = HERS[purpose]
    page = client.get(f"/referral/my/{shown}", headers=HTML)
    assert page.status_code == 200
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    before = everything(network)["referrals"], everything(network)["persons"]

    for path in sent:
        refused = client.post(f"/referral/my/{path}", data=hidden, headers=HTML)
        assert (path, refused.status_code) == (path, 429)
        assert 0 < int(refused.headers["Retry-After"]) <= 600
    assert client.get(page.request.path, headers=HTML).status_code == 429
    assert (everything(network)["referrals"], everything(network)["persons"]) == before

    network.scene.clock.instant += timedelta(minutes=10)
    assert client.get(page.request.path, headers=HTML).status_code == 200


@pytest.mark.parametrize("limit", ["per_link", "per_address"])
def test_asking_for_a_new_link_and_typing_codes_are_counted_too(network: Network, enquiry: Enquiry, limit: str):
    link = issued(network, enquiry)
    client = network.app.test_client()
    network.app.extensions["referral-limits"] = limits.Limits(**{limit: limits.Limiter(1, timedelta(minutes=10))})
    renewals = [client.post(f"{path_of(link)}/renewals", headers=HTML).status_code for _ in range(2)]
    assert renewals == [303, 429]
    code = client.post("/referral/my/code", data={"code": link.code}, headers=HTML)
    assert code.status_code == (429 if limit == "per_address" else 303)


def test_one_link_may_be_tried_ten_times_in_ten_minutes(network: Network, enquiry: Enquiry):
    link = issued(network, enquiry)
    client = network.app.test_client()
    answers = [press(client, link) for _ in range(12)]
    assert [one.status_code for one in answers] == [303, *[403] * 9, 429, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 600
    other = network.app.test_client()
    assert press(other, issued(network, enquiry)).status_code == 303, "another link is not concerned"
    network.scene.clock.instant += timedelta(minutes=10)
    assert press(client, link).status_code == 403


def test_one_address_may_try_sixty_times_and_another_is_not_concerned(network: Network):
    first, second = {"REMOTE_ADDR": "2001:db8:1:2::1"}, {"REMOTE_ADDR": "2001:db8:1:2:ffff::9"}
    client = network.app.test_client()
    path = "/referral/my/enter/nothing-of-ours-{}"
    tried = [client.post(path.format(i), environ_base=first).status_code for i in range(60)]
    assert set(tried) == {403}
    assert client.post(path.format("x"), environ_base=second).status_code == 429, "one house, one address"
    assert client.post(path.format("y"), environ_base={"REMOTE_ADDR": "2001:db8:1:3::1"}).status_code == 403
    assert "2001" not in str(everything(network))


def test_an_address_is_counted_under_a_key_of_its_window(network: Network):
    limiter = limits.Limiter(1, timedelta(minutes=1))
    now = network.scene.clock.now()
    assert [limiter.take("192.0.2.1", now).left for _ in range(2)] == [0, -1]
    kept = list(limiter._counts)
    assert limiter.take("192.0.2.1", now + timedelta(minutes=1)).left == 0
    assert kept != list(limiter._counts), "two windows cannot be laid side by side"
    assert b"192.0.2.1" not in b"".join(kept)


def test_invented_addresses_share_one_count_instead_of_filling_the_memory(
    network: Network, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rates, "KEYS_AT_MOST", 5)
    limiter, now = limits.Limiter(2, timedelta(minutes=1)), network.scene.clock.now()
    left = [limiter.take(f"192.0.2.{i}", now).left for i in range(8)]
    assert left == [1, 1, 1, 1, 1, 1, 0, -1]
    assert len(limiter._counts) == 6
