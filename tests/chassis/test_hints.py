"""First-use hints: sent away with a form, without a script, remembered by names alone, shown again when asked."""

import pytest
from flask.testing import FlaskClient

from services.chassis.pages import HINTS_COOKIE
from tests.browser.sample import make_sample

FORM = {"csrf_token": "form-token", "page": "/sample/?lang=de"}


@pytest.fixture
def reader() -> FlaskClient:
    return make_sample().test_client()


def is_shown(reader: FlaskClient) -> bool:
    return 'action="/sample/hints/parts"' in reader.get("/sample/").text


def test_a_hint_is_shown_until_it_is_sent_away(reader: FlaskClient) -> None:
    assert is_shown(reader)
    answer = reader.post("/sample/hints/parts", data=FORM)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sample/?lang=de")
    assert not is_shown(reader)
    assert reader.post("/sample/hints", data=FORM).status_code == 303
    assert is_shown(reader)


def test_what_is_remembered_is_the_names_alone_and_no_more_than_a_few(reader: FlaskClient) -> None:
    for number in range(30):
        reader.post(f"/sample/hints/made{chr(97 + number % 26) * 3}", data=FORM)
    cookie = reader.get_cookie(HINTS_COOKIE)
    assert cookie is not None
    names = cookie.value.split(".")
    assert len(names) == 20
    assert all(name.isalpha() for name in names)
    assert cookie.http_only


def test_another_site_can_neither_send_hints_away_nor_lead_elsewhere(reader: FlaskClient) -> None:
    assert reader.post("/sample/hints/parts", data={"page": "/sample/"}).status_code == 419
    answer = reader.post("/sample/hints/parts", data=FORM | {"page": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/sample/"


def test_only_names_of_hints_are_taken(reader: FlaskClient) -> None:
    assert reader.post("/sample/hints/a.b=c", data=FORM).status_code == 404
    reader.set_cookie(HINTS_COOKIE, "parts.<script>..x")
    assert "<script>.." not in reader.get("/sample/").text
    assert not is_shown(reader)
