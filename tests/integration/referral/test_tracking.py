"""The tracking list: the same truth as the domain, only what one may see, page by page."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from contracts.codes import Party, Site, Status, TaskKind
from contracts.event import PublicText
from services.referral import handlers
from services.referral.queries import tracking
from services.referral.queries.tracking import Wanted
from services.referral.store import referrals
from services.referral.web.board import PAGE
from services.referral.web.tasks import PLACES, place_of
from tests.integration.referral.rig import Navigator, Network, recipient, to_ihk
from tests.integration.referral.scene import CENTER, HWK, IHK, IHK_SERVICE, NAVIGATOR, an_organization

ELSEWHERE = referrals.staff_actor("staff:" + "b" * 32, Site.NEUSS, CENTER, NAVIGATOR.role)
FOREIGN = referrals.staff_actor("staff:" + "c" * 32, Site.AACHEN, IHK, NAVIGATOR.role)


def listed(network: Network, wanted: Wanted | None = None) -> list[tracking.Row]:
    with network.scene.db.read() as connection:
        return tracking.tracking(connection, NAVIGATOR, wanted or Wanted(), network.scene.clock.today())[0]


def another(network: Network, name: str, *recipients: object, send: bool = True) -> str:
    navigator = network.navigator
    enquiry = navigator.enquire(family_name=name)
    if recipients:
        navigator.consent(enquiry, *recipients)  # type: ignore[arg-type]
    referral_id = str(navigator.draft(enquiry)["id"])
    if send:
        navigator.act(referral_id, "prepare")
        network.scene.tick()
    return referral_id


@pytest.fixture
def busy(network: Network) -> Network:
    """Referrals in nine states."""
    hwk = network.hwk
    ids = {name: another(network, name, recipient()) for name in ("Asked", "Accepted", "Started", "Waiting", "Over")}
    hwk.act(ids["Asked"], "ask", {"question": "LANGUAGE_LEVEL"})
    hwk.act(ids["Accepted"], "accept")
    hwk.act(ids["Started"], "accept")
    hwk.act(ids["Started"], "start", {"first_contact_on": network.scene.clock.today().isoformat()})
    hwk.act(ids["Waiting"], "waitlist")
    hwk.fetch(ids["Over"])
    network.navigator.act(ids["Over"], "cancel", {"reason": "PERSON_DECLINED"})
    another(network, "Requested", recipient(back_level="receipt"))
    fetched = another(network, "Fetched", recipient(back_level="none"))
    hwk.fetch(fetched)
    another(network, "Draft", send=False)
    another(network, "Unconsented")
    return network


def test_it_waits_for_whom_the_domain_says_and_is_due_when_the_domain_says(busy: Network):
    rows = listed(busy, Wanted(everything=True))
    assert len(rows) == 9
    for row in rows:
        seen = busy.navigator.see(str(row.id))
        assert (row.waiting_for, row.status) == (seen["waiting_for"], seen["status"]), row.reference
        assert (row.due_on.isoformat() if row.due_on else None) == seen["due_on"], row.status


def test_it_begins_with_what_is_due_soonest(busy: Network):
    days = [row.due_on for row in listed(busy) if row.due_on]
    assert days == sorted(days)
    assert listed(busy)[-1].due_on is None


def test_an_ended_referral_stays_on_the_list_as_long_as_the_partner_owes_something(busy: Network):
    assert Status.CANCELLED in {row.status for row in listed(busy)}


def test_filters_and_counters_agree(busy: Network):
    today = busy.scene.clock.today() + timedelta(days=400)
    with busy.scene.db.read() as connection:
        counts = tracking.counts(connection, NAVIGATOR, today)
        overdue = tracking.tracking(connection, NAVIGATOR, Wanted(overdue=True), today)[0]
    assert counts.open == len(listed(busy))
    assert counts.ours == len(listed(busy, Wanted(waiting_for=Party.NAVIGATOR)))
    assert counts.overdue == len(overdue) > 0
    for status, many in counts.by_status.items():
        assert many == len(listed(busy, Wanted(status=status))), status
    assert set(counts.by_status) == {row.status for row in listed(busy) if not row.status.is_terminal}


def test_each_filter_shows_what_it_says_and_all_of_it(busy: Network):
    everything = listed(busy, Wanted(everything=True))
    assert {row.id for row in listed(busy, Wanted(partner=HWK))} == {row.id for row in listed(busy)}
    assert listed(busy, Wanted(partner=IHK)) == []
    assert listed(busy, Wanted(mine=True)) == []  # drafted by the navigator of the pages, not by this one
    for row in everything:
        assert row in listed(busy, Wanted(status=row.status))
        assert [row.id] == [one.id for one in listed(busy, Wanted(reference=row.reference[5:]))]
    with busy.scene.db.read() as connection:
        assert list(tracking.partners(connection, NAVIGATOR)) == [HWK]


def test_the_last_event_is_the_last_that_says_something(busy: Network):
    last = {row.status: row.last.type for row in listed(busy) if row.last}
    assert last[Status.CLARIFICATION] == "referral.clarification_asked.v1"
    assert last[Status.WAITLISTED] == "referral.waitlisted.v1"
    assert last[Status.DRAFT] == "referral.drafted.v1"


@pytest.mark.parametrize("level", ["none", "receipt"])
def test_of_a_partner_that_may_not_say_more_the_list_says_no_more(network: Network, browser: FlaskClient, level: str):
    referral_id = network.requested(recipient(back_level=level))
    network.hwk.fetch(referral_id)
    for action, body in (("accept", {}), ("waitlist", {}), ("reject", {"reason": "NO_CAPACITY"})):
        assert network.hwk.try_act(referral_id, action, body).status_code == 409
    [row] = listed(network)
    assert row.status is Status.REQUESTED
    for text in (page(browser), browser.get(f"{PAGE}/referrals.csv").text):
        assert "keine Kapazität" not in text
        assert not re.search(r">(Übernommen|Warteliste)</span>", text)


def test_the_list_leaves_as_a_file_without_a_person_and_without_a_formula(network: Network, browser: FlaskClient):
    name = PublicText({"de": "=1+1 Handwerkskammer"})
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_organization(work, an_organization(HWK, version=2, name=name))
    another(network, "Ohnegleichen", recipient())
    answer = browser.get(f"{PAGE}/referrals.csv?status=requested")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    [heading, row] = csv.reader(io.StringIO(answer.text))
    told = dict(zip(heading, row, strict=True))
    assert told["state"] == "Verweis gesendet"
    assert told["partner"] == "'=1+1 Handwerkskammer"
    assert "Ohnegleichen" not in answer.text
    assert browser.get(f"{PAGE}/referrals.csv?status=rejected").text.count("\r\n") == 1


@pytest.mark.parametrize("where", ["/referral/tracking", "/referral/tracking/referrals.csv"])
def test_a_place_that_no_page_gave_is_refused_before_anything_leaves(browser: FlaskClient, where: str):
    refused = browser.get(f"{where}?after=x", headers={"Accept": "application/json"})
    assert refused.status_code == 422


def test_a_file_holds_all_pages(busy: Network, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tracking, "PIECE", 2)
    assert browser.get(f"{PAGE}/referrals.csv?status=all").text.count("\r\n") == 1 + 9


@pytest.mark.parametrize("stranger", [ELSEWHERE, FOREIGN], ids=["other site", "other organization"])
def test_nobody_else_sees_any_of_it(busy: Network, stranger: object):
    with busy.scene.db.read() as connection:
        rows, _ = tracking.tracking(connection, stranger, Wanted(everything=True), busy.scene.clock.today())  # type: ignore[arg-type]
    assert rows == []


def test_pages_follow_each_other_without_gap_and_without_repetition(busy: Network):
    for wanted, many in ((Wanted(everything=True), 9), (Wanted(), len(listed(busy)))):
        found, after = [], ""
        with busy.scene.db.read() as connection:
            while after is not None:
                asked = replace(wanted, after=after)
                rows, after = tracking.tracking(connection, NAVIGATOR, asked, busy.scene.clock.today(), 4)  # type: ignore[assignment]
                found += [row.id for row in rows]
        assert len(found) == len(set(found)) == many > 4


# --- the pages themselves ---------------------------------------------------------------------------------------------


@pytest.fixture
def browser(network: Network) -> FlaskClient:
    """A navigator's browser; her token stands in for the sign-in, which is tested elsewhere."""
    client = network.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.navigator.token}"
    return client


