"""The public site over HTTP: every page in every language, without a cookie, and helpful where something is wrong."""

import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from services.chassis.db import Database
from services.chassis.i18n import PERSON_LANGUAGES
from services.directory.web import limits
from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer, settings
from tests.integration.directory.conftest import REGION, Directory
from tests.integration.directory.full_rows import a_full_directory

HWK = "hwk-aachen-anerkennung"
GROUND = (
    {"object": "area", "id": "059990000000", "name": {"de": "Testdorf"}, "sources": ["destatis-gv-isys"]},
    {
        "object": "organization",
        "id": "test-body",
        "name": {"de": "Testamt"},
        "description": {"de": "Zum Testen."},
        "organization_type": "municipality",
        "sources": ["destatis-gv-isys"],
    },
)
BODY: dict[str, Any] = {
    "object": "service",
    "organization_id": "test-body",
    "name": {"de": "Beratung"},
    "description": {"de": "Beratung zum Testen."},
    "status": "active",
    "topics": ["WOHNEN"],
    "areas": ["059990000000"],
    "audience": "person",
    "role": "advises",
    "sources": ["destatis-gv-isys"],
}
ISSUER = TestIssuer()


@pytest.fixture(scope="module")
def directory_of(make_database: Callable[[str], Any]) -> Iterator[Directory]:
    with Database(make_database("directory").app_dsn) as db:
        found = Directory(db)
        found.take_in_bytes(REGION.read_bytes())
        yield found


@pytest.fixture(scope="module")
def app(directory_of: Directory) -> APIFlask:
    return create_app(settings(), directory_of.unit, issuer_keys=ISSUER.keys())


@pytest.fixture
def site(app: APIFlask) -> FlaskClient:
    """A browser nobody has counted yet."""
    for name in [name for name in app.extensions if name.startswith("directory-")]:
        del app.extensions[name]
    return app.test_client()


def page(site: FlaskClient, path: str, status: int = 200) -> str:
    answer = site.get(f"/directory/help/{path}", headers={"Accept": "text/html"})
    assert answer.status_code == status, answer.text
    assert "Set-Cookie" not in answer.headers
    return answer.text


def names(site: FlaskClient, query: str, tag: str = "de") -> list[str]:
    return re.findall(r'/services/([a-z0-9-]+)"', page(site, f"{tag}/find?{query}"))


@pytest.mark.parametrize("tag", PERSON_LANGUAGES)
def test_every_page_is_there_in_every_language_and_sets_no_cookie(site: FlaskClient, tag: str) -> None:
    paths = [
        "",
        "find?situation=diploma&area=Aachen&spoken=ar",
        f"services/{HWK}",
        f"services/{HWK}/card",
        "find?q=zzzz",
    ]
    for path in paths:
        text = page(site, f"{tag}/{path}")
        assert f'<html lang="{tag}" dir="{"rtl" if tag == "ar" else "ltr"}">' in text
        assert "<script" not in text.replace('<script type="application/ld+json">', "")
        assert text.count('rel="alternate" hreflang') == len(PERSON_LANGUAGES) + 1


def test_choosing_a_language_by_the_other_pages_way_sets_no_cookie_here(site: FlaskClient) -> None:
    page(site, "de/?lang=de")
    page(site, "nowhere?lang=ar", 404)


@pytest.mark.parametrize("tag", ["de", "ar"])
@pytest.mark.parametrize(
    "typed", ["anerkenung", "denklik", "recognition", "الاعتراف", "визнання", "diplome", "Handwerkskamer", "Handwerk"]
)
def test_a_word_of_any_language_finds_who_decides(site: FlaskClient, tag: str, typed: str) -> None:
    assert HWK in names(site, f"q={typed}", tag)


def test_words_and_a_place_together_ask_in_that_place(site: FlaskClient) -> None:
    assert names(site, "q=Anerkennung in Münster")[0] == "hwk-muenster-anerkennung"
    assert HWK not in names(site, "q=Anerkennung in Münster")


def test_who_is_there_for_a_place_stands_before_whoever_is_there_for_the_state(site: FlaskClient) -> None:
    found = names(site, "topic=ANERKENNUNG&area=Alsdorf")
    assert found.index(HWK) < found.index("zag-pug-anerkennung-gesundheit")
    assert "hwk-muenster-anerkennung" not in found
    assert found[-1] == "wcr-fachkraefte", "our own measure comes last"


