"""Why this body: on her page, on the consent form and on the card to take along, from the decision that was kept."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from contracts.codes import Action, PersonLinkPurpose, RejectionReason
from contracts.event import JsonDocument, LanguageTag, OfficialKey, PublicText
from contracts.identity import id_of
from contracts.partner import actions
from services.chassis.db import Database
from services.referral import handlers
from services.referral.commands import referrals
from services.referral.store.enquiries import Enquiry
from services.referral.web.recipients import MOST_FOUND
from tests.integration.referral.guests import HTML, issued, press
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import (
    CENTER,
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    NAVIGATOR,
    OWN_SERVICE,
    Scene,
    a_service,
    an_organization,
    to_hwk,
)

CRAFT = JsonDocument({"fact": "profession_group", "in": ["CRAFT"]})
COMMERCE = JsonDocument({"fact": "profession_group", "in": ["INDUSTRY_COMMERCE"]})
VUV, VUV_SERVICE = id_of("organization", "vuv-aachen"), id_of("service", "vuv-aachen-anerkennung")
FAR, FAR_SERVICE = id_of("organization", "hwk-muenster"), id_of("service", "hwk-muenster-anerkennung")
ONLY, ONLY_SERVICE = id_of("organization", "only"), id_of("service", "only-anerkennung")
NEUSS = (OfficialKey("05334"), OfficialKey("05162"))
ALONE, ALONE_SERVICE = id_of("organization", "alone"), id_of("service", "alone-anerkennung")
UNCLEAR, UNCLEAR_SERVICE = id_of("organization", "unclear"), id_of("service", "unclear-anerkennung")
DOUBTED_SERVICE = id_of("service", "unclear-beratung")
COURSE_SERVICE = id_of("service", "welcome-center-kurs")
LATE, LATE_SERVICE = id_of("organization", "late"), id_of("service", "late-anerkennung")


@pytest.fixture(scope="module")
def network(make_database: Callable[[str], Any]) -> Iterator[Network]:
    """Two chambers, a club that speaks Arabic, a body far away, and the welcome center's own measure."""
    with Database(str(make_database("referral").app_dsn)) as db:
        network = Network(Scene(db))
        publish(
            network,
            a_service(version=2, name=named("Anerkennung Handwerk"), eligibility=CRAFT),
            a_service(IHK_SERVICE, IHK, version=2, name=named("Anerkennung Handel"), eligibility=COMMERCE),
            a_service(VUV_SERVICE, VUV, name=named("Begleitung"), languages=(LanguageTag("ar"),)),
            a_service(FAR_SERVICE, FAR, name=named("Anerkennung Münster"), areas=(OfficialKey("05515"),)),
            a_service(OWN_SERVICE, CENTER, name=named("Eigener Kurs"), own_measure=True),
        )
        yield network


def named(words: str) -> PublicText:
    return PublicText({"de": words})


def publish(network: Network, *services: Any, **organization: Any) -> None:
    with network.scene.unit.work(actor="system:directory") as work:
        for one in services:
            if one.organization_id not in (HWK, IHK):
                handlers.keep_organization(work, an_organization(one.organization_id, **organization))
            handlers.keep_service(work, one)


def drafted(network: Network, enquiry: Enquiry, service_id: UUID) -> None:
    scene = network.scene
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        referrals.draft(work, scene.keys, NAVIGATOR, enquiry.id, enquiry.needs[0].id, service_id)


def page_of(network: Network, enquiry: Enquiry, language: str = "de") -> str:
    client = network.app.test_client()
    press(client, issued(network, enquiry, language=language))
    return client.get("/referral/my/", headers=HTML).text


def section(page: str, name: str) -> str:
    """What the page tells under the name of one service."""
    return next(one for one in page.split("<section") if f"<bdi>{name}</bdi></p>" in one)


def test_her_page_says_why_this_body_and_what_is_still_open(network: Network):
    enquiry = network.scene.an_enquiry()
    drafted(network, enquiry, HWK_SERVICE)
    told = section(page_of(network, enquiry), "Anerkennung Handwerk")
    assert "Warum diese Stelle?" in told
    assert "Sie ist für Ihren Wohnort da." in told
    assert "Noch zu klären: Berufsgruppe." in told
    assert "Dort spricht jemand eine Sprache, die Sie sprechen." not in told.partition("<details")[0]


