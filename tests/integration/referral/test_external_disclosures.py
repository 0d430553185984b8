"""What staff told outside on a statutory ground is a fact to look at; whatever the ground, it opens nothing."""

import dataclasses
import inspect
from datetime import timedelta
from typing import Any
from uuid import UUID

import marshmallow
import pytest
from flask.testing import FlaskClient

from contracts.codes import DataCategory, ExternalGround, FindingKind, Purpose, TaskKind
from contracts.referral import (
    ExternalDisclosureConfirmed,
    ExternalDisclosureHeldBack,
    ExternalDisclosureRecorded,
    FindingRaised,
    TaskClosed,
    TaskOpened,
)
from services.referral import record_of_processing
from services.referral.commands import enquiries
from services.referral.domain.consent import may_disclose
from services.referral.domain.grounds import Recipient
from services.referral.store import grounds
from services.referral.store.enquiries import Enquiry
from services.referral.web import bodies
from tests.integration.referral.guests import HTML, issued, press
from tests.integration.referral.rig import Json, Network
from tests.integration.referral.scene import HWK, HWK_SERVICE, NAVIGATOR
from tests.integration.referral.test_data_protection_pages import HUB, browser_of, figures

PAGE = "/referral/data-protection/disclosures"
POLICE = "Polizeiwache Musterstadt"


@pytest.fixture
def desk(network: Network) -> FlaskClient:
    return browser_of(network)


@pytest.fixture
def lead(network: Network) -> FlaskClient:
    return browser_of(network, sub="lena", roles=["lead"])


def tell(desk: FlaskClient, enquiry: Json, **changes: Any) -> Any:
    usual = {"ground": "acute_danger", "categories": ["IDENTITY"], "told_at": "2026-11-23T09:30", "recipient": POLICE}
    return desk.post(f"/referral/enquiries/{enquiry['id']}/external-disclosures", data=usual | changes)


def confirm(client: FlaskClient, network: Network, **data: str) -> Any:
    one = network.scene.rows("SELECT id FROM external_disclosures")[0]["id"]
    return client.post(f"{PAGE}/{one}/confirmations", data=data)


def said_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, (answer.json or {}).get("slug", "")


def channels(network: Network, enquiry: Json, never_sent: str, withdrawn: str) -> list[Any]:
    """Every way by which something of this person could leave, and what the engine itself says."""
    network.navigator.try_act(never_sent, "request")
    network.scene.tick()
    prints = f"/referral/api/v1/referrals/{withdrawn}/prints"
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        person_id = work.tx.execute("SELECT person_id FROM enquiries WHERE id = %s", (enquiry["id"],)).fetchone()
        assert person_id is not None
        standing = grounds.standing(work.tx, person_id["person_id"], work.now)
        engine = [
            may_disclose(standing.grounds, Recipient(HWK, HWK_SERVICE), Purpose.ANERKENNUNG, {one}, standing.at)
            for one in DataCategory
        ]
    return [
        said_of(network.navigator.try_act(never_sent, "prepare")),
        said_of(network.navigator.try_act(never_sent, "request")),
        network.navigator.see(never_sent)["status"],
        said_of(network.hwk.try_fetch(withdrawn)),
        said_of(network.hwk.try_fetch(never_sent)),
        said_of(network.navigator.try_act(withdrawn, "answer", {"answer": "Ja."})),
        said_of(network.navigator.ask("POST", prints)),
        engine,
    ]


@pytest.mark.parametrize("ground", list(ExternalGround))
def test_no_ground_opens_any_channel(network: Network, desk: FlaskClient, lead: FlaskClient, ground: ExternalGround):
    enquiry = network.navigator.enquire()
    consent = network.navigator.consent(enquiry)
    withdrawn = network.navigator.draft(enquiry)["id"]
    network.navigator.act(withdrawn, "prepare")
    network.scene.tick()
    network.navigator.post(
        f"/referral/api/v1/enquiries/{enquiry['id']}/consents/{consent['id']}/withdrawals", {"channel": "letter"}
    )
    never_sent = network.navigator.draft(enquiry)["id"]
    channels(network, enquiry, never_sent, withdrawn)
    before = channels(network, enquiry, never_sent, withdrawn)
    assert all(answer[0] >= 400 for answer in before if isinstance(answer, tuple))

    everything = [str(one) for one in DataCategory]
    assert tell(desk, enquiry, ground=ground, categories=everything, recipient="", recipient_id=HWK).status_code == 303
    recorded = channels(network, enquiry, never_sent, withdrawn)
    assert confirm(lead, network).status_code == 303

    assert recorded == before
    assert channels(network, enquiry, never_sent, withdrawn) == before
    assert [one.ground for one in network.scene.said(ExternalDisclosureConfirmed)] == [ground]