def test_a_place_that_was_just_added_is_known_at_once(site: FlaskClient, directory_of: Directory) -> None:
    area = {"object": "area", "id": "059980000000", "name": {"de": "Neustadt am Test"}, "sources": ["destatis-gv-isys"]}
    assert page(site, "de/find?topic=ARBEIT&area=Neustadt am Test", 404)
    directory_of.take_in(area)
    assert "Neustadt am Test" in page(site, "de/find?topic=ARBEIT&area=Neustadt am Test")


def test_a_postal_code_known_from_an_address_is_a_place(site: FlaskClient, directory_of: Directory) -> None:
    directory_of.take_in(*a_full_directory())
    assert names(site, "topic=ANERKENNUNG&area=52062") == names(site, "topic=ANERKENNUNG&area=Aachen")


def test_each_answer_says_why(site: FlaskClient) -> None:
    text = page(site, "en/find?situation=diploma&area=Aachen&spoken=ar")
    assert "This body decides about: recognition of qualifications." in html.unescape(text)
    assert "It is there for: StädteRegion Aachen." in text
    assert "We do not know whether somebody there speaks Arabic." in text


def test_persons_and_employers_see_what_is_theirs(site: FlaskClient) -> None:
    assert "thielkasse-sprachkurse" in names(site, "situation=welcome")
    assert "agentur-arbeitgeber-service" not in names(site, "situation=work")


def test_a_situation_may_say_more_closely_what_is_meant_and_leaves_nobody_out(site: FlaskClient) -> None:
    people, arrived = names(site, "situation=people&area=Aachen"), names(site, "situation=arrived&area=Aachen")
    own = [one for one in people if one.startswith("wcr-")]
    assert own[0] == "wcr-veranstaltungen", "among our own, which come after existing bodies"
    assert people[-len(own) :] == own
    assert sorted(people) == sorted(arrived)


def test_who_decides_by_law_is_said(site: FlaskClient, directory_of: Directory) -> None:
    competence = {
        "object": "competence",
        "id": "test-competence",
        "leika_key": "99000000000000",
        "name": {"de": "Testbescheid"},
        "areas": ["05"],
        "organization_id": "test-body",
        "service_id": "by-law",
        "role": "decides",
        "legal_ground": "§ 1 TestG",
        "sources": ["destatis-gv-isys"],
    }
    past = {**competence, "id": "past-competence", "name": {"de": "Altbescheid"}, "valid_to": "2020-01-01"}
    directory_of.take_in(*GROUND, {**BODY, "id": "by-law", "topics": ["BANK_VERSICHERUNG"]}, competence, past)
    text = page(site, "de/services/by-law")
    assert "Nach dem Gesetz entscheidet diese Stelle: Testbescheid (§ 1 TestG)" in text
    assert "Altbescheid" not in text


def test_a_language_spoken_there_comes_first_and_unknown_is_not_no(site: FlaskClient, directory_of: Directory) -> None:
    arabic = {**BODY, "id": "arabic", "languages": [{"code": "ar"}]}
    german = {**BODY, "id": "german", "languages": [{"code": "de"}], "overlap_justification": {"de": "Test"}}
    silent = {**BODY, "id": "silent", "name": {"de": "A"}, "overlap_justification": {"de": "Test"}}
    directory_of.take_in(*GROUND, arabic, german, silent)
    assert names(site, "topic=WOHNEN&area=Testdorf&spoken=ar") == ["arabic", "silent", "german"]