def test_other_facts_other_words(network: Network):
    """What she tells changes the decision, and only the decision that was kept is told."""
    nurse = network.scene.an_enquiry(occupation_code="81302")
    drafted(network, nurse, VUV_SERVICE)
    told = section(page_of(network, nurse), "Begleitung")
    assert "Dort spricht jemand eine Sprache, die Sie sprechen." in told
    assert told.count("Passt nicht zu Ihren Angaben: Berufsgruppe.") == 2

    baker = network.scene.an_enquiry(occupation_code="29222", languages=["de"], postal_code="48143")
    drafted(network, baker, FAR_SERVICE)
    told = section(page_of(network, baker), "Anerkennung Münster")
    assert "Dort spricht jemand eine Sprache, die Sie sprechen." in told
    assert "Passt nicht zu Ihren Angaben" not in told


def test_what_else_there_was_is_told_with_its_reason(network: Network):
    enquiry = network.scene.an_enquiry()
    drafted(network, enquiry, VUV_SERVICE)
    told = section(page_of(network, enquiry), "Begleitung").partition("Was sonst in Frage kam")[2]
    assert "Anerkennung Handwerk" in told and "Für die gewählte Stelle spricht außerdem" in told
    assert "Eigener Kurs" in told and "Bestehende Stellen gehen vor." in told
    assert "Anerkennung Münster" not in told, "what is for other places is nobody's alternative"


def test_a_choice_against_the_comparison_is_told_as_one(network: Network):
    nurse = network.scene.an_enquiry(occupation_code="81302")
    drafted(network, nurse, HWK_SERVICE)
    told = section(page_of(network, nurse), "Anerkennung Handwerk")
    assert "haben sich trotzdem für sie entschieden" in told
    assert "Passt nicht zu Ihren Angaben: Berufsgruppe." in told


def test_what_is_said_stays_when_the_directory_changes(network: Network):
    enquiry = network.scene.an_enquiry()
    drafted(network, enquiry, VUV_SERVICE)
    before = section(page_of(network, enquiry), "Begleitung")
    publish(network, a_service(VUV_SERVICE, VUV, version=2, name=named("Begleitung"), areas=(OfficialKey("05515"),)))
    after = section(page_of(network, enquiry), "Begleitung")
    publish(network, a_service(VUV_SERVICE, VUV, version=3, name=named("Begleitung"), languages=(LanguageTag("ar"),)))
    assert after == before


def test_what_a_body_lacks_towards_us_is_nothing_of_hers(network: Network):
    publish(network, a_service(LATE_SERVICE, LATE, name=named("Ohne Vereinbarung")), agreement=None)
    enquiry = network.scene.an_enquiry()
    drafted(network, enquiry, VUV_SERVICE)
    told = section(page_of(network, enquiry), "Begleitung").partition("Ohne Vereinbarung")[2].partition("</li>")[0]
    assert "Wir können dorthin zurzeit nichts weitergeben. Sie können selbst hingehen." in told


def test_the_navigator_gives_the_card_of_a_body_nothing_can_be_referred_to_and_only_then_an_own_measure(
    network: Network, desk: FlaskClient
):
    """In Mönchengladbach there is one body that fits, without an agreement, and the welcome center's own course."""
    areas = (OfficialKey("05116"),)
    publish(network, a_service(ALONE_SERVICE, ALONE, name=named("Ohne Papiere"), areas=areas), agreement=None)
    publish(network, a_service(COURSE_SERVICE, CENTER, name=named("Kurs vor Ort"), own_measure=True, areas=areas))
    enquiry = network.scene.an_enquiry(postal_code="41061")
    place = f"/referral/enquiries/{enquiry.id}/needs/{enquiry.needs[0].id}"
    page = desk.get(f"{place}?lang=de").text
    assert "Kein Angebot passt" not in page
    body, _, own = page.partition("Kurs vor Ort")
    assert "Ohne Papiere" in body
    assert "eine Verweisung über das Netz ist nicht möglich: keine gültige Vereinbarung." in body
    assert "Geben Sie zuerst ihre Kontaktkarte mit" in own and f'value="{COURSE_SERVICE}"' not in own

    assert "Ohne Papiere" in desk.post(f"{place}/contact-cards", data={"service_id": str(ALONE_SERVICE)}).text
    page = desk.get(f"{place}?lang=de").text
    assert "Kontaktkarte mitgegeben" in page and f'value="{COURSE_SERVICE}"' in page
    drafted(network, enquiry, COURSE_SERVICE)
    told = section(page_of(network, enquiry), "Kurs vor Ort")
    assert "Es gibt auch andere Stellen, die passen" in told
    assert "Ohne Papiere" in told


