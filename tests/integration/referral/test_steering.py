"""What the steering group reads: by quarter, site and topic, never a person, and of few persons no number."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from contracts.codes import Action, RejectionReason
from contracts.event import OfficialKey
from contracts.partner import actions
from services.chassis.db import Database
from services.referral import handlers
from services.referral.commands import enquiries
from services.referral.queries.steering import FEWEST, Matter, first_quarter, steering_figures
from services.referral.store.enquiries import Enquiry
from services.referral.web.app import NAVIGATION
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import (
    CENTER,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    NAVIGATOR,
    OWN_SERVICE,
    Scene,
    a_service,
    an_organization,
    some_terms,
    somebody_else,
    to_hwk,
)

PAGE = "/referral/steering"
NEUSS = "41460"


@pytest.fixture(scope="module")
def network(make_database: Callable[[str], Any]) -> Iterator[Network]:
    """Three quarters: five persons get the own measure, then four; then one person gets it five times. HWK is full,
    and at the end five are advised beside a body that takes nothing over the network."""
    with Database(str(make_database("referral").app_dsn)) as db:
        network = Network(Scene(db))
        scene = network.scene
        with scene.unit.work(actor="system:directory") as work:
            handlers.keep_organization(work, an_organization(CENTER, own_measure=True))
            areas = (OfficialKey("05334"), OfficialKey("05162"))
            handlers.keep_service(work, a_service(OWN_SERVICE, CENTER, own_measure=True, areas=areas))
        for many in (FEWEST, FEWEST - 1, FEWEST):
            for _ in range(many):
                own_measure(scene)
            scene.clock.instant += timedelta(days=92)
        scene.clock.instant -= timedelta(days=92)
        as_one_person(scene)
        for _ in range(FEWEST):
            declined(scene)
        for _ in range(FEWEST):
            beside_an_existing_body(scene)
        yield network


def own_measure(scene: Scene, enquiry: Enquiry | None = None) -> None:
    enquiry = enquiry or scene.an_enquiry(**somebody_else(), postal_code=NEUSS)
    scene.consent(enquiry, replace(to_hwk(), organization_id=CENTER, service_id=OWN_SERVICE))
    scene.prepared(enquiry, OWN_SERVICE)
    scene.clock.instant += timedelta(seconds=31)
    scene.tick()


def beside_an_existing_body(scene: Scene) -> None:
    """IHK fits and takes nothing over the network: its card is given along before the own measure."""
    with scene.unit.work(actor="system:directory") as work:
        no_terms = some_terms(categories_accepted=(), minimum_categories=())
        service = a_service(IHK_SERVICE, IHK, version=2, areas=(OfficialKey("05162"),), terms=no_terms)
        handlers.keep_service(work, service)
    enquiry = scene.an_enquiry(**somebody_else(), postal_code=NEUSS)
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.issue_contact_card(work, NAVIGATOR, enquiry.id, IHK_SERVICE, enquiry.needs[0].id)
    own_measure(scene, enquiry)


def as_one_person(scene: Scene) -> None:
    """Whoever got something this quarter is one person, who came five times."""
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        work.tx.execute(
            "UPDATE referrals SET person_id = (SELECT max(id::text)::uuid FROM persons) WHERE drafted_on = %s",
            (scene.clock.today(),),
        )


def declined(scene: Scene) -> None:
    referral = scene.requested(HWK_SERVICE, **somebody_else())
    scene.answers(referral, Action.REJECT, actions.Reject(reason=RejectionReason.NO_CAPACITY))


def test_of_fewer_than_five_persons_no_number_leaves_the_database(network: Network):
    with network.scene.db.read() as connection:
        found = steering_figures(connection, network.scene.clock.today())
    assert [(one.matter, one.quarter_name, one.often) for one in found] == [
        (Matter.DECLINED_FOR_CAPACITY, "2027-Q2", FEWEST),
        (Matter.OWN_EXISTING_NOT_REFERABLE, "2027-Q2", FEWEST),
        (Matter.OWN_NOBODY_FITS, "2027-Q2", None),
        (Matter.OWN_NOBODY_FITS, "2027-Q1", None),
        (Matter.OWN_NOBODY_FITS, "2026-Q4", FEWEST),
    ]


@pytest.mark.parametrize("role", ["coordinator", "lead"])
def test_page_and_file_tell_the_same_cells(network: Network, role: str):
    reader = network.staff(roles=[role])
    page = reader.ask("GET", f"{PAGE}?lang=de", Accept="text/html").text
    assert "Eigene Maßnahme, weil niemand sonst passte" in page
    assert page.count("&lt;5") == 2
    answer = reader.ask("GET", f"{PAGE}/figures.csv")
    rows = list(csv.reader(answer.text.splitlines()))
    assert rows[0] == ["matter", "quarter", "site", "topic", "count"]
    assert ["own_nobody_fits", "2026-Q4", "aachen", "ANERKENNUNG", "5"] in rows
    assert ["own_nobody_fits", "2027-Q1", "aachen", "ANERKENNUNG", "<5"] in rows
    assert ["own_existing_not_referable", "2027-Q2", "aachen", "ANERKENNUNG", "5"] in rows
    assert "über das Netz konnte dorthin nicht verwiesen werden" in page
    assert len(rows) == 6


def test_a_coordinator_finds_the_page_and_nothing_about_persons(network: Network):
    coordinator = network.staff(roles=["coordinator"], employer=None)
    page = coordinator.ask("GET", f"{PAGE}?lang=de", Accept="text/html").text
    assert "Steuerungszahlen" in page and "/referral/tasks" not in page
    [entry] = [one for one in NAVIGATION if one.path == PAGE]
    assert entry.roles == {"coordinator", "lead"}, "it stands in the navigation of who signs in"
    assert coordinator.ask("GET", "/referral/", Accept="text/html").status_code == 403


@pytest.mark.parametrize("role", ["navigator", "dpo", "operations", "directory_editor"])
def test_nobody_else_reads_it(network: Network, role: str):
    caller = network.staff(roles=[role])
    assert [caller.ask("GET", path).status_code for path in (PAGE, f"{PAGE}/figures.csv")] == [403, 403]


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 10, 1), date(2025, 1, 1)),
        (date(2026, 12, 31), date(2025, 1, 1)),
        (date(2026, 1, 1), date(2024, 4, 1)),
    ],
)
def test_eight_quarters_are_told(today: date, first: date):
    assert first_quarter(today) == first
