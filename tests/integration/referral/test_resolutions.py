"""The name behind a pseudonym of the log: two persons, a written occasion, shown once, and each step a fact."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from flask.testing import FlaskClient

from contracts.codes import DataCategory, ResolutionRefusal, RetentionKind, StaffRole, ViewPurpose
from contracts.referral import (
    PersonalDataViewed,
    ResolutionAgreed,
    ResolutionAsked,
    ResolutionExpired,
    ResolutionRead,
    ResolutionRefused,
    ResolutionShown,
)
from services.chassis.access import Caller, Kind
from services.chassis.auth import caller_from_claims
from services.chassis.config import DEMO_DEPLOYMENT_KEY
from services.chassis.db import Database
from services.chassis.sessions import Session
from services.referral.commands import enquiries
from services.referral.domain.resolution import MOST_A_DAY
from services.referral.domain.retention import DEFAULTS
from services.referral.web.app import FACTS
from tests.chassis.web_rig import ISSUER as ISSUER_URL
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import CENTER, NAVIGATOR, Scene
from tests.integration.referral.test_data_protection_pages import HUB, browser_of, figures
from tests.waiting import eventually

PAGE = "/referral/data-protection/pseudonyms"
OCCASION = "Ein Abruf nach dem Widerruf ist mit der Person zu klären."
KEY = bytes.fromhex(DEMO_DEPLOYMENT_KEY)
#: Everybody asks in her own name, so that one network serves all tests.
NUMBERS = count(1)


@pytest.fixture(scope="module")
def network(make_database: Callable[[str], Any]) -> Iterator[Network]:
    with Database(make_database("referral").app_dsn) as db:
        scene = Scene(db)
        yield Network(scene)
        scene.close()


@pytest.fixture
def officer(network: Network) -> FlaskClient:
    return an_officer(network)


@pytest.fixture
def lead(network: Network) -> FlaskClient:
    return browser_of(network, sub=f"lead-{next(NUMBERS)}", roles=["lead"])


def an_officer(network: Network) -> FlaskClient:
    return browser_of(network, sub=f"officer-{next(NUMBERS)}", roles=["dpo"], site=None)


def somebody(network: Network) -> UUID:
    enquiry = network.navigator.enquire()
    (row,) = network.scene.rows("SELECT person_id FROM enquiries WHERE id = %s", enquiry["id"])
    return UUID(str(row["person_id"]))


def ask(officer: FlaskClient, about: object, **changes: str) -> Any:
    usual = {"pseudonym": str(about), "reason": "FINDING", "purpose": "CLEAR_UP", "occasion": OCCASION}
    return officer.post(PAGE, data=usual | changes, headers={"Accept": "application/json"})


def asked(network: Network, officer: FlaskClient) -> tuple[UUID, str]:
    """Somebody, and the request for her name."""
    person_id = somebody(network)
    answer = ask(officer, person_id)
    assert answer.status_code == 303, answer.text
    (row,) = network.scene.rows("SELECT id FROM resolutions WHERE person_id = %s", person_id)
    return person_id, str(row["id"])


def press(client: FlaskClient, resolution: str, what: str, **data: str) -> Any:
    return client.post(f"{PAGE}/{resolution}/{what}", data=data, headers={"Accept": "application/json"})


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, str((answer.json or {}).get("slug"))


def name_of(network: Network, person_id: UUID) -> str:
    record = network.scene.keys.vault.person_key(person_id)
    (row,) = network.scene.rows("SELECT sealed FROM persons WHERE id = %s", person_id)
    assert record is not None
    return str(record.open_record("persons/sealed", row["sealed"])["given_name"])


def told_of(network: Network, person_id: UUID) -> list[Any]:
    kinds = (ResolutionAsked, ResolutionAgreed, ResolutionRefused, ResolutionShown, ResolutionExpired)
    return [one for one in network.scene.said(*kinds) if one.person_id == person_id]


def test_it_is_asked_agreed_to_and_shown_once_and_each_step_is_a_fact(
    network: Network, officer: FlaskClient, lead: FlaskClient
) -> None:
    person_id, resolution = asked(network, officer)
    assert press(lead, resolution, "agreements").status_code == 303
    shown = officer.post(f"{PAGE}/{resolution}/showings")
    assert shown.status_code == 200
    assert name_of(network, person_id) in shown.text
    assert shown.headers["Cache-Control"] == "no-store, private"
    assert refused(press(officer, resolution, "showings")) == (409, "resolution.shown")
    steps = told_of(network, person_id)
    assert [type(one) for one in steps] == [ResolutionAsked, ResolutionAgreed, ResolutionShown]
    views = [one for one in network.scene.said(PersonalDataViewed) if one.person_id == person_id]
    assert [(one.role, one.purpose, one.categories) for one in views][-1] == (
        StaffRole.DPO,
        ViewPurpose.OVERSIGHT,
        (DataCategory.IDENTITY,),
    )


def test_the_same_form_sent_twice_shows_it_once(network: Network, officer: FlaskClient, lead: FlaskClient) -> None:
    person_id, resolution = asked(network, officer)
    press(lead, resolution, "agreements")
    key = {"request_key": uuid4().hex}
    first, again = (press(officer, resolution, "showings", **key) for _ in range(2))
    assert name_of(network, person_id) in first.text
    assert refused(again) == (409, "resolution.shown")
    assert len([one for one in told_of(network, person_id) if isinstance(one, ResolutionShown)]) == 1


@pytest.mark.parametrize("forms", ["the same form", "a form each"])
def test_opened_many_times_in_the_same_instant_it_is_shown_once(
    network: Network, officer: FlaskClient, lead: FlaskClient, forms: str
) -> None:
    person_id, resolution = asked(network, officer)
    press(lead, resolution, "agreements")
    same, at_once, looks = uuid4().hex, threading.Barrier(6), list[Any]()

    def look() -> None:
        key = same if forms == "the same form" else uuid4().hex
        at_once.wait(20)
        looks.append(press(officer, resolution, "showings", request_key=key))

    threads = [threading.Thread(target=look) for _ in range(at_once.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    shown = [one for one in looks if name_of(network, person_id) in one.text]
    assert len(looks) == at_once.parties and len(shown) == 1
    assert {refused(one) for one in looks if one is not shown[0]} == {(409, "resolution.shown")}
    assert len([one for one in told_of(network, person_id) if isinstance(one, ResolutionShown)]) == 1


def test_no_fact_and_no_row_in_the_open_says_the_occasion_or_the_name(
    network: Network, officer: FlaskClient, lead: FlaskClient
) -> None:
    person_id, resolution = asked(network, officer)
    press(lead, resolution, "agreements")
    press(officer, resolution, "showings")
    name = name_of(network, person_id)
    for table in ("outbox", "resolutions", "views", "command_results"):
        for row in network.scene.rows(f"SELECT * FROM {table}"):
            said = " ".join(
                bytes(one).decode("latin-1") if isinstance(one, bytes) else str(one) for one in row.values()
            )
            assert name not in said and OCCASION not in said, table


def test_the_second_person_reads_the_occasion_and_that_is_noted(
    network: Network, officer: FlaskClient, lead: FlaskClient
) -> None:
    person_id, resolution = asked(network, officer)
    assert OCCASION not in lead.get(PAGE).text
    page = lead.get(f"{PAGE}/{resolution}").text
    assert OCCASION in page and name_of(network, person_id) not in page
    last = [one for one in network.scene.said(PersonalDataViewed) if one.person_id == person_id][-1]
    assert (last.role, last.categories) == (StaffRole.LEAD, (DataCategory.FREE_TEXT,))


def test_nobody_answers_her_own_request_whatever_her_role(network: Network) -> None:
    name = f"both-{next(NUMBERS)}"
    officer = browser_of(network, sub=name, roles=["dpo"], site=None)
    _, resolution = asked(network, officer)
    as_lead = browser_of(network, sub=name, roles=["lead"])
    for client in (officer, as_lead):
        assert refused(press(client, resolution, "agreements")) == (409, "resolution.same-person")
        assert refused(press(client, resolution, "refusals", refusal="OTHER_WAY")) == (409, "resolution.same-person")
    assert "You asked for it yourself" in officer.get(f"{PAGE}/{resolution}").text


def test_another_officer_may_agree_and_does_not_see_the_name(network: Network, officer: FlaskClient) -> None:
    _, resolution = asked(network, officer)
    other = an_officer(network)
    assert press(other, resolution, "agreements").status_code == 303
    assert refused(press(other, resolution, "showings")) == (409, "resolution.asked-by-another")
    assert press(officer, resolution, "showings").status_code == 200


def test_nothing_is_shown_before_somebody_agreed(network: Network, officer: FlaskClient) -> None:
    _, resolution = asked(network, officer)
    assert refused(press(officer, resolution, "showings")) == (409, "resolution.waiting")


def test_a_refusal_ends_it_with_a_reason(network: Network, officer: FlaskClient, lead: FlaskClient) -> None:
    person_id, resolution = asked(network, officer)
    assert press(lead, resolution, "refusals", refusal="because").status_code == 422
    assert press(lead, resolution, "refusals", refusal="NOT_NECESSARY").status_code == 303
    assert refused(press(officer, resolution, "showings")) == (409, "resolution.refused")
    assert refused(press(lead, resolution, "agreements")) == (409, "resolution.refused")
    assert told_of(network, person_id)[-1].refusal is ResolutionRefusal.NOT_NECESSARY
    assert "The name is not needed for this" in officer.get(PAGE).text


@pytest.mark.parametrize("agreed", [False, True])
def test_its_time_runs_out_and_that_is_told_once(
    network: Network, officer: FlaskClient, lead: FlaskClient, agreed: bool
) -> None:
    person_id, resolution = asked(network, officer)
    if agreed:
        press(lead, resolution, "agreements")
    network.scene.clock.instant += timedelta(hours=25 if agreed else 73)
    client, what = (officer, "showings") if agreed else (lead, "agreements")
    assert refused(press(client, resolution, what)) == (409, "resolution.expired")
    network.scene.tick()
    network.scene.tick()
    over = [one for one in told_of(network, person_id) if isinstance(one, ResolutionExpired)]
    assert [one.agreed for one in over] == [agreed]
    assert ask(officer, person_id).status_code == 303


def test_who_asks_too_often_in_a_day_is_refused(network: Network, officer: FlaskClient) -> None:
    person_id, _ = asked(network, officer)
    assert refused(ask(officer, person_id)) == (409, "resolution.open-already")
    for _ in range(MOST_A_DAY - 1):
        asked(network, officer)
    other = somebody(network)
    assert refused(ask(officer, other)) == (409, "resolution.too-many")
    network.scene.clock.instant += timedelta(days=1, seconds=1)
    assert ask(officer, other).status_code == 303


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("occasion", {"occasion": "weil"}),
        ("occasion", {"occasion": "x" * 1001}),
        ("reason", {"reason": "curiosity"}),
        ("purpose", {"purpose": ""}),
        ("pseudonym", {"pseudonym": "Amira"}),
    ],
    ids=["short", "long", "reason", "purpose", "pseudonym"],
)
def test_what_is_wrong_is_named_and_nothing_stays(
    network: Network, officer: FlaskClient, field: str, changes: dict[str, str]
) -> None:
    person_id = somebody(network)
    answer = ask(officer, person_id, **changes)
    assert answer.status_code == 422 and field in answer.json["fields"]
    assert network.scene.rows("SELECT FROM resolutions WHERE person_id = %s", person_id) == []


def test_a_pseudonym_nobody_has_and_an_employer_s_contact_are_not_resolved(
    network: Network, officer: FlaskClient
) -> None:
    assert ask(officer, uuid4()).status_code == 404
    person_id = somebody(network)
    with network.scene.unit.work(actor="system:test") as work:
        work.tx.execute("UPDATE persons SET kind = 'business_contact' WHERE id = %s", (person_id,))
    assert ask(officer, person_id).status_code == 404


def test_of_somebody_erased_meanwhile_no_name_is_shown(
    network: Network, officer: FlaskClient, lead: FlaskClient
) -> None:
    person_id, resolution = asked(network, officer)
    press(lead, resolution, "agreements")
    (row,) = network.scene.rows("SELECT id FROM enquiries WHERE person_id = %s", person_id)
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.erase(work, NAVIGATOR, row["id"])
    assert refused(press(officer, resolution, "showings")) == (404, "person.erased")
    assert [one for one in told_of(network, person_id) if isinstance(one, ResolutionShown)] == []


@pytest.mark.parametrize("claims", [{"roles": ["navigator"]}, {"roles": ["auditor"]}, {"roles": ["operations"]}])
def test_nobody_else_asks_reads_or_answers(network: Network, officer: FlaskClient, claims: dict[str, Any]) -> None:
    person_id, resolution = asked(network, officer)
    stranger = browser_of(network, sub=f"stranger-{next(NUMBERS)}", **claims)
    assert stranger.get(PAGE).status_code == 403
    assert ask(stranger, person_id).status_code == 403
    assert stranger.get(f"{PAGE}/{resolution}").status_code == 403
    assert [press(stranger, resolution, what).status_code for what in ("agreements", "showings")] == [403, 403]


def test_a_lead_asks_for_nothing_and_sees_only_what_is_about_her_own_cases(
    network: Network, officer: FlaskClient, lead: FlaskClient
) -> None:
    person_id, resolution = asked(network, officer)
    assert ask(lead, person_id).status_code == 403
    assert press(lead, resolution, "showings").status_code == 403
    elsewhere = browser_of(network, sub=f"lead-{next(NUMBERS)}", roles=["lead"], site="neuss")
    assert str(resolution) in lead.get(PAGE).text and str(resolution) not in elsewhere.get(PAGE).text
    assert elsewhere.get(f"{PAGE}/{resolution}").status_code == 404
    assert press(elsewhere, resolution, "agreements").status_code == 404


def test_the_hub_counts_what_waits_for_the_second_person(
    network: Network, officer: FlaskClient, lead: FlaskClient
) -> None:
    before = figures(lead.get(HUB).text).get("Names behind pseudonyms asked for, not answered yet", 0)
    _, resolution = asked(network, officer)
    counted = figures(lead.get(HUB).text)["Names behind pseudonyms asked for, not answered yet"]
    press(lead, resolution, "agreements")
    after = figures(lead.get(HUB).text).get("Names behind pseudonyms asked for, not answered yet", 0)
    assert (counted, after) == (before + 1, before)


def test_each_officer_finds_in_her_list_what_she_does_about_it(network: Network, officer: FlaskClient) -> None:
    other = an_officer(network)
    _, resolution = asked(network, officer)

    def step(client: FlaskClient) -> str:
        return dict(listed_at(client.get(HUB).text)).get(resolution, "")

    assert (step(officer), step(other)) == ("Ask a second person to answer", "Read the occasion, agree or refuse")
    press(other, resolution, "agreements")
    assert (step(officer), step(other)) == ("Look at it now, as long as you may", "")
    press(officer, resolution, "showings")
    assert step(officer) == ""


def listed_at(page: str) -> list[tuple[str, str]]:
    """The requests in the hub's list, and what this reader does about each."""
    rows = re.findall(rf'href="{PAGE}/([0-9a-f-]+)" data-item>.*?data-label="Next step">([^<]+)<', page, re.DOTALL)
    return [(one, told.strip()) for one, told in rows]