def test_that_a_body_declined_is_said_of_it_and_the_own_measure_says_it_came_last(network: Network):
    scene, enquiry = network.scene, network.scene.an_enquiry(postal_code="41460")
    publish(network, a_service(ONLY_SERVICE, ONLY, name=named("Die einzige in Neuss"), areas=NEUSS[1:]))
    publish(
        network, a_service(OWN_SERVICE, CENTER, version=2, name=named("Eigener Kurs"), own_measure=True, areas=NEUSS)
    )
    scene.consent(enquiry, replace(to_hwk(), organization_id=ONLY, service_id=ONLY_SERVICE))
    referral = scene.prepared(enquiry, ONLY_SERVICE)
    scene.clock.instant += timedelta(seconds=31)
    scene.tick()
    scene.answers(referral, Action.REJECT, actions.Reject(reason=RejectionReason.NO_CAPACITY))
    drafted(network, enquiry, OWN_SERVICE)
    told = section(page_of(network, enquiry), "Eigener Kurs")
    assert "Es fand sich keine andere Stelle" in told
    assert "Die Stelle hat gesagt, dass sie nicht helfen kann." in told
    kept = scene.rows("SELECT own_measure_because FROM choices WHERE own_measure AND service_id = %s", OWN_SERVICE)
    assert kept == [{"own_measure_because": "all_declined"}]


def test_every_language_has_its_words_and_arabic_runs_from_the_right(network: Network):
    enquiry = network.scene.an_enquiry()
    drafted(network, enquiry, IHK_SERVICE)
    words = {
        "de-simple": "Sie ist für Ihren Wohnort da.",
        "en": "It is there for the place where you live.",
        "ar": "تخدم مكان سكنك.",
        "uk": "Вона працює для місця, де ви живете.",
        "tr": "Oturduğunuz yere hizmet verir.",
        "fr": "Il est là pour votre lieu de résidence.",
    }
    pages = {language: page_of(network, enquiry, language) for language in words}
    assert [language for language, word in words.items() if word not in pages[language]] == []
    assert [language for language, page in pages.items() if 'dir="rtl"' in page] == ["ar"]


@pytest.fixture
def desk(network: Network) -> FlaskClient:
    client = network.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.navigator.token}"
    client.environ_base["HTTP_ACCEPT"] = "text/html"
    return client


def test_a_consent_prepared_at_the_desk_says_why_each_body_is_named(network: Network, desk: FlaskClient):
    enquiry, box = network.scene.an_enquiry(), f"ANERKENNUNG/{VUV_SERVICE}"
    form = {"recipients": box, f"categories/{box}": "IDENTITY", "channel": "signed_paper", "given_by": "self"}
    answer = desk.post(f"/referral/enquiries/{enquiry.id}/consents", data={**form, "language": "ar", "step": "prepare"})
    assert answer.status_code == 303, answer.text[:500]
    [row] = network.scene.rows("SELECT id FROM drafted_consents WHERE enquiry_id = %s", enquiry.id)

    sheet = desk.get(f"/referral/enquiries/{enquiry.id}/consent-drafts/{row['id']}").text
    assert "Dort spricht jemand eine Sprache, die Sie sprechen." in sheet
    assert "هناك من يتحدث لغة تتحدثها." in sheet

    guest = network.app.test_client()
    press(guest, issued(network, enquiry, purpose=PersonLinkPurpose.CONSENT, consent_id=row["id"], language="ar"))
    assert "هناك من يتحدث لغة تتحدثها." in guest.get("/referral/my/consent", headers=HTML).text


def test_a_card_to_take_along_says_it_in_her_language_and_in_german(network: Network, desk: FlaskClient):
    enquiry = network.scene.an_enquiry()
    place = f"/referral/enquiries/{enquiry.id}/needs/{enquiry.needs[0].id}"
    desk.get(place)
    card = desk.post(f"{place}/contact-cards", data={"service_id": str(VUV_SERVICE)}).text
    assert 'lang="ar" dir="rtl"' in card and "هناك من يتحدث لغة تتحدثها." in card
    assert "Dort spricht jemand eine Sprache, die Sie sprechen." in card
    assert "Ben Salah" not in card


