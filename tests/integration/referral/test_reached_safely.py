"""How somebody is reached without anybody else hearing of it: sealed, shown first, told to partners, kept by us."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.codes import PersonLinkPurpose
from services.chassis.i18n import PERSON_LANGUAGES
from services.referral.commands import person_links
from services.referral.store import person_links as links
from tests.integration.referral.guests import deliver, links_in, press
from tests.integration.referral.rig import FULL, Network, recipient
from tests.integration.referral.scene import NAVIGATOR, RECORD, somebody_else
from tests.mailing import Mailbox, smtp_server

SAFELY = {
    "phone": "+49 170 5550012",
    "safe_channel": "PHONE",
    "contact_limits": ["NEUTRAL_ONLY", "NO_MESSAGE_LEFT"],
    "contact_times": ["MORNING"],
}
#: Words that a neutral letter holds in no language: who writes, what it is about, or that it is meant for somebody.
TELLING = (
    *("Welcome Center", "Handwerkskammer", "Jobcenter", "Anerkennung", "ANERKENNUNG", "Beratung", "Verweis"),
    *("nur für Sie", "you alone", "for you", "für Sie", "لك", "для вас", "size özel", "pour vous"),
)


@pytest.fixture(scope="module")
def network(one_network: Network) -> Network:
    return one_network


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def smtp(mailbox: Mailbox) -> Iterator[tuple[str, int]]:
    with smtp_server(mailbox) as address:
        yield address


def a_case(network: Network, **more: Any) -> dict[str, Any]:
    return network.navigator.enquire(**{**somebody_else(), **SAFELY, **more})


def page(network: Network, path: str) -> str:
    return network.navigator.ask("GET", f"{path}?lang=de", Accept="text/html").text


def person_of(case: dict[str, Any], network: Network) -> UUID:
    found: UUID = network.scene.rows("SELECT person_id FROM enquiries WHERE id = %s", UUID(case["id"]))[0]["person_id"]
    return found


def post_letter(network: Network, case: dict[str, Any], language: str = "de") -> UUID:
    purpose = PersonLinkPurpose.SELF_SERVICE
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        whose = person_of(case, network)
        return person_links.send(work, network.scene.keys, whose, UUID(case["id"]), purpose, language=language)


def test_it_stands_before_her_number_on_the_enquirys_and_the_cases_page(network: Network):
    case = a_case(network)
    network.navigator.consent(case)
    referral = network.navigator.draft(case)["id"]
    for path in (f"/referral/enquiries/{case['id']}", f"/referral/referrals/{referral}"):
        shown = page(network, path)
        assert "keine Nachricht hinterlassen" in shown and "vormittags (8–12 Uhr)" in shown
        assert shown.index("Sicher erreichbar") < shown.index("+49 170 5550012")
        assert shown.index("Sicher erreichbar") < shown.index(">+49 170 5550012<")


def test_a_number_that_must_not_be_called_is_no_link(network: Network):
    case = a_case(network, contact_limits=["NO_PHONE"])
    shown = page(network, f"/referral/enquiries/{case['id']}")
    assert "+49 170 5550012" in shown and "tel:+491705550012" not in shown


def test_a_partner_is_told_with_the_contact_data_and_not_without(network: Network):
    case = a_case(network)
    network.navigator.consent(case, recipient(categories=FULL))
    told = network.navigator.draft(case)["id"]
    network.navigator.act(told, "prepare")
    network.scene.tick()
    person = network.hwk.fetch(told)["person"]
    assert (person["safe_channel"], person["contact_limits"]) == ("PHONE", ["NEUTRAL_ONLY", "NO_MESSAGE_LEFT"])
    assert person["contact_times"] == ["MORNING"]


def test_without_consent_to_contact_data_nothing_of_it_travels(network: Network):
    case = a_case(network)
    network.navigator.consent(case, recipient(categories=["IDENTITY", "LANGUAGE", "QUALIFICATION"]))
    kept_back = network.navigator.draft(case)["id"]
    network.navigator.act(kept_back, "prepare")
    network.scene.tick()
    assert not {"phone", "safe_channel", "contact_limits", "contact_times"} & set(
        network.hwk.fetch(kept_back)["person"]
    )


def test_the_desk_takes_it_down_and_corrects_it(network: Network):
    browser = network.app.test_client()
    browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.navigator.token}"
    form = {**somebody_else(), "enquirer": "person", "topics": "ANERKENNUNG", "urgency": "normal"}
    taken = browser.post("/referral/enquiries/", data=form | {"contact_limits": ["NO_POST", "NO_EMAIL"]})
    path = taken.headers["Location"]
    whose = person_of({"id": path.rsplit("/", 1)[1]}, network)
    record = f"{path}/persons/{whose}/record"
    assert 'value="NO_POST" checked' in browser.get(record).text
    was = {"was/contact_limits": ["NO_POST", "NO_EMAIL"], "was/contact_times": "", "request_key": uuid4().hex}
    assert (
        browser.post(record, data=was | {"contact_limits": ["NO_POST"], "contact_times": ["EVENING"]}).status_code
        == 303
    )
    shown = browser.get(f"{path}?lang=de").text
    assert "keine Post nach Hause" in shown and "abends" in shown and "keine E-Mail" not in shown.split("<form")[0]


def test_a_code_that_is_none_is_refused_and_nothing_typed_is_lost(network: Network):
    browser = network.app.test_client()
    browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.navigator.token}"
    form = {**somebody_else(), "enquirer": "person", "topics": "ANERKENNUNG", "contact_limits": ["SHOUT"]}
    answer = browser.post("/referral/enquiries/", data=form)
    assert answer.status_code == 422 and f'value="{form["family_name"]}"' in answer.text


@pytest.mark.parametrize("language", PERSON_LANGUAGES)
def test_a_neutral_letter_says_neither_who_writes_nor_what_about_nor_whom_it_is_for(
    network: Network, mailbox: Mailbox, smtp: tuple[str, int], language: str
):
    case = a_case(network)
    post_letter(network, case, language)
    assert deliver(network, smtp) == 1
    [mail] = mailbox.mails
    [link] = links_in(mailbox)
    text = f"{mail['Subject']}\n{mail.get_content()}".replace(link, "")
    planted = [str(value) for value in RECORD.values() if isinstance(value, str)]
    assert [word for word in (*planted, *TELLING) if word in text] == []
    assert press(network.app.test_client(), link).status_code == 303


def test_where_no_mail_is_safe_none_is_offered_and_none_leaves(
    network: Network, mailbox: Mailbox, smtp: tuple[str, int]
):
    case = a_case(network, contact_limits=["NO_EMAIL"])
    assert "Per E-Mail senden" not in page(network, f"/referral/enquiries/{case['id']}")
    post_letter(network, case)
    deliver(network, smtp)
    assert mailbox.mails == []


def test_a_spent_link_is_not_renewed_to_a_mailbox_that_is_safe_no_more(network: Network):
    case = a_case(network, contact_limits=["NO_EMAIL"])
    link_id = post_letter(network, case)
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        links.burn(work, link_id)
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        assert person_links.renew(work, network.scene.keys, link_id) is False