def test_the_database_itself_keeps_the_second_person_another(network: Network, officer: FlaskClient) -> None:
    _, resolution = asked(network, officer)
    with pytest.raises(psycopg.errors.CheckViolation), network.scene.unit.work(actor="system:test") as work:
        work.tx.execute(
            "UPDATE resolutions SET answered_by = asked_by, answered_at = asked_at WHERE id = %s", (resolution,)
        )


def a_colleague(network: Network, **says: Any) -> str:
    """Somebody who signed in with a browser, as the issuer describes her; answers her pseudonym."""
    usual = {"iss": ISSUER_URL, "sub": f"nadja-{next(NUMBERS)}", "roles": ["navigator"], "site": "aachen"}
    claims = {**usual, "employer": str(CENTER), "name": "Nadja Nadelöhr", "preferred_username": "n.nadeloehr", **says}
    known = caller_from_claims(claims, KEY)
    with network.app.test_request_context():
        FACTS.met(known, claims)
    return known.actor


def asked_about(network: Network, officer: FlaskClient, staff: str) -> str:
    answer = ask(officer, staff)
    assert answer.status_code == 303, answer.text
    (row,) = network.scene.rows("SELECT id FROM resolutions WHERE staff = %s AND shown_at IS NULL", staff)
    return str(row["id"])