def test_our_own_measure_comes_after_existing_bodies_however_well_it_fits(
    site: FlaskClient, directory_of: Directory
) -> None:
    words = {"name": {"de": "Zimmervermittlung"}, "description": {"de": "Zimmervermittlung für alle."}}
    place = {**GROUND[0], "id": "059990000001", "name": {"de": "Eigendorf"}}
    own = {**BODY, **words, "id": "own", "own_measure": True, "languages": [{"code": "ar"}], "areas": [place["id"]]}
    existing = {**BODY, "id": "existing", "languages": [{"code": "de"}], "areas": [place["id"]]}
    directory_of.take_in(*GROUND, place, own, existing)
    assert names(site, "topic=WOHNEN&area=Eigendorf&spoken=ar") == ["existing", "own"]
    found = names(site, "q=Zimmervermittlung+Beratung&area=Eigendorf")
    assert found[-1] == "own" and "existing" in found


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("topic=TELEPATHY", "Dieses Thema kennen wir nicht"),
        ("topic=ARBEIT&area=5206", "Eine Postleitzahl hat fünf Ziffern."),
        ("situation=bored", "Diese Lebenslage kennen wir nicht"),
        ("area=Atlantis", "Diesen Ort kennen wir nicht"),
        ("topic=ARBEIT&spoken=klingonisch", "Diese Sprache kennen wir nicht"),
        ("topic=ARBEIT&for=cats", "Für wen das sein soll"),
        ("topic=ARBEIT&page=0", "So viele Seiten gibt es nicht"),
        ("topic=ARBEIT&page=99999999999999999999", "So viele Seiten gibt es nicht"),
    ],
)
def test_what_nobody_knows_is_named_and_left_out(site: FlaskClient, query: str, words: str) -> None:
    text = page(site, f"de/find?{query}", 404)
    assert words in text
    assert "kennen wir niemanden" not in text
    assert "noindex" in text


@pytest.mark.parametrize(
    "typed", ["' OR 1=1 --", "<script>alert(1)</script>", "%00", "a & | ! ( )", "x" * 5_000, "%F0%9F%98%80"]
)
def test_any_search_word_gets_an_answer(site: FlaskClient, typed: str) -> None:
    assert "<script>alert" not in page(site, f"de/find?q={typed}")


def test_no_parameter_of_an_address_leads_out_of_the_site(site: FlaskClient) -> None:
    text = page(site, "de/find?topic=ARBEIT&_external=1&_scheme=javascript&tag=x&name=y")
    assert "javascript:" not in text
    assert set(re.findall(r'href="([a-z]+:|//)', text)) <= {"http:", "https:"}


@pytest.mark.parametrize("path", ["xx/", "de/nowhere", "de/services/nobody", "de/services/nobody/card", "a/b/c"])
def test_a_wrong_address_leads_to_the_start_page(site: FlaskClient, path: str) -> None:
    answer = site.get(f"/directory/help/{path}", headers={"Accept-Language": "tr"})
    assert answer.status_code == 404
    assert 'href="/directory/help/' in answer.text
    assert ("Bana kim yard" in answer.text) is not path.startswith("de/")


def test_nothing_chosen_leads_to_the_start_page(site: FlaskClient) -> None:
    answer = site.get("/directory/help/ar/find?q=+&area=")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/directory/help/ar/")


