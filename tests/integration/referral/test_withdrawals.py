"""A withdrawal at every stage of a referral, of everything, one recipient, one kind of data, or what is needed least.

The table that says what follows stands in `domain/withdrawing`; here it is lived through on a real database, and after
each withdrawal everybody tries what must not be possible any more.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from contracts.codes import Action, DataCategory, Duty, Status
from contracts.referral import ConsentGiven, ConsentWithdrawn, DutyOpened, EnterpriseRequestWithdrawn
from services.referral.domain.lifecycle import RUNNING
from tests.integration.referral.rig import Json, Network, recipient, to_ihk
from tests.integration.referral.scene import HWK, IHK, IHK_SERVICE

STOP = {(Duty.ACKNOWLEDGE_STOP, None), (Duty.STATE_DELETION, None)}
QUALIFICATION = {(Duty.STATE_DELETION, DataCategory.QUALIFICATION)}
#: What is withdrawn. HWK's terms need IDENTITY, so without it nothing can go there.
KINDS: Mapping[str, Json] = {
    "everything": {},
    "recipient": {"organization_id": str(HWK)},
    "category": {"category": "QUALIFICATION"},
    "minimum": {"organization_id": str(HWK), "category": "IDENTITY"},
}


@dataclass(frozen=True)
class Expected:
    status: Status
    duties: frozenset[tuple[Duty, DataCategory | None]] = frozenset()
    fetchable: bool = False


def expected(status: Status, kind: str, *, fetched: bool) -> Expected:
    """The rule in plain words, without the product's table."""
    if kind == "category":
        owes = QUALIFICATION if fetched else set()
        return Expected(status, frozenset(owes), fetchable=status in RUNNING)
    ends = Status.CANCELLED if status in RUNNING else status
    return Expected(ends, frozenset(STOP if fetched else set()))


def reach(network: Network, status: Status, *, fetched: bool) -> tuple[Json, str]:
    """Somebody who consented to both chambers, and her referral to HWK, brought as far as this."""
    navigator, hwk = network.navigator, network.hwk
    enquiry = navigator.enquire()
    navigator.consent(enquiry, recipient(), to_ihk())
    referral_id = str(navigator.draft(enquiry)["id"])
    if status is Status.DRAFT:
        return enquiry, referral_id
    navigator.act(referral_id, "prepare")
    if status is Status.AWAITING_CONSENT:
        return enquiry, referral_id
    network.scene.tick()
    if fetched:
        hwk.fetch(referral_id)
    for action, body in WAYS[status]:
        partner = action not in (Action.CANCEL, Action.MARK_ENTERED_IN_ERROR)
        (hwk if partner else navigator).act(referral_id, action, body)
    if status is Status.EXPIRED:
        network.scene.days_pass(14)
    assert navigator.see(referral_id)["status"] == status
    return enquiry, referral_id


ACCEPT = (Action.ACCEPT, {})
START = (Action.START, {"first_contact_on": "2026-11-23"})
WAYS: Mapping[Status, list[tuple[Action, Json]]] = {
    Status.REQUESTED: [],
    Status.RECEIVED: [(Action.RECEIVE, {})],
    Status.CLARIFICATION: [(Action.ASK, {"question": "LANGUAGE_LEVEL"})],
    Status.WAITLISTED: [(Action.WAITLIST, {})],
    Status.ACCEPTED: [ACCEPT],
    Status.IN_PROGRESS: [ACCEPT, START],
    Status.PAUSED: [ACCEPT, START, (Action.PAUSE, {"reason": "VISA"})],
    Status.COMPLETED: [ACCEPT, START, (Action.COMPLETE, {"outcome": "GOAL_REACHED"})],
    Status.ENDED_EARLY: [ACCEPT, (Action.END, {"reason": "PERSON_MOVED"})],
    Status.REJECTED: [(Action.REJECT, {"reason": "NO_CAPACITY"})],
    Status.EXPIRED: [],
    Status.CANCELLED: [(Action.CANCEL, {"reason": "PERSON_DECLINED"})],
    Status.ENTERED_IN_ERROR: [(Action.MARK_ENTERED_IN_ERROR, {})],
}
#: These have opened their own duties already, so a withdrawal afterwards adds none for what is owed altogether.
OWES_ALREADY = {Status.EXPIRED, Status.CANCELLED, Status.ENTERED_IN_ERROR}