def test_the_name_of_a_member_of_staff_is_shown_once_after_a_second_person_agreed(
    network: Network, officer: FlaskClient, lead: FlaskClient
) -> None:
    staff = a_colleague(network)
    resolution = asked_about(network, officer, staff)
    assert refused(press(officer, resolution, "showings")) == (409, "resolution.waiting")
    assert OCCASION in lead.get(f"{PAGE}/{resolution}").text
    assert press(lead, resolution, "agreements").status_code == 303
    shown = officer.post(f"{PAGE}/{resolution}/showings")
    assert "Nadja Nadelöhr" in shown.text and "n.nadeloehr" in shown.text
    assert refused(press(officer, resolution, "showings")) == (409, "resolution.shown")
    kinds = (ResolutionAsked, ResolutionRead, ResolutionAgreed, ResolutionShown)
    assert [type(one) for one in network.scene.said(*kinds) if one.staff == staff] == list(kinds)


def test_neither_fact_nor_row_in_the_open_says_who_a_member_of_staff_is(
    network: Network, officer: FlaskClient, lead: FlaskClient
) -> None:
    resolution = asked_about(network, officer, a_colleague(network))
    press(lead, resolution, "agreements")
    press(officer, resolution, "showings")
    for table in ("outbox", "resolutions", "staff_names", "command_results"):
        for row in network.scene.rows(f"SELECT * FROM {table}"):
            said = " ".join(
                bytes(one).decode("latin-1") if isinstance(one, bytes) else str(one) for one in row.values()
            )
            assert "Nadel" not in said and "nadeloehr" not in said and OCCASION not in said, table