def test_it_is_a_fact_and_a_finding_and_never_says_whom_in_the_open(network: Network, desk: FlaskClient):
    enquiry = network.navigator.enquire()
    tell(desk, enquiry)
    fact = network.scene.said(ExternalDisclosureRecorded)[0]
    assert (fact.ground, fact.categories, fact.organization_id) == (
        ExternalGround.ACUTE_DANGER,
        (DataCategory.IDENTITY,),
        None,
    )
    assert [one.kind for one in network.scene.said(FindingRaised)] == [FindingKind.EXTERNAL_DISCLOSURE]
    assert POLICE.encode() not in bytes(network.scene.rows("SELECT sealed FROM external_disclosures")[0]["sealed"])
    assert POLICE in desk.get(f"/referral/enquiries/{enquiry['id']}").text


def test_only_a_second_person_confirms_and_only_once(network: Network, lead: FlaskClient):
    tell(lead, network.navigator.enquire())
    assert "You wrote this down yourself" in lead.get(PAGE).text
    assert confirm(lead, network).status_code == 409
    other = browser_of(network, sub="lars", roles=["lead"])
    assert confirm(other, network).status_code == 303
    assert confirm(other, network).status_code == 409
    assert len(network.scene.said(ExternalDisclosureConfirmed)) == 1


def test_a_navigator_and_the_officer_do_not_confirm(network: Network, desk: FlaskClient):
    tell(desk, network.navigator.enquire())
    dpo = browser_of(network, sub="dora", roles=["dpo"], site=None)
    assert "Acute danger" in dpo.get(PAGE).text
    assert confirm(dpo, network).status_code == 403
    assert confirm(browser_of(network, sub="nora"), network).status_code == 403


def test_after_one_working_day_it_lies_on_the_leads_desk_once(network: Network, desk: FlaskClient, lead: FlaskClient):
    tell(desk, network.navigator.enquire())

    def tasks() -> list[Any]:
        return [one for one in network.scene.said(TaskOpened) if one.kind is TaskKind.DISCLOSURE_UNCONFIRMED]

    network.scene.days_pass(1)
    assert tasks() == []
    network.scene.days_pass(3)
    assert [one.role for one in tasks()] == ["lead"]
    assert [one.kind for one in network.scene.said(FindingRaised)][1:] == [FindingKind.DISCLOSURE_UNCONFIRMED]
    assert "overdue" in lead.get(PAGE).text
    assert confirm(lead, network).status_code == 303
    assert [one.task_id for one in network.scene.said(TaskClosed)] == [tasks()[0].task_id]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("told_at", {"told_at": "2026-11-24T09:30"}),
        ("told_at", {"told_at": "gestern"}),
        ("categories", {"categories": []}),
        ("recipient", {"recipient": ""}),
        ("recipient_id", {"recipient": "", "recipient_id": str(UUID(int=7))}),
        ("ground", {"ground": "override"}),
    ],
)
def test_what_is_wrong_is_named_and_nothing_stays(network: Network, desk: FlaskClient, field: str, changes: Json):
    enquiry = network.navigator.enquire()
    answer = tell(desk, enquiry, **changes)
    assert answer.status_code == 422
    assert field in answer.text
    assert network.scene.rows("SELECT FROM external_disclosures") == []


def test_another_site_sees_nothing(network: Network, desk: FlaskClient):
    enquiry = network.navigator.enquire()
    tell(desk, enquiry)
    elsewhere = browser_of(network, sub="dirk", roles=["lead"], site="neuss")
    assert tell(elsewhere, enquiry).status_code == 404
    assert confirm(elsewhere, network).status_code == 404
    assert "Acute danger" not in elsewhere.get(PAGE).text