def page(client: FlaskClient, **filters: str) -> str:
    answer = client.get(f"{PAGE}?{urlencode(filters)}")
    assert answer.status_code == 200
    return answer.text


def test_the_list_names_no_person(network: Network, browser: FlaskClient):
    network.requested()
    assert "Ben Salah" not in page(browser)
    assert "Anerkennung" in page(browser)


def test_a_number_typed_in_leads_to_its_case(network: Network, browser: FlaskClient):
    referral_id = network.requested()
    reference = network.navigator.see(referral_id)["reference"]
    answer = browser.get(f"{PAGE}?reference={reference.lower()}")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/referral/referrals/{referral_id}")
    assert reference in page(browser, reference=reference[:6])
    assert reference not in page(browser, reference="R-99-%")


def test_an_old_bookmark_still_works(browser: FlaskClient):
    assert "Hier steht nichts" in page(browser, status="no-such-status", waiting_for="nobody", due="whenever")


def test_a_wrong_cursor_is_refused_by_name(browser: FlaskClient):
    answer = browser.get(f"{PAGE}?after=yesterday")
    assert (answer.status_code, list(answer.json["fields"])) == (422, ["after"])  # type: ignore[index]


def test_a_consent_for_two_bodies_is_shown_in_each_case(network: Network, browser: FlaskClient):
    navigator = network.navigator
    enquiry = navigator.enquire()
    navigator.consent(enquiry, recipient(), to_ihk())
    drafted = navigator.draft(enquiry, IHK_SERVICE)
    assert "auf Papier unterschrieben" in browser.get(f"/referral/referrals/{UUID(drafted['id'])}").text