def test_the_door_knows_the_browsers_language(site: FlaskClient) -> None:
    answer = site.get("/directory/help/", headers={"Accept-Language": "uk-UA,uk;q=0.9"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/directory/help/uk/")
    assert "Accept-Language" in answer.headers["Vary"]


def test_what_is_not_translated_is_german_and_says_so(site: FlaskClient) -> None:
    text = page(site, f"ar/services/{HWK}")
    assert "<li>استمارة الطلب</li>" in text
    assert "Antragsformular" not in text
    assert 'span lang="de"' not in page(site, f"de/services/{HWK}")


def test_what_to_bring_how_long_and_the_way_are_said_in_the_reader_s_language(
    site: FlaskClient, directory_of: Directory
) -> None:
    texts = {
        "required_documents": [{"document": {"de": "Ausweis", "fr": "Pièce d’identité"}}, {"document": "Zeugnis"}],
        "wait_time": {"de": "zwei Wochen", "fr": "deux semaines"},
    }
    way = {"transportation": {"de": "Bus 3", "fr": "Autobus 3"}, "description": "Hinterhaus"}
    house = {
        "object": "location",
        "id": "a-way",
        "organization_id": "test-body",
        "name": "Haus",
        "location_type": "physical",
    }
    link = {"object": "service_at_location", "id": "bring-there", "service_id": "test-bring", "location_id": "a-way"}
    cited = {"sources": ["destatis-gv-isys"]}
    directory_of.take_in(*GROUND, {**BODY, **texts, "id": "test-bring"}, {**house, **way, **cited}, {**link, **cited})
    french, turkish = page(site, "fr/services/test-bring"), page(site, "tr/services/test-bring")
    for words in ("<li>Pièce d’identité</li>", "Délai d’attente: deux semaines", "<br>Autobus 3"):
        assert words in french
    for words in ('<li><span lang="de" dir="ltr">Zeugnis</span></li>', '<span lang="de" dir="ltr">Hinterhaus</span>'):
        assert words in french
        assert words in turkish
    assert '<span lang="de" dir="ltr">zwei Wochen</span>' in turkish
    assert "henüz dilinizde yok" in turkish
    newer = "Le texte allemand est plus récent que sa traduction"
    assert newer not in french
    complete = {"name": {"de": "Rat", "fr": "Conseil"}, "description": {"de": "Rat", "fr": "Conseil"}}
    directory_of.take_in({**BODY, "id": "test-said", **complete})
    only_names = page(site, "fr/services/test-said")
    assert "pas encore dans votre langue" not in only_names, "the name of a body is no text"
    directory_of.take_in({**house, **way, **cited, "transportation": {"de": "Bus 4", "fr": "Autobus 3"}})
    assert newer in page(site, "fr/services/test-bring"), "the way there may be outdated"


def test_a_text_the_page_does_not_show_is_not_said_to_be_newer(site: FlaskClient, directory_of: Directory) -> None:
    body, newer = {**GROUND[1], "id": "hidden-body"}, "Le texte allemand est plus récent que sa traduction"
    directory_of.take_in(
        *GROUND,
        {**body, "description": {"de": "Eins.", "fr": "Un."}},
        {**BODY, "id": "hidden", "organization_id": "hidden-body"},
    )
    directory_of.take_in({**body, "description": {"de": "Zwei.", "fr": "Un."}})
    assert newer not in page(site, "fr/services/hidden"), "of the body the page shows its name alone"
    directory_of.take_in({**body, "name": {"de": "Amt", "fr": "Bureau"}})
    directory_of.take_in({**body, "name": {"de": "Dienst", "fr": "Bureau"}})
    assert newer in page(site, "fr/services/hidden")


def test_what_is_unknown_is_shown_as_unknown(site: FlaskClient) -> None:
    assert page(site, "en/services/jmd-muenster-begleitung").count("We do not know this. Please ask there.") == 5


def test_everything_that_is_known_is_shown_as_people_write_it_there(site: FlaskClient, directory_of: Directory) -> None:
    directory_of.take_in(*a_full_directory())
    text = re.sub(r"\s+", " ", html.unescape(re.sub(r"<br>|<[^>]+>", " ", page(site, "de/services/a-recognition"))))
    for words in (
        "Montag, Dienstag: 08:30 – 12:00",
        "1. Freitag: 14:00 – 16:00",
        "Markt 1 52062 Aachen",
        "Zimmer 3",
        "Barrierefreiheit: Aufzug",
        "+49 241 1234567 (Durchwahl 12 )",
        "beratung@kammer.example",
        "200,00 € Gebühr",
        "Zeugnis",
        "Arabisch",
        "Dolmetschen ist dort möglich.",
        "Es gibt eine Warteliste.",
    ):
        assert words in text, words
    assert text.count("(Durchwahl 12 )") == 2, "what service, place and body all say is said once; and once at the desk"
    [calendar] = re.findall(r'href="(/hsds/[^"]+/hours\.ics)"', page(site, "tr/services/a-recognition"))
    assert site.get(calendar).mimetype == "text/calendar"
    assert "2:00 PM" in page(site, "en/services/a-recognition").replace("\u202f", " ")
    assert "#map=18/50.77000/6.08000" in page(site, "ar/services/a-recognition")


def test_only_what_ended_is_said_to_have_been_offered_before(site: FlaskClient, directory_of: Directory) -> None:
    """What was never opened, or is only uncertain, is inactive: nobody knows whether it is offered."""
    ended, uncertain = ({**BODY, "id": status, "status": status} for status in ("defunct", "inactive"))
    directory_of.take_in(*GROUND, ended, uncertain)
    for tag, over, unknown in (
        ("de", "Das wird nicht mehr angeboten.", "Ob das angeboten wird, wissen wir nicht; fragen Sie nach."),
        ("en", "This is not offered any more.", "Whether this is offered we do not know; please ask the body."),
        ("fr", "Cette offre n’existe plus.", "Nous ne savons pas si cette offre existe"),
    ):
        told = html.unescape(page(site, f"{tag}/services/defunct", 410))
        asked = html.unescape(page(site, f"{tag}/services/inactive", 410))
        assert (over in told, unknown in told, over in asked, unknown in asked) == (True, False, False, True)


def test_a_retired_service_is_gone_and_leads_on(site: FlaskClient) -> None:
    text = page(site, "de/services/ipo-muenster", 410)
    assert "find?topic=WOHNEN" in text
    assert "ipo-muenster" not in names(site, "topic=WOHNEN")
    page(site, "de/services/ipo-muenster/card", 404)


def test_machines_read_who_offers_what_where(site: FlaskClient) -> None:
    [markup] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page(site, f"en/services/{HWK}"))
    found = json.loads(markup)
    assert found["@type"] == "GovernmentService"
    assert found["provider"]["@type"] == "GovernmentOrganization"
    assert found["provider"]["name"] == "Chamber of Crafts Aachen"
    assert {"StädteRegion Aachen"} <= {area["name"] for area in found["areaServed"]}


def test_an_answer_may_be_kept_and_asked_for_again(site: FlaskClient) -> None:
    first = site.get(f"/directory/help/de/services/{HWK}")
    assert first.headers["Cache-Control"] == "public, max-age=300"
    again = site.get(f"/directory/help/de/services/{HWK}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_search_engines_are_told_what_is_theirs(site: FlaskClient) -> None:
    robots = site.get("/robots.txt").text
    assert "Allow: /directory/help/\n" in robots
    [index] = re.findall(r"Sitemap: (\S+)", robots)
    files = re.findall(r"<loc>([^<]+)</loc>", site.get(index).text)
    addresses = [html.unescape(one) for file in files for one in re.findall(r"<loc>([^<]+)</loc>", site.get(file).text)]
    assert len(addresses) == len(set(addresses)) > 7 * 40
    assert [one for one in addresses[::37] if site.get(one).status_code != 200] == []
    assert not any("ipo-muenster" in one for one in addresses)


@pytest.mark.parametrize("name", ["0", "x", "-1", "99999999999"])
def test_there_is_no_other_part_of_the_map(site: FlaskClient, name: str) -> None:
    assert site.get(f"/directory/help/sitemap-{name}.xml").status_code in {200, 404}


def test_the_card_carries_german_for_the_counter_and_a_code_for_the_phone(site: FlaskClient) -> None:
    text = page(site, f"fr/services/{HWK}/card")
    assert "Guten Tag. Ich komme wegen:" in text
    assert 'src="data:image/svg+xml' in text
    assert "Guten Tag" not in page(site, f"de/services/{HWK}/card")


def test_advisers_begin_an_enquiry_with_the_topic_and_nothing_else(site: FlaskClient) -> None:
    links = re.findall(r'href="(/referral/[^"]+)"', html.unescape(page(site, "de/find?q=Müllers+Diplom+anerkennen")))
    assert links == ["/referral/enquiries/new?enquirer=person&topics=ANERKENNUNG"]


def test_whoever_asks_without_end_is_asked_to_wait(site: FlaskClient) -> None:
    turkish = {"Accept-Language": "tr", "Accept": "text/html"}
    answers = [site.get("/directory/help/", headers=turkish) for _ in range(limits.PAGES.most + 1)]
    assert answers[-2].status_code == 302
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) <= 60
    assert "Bir dakika lütfen" in answers[-1].text


@pytest.mark.parametrize(
    ("limit", "path"),
    [
        (limits.SEARCHES, "/directory/help/de/find?topic=WOHNEN"),
        (limits.READINGS, "/hsds/taxonomies"),
        (limits.EXPORTS, "/hsds/export?format=nonsense"),
        (limits.EXPORTS, "/hsds/services?format=ndjson"),
    ],
    ids=["searches", "readings", "exports", "all-services"],
)
def test_a_program_that_asks_without_end_is_told_when_to_come_back(
    site: FlaskClient, limit: limits.Limit, path: str
) -> None:
    with site.application.test_request_context(environ_base={"REMOTE_ADDR": "2001:db8:1:2::1"}):
        for _ in range(limit.most):
            limit.expect_patience()
    refused = site.get(path, environ_base={"REMOTE_ADDR": "2001:db8:1:2:ffff::9"})
    assert (refused.status_code, refused.content_type) == (429, "application/problem+json")
    assert refused.json is not None
    assert refused.json["slug"] == "request.too-many"
    assert 0 < int(refused.headers["Retry-After"]) <= limit.window.total_seconds()
    assert ("RateLimit-Remaining" in refused.headers) is limit.told
    assert site.get(path, environ_base={"REMOTE_ADDR": "2001:db8:1:3::1"}).status_code != 429