def test_of_somebody_erased_nobody_reads_whom_it_was_told(network: Network, desk: FlaskClient):
    enquiry = network.navigator.enquire()
    tell(desk, enquiry)
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.erase(work, NAVIGATOR, UUID(enquiry["id"]))
    network.scene.clock.instant += timedelta(seconds=1)
    network.scene.tick()
    person_id = network.scene.rows("SELECT person_id FROM external_disclosures")[0]["person_id"]
    assert network.scene.keys.vault.person_key(person_id) is None


def test_the_hub_counts_what_waits_to_be_confirmed(network: Network, desk: FlaskClient, lead: FlaskClient):
    tell(desk, network.navigator.enquire())
    assert figures(lead.get(HUB).text) == {"Told outside, not confirmed yet": 1}
    assert f'<a class="kern-link" href="{PAGE}">Told outside, not confirmed yet</a>' in lead.get(HUB).text
    assert figures(browser_of(network, sub="dirk", roles=["lead"], site="neuss").get(HUB).text) == {}
    network.scene.days_pass(4)
    assert "1 overdue" in lead.get(HUB).text
    assert confirm(lead, network).status_code == 303
    assert figures(lead.get(HUB).text) == {}


# --- what the person herself hears of it ------------------------------------------------------------------------------


def her_page(network: Network, enquiry: Json) -> str:
    found = enquiry_of(network, enquiry)
    client = network.app.test_client()
    assert press(client, issued(network, found)).status_code == 303
    return str(client.get("/referral/my/", headers=HTML).text)


def enquiry_of(network: Network, enquiry: Json) -> Enquiry:
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        return enquiries.load(work, UUID(enquiry["id"]), NAVIGATOR)


def access(network: Network, enquiry: Json, as_what: str = "application/json") -> Any:
    path = f"/referral/api/v1/enquiries/{enquiry['id']}/subject-access"
    body = {"identity_check": "id_document", "language": "en"}
    return network.staff(sub="lena", roles=["lead"]).ask("POST", path, body, Accept=as_what)


def what_she_gets(network: Network, enquiry: Json) -> tuple[str, str, str]:
    """Her own page, her access as a file, and as a sheet."""
    return her_page(network, enquiry), access(network, enquiry).text, access(network, enquiry, "text/html").text


def test_she_reads_it_on_her_page_and_in_her_access_once_a_second_person_has_seen_it(
    network: Network, desk: FlaskClient, lead: FlaskClient
):
    enquiry = network.navigator.enquire()
    tell(desk, enquiry)
    for unseen in what_she_gets(network, enquiry):
        assert POLICE not in unseen
    assert confirm(lead, network).status_code == 303

    page, _, sheet = what_she_gets(network, enquiry)
    found = access(network, enquiry).json

    assert "Told to others without your consent" in page and POLICE in page and "Acute danger" in page
    assert [(one["recipient"], one["ground"], one["categories"]) for one in found["told_outside"]] == [
        (POLICE, "acute_danger", ["IDENTITY"])
    ]
    assert POLICE in sheet and "Acute danger" in sheet
    for false in ("Nothing that was passed on", "Nothing is passed on without your consent"):
        assert false not in page and false not in sheet


def test_a_body_of_the_directory_is_told_her_by_its_name(network: Network, desk: FlaskClient, lead: FlaskClient):
    enquiry = network.navigator.enquire()
    tell(desk, enquiry, recipient="", recipient_id=str(HWK))
    confirm(lead, network)
    assert "Eine Stelle" in her_page(network, enquiry)
    assert access(network, enquiry).json["told_outside"][0]["recipient"] == {"de": "Eine Stelle"}


def test_what_would_endanger_somebody_she_hears_only_after_its_day(
    network: Network, desk: FlaskClient, lead: FlaskClient
):
    """Neither the words nor a row, nor the task that it caused, nor a sentence that would be false."""
    enquiry = network.navigator.enquire()
    tell(desk, enquiry)
    network.scene.days_pass(4)  # so long that it became a task of the lead
    last = network.scene.clock.today() + timedelta(days=7)
    assert confirm(lead, network, withheld_until=last.isoformat()).status_code == 303
    register = lead.get(PAGE).text
    assert "not before" in register

    network.scene.days_pass(7)
    for hidden in what_she_gets(network, enquiry):
        assert POLICE not in hidden and "acute_danger" not in hidden and "disclosure_unconfirmed" not in hidden
    asking = lead.get(f"/referral/enquiries/{enquiry['id']}/subject-access").text
    assert "Hand out no extract of the audit log" in asking

    network.scene.days_pass(1)
    for shown in what_she_gets(network, enquiry):
        assert POLICE in shown