def test_nobody_sees_or_decides_what_is_asked_about_herself(network: Network, officer: FlaskClient) -> None:
    name = f"lead-{next(NUMBERS)}"
    staff = a_colleague(network, sub=name, roles=["lead"])
    herself = browser_of(network, sub=name, roles=["lead"])
    before = figures(herself.get(HUB).text).get("Names behind pseudonyms asked for, not answered yet", 0)
    resolution = asked_about(network, officer, staff)
    assert resolution not in herself.get(PAGE).text and herself.get(f"{PAGE}/{resolution}").status_code == 404
    assert press(herself, resolution, "agreements").status_code == 404
    assert figures(herself.get(HUB).text).get("Names behind pseudonyms asked for, not answered yet", 0) == before
    her_own = browser_of(network, sub=name, roles=["dpo"], site=None)
    assert refused(ask(her_own, staff)) == (409, "resolution.about-yourself")


@pytest.mark.parametrize("lead_of", [{"site": "neuss"}, {"employer": str(uuid4())}], ids=["site", "employer"])
def test_the_lead_of_another_desk_is_not_the_second_person_for_a_colleague(
    network: Network, officer: FlaskClient, lead_of: dict[str, str]
) -> None:
    resolution = asked_about(network, officer, a_colleague(network))
    elsewhere = browser_of(network, sub=f"lead-{next(NUMBERS)}", roles=["lead"], **lead_of)
    assert resolution not in elsewhere.get(PAGE).text
    assert press(elsewhere, resolution, "agreements").status_code == 404