class TestWhomAConsentMayName:
    def test_only_what_fits_is_offered_best_first_and_the_others_are_told_with_the_reason(
        self, network: Network, desk: FlaskClient
    ):
        enquiry = network.scene.an_enquiry(occupation_code="81302")
        page = desk.get(f"/referral/enquiries/{enquiry.id}").text
        assert boxes(page) == [VUV_SERVICE]
        told = page.partition("Nicht angeboten, und warum")[2].partition("</details>")[0]
        assert "Anerkennung Handwerk" in told and "für diese Berufsgruppe nicht zuständig" in told
        assert "Eigener Kurs" in told and "Erst die vorhandenen Angebote" in told
        assert "Anerkennung Münster" not in told

    def test_all_can_be_shown_and_named_all_the_same(self, network: Network, desk: FlaskClient):
        enquiry = network.scene.an_enquiry(occupation_code="81302")
        page = desk.get(f"/referral/enquiries/{enquiry.id}?recipients=all&open=consent").text
        assert {HWK_SERVICE, IHK_SERVICE, VUV_SERVICE, FAR_SERVICE} <= set(boxes(page))
        assert boxes(page)[0] == VUV_SERVICE
        assert "außerhalb des Gebiets" in page

    def test_the_others_are_found_by_name_in_the_order_of_names_and_counted(self, network: Network, desk: FlaskClient):
        """However many there are: who is looked for stands there, whatever else the topic has."""
        enquiry = network.scene.an_enquiry(occupation_code="81302")
        many = [id_of("service", f"far-{number:02}") for number in range(MOST_FOUND + 1)]
        publish(
            network,
            *(
                a_service(one, FAR, name=named(f"Fern {number:02}"), areas=(OfficialKey("05515"),))
                for number, one in enumerate(many)
            ),
        )
        place = f"/referral/enquiries/{enquiry.id}?open=consent&recipients=all&lang=de"
        found = desk.get(f"{place}&q=fern 5").text
        assert boxes(found) == [VUV_SERVICE, many[50]], "what fits stays in any case"
        assert "1 Angebot zu diesen Themen gefunden." in found
        every = desk.get(f"{place}&q=fern ").text
        assert boxes(every)[1:] == many[:MOST_FOUND]
        assert f"{MOST_FOUND + 1} Angebote" in every and f"die ersten {MOST_FOUND} nach Namen" in every
        assert boxes(desk.get(f"{place}&q=100%25_").text) == [VUV_SERVICE], (
            "what the database reads as signs are letters"
        )

    def test_what_was_ticked_of_the_others_is_not_lost_when_the_form_comes_back(
        self, network: Network, desk: FlaskClient
    ):
        enquiry, box = network.scene.an_enquiry(occupation_code="81302"), f"ANERKENNUNG/{FAR_SERVICE}"
        answer = desk.post(
            f"/referral/enquiries/{enquiry.id}/consents", data={"recipients": box, "channel": "telepathy"}
        )
        assert answer.status_code == 422
        assert re.search(rf'value="{box}" checked', answer.text)

    def test_a_body_on_another_topic_cannot_be_named(self, network: Network, desk: FlaskClient):
        enquiry = network.scene.an_enquiry()
        for box in (f"SPRACHE/{VUV_SERVICE}", f"WOHNEN/{VUV_SERVICE}", "ANERKENNUNG/nobody", "ANERKENNUNG"):
            answer = desk.post(f"/referral/enquiries/{enquiry.id}/consents", data={"recipients": box})
            assert answer.status_code == 422, box


def boxes(page: str) -> list[UUID]:
    return [UUID(one) for one in re.findall(r'name="recipients" value="ANERKENNUNG/([^"]+)"', page)]


def test_of_a_body_that_only_could_fit_the_page_and_her_card_say_what_is_to_be_asked(
    network: Network, desk: FlaskClient
):
    """In Neuss, without an agreement: the chambers of one body; the one that speaks her language comes first."""
    texts = {"areas": (OfficialKey("05162"),)}
    arabic = {**texts, "languages": (LanguageTag("ar"),)}
    publish(
        network,
        a_service(UNCLEAR_SERVICE, UNCLEAR, name=named("Nur Handwerk"), eligibility=CRAFT, **texts),
        a_service(DOUBTED_SERVICE, UNCLEAR, name=named("Nur Handel"), eligibility=COMMERCE, **arabic),
        agreement=None,
    )
    enquiry = network.scene.an_enquiry(postal_code="41460")
    place = f"/referral/enquiries/{enquiry.id}/needs/{enquiry.needs[0].id}"
    page = desk.get(f"{place}?lang=de").text
    assert page.count("Könnte passen; zu klären") == 2 and "Passt, aber eine Verweisung" not in page
    assert page.index("Nur Handel") < page.index("Nur Handwerk")
    card = desk.post(f"{place}/contact-cards", data={"service_id": str(DOUBTED_SERVICE)}).text
    assert "Dort spricht jemand eine Sprache, die Sie sprechen." in card
    assert "Könnte passen; noch zu klären" in card and "قد تكون مناسبة" in card