def test_what_she_reads_of_a_body_is_true_though_it_was_told_outside_what_is_kept_from_her(
    network: Network, desk: FlaskClient, lead: FlaskClient
):
    """A referral lies ready for a body that was told by telephone: of the referral alone nothing left."""
    enquiry = network.navigator.enquire()
    network.navigator.consent(enquiry)
    network.navigator.act(network.navigator.draft(enquiry)["id"], "prepare")
    network.scene.tick()
    tell(desk, enquiry, recipient="", recipient_id=str(HWK))
    assert confirm(lead, network, withheld_until="2026-11-30").status_code == 303

    client = network.app.test_client()
    assert press(client, issued(network, enquiry_of(network, enquiry))).status_code == 303
    page, leaving = (client.get(f"/referral/my/{one}", headers=HTML).text for one in ("", "withdrawal"))

    assert "By this referral nothing has been passed on so far." in page
    assert "has received nothing by our referrals and will receive nothing by them" in leaving
    for text in (page, leaving):
        assert "Nothing has been passed on" not in text and "has received nothing and" not in text


def held_back(network: Network, desk: FlaskClient, lead: FlaskClient) -> Json:
    """Told about her, and kept from her for a week by Lena."""
    enquiry = network.navigator.enquire()
    tell(desk, enquiry)
    assert confirm(lead, network, withheld_until="2026-11-30").status_code == 303
    return enquiry


def decide(client: FlaskClient, network: Network, **data: str) -> Any:
    one = network.scene.rows("SELECT id FROM external_disclosures")[0]["id"]
    return client.post(f"{PAGE}/{one}/hold-backs", data=data)


def test_a_second_person_keeps_it_from_her_longer(network: Network, desk: FlaskClient, lead: FlaskClient):
    enquiry = held_back(network, desk, lead)
    lars = browser_of(network, sub="lars", roles=["lead"])
    assert "You decided this yourself" in lead.get(PAGE).text
    assert said_of(decide(lead, network, what="prolong", withheld_until="2026-12-14")) == (
        409,
        "external-disclosure.decided-by-the-same",
    )
    assert "/hold-backs" in lars.get(PAGE).text
    done = decide(lars, network, what="prolong", withheld_until="2026-12-14")

    assert "The new day holds" in lars.get(done.location).text
    network.scene.days_pass(10)
    for hidden in what_she_gets(network, enquiry):
        assert POLICE not in hidden
    network.scene.days_pass(12)
    assert POLICE in her_page(network, enquiry)
    [fact] = network.scene.said(ExternalDisclosureHeldBack)
    assert (str(fact.enquiry_id), str(fact.until)) == (enquiry["id"], "2026-12-14")
    assert "person_id" not in {one.name for one in dataclasses.fields(fact)}  # she may read the facts about herself
    assert decide(lead, network, what="prolong", withheld_until="2027-01-04").status_code == 409


def test_a_second_person_lets_her_hear_of_it_by_interface_too(network: Network, desk: FlaskClient, lead: FlaskClient):
    enquiry = held_back(network, desk, lead)
    lena, lars = (network.staff(sub=name, roles=["lead"]) for name in ("lena", "lars"))
    api = "/referral/api/v1/external-disclosures"
    [listed] = lars.get(api)["disclosures"]
    assert (listed["withheld_until"], listed["told_to_the_person"]) == ("2026-11-30", False)
    place, body = f"{api}/{listed['id']}/hold-backs", {"withheld_until": None}
    assert said_of(lena.ask("POST", place, body)) == (409, "external-disclosure.decided-by-the-same")
    assert lars.post(place, body)["told_to_the_person"] is True
    assert POLICE in her_page(network, enquiry)
    assert said_of(lena.ask("POST", place, {"withheld_until": "2026-12-14"}))[0] == 409  # what she knows she knows
    assert [one.until for one in network.scene.said(ExternalDisclosureHeldBack)] == [None]


@pytest.mark.parametrize(
    "day", ["", "2027-06-01", *(pytest.param(one, marks=pytest.mark.long) for one in ("2026-11-23", "bald"))]
)
def test_a_new_day_that_cannot_be_changes_nothing(network: Network, desk: FlaskClient, lead: FlaskClient, day: str):
    held_back(network, desk, lead)
    answer = decide(browser_of(network, sub="lars", roles=["lead"]), network, what="prolong", withheld_until=day)
    assert (answer.status_code, list(answer.json["fields"])) == (422, ["withheld_until"])
    assert (
        str(network.scene.rows("SELECT withheld_until FROM external_disclosures")[0]["withheld_until"]) == "2026-11-30"
    )


