"""A partner rests, leaves, is back: nothing goes to it meanwhile, nothing it says is heard, desks know what to do."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from contracts.codes import ChannelKind, Duty, DutyCause, Participation, TaskKind
from contracts.directory import Channel
from contracts.event import PublicJwk
from contracts.partner.messages import CommandOutcome
from contracts.referral import DossierDestroyed, DutyOpened, ReferralRequested, TaskClosed, TaskOpened
from services.chassis.errors import ForbiddenError
from services.referral import handlers
from services.referral.commands.resting import expect_taking_part
from tests.integration.referral.desk_rig import HTML, JOBCENTER, a_desk, at_the_desk, enter, link_to, referred
from tests.integration.referral.rig import PARTNER_KEYS, Network, recipient
from tests.integration.referral.scene import HWK, HWK_SERVICE, IHK, IHK_SERVICE, Scene, an_organization
from tests.integration.referral.test_inlet import a_command, obey, results

RESTS, LEFT, BACK = Participation.SUSPENDED, Participation.ENDED, Participation.TAKING_PART
DOORS = [(RESTS, "partner.suspended"), pytest.param(LEFT, "partner.left", marks=pytest.mark.long)]


def stands(network: Network, now: Participation, version: int = 2) -> None:
    """The directory says it with the next version of the entry."""
    key = PublicJwk({**PARTNER_KEYS[HWK].as_dict(private=False)})
    with network.scene.unit.work(actor="system:directory") as work:
        handlers.keep_organization(work, an_organization(HWK, public_key=key, version=version, participation=now))


def prepared(network: Network) -> str:
    """Complete and consented, in the undo window; its id."""
    enquiry = network.navigator.enquire()
    network.navigator.consent(enquiry)
    drafted = network.navigator.draft(enquiry)
    network.navigator.act(drafted["id"], "prepare")
    return str(drafted["id"])


def later(network: Network) -> None:
    """The clock does what is due; of the same instant it would do nothing twice."""
    network.scene.clock.instant += timedelta(seconds=5)
    network.scene.tick()


def tasks(network: Network, *kinds: TaskKind) -> list[dict[str, Any]]:
    """What lies open on desks of these kinds."""
    return network.scene.rows(
        "SELECT * FROM tasks WHERE closed_at IS NULL AND kind = ANY(%s) ORDER BY opened_at", [str(one) for one in kinds]
    )


def refused(answer: TestResponse, slug: str) -> bool:
    body: Any = answer.json
    return (answer.status_code, answer.content_type, body["slug"]) == (403, "application/problem+json", slug)


# --- nothing new goes there ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "code", "slug", "words"),
    [
        (RESTS, "suspended", "referral.partner-suspended", "nimmt zurzeit nicht am Netz teil"),
        (LEFT, "left", "referral.partner-left", "nimmt nicht mehr am Netz teil"),
    ],
)
def test_it_is_not_offered_and_sending_says_why(network: Network, now: Participation, code: str, slug: str, words: str):
    enquiry = network.navigator.enquire()
    network.navigator.consent(enquiry)
    drafted = network.navigator.draft(enquiry)
    stands(network, now)
    need = enquiry["needs"][0]["id"]
    found = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}/needs/{need}/suggestions")
    assert str(HWK_SERVICE) not in {one["service_id"] for one in found["suggestions"]}
    [out] = [one for one in found["excluded"] if one["service_id"] == str(HWK_SERVICE)]
    assert code in out["because"]
    answer = network.navigator.try_act(drafted["id"], "prepare", **{"Accept-Language": "de"})
    assert (answer.status_code, answer.json["slug"]) == (409, slug)
    assert words in answer.json["title"]
    assert network.navigator.see(drafted["id"])["status"] == "draft"


def test_what_was_prepared_waits_for_it_and_leaves_when_it_is_back(network: Network):
    referral_id = prepared(network)
    stands(network, RESTS)
    later(network)
    assert network.navigator.see(referral_id)["status"] == "awaiting_consent"
    [task] = [one for one in tasks(network, TaskKind.PARTNER_SUSPENDED) if one["referral_id"]]
    assert (str(task["referral_id"]), task["role"]) == (referral_id, "navigator")

    stands(network, BACK, version=3)
    later(network)
    assert network.navigator.see(referral_id)["status"] == "requested"
    assert len(network.scene.said(ReferralRequested)) == 1
    assert tasks(network, TaskKind.PARTNER_SUSPENDED) == []


def test_what_was_withdrawn_meanwhile_does_not_leave_when_it_is_back(network: Network):
    enquiry = network.navigator.enquire()
    consent = network.navigator.consent(enquiry)
    drafted = network.navigator.draft(enquiry)
    network.navigator.act(drafted["id"], "prepare")
    stands(network, RESTS)
    later(network)
    path = f"/referral/api/v1/enquiries/{enquiry['id']}/consents/{consent['id']}/withdrawals"
    network.navigator.post(path, {"channel": "letter"})
    stands(network, BACK, version=3)
    later(network)
    assert network.navigator.see(drafted["id"])["status"] == "awaiting_consent"
    assert network.scene.said(ReferralRequested) == []


# --- nothing it says is heard ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("now", "slug"), DOORS)
def test_its_programs_are_refused_at_every_door_and_nobody_elses(network: Network, now: Participation, slug: str):
    referral_id = network.requested()
    theirs = network.requested(recipient(IHK, IHK_SERVICE), service_id=IHK_SERVICE)
    version = network.hwk.see(referral_id)["version"]
    stands(network, now)
    hwk = network.hwk
    headers = {"If-Match": f'"{version}"'}
    for answer in (
        hwk.ask("GET", f"/partner/v1/referrals/{referral_id}"),
        hwk.try_fetch(referral_id),
        hwk.ask("GET", f"/partner/v1/referrals/{referral_id}/documents/{UUID(int=1)}"),
        hwk.try_act(referral_id, "accept", {}, **headers),
        hwk.ask("POST", "/partner/v1/receipts"),
        hwk.ask("GET", f"/fhir/Task/{referral_id}"),
    ):
        assert answer.status_code == 403, answer.request.path
        assert answer.request.path.startswith("/fhir") or refused(answer, slug), answer.text
    assert network.navigator.see(referral_id)["status"] == "requested"
    assert network.ihk.act(theirs, "accept")["status"] == "accepted"


def test_once_it_is_back_everything_goes_on_where_it_was(network: Network):
    referral_id = network.requested()
    stands(network, RESTS)
    assert network.hwk.try_fetch(referral_id).status_code == 403
    stands(network, BACK, version=3)
    assert network.hwk.fetch(referral_id)["person"]
    assert network.hwk.act(referral_id, "accept")["status"] == "accepted"


@pytest.mark.parametrize(("now", "slug"), DOORS)
def test_its_commands_by_queue_are_refused_with_a_reason_and_nothing_else(
    network: Network, now: Participation, slug: str
):
    referral_id = UUID(network.requested())
    done, fresh = (a_command(referral_id, "receive", {}, version=3), a_command(referral_id, version=4))
    obey(network.scene, done)
    stands(network, now)
    for command in (done, fresh):
        obey(network.scene, command)
        last = results(network.scene)[-1]
        assert (last.result, last.slug, last.status, last.version) == (CommandOutcome.REFUSED, slug, None, None)
    stands(network, BACK, version=3)
    obey(network.scene, {**fresh, "expectedversion": network.hwk.see(str(referral_id))["version"]})
    assert results(network.scene)[-1].result is CommandOutcome.DONE


def test_a_unit_opens_nothing_and_its_link_is_not_used_up(scene: Scene):
    network = a_desk(scene)
    (client, referral_id), unused = at_the_desk(network), link_to(network, referred(network))
    light = Channel(kind=ChannelKind.LIGHT, unit_mailbox=None)
    desk = f"/referral/desk/referrals/{referral_id}"

    def unit_stands(now: Participation, version: int) -> None:
        unit = an_organization(JOBCENTER, channel=light, public_key=None, version=version, participation=now)
        with scene.unit.work(actor="system:directory") as work:
            handlers.keep_organization(work, unit)

    unit_stands(RESTS, 2)
    page = client.get(desk, headers={**HTML, "Accept-Language": "de"})
    assert (page.status_code, "ruht" in page.text, "Ben Salah" in page.text) == (403, True, False)
    assert enter(network.app.test_client(), unused).status_code == 403
    unit_stands(BACK, 3)
    assert "Ben Salah" in client.get(desk, headers=HTML).text
    assert enter(network.app.test_client(), unused).status_code == 303


# --- whose task it is ------------------------------------------------------------------------------------------------


def test_while_it_rests_each_desk_with_referrals_there_is_told_once_and_no_more_when_it_is_back(network: Network):
    for _ in range(2):
        network.requested()
    stands(network, RESTS)
    stands(network, RESTS, version=3)
    [task] = tasks(network, TaskKind.PARTNER_SUSPENDED)
    assert (task["role"], task["referral_id"]) == ("lead", None)
    page = network.staff(sub="lea", roles=["lead"]).ask("GET", "/referral/tasks", Accept="text/html").text
    assert "Ein Partner nimmt zurzeit nicht teil" in page
    stands(network, BACK, version=4)
    assert tasks(network, TaskKind.PARTNER_SUSPENDED) == []
    assert TaskKind.PARTNER_SUSPENDED in {one.kind for one in network.scene.said(TaskClosed)}


def test_who_left_owes_a_statement_and_each_referral_lies_on_its_navigators_desk(network: Network):
    fetched, waiting = network.requested(), network.requested()
    network.hwk.fetch(fetched)
    network.hwk.act(fetched, "accept")
    stands(network, LEFT)
    stands(network, LEFT, version=3)
    opened = [one for one in network.scene.said(TaskOpened) if one.kind is TaskKind.PARTNER_LEFT]
    assert {str(one.referral_id) for one in opened} == {fetched, waiting}
    [duty] = network.scene.said(DutyOpened)
    assert (str(duty.referral_id), duty.duty, duty.cause) == (
        fetched,
        Duty.STATE_DELETION,
        DutyCause.PARTICIPATION_ENDED,
    )
    assert {str(one.referral_id) for one in network.scene.said(DossierDestroyed)} >= {waiting}
    assert {network.navigator.see(one)["status"] for one in (fetched, waiting)} == {"accepted", "requested"}


def test_the_navigator_records_the_statement_and_refers_elsewhere_with_fresh_consent(network: Network):
    enquiry = network.navigator.enquire()
    network.navigator.consent(enquiry)
    drafted = network.navigator.draft(enquiry)
    network.navigator.act(drafted["id"], "prepare")
    later(network)
    network.hwk.fetch(drafted["id"])
    stands(network, LEFT)
    network.navigator.act(drafted["id"], "cancel", {"reason": "PARTNER_CLOSED"})
    seen = network.navigator.see(drafted["id"])
    assert {one["duty"] for one in seen["duties"]} == {"acknowledge_stop", "state_deletion"}
    assert tasks(network, TaskKind.PARTNER_LEFT) == []
    today = network.scene.clock.today().isoformat()
    for action, more in (("acknowledge_stop", {}), ("state_deletion", {"deletion": "deleted"})):
        told = {"action": action, "way": "letter", "told_on": today, **more}
        network.navigator.post(f"/referral/api/v1/referrals/{drafted['id']}/records", told)
    assert network.navigator.see(drafted["id"])["duties"] == []

    again = network.navigator.draft(enquiry, IHK_SERVICE, based_on=drafted["id"])
    network.navigator.act(again["id"], "prepare")
    later(network)
    assert network.navigator.see(again["id"])["status"] == "awaiting_consent", "the old consent names the one that left"
    network.navigator.consent(enquiry, recipient(IHK, IHK_SERVICE))
    later(network)
    assert network.navigator.see(again["id"])["status"] == "requested"


def test_an_organization_nobody_has_told_of_before_is_kept_out_from_the_first_word(scene: Scene):
    with scene.unit.work(actor="system:directory") as work:
        handlers.keep_organization(work, an_organization(HWK, participation=RESTS))
    assert scene.said(TaskOpened) == []
    with scene.db.read() as connection, pytest.raises(ForbiddenError, match=r"partner\.suspended"):
        expect_taking_part(connection, HWK)