def test_a_pseudonym_nobody_signed_in_under_has_no_name_here(network: Network, officer: FlaskClient) -> None:
    assert refused(ask(officer, "staff:" + "0" * 32)) == (404, "staff.unknown")


def test_her_newest_name_counts_and_coming_again_the_same_month_writes_nothing(
    network: Network, officer: FlaskClient, lead: FlaskClient
) -> None:
    staff = a_colleague(network, sub="newly-wed")
    (first,) = network.scene.rows("SELECT * FROM staff_names WHERE staff = %s", staff)
    a_colleague(network, sub="newly-wed")
    assert network.scene.rows("SELECT * FROM staff_names WHERE staff = %s", staff) == [first]
    a_colleague(network, sub="newly-wed", name="Nadja Öhrwald")
    resolution = asked_about(network, officer, staff)
    press(lead, resolution, "agreements")
    assert "Nadja Öhrwald" in officer.post(f"{PAGE}/{resolution}/showings").text


def test_a_name_goes_with_its_key_when_the_log_no_longer_speaks_of_her(network: Network, officer: FlaskClient) -> None:
    staff = a_colleague(network)
    resolution = asked_about(network, officer, staff)
    (row,) = network.scene.rows("SELECT key_id FROM staff_names WHERE staff = %s", staff)
    until = DEFAULTS[RetentionKind.ACCESS_RECORD].after(network.scene.clock.today() + timedelta(days=1))
    network.scene.clock.instant += timedelta(days=(until - network.scene.clock.today()).days - 2)
    network.scene.tick()
    assert network.scene.keys.vault.person_key(row["key_id"]) is not None
    network.scene.clock.instant += timedelta(days=40)
    network.scene.tick()
    assert network.scene.keys.vault.person_key(row["key_id"]) is None
    assert network.scene.rows("SELECT FROM staff_names WHERE staff = %s", staff) == []
    assert network.scene.rows("SELECT FROM resolutions WHERE id = %s", resolution) == []
    assert refused(ask(officer, staff)) == (404, "staff.unknown")