def withdraw(network: Network, enquiry: Json, part: Json) -> Any:
    consent_id = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}")["consents"][0]["id"]
    path = f"/referral/api/v1/enquiries/{enquiry['id']}/consents/{consent_id}/withdrawals"
    return network.navigator.ask("POST", path, {**part, "channel": "phone"})


def duties_of(network: Network, referral_id: str) -> set[tuple[Duty, DataCategory | None]]:
    opened = [one for one in network.scene.said(DutyOpened) if str(one.referral_id) == referral_id]
    return {(one.duty, one.category) for one in opened}


#: Every stage with one kind of withdrawal in the gate, with every kind in the long run.
STAGES = [
    pytest.param(status, kind, marks=() if place % len(KINDS) == number else pytest.mark.long)
    for place, status in enumerate(Status)
    for number, kind in enumerate(KINDS)
]


@pytest.mark.parametrize(("status", "kind"), STAGES)
def test_at_every_stage_it_does_what_the_table_says(network: Network, status: Status, kind: str):
    for fetched in (False, True):
        if fetched and status in (Status.DRAFT, Status.AWAITING_CONSENT):
            continue
        enquiry, referral_id = reach(network, status, fetched=fetched)
        before = duties_of(network, referral_id)

        answer = withdraw(network, enquiry, KINDS[kind])

        assert answer.status_code == 201
        wanted = expected(status, kind, fetched=fetched)
        opened = duties_of(network, referral_id) - before
        assert opened == (set() if status in OWES_ALREADY else wanted.duties), f"fetched={fetched}"
        network.scene.tick()
        # What waits for the engine asks it again: it leaves with the rest, or stays where it is.
        leaves = status is Status.AWAITING_CONSENT and kind == "category"
        assert network.navigator.see(referral_id)["status"] == ("requested" if leaves else wanted.status)
        check_what_is_possible(network, referral_id, wanted, leaves=leaves)
        if kind != "category":
            nothing_leaves_until_she_consents_again(network, enquiry, waits=status is Status.AWAITING_CONSENT)


def check_what_is_possible(network: Network, referral_id: str, wanted: Expected, *, leaves: bool) -> None:
    if wanted.fetchable or leaves:
        person = network.hwk.fetch(referral_id)["person"]
        assert "family_name" in person
        assert not {"occupation", "occupation_code"} & set(person)
        return
    rows = "SELECT referral_id FROM dossiers WHERE referral_id = %s"
    assert network.scene.rows(rows, referral_id) == []
    if wanted.status in (Status.DRAFT, Status.AWAITING_CONSENT):
        assert network.hwk.try_fetch(referral_id).status_code == 404
        return
    told = network.navigator.see(referral_id)["timeline"]
    assert network.hwk.try_fetch(referral_id).status_code == 409
    version = {"If-Match": f'"{network.hwk.see(referral_id)["version"]}"'}
    for action, body in [(Action.RECEIVE, {}), ACCEPT, START, (Action.ASK, {"question": "OTHER"})]:
        refused = network.hwk.try_act(referral_id, action, body, **version)
        assert (refused.status_code, refused.json["slug"]) == (409, "referral.closed")
    answer = network.navigator.try_act(referral_id, "answer", {"person": {"qualification_year": 2016}}, **version)
    assert answer.status_code == 409
    by_hand = {"action": "accept", "way": "phone", "told_on": network.scene.clock.today().isoformat()}
    path = f"/referral/api/v1/referrals/{referral_id}/records"
    assert network.navigator.ask("POST", path, by_hand).status_code == 409
    assert network.navigator.see(referral_id)["timeline"] == told
    assert network.scene.rows("SELECT id FROM questions WHERE answered_at IS NOT NULL") == []


