"""Several bodies at once for one need: a draft to each that was ticked, or to none and the reason."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from contracts.event import Code
from services.referral import handlers
from tests.integration.referral.rig import Json, Network
from tests.integration.referral.scene import HWK, HWK_SERVICE, IHK, IHK_SERVICE, a_service, somebody_else


@pytest.fixture(scope="module")
def network(one_network: Network) -> Network:
    return one_network


@pytest.fixture
def enquiry(network: Network) -> Json:
    return network.navigator.enquire(**somebody_else())


def send(network: Network, enquiry: Json, *services: object, **form: Any) -> TestResponse:
    path = f"/referral/enquiries/{enquiry['id']}/needs/{enquiry['needs'][0]['id']}/referrals/several"
    data = {"request_key": uuid4().hex, "service_id": [str(one) for one in services], **form}
    headers = {"Authorization": f"Bearer {network.navigator.token}", "Accept-Language": "de"}
    return network.app.test_client().post(path, data=data, headers=headers)


def drafts(network: Network, enquiry: Json) -> list[UUID]:
    rows = "SELECT service_id FROM referrals WHERE enquiry_id = %s AND status = 'draft'"
    return [row["service_id"] for row in network.scene.rows(rows, UUID(enquiry["id"]))]


def test_each_that_is_ticked_has_a_draft(network: Network, enquiry: Json):
    need = f"/referral/enquiries/{enquiry['id']}/needs/{enquiry['needs'][0]['id']}"
    shown = network.navigator.ask("GET", need, Accept="text/html", **{"Accept-Language": "de"}).text
    assert shown.count('form="several"') == 2 and "Mehrere Stellen auf einmal" in shown
    answer = send(network, enquiry, HWK_SERVICE, IHK_SERVICE)
    assert answer.headers["Location"] == f"/referral/enquiries/{enquiry['id']}?done=drafted"
    assert set(drafts(network, enquiry)) == {HWK_SERVICE, IHK_SERVICE}


def test_a_form_sent_twice_drafts_once(network: Network, enquiry: Json):
    key = uuid4().hex
    codes = [send(network, enquiry, HWK_SERVICE, IHK_SERVICE, request_key=key).status_code for _ in range(2)]
    assert codes == [303, 303] and len(drafts(network, enquiry)) == 2


@pytest.fixture
def funded(network: Network) -> Iterator[None]:
    """For a while the two are paid by funds that exclude each other."""
    federal = {"funder": Code("BUND"), "excludes_funders": (Code("ESF"),)}
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, a_service(HWK_SERVICE, HWK, version=5, funder=Code("ESF")))
        handlers.keep_service(work, a_service(IHK_SERVICE, IHK, version=5, **federal))
    yield
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, a_service(HWK_SERVICE, HWK, version=6))
        handlers.keep_service(work, a_service(IHK_SERVICE, IHK, version=6))


@pytest.mark.usefixtures("funded")
def test_where_one_is_refused_none_has_a_draft_and_the_page_says_which(network: Network, enquiry: Json):
    answer = send(network, enquiry, HWK_SERVICE, IHK_SERVICE)
    assert answer.status_code == 409 and drafts(network, enquiry) == []
    assert "Es ist kein Entwurf entstanden" in answer.text and "Förderungen" in answer.text


@pytest.mark.parametrize("wrong", [[], ["x"], [str(UUID(int=one)) for one in range(6)]], ids=["none", "no-id", "many"])
def test_a_choice_that_is_none_is_refused(network: Network, enquiry: Json, wrong: list[str]):
    answer = send(network, enquiry, *wrong)
    assert answer.status_code == 422 and list(answer.json["fields"]) == ["service_id"]  # type: ignore[index]
    assert drafts(network, enquiry) == []
