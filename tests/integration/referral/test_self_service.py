"""The person's own page: what really left, no more of an answer than its level, and one button to take it back."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from contracts.codes import Action, BackLevel, DataCategory, PersonLinkPurpose, Status
from contracts.partner import actions
from contracts.referral import ConsentWithdrawn, PersonalDataViewed, ReferralConcluded
from services.chassis.i18n import label
from services.referral.consent_texts import TextKind
from services.referral.domain.referral import Referral
from services.referral.store import consents, enquiries
from tests.integration.referral.guests import HTML, issued, press
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import HWK_SERVICE, IHK_SERVICE, TO_PARTNER, to_hwk, to_ihk

HOME = "/referral/my/"


def guest_of(network: Network, referral: Referral, language: str = "en") -> FlaskClient:
    """The person of this referral, with her own page open."""
    with network.scene.db.read() as connection:
        site, organization = enquiries.desk_of(connection, referral.enquiry_id)
        enquiry = enquiries.load(connection, referral.enquiry_id, site=site, organization_id=organization)
    client = network.app.test_client()
    assert press(client, issued(network, enquiry, language=language)).status_code == 303
    return client


def hidden(page: str, action: str) -> dict[str, str]:
    form = re.search(rf'action="{action}">(.*?)</form>', page, re.DOTALL)
    assert form, f"{action} is not offered"
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[1]))


def take_back(client: FlaskClient, service_id: UUID | None = None) -> TestResponse:
    asked = client.get(f"{HOME}withdrawal" + (f"?service={service_id}" if service_id else ""), headers=HTML)
    assert asked.status_code == 200, asked.text[:500]
    return client.post(f"{HOME}withdrawal", data=hidden(asked.text, f"{HOME}withdrawal"), headers=HTML)


def test_the_page_says_what_left_when_why_and_on_which_consent(network: Network):
    referral = network.scene.requested()
    guest = guest_of(network, referral)
    assert "By this referral nothing has been passed on so far." in guest.get(HOME, headers=HTML).text
    network.scene.fetched(referral)
    page = guest.get(HOME, headers=HTML).text
    assert "By this referral nothing has been passed on so far." not in page
    kinds = [label("referral", "en", one) for one in TO_PARTNER]
    for word in (*kinds, "On your consent of", "not a decision of an authority"):
        assert word in page, word
    assert "Ben Salah" not in page, "what was passed on is named by kind; the data themselves are elsewhere"


def test_looking_is_a_fact_that_is_committed_first(network: Network):
    referral = network.scene.requested()
    guest_of(network, referral).get(HOME, headers=HTML)
    [viewed] = network.scene.said(PersonalDataViewed)
    assert (viewed.role, str(viewed.purpose), viewed.person_id) == (None, "person_self", referral.person_id)


@pytest.mark.parametrize("language", ["de", "de-simple", "ar", "uk", "tr", "fr"])
def test_the_page_is_in_her_language_and_no_english_is_left(network: Network, language: str):
    referral = network.scene.requested()
    network.scene.fetched(referral)
    guest = guest_of(network, referral, language)
    page = guest.get(HOME, headers=HTML).text
    main = page[page.index("<main") : page.index("</main>")]
    english = ("Passed on", "Purpose", "Withdraw", "Your page", "Your consent", "Identity", "handed over", "What was")
    assert [word for word in english if word in main] == []
    assert ('dir="rtl"' in page) == (language == "ar")


def test_of_a_body_that_may_say_only_receipt_no_more_is_shown(network: Network):
    referral = network.scene.requested(level=BackLevel.RECEIPT)
    network.scene.fetched(referral)
    network.scene.answers(referral, Action.RECEIVE, actions.read_body(Action.RECEIVE, {}))
    page = guest_of(network, referral).get(HOME, headers=HTML).text
    assert "received there" in page and "First contact by" not in page


def test_everything_is_taken_back_with_one_button_after_its_consequence_was_said(network: Network):
    referral = network.scene.requested()
    guest = guest_of(network, referral)
    asked = guest.get(f"{HOME}withdrawal", headers=HTML).text
    assert "has received nothing by our referrals and will receive nothing by them" in asked
    answer = take_back(guest)
    page = guest.get(answer.headers["Location"], headers=HTML).text
    assert "Your consent is withdrawn" in page and "stopped" in page
    assert network.scene.rows("SELECT FROM dossiers") == []
    assert network.scene.now(referral.id).status is Status.CANCELLED
    [told] = network.scene.said(ConsentWithdrawn)
    assert (str(told.channel), told.organization_id) == ("online", None)
    assert guest.get(f"{HOME}withdrawal", headers=HTML).status_code == 404


def test_one_recipient_is_taken_back_and_the_other_goes_on(network: Network):
    scene = network.scene
    enquiry = scene.an_enquiry()
    scene.consent(enquiry, to_hwk(), to_ihk())
    hwk = scene.prepared(enquiry, HWK_SERVICE)
    scene.days_pass(1)
    scene.fetched(scene.now(hwk.id))
    guest = guest_of(network, hwk)
    assert take_back(guest, HWK_SERVICE).status_code == 303
    page = guest.get(HOME, headers=HTML).text
    assert "This body must say by" in page
    assert page.count("Withdraw for this body") == 1, "the other body may still receive"
    assert page.count("You have withdrawn your consent on") == 1
    [told] = scene.said(ConsentWithdrawn)
    assert told.service_id == HWK_SERVICE
    asked = actions.read_body(Action.STATE_DELETION, {"deletion": "retained", "ground": "LEGAL_CLAIM"})
    scene.answers(scene.now(hwk.id), Action.STATE_DELETION, asked)
    assert "it keeps your data, because" in guest.get(HOME, headers=HTML).text


def test_the_same_form_sent_twice_withdraws_once(network: Network):
    guest = guest_of(network, network.scene.requested())
    form = hidden(guest.get(f"{HOME}withdrawal", headers=HTML).text, f"{HOME}withdrawal")
    answers = [guest.post(f"{HOME}withdrawal", data=form, headers=HTML).status_code for _ in range(2)]
    assert answers == [303, 303]
    assert len(network.scene.said(ConsentWithdrawn)) == 1


def a_spoken_referral(network: Network) -> Referral:
    """She said yes on the telephone, and the body has the little that this allows."""
    scene = network.scene
    enquiry = scene.an_enquiry()
    scene.spoken(enquiry)
    referral = scene.prepared(enquiry)
    scene.clock.instant += timedelta(seconds=31)
    scene.tick()
    return scene.now(referral.id)


def test_a_spoken_consent_that_lapsed_is_not_told_as_one_that_holds(network: Network):
    referral = a_spoken_referral(network)
    holding = guest_of(network, referral).get(HOME, headers=HTML).text
    assert "until Nov 30, 2026 this body may receive" in holding, "the day on which it lapses, not its written end"
    network.scene.days_pass(8)
    page = guest_of(network, referral).get(HOME, headers=HTML).text
    assert "this body may receive" not in page
    assert "ran out on Nov 30, 2026" in page and "By this consent the body is told nothing more." in page
    assert "Withdraw for this body" not in page, "nobody has anything: there is nothing to take back"


def test_what_begins_later_is_not_told_as_holding_now(network: Network):
    scene = network.scene
    enquiry = scene.an_enquiry()
    scene.consent(enquiry, valid_from=scene.clock.today() + timedelta(days=7))
    client = network.app.test_client()
    press(client, issued(network, enquiry))
    page = client.get(HOME, headers=HTML).text
    assert "from Nov 30, 2026 until" in page and "Withdraw for this body" in page


def test_after_it_ran_out_she_can_still_withdraw_from_a_body_that_has_her_data(network: Network):
    scene = network.scene
    referral = a_spoken_referral(network)
    scene.fetched(referral)
    scene.days_pass(8)
    guest = guest_of(network, referral)
    page = guest.get(HOME, headers=HTML).text
    assert "It has your data and may go on working with them, until you withdraw." in page
    scene.answers(referral, Action.RECEIVE, actions.read_body(Action.RECEIVE, {}))  # so it may, as things stand
    answer = take_back(guest, HWK_SERVICE)
    page = guest.get(answer.headers["Location"], headers=HTML).text
    assert "This body must say by" in page and "Withdraw for this body" not in page
    assert scene.now(referral.id).status is Status.CANCELLED
    [told] = scene.said(ConsentWithdrawn)
    assert str(told.channel) == "online"


def test_her_word_ends_a_referral_where_the_body_may_not_speak(network: Network):
    referral = network.scene.requested(level=BackLevel.NONE)
    network.scene.fetched(referral)
    guest = guest_of(network, referral)
    form = hidden(guest.get(HOME, headers=HTML).text, f"{HOME}contact")
    day = network.scene.clock.today().isoformat()
    assert guest.post(f"{HOME}contact", data={**form, "contact_on": day}, headers=HTML).status_code == 303
    assert network.scene.now(referral.id).status is Status.COMPLETED
    [told] = network.scene.said(ReferralConcluded)
    assert told.contact_on == network.scene.clock.today()
    assert "you have had contact" in guest.get(HOME, headers=HTML).text


def test_where_the_body_may_speak_her_word_is_not_asked_for(network: Network):
    referral = network.scene.requested(level=BackLevel.OUTCOME)
    network.scene.fetched(referral)
    assert "I have had contact" not in guest_of(network, referral).get(HOME, headers=HTML).text


def test_a_foreign_referral_looks_like_a_missing_one(network: Network):
    scene = network.scene
    hers = scene.requested()
    enquiry = scene.an_enquiry(given_name="Nur")
    scene.consent(enquiry, to_hwk(BackLevel.NONE))
    other = scene.prepared(enquiry)
    scene.clock.instant += timedelta(seconds=31)
    scene.tick()
    scene.fetched(scene.now(other.id))
    guest = guest_of(network, hers)
    csrf = hidden(guest.get(f"{HOME}withdrawal", headers=HTML).text, f"{HOME}withdrawal")["csrf_token"]
    form = {"csrf_token": csrf, "referral": str(other.id), "contact_on": network.scene.clock.today().isoformat()}
    assert guest.post(f"{HOME}contact", data=form, headers=HTML).status_code == 404
    assert network.scene.now(other.id).status is not Status.COMPLETED


def test_a_link_for_something_else_does_not_open_this_page(network: Network):
    referral = network.scene.requested()
    with network.scene.db.read() as connection:
        site, organization = enquiries.desk_of(connection, referral.enquiry_id)
        enquiry = enquiries.load(connection, referral.enquiry_id, site=site, organization_id=organization)
    client = network.app.test_client()
    press(client, issued(network, enquiry, purpose=PersonLinkPurpose.CONSENT))
    refused = client.get(f"{HOME}?lang=uk", headers=HTML)
    assert refused.status_code == 403 and "Ваше посилання не для цього" in refused.text
    assert network.scene.said(PersonalDataViewed) == []


def test_after_a_quarter_of_an_hour_without_a_click_and_after_an_hour_in_all_it_is_over(network: Network):
    referral = network.scene.requested()
    idle, busy = guest_of(network, referral), guest_of(network, referral)
    for _ in range(5):
        network.scene.clock.instant += timedelta(minutes=11)
        assert busy.get(HOME, headers=HTML).status_code == 200
    over = idle.get(f"{HOME}?lang=fr", headers=HTML)
    assert over.status_code == 401 and "Votre visite sur cette page est terminée" in over.text
    network.scene.clock.instant += timedelta(minutes=6)
    assert busy.get(HOME, headers=HTML).status_code == 401


def test_who_asks_to_stay_is_given_ten_times_her_hour_and_no_more(network: Network):
    guest, began = guest_of(network, network.scene.requested()), network.scene.clock.instant
    while network.scene.clock.instant < began + timedelta(hours=9, minutes=48):
        network.scene.clock.instant += timedelta(minutes=14)
        stays = guest.get(f"{HOME}stay?lang=fr", headers=HTML)
        assert stays.status_code == 200 and "Vous restez connecté" in stays.text
    network.scene.clock.instant = began + timedelta(hours=10, minutes=1)
    assert guest.get(HOME, headers=HTML).status_code == 401


def test_leaving_ends_the_session(network: Network):
    guest = guest_of(network, network.scene.requested())
    page = guest.get(HOME, headers=HTML).text
    form = hidden(page, "/referral/my/sign-out")
    left = guest.post("/referral/my/sign-out", data=form, headers=HTML)
    assert "You have left your page" in guest.get(left.headers["Location"], headers=HTML).text
    assert guest.get(HOME, headers=HTML).status_code == 401
    assert guest.post(f"{HOME}withdrawal", data=form, headers=HTML).status_code == 401


def test_a_form_without_her_sessions_token_changes_nothing(network: Network):
    guest = guest_of(network, network.scene.requested())
    assert guest.post(f"{HOME}withdrawal", data={}, headers=HTML).status_code == 419
    assert network.scene.said(ConsentWithdrawn) == []


def test_one_kind_of_data_is_taken_back_for_one_body_as_her_text_promises(network: Network):
    scene = network.scene
    enquiry = scene.an_enquiry()
    scene.consent(enquiry, to_hwk(), to_ihk())
    referral = scene.prepared(enquiry, HWK_SERVICE)
    guest = guest_of(network, referral, "de")
    place = f"{HOME}withdrawal"
    assert 'name="category"' not in guest.get(place, headers=HTML).text
    asked = guest.get(f"{place}?service={HWK_SERVICE}", headers=HTML).text
    assert "nur: Qualifikation" in asked

    form = hidden(asked, place)
    assert guest.post(place, data=form | {"category": "NONSENSE"}, headers=HTML).status_code == 422
    assert guest.post(place, data=form | {"category": "QUALIFICATION"}, headers=HTML).status_code == 303

    [told] = scene.said(ConsentWithdrawn)
    assert (told.service_id, told.category) == (HWK_SERVICE, DataCategory.QUALIFICATION)
    with scene.db.read() as connection:
        [now] = [one for one in consents.of_person(connection, enquiry.person_id) if one.superseded_at is None]
    kept = {one.service_id: set(one.categories) for one in now.recipients}
    assert kept == {HWK_SERVICE: set(TO_PARTNER) - {DataCategory.QUALIFICATION}, IHK_SERVICE: set(TO_PARTNER)}


def test_guardians_who_have_no_page_of_their_own_are_not_promised_one(network: Network):
    texts = network.scene.texts
    online = ("online", "im Internet", "en ligne", "internetten", "онлайн", "الإنترنت")
    for one in texts.all():
        if one.text.id == texts.current(TextKind.GUARDIAN):
            assert [word for word in online if word in one.body] == [], one.text.language