def test_the_key_of_a_staff_member_s_name_is_no_leftover(network: Network) -> None:
    staff = a_colleague(network)
    (row,) = network.scene.rows("SELECT key_id FROM staff_names WHERE staff = %s", staff)
    network.scene.clock.instant += timedelta(days=2)
    network.scene.tick()
    assert network.scene.keys.vault.person_key(row["key_id"]) is not None


def test_two_first_sign_ins_at_once_make_one_key(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is held up with its key made and nothing committed; the second has to wait, and makes none."""
    vault, made, goes_on = network.scene.keys.vault, list[UUID](), threading.Event()
    make = vault.new_person_key

    def made_slowly(key_id: UUID, at: Any) -> Any:
        made.append(key_id)
        assert goes_on.wait(30)
        return make(key_id, at)

    monkeypatch.setattr(type(vault), "new_person_key", lambda self, key_id, at: made_slowly(key_id, at))
    both = [threading.Thread(target=a_colleague, args=(network,), kwargs={"sub": "hurried"}) for _ in range(2)]
    for one in both:
        one.start()
    waiting = (
        "SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted"
    )
    eventually(lambda: made and network.scene.rows(waiting))
    goes_on.set()
    for one in both:
        one.join(30)
    rows = network.scene.rows("SELECT key_id FROM staff_names WHERE key_id = ANY(%s)", made)
    assert [row["key_id"] for row in rows] == made


def test_an_occasion_typed_when_the_sign_in_was_too_old_stands_in_the_form_again(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = network.app.extensions["lotsennetz"]
    now = network.scene.clock.now()
    old = Caller(Kind.STAFF, "staff:" + "d" * 32, frozenset({StaffRole.DPO}), StaffRole.DPO, by_session=True)
    old = replace(old, authenticated_at=now - timedelta(minutes=16))
    monkeypatch.setattr(here, "settings", replace(here.settings, step_up_minutes=15))
    monkeypatch.setattr(here.sessions, "find", lambda _: Session(old, "token", "cookie"))
    client, html = network.app.test_client(), {"Accept": "text/html"}
    typed = {"pseudonym": "staff:" + "e" * 32, "reason": "FINDING", "purpose": "CLEAR_UP", "occasion": OCCASION}
    refused = client.post(PAGE, data={**typed, "csrf_token": "token"}, headers={**html, "Referer": f"http://x{PAGE}"})
    assert refused.headers["Location"] == "/referral/sign-in?next=%2Freferral%2Fdata-protection%2Fpseudonyms&step-up=1"
    fresh = replace(old, authenticated_at=now)
    monkeypatch.setattr(here.sessions, "find", lambda _: Session(fresh, "another", "cookie"))
    page = client.get(PAGE, headers=html).text
    assert f">{OCCASION}</textarea>" in page and f'value="{typed["pseudonym"]}"' in page
    assert page.count(" selected>") == 2 and "Abgeschickt ist noch nichts" in page
    assert network.scene.rows("SELECT FROM resolutions WHERE asked_by = %s", old.actor) == []
    assert OCCASION not in client.get(PAGE, headers=html).text