def test_neither_a_navigator_nor_another_site_decides_it(network: Network, desk: FlaskClient, lead: FlaskClient):
    held_back(network, desk, lead)
    elsewhere = browser_of(network, sub="dirk", roles=["lead"], site="neuss")
    assert (decide(desk, network, what="lift").status_code, decide(elsewhere, network, what="lift").status_code) == (
        403,
        404,
    )
    assert "/hold-backs" not in browser_of(network, sub="dora", roles=["dpo"], site=None).get(PAGE).text


@pytest.mark.parametrize("day", ["2026-11-23", "2027-06-01", "bald"])
def test_a_day_that_cannot_be_is_no_reason_to_keep_it_from_her(
    network: Network, desk: FlaskClient, lead: FlaskClient, day: str
):
    tell(desk, network.navigator.enquire())
    answer = confirm(lead, network, withheld_until=day)
    assert answer.status_code == 422
    assert "withheld_until" in answer.text
    assert network.scene.said(ExternalDisclosureConfirmed) == []


def test_of_a_household_each_hears_only_what_was_told_about_her(network: Network, desk: FlaskClient, lead: FlaskClient):
    """A parent with a page of her own does not read there what was told about the child."""
    enquiry = network.navigator.enquire()
    member = {"relation": "child", "person": {"given_name": "Kim", "family_name": "Muster", "birth_date": "2015-06-01"}}
    child = network.navigator.post(f"/referral/api/v1/enquiries/{enquiry['id']}/persons", member)
    tell(desk, enquiry, ground="sgb8_8a", person_id=child["person_id"])
    confirm(lead, network)
    assert POLICE not in her_page(network, enquiry)
    assert POLICE not in access(network, enquiry).text


def test_the_sheet_of_an_employers_contact_speaks_of_its_request(network: Network):
    body = {
        "enquirer": "employer",
        "site": "aachen",
        "employer": {"company": "Beispiel GmbH", "mailbox": "post@beispiel.example"},
        "needs": [{"topic": "ANWERBUNG", "urgency": "normal"}],
    }
    sheet = access(network, network.navigator.post("/referral/api/v1/enquiries", body), "text/html").text
    assert "because your company asked for it" in sheet
    assert "with your consent" not in sheet


def test_the_map_of_flows_shows_it(network: Network, desk: FlaskClient, lead: FlaskClient):
    enquiry = network.navigator.enquire()
    tell(desk, enquiry)
    tell(desk, enquiry, recipient="", recipient_id=str(HWK), ground="court_order", categories=["IDENTITY", "CONTACT"])
    record = lead.get("/referral/data-protection/record.json").json
    assert [
        (one["organization_id"], one["ground"], one["count"], one["categories"]) for one in record["told_outside"]
    ] == [
        (str(HWK), "court_order", 1, ["CONTACT", "IDENTITY"]),
        (None, "acute_danger", 1, ["IDENTITY"]),
    ]
    page = lead.get("/referral/data-protection/record").text
    assert "A body that is not in the directory" in page and "told outside the system" in page
    assert "Court order" in page and POLICE not in page
    assert "| told outside | acute_danger | 1 | IDENTITY |" in record_of_processing.as_markdown(record)


def fields_of(schema: marshmallow.Schema) -> set[str]:
    found: set[str] = set()
    for name, one in schema.fields.items():
        found.add(name)
        inner = one.inner if isinstance(one, marshmallow.fields.List) else one
        if isinstance(inner, marshmallow.fields.Nested):
            found |= fields_of(inner.schema)
    return found


def test_no_body_has_a_way_around():
    schemas = [one for _, one in inspect.getmembers(bodies, inspect.isclass) if issubclass(one, marshmallow.Schema)]
    names = {name for one in schemas for name in fields_of(one())}
    assert len(schemas) > 10
    assert "categories" in names
    forbidden = ("override", "force", "bypass", "skip", "ignore", "emergency", "without_consent")
    assert [name for name in names if any(word in name.lower() for word in forbidden)] == []