def nothing_leaves_until_she_consents_again(network: Network, enquiry: Json, *, waits: bool) -> None:
    """A new referral to HWK waits for consent, and goes as soon as there is one."""
    navigator = network.navigator
    again = str(navigator.draft(enquiry)["id"])
    navigator.act(again, "prepare", {"duplicates_acknowledged": True})
    network.scene.tick()
    assert navigator.see(again)["status"] == "awaiting_consent"
    if waits:
        return
    network.scene.clock.instant += timedelta(seconds=1)
    navigator.consent(enquiry, recipient())
    network.scene.tick()
    assert navigator.see(again)["status"] == "requested"


def test_it_touches_nothing_but_what_it_covers(network: Network):
    enquiry, to_hwk = reach(network, Status.ACCEPTED, fetched=True)
    to_the_ihk = str(network.navigator.draft(enquiry, IHK_SERVICE)["id"])
    network.navigator.act(to_the_ihk, "prepare", {"duplicates_acknowledged": True})
    network.scene.tick()
    network.ihk.fetch(to_the_ihk)
    seen = network.navigator.see(to_the_ihk)

    withdraw(network, enquiry, {"organization_id": str(HWK)})

    assert network.navigator.see(to_hwk)["status"] == "cancelled"
    assert network.navigator.see(to_the_ihk) == seen
    withdraw(network, enquiry, {"organization_id": str(IHK), "category": "CONTACT"})
    [owed] = network.navigator.see(to_the_ihk)["duties"]
    assert (owed["duty"], owed["category"], owed["cause"]) == ("state_deletion", "CONTACT", "withdrawal")
    assert network.navigator.see(to_the_ihk)["status"] == "requested"


def test_another_consent_that_carries_all_of_it_carries_it_on(network: Network):
    enquiry, referral_id = reach(network, Status.ACCEPTED, fetched=True)
    network.navigator.consent(enquiry, recipient())
    first = network.scene.said(ConsentGiven)[0].consent_id
    path = f"/referral/api/v1/enquiries/{enquiry['id']}/consents/{first}/withdrawals"

    network.navigator.post(path, {"channel": "letter"})

    assert network.navigator.see(referral_id)["status"] == "accepted"
    assert duties_of(network, referral_id) == set()
    assert network.hwk.fetch(referral_id)["ground"]["id"] != str(first)


def test_another_consent_that_carries_less_leaves_the_rest_to_be_deleted(network: Network):
    enquiry, referral_id = reach(network, Status.ACCEPTED, fetched=True)
    network.navigator.consent(enquiry, recipient(categories=["IDENTITY", "CONTACT", "LANGUAGE"]))
    first = network.scene.said(ConsentGiven)[0].consent_id
    path = f"/referral/api/v1/enquiries/{enquiry['id']}/consents/{first}/withdrawals"

    network.navigator.post(path, {"channel": "in_person"})

    assert duties_of(network, referral_id) == QUALIFICATION


def test_what_the_partner_has_deleted_is_not_asked_about_again(network: Network):
    enquiry, referral_id = reach(network, Status.IN_PROGRESS, fetched=True)
    withdraw(network, enquiry, {"category": "QUALIFICATION"})
    network.hwk.act(referral_id, "state_deletion", {"deletion": "deleted", "category": "QUALIFICATION"})
    assert network.hwk.see(referral_id)["duties"] == []

    withdraw(network, enquiry, {"category": "CONTACT"})

    assert [one["category"] for one in network.hwk.see(referral_id)["duties"]] == ["CONTACT"]
    assert network.hwk.see(referral_id)["deletion"] is None
    assert network.hwk.see(referral_id)["status"] == "in_progress"