def test_a_task_lies_only_before_those_who_may_act_on_it_and_leads_to_where(network: Network):
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    network.navigator.act(referral_id, "mark_entered_in_error")
    rejected = network.requested()
    network.hwk.act(rejected, "reject", {"reason": "NO_CAPACITY"})
    lead = network.staff(sub="lena", roles=["lead"])
    elsewhere = "/referral/enquiries/{enquiry_id}/needs/{need_id}".format(**network.navigator.see(rejected))
    before = {name: board_of(caller) for name, caller in {"navigator": network.navigator, "lead": lead}.items()}
    breaches = "/referral/data-protection/breaches"
    assert before == {"navigator": {elsewhere}, "lead": {elsewhere, breaches}}
    [task] = [one for one in lead.get("/referral/api/v1/tasks")["tasks"] if one["role"] == "lead"]
    closing = f"/referral/api/v1/tasks/{task['id']}/closings"
    assert network.navigator.ask("POST", closing).json["slug"] == "task.unknown"
    lead.post(closing, {})
    assert board_of(lead) == {elsewhere}


@pytest.mark.parametrize("kind", TaskKind)
def test_every_kind_of_task_leads_somewhere(kind: TaskKind):
    task = {"kind": kind.value, "referral_id": None, "enquiry_id": "e"}
    assert place_of(task) in {*PLACES.values(), "/referral/enquiries/e", "/referral/enquiries/e#plan"}


def board_of(caller: Navigator) -> set[str]:
    """Where what waits on the desk leads."""
    return set(re.findall(r'href="([^"]+)" data-item', caller.ask("GET", "/referral/").text))