@pytest.mark.parametrize("part", [{}, {"organization_id": str(HWK)}, {"category": "CONTACT"}])
def test_twice_is_once_and_the_second_is_told_so(network: Network, part: Json):
    enquiry, _ = reach(network, Status.ACCEPTED, fetched=True)

    first, second = (withdraw(network, enquiry, part) for _ in range(2))

    assert (first.status_code, second.status_code, second.json["slug"]) == (201, 409, "consent.withdrawn")
    assert len(network.scene.said(ConsentWithdrawn)) == 1


def test_what_was_never_consented_to_cannot_be_withdrawn(network: Network):
    enquiry, _ = reach(network, Status.REQUESTED, fetched=False)
    answer = withdraw(network, enquiry, {"category": "HEALTH"})
    assert (answer.status_code, answer.json["slug"]) == (422, "consent.recipient-unknown")
    assert answer.json["fields"] == {"category": "named-by-this-consent"}


def test_eight_at_once_have_one_effect(network: Network):
    enquiry, referral_id = reach(network, Status.ACCEPTED, fetched=True)
    consent_id = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}")["consents"][0]["id"]
    path = f"/referral/api/v1/enquiries/{enquiry['id']}/consents/{consent_id}/withdrawals"
    parts: list[Json] = [{}, {"organization_id": str(HWK)}, {"category": "CONTACT"}, {"organization_id": str(IHK)}]
    answers: list[tuple[int, str | None]] = []

    def one(part: Json) -> Callable[[], None]:
        caller = network.staff()

        def ask() -> None:
            start.wait()
            answer = caller.ask("POST", path, {**part, "channel": "phone"})
            answers.append((answer.status_code, (answer.json or {}).get("slug")))

        return ask

    start = threading.Barrier(8)
    threads = [threading.Thread(target=one(part)) for part in parts * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    done = [status for status, _ in answers].count(201)
    assert done == len(network.scene.said(ConsentWithdrawn))
    assert {slug for status, slug in answers if status != 201} == {"consent.withdrawn"}
    versions = network.navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}")["consents"]
    assert [one for one in versions if one["state"] == "given"] == []
    assert network.navigator.see(referral_id)["status"] == "cancelled"
    assert duties_of(network, referral_id) >= STOP


@pytest.mark.parametrize("in_part", [False, True])
def test_an_employers_request_is_withdrawn_in_the_same_way(network: Network, in_part: bool):
    navigator = network.navigator
    body = {
        "enquirer": "employer",
        "site": "aachen",
        "employer": {"company": "Muster GmbH", "mailbox": "personal@muster.example"},
        "needs": [{"topic": "ANWERBUNG", "urgency": "normal"}],
    }
    enquiry = navigator.post("/referral/api/v1/enquiries", body)
    requests = f"/referral/api/v1/enquiries/{enquiry['id']}/enterprise-requests"
    bodies = [recipient(), to_ihk()]
    named = [{name: one[name] for name in ("organization_id", "service_id")} for one in bodies]
    asked = {"recipients": named, "purposes": ["ANERKENNUNG"], "notice_given": True}
    made = navigator.post(requests, asked)
    part = {"organization_id": str(HWK)} if in_part else {}

    left = navigator.post(f"{requests}/{made['id']}/withdrawals", {**part, "channel": "email"})
    again = navigator.ask("POST", f"{requests}/{made['id']}/withdrawals", {**part, "channel": "email"})

    assert left["state"] == ("given" if in_part else "withdrawn")
    assert [one["organization_id"] for one in left["recipients"]] == ([str(IHK)] if in_part else [str(HWK), str(IHK)])
    assert (again.status_code, again.json["slug"]) == (409, "consent.withdrawn")
    [fact] = network.scene.said(EnterpriseRequestWithdrawn)
    assert (str(fact.request_id), fact.channel) == (made["id"], "email")
