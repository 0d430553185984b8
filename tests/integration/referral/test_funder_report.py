"""The yearly report: each figure by its definition, changing with the facts, and none from which few persons follow."""

import csv
import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from contracts.codes import Site
from services.referral.domain.indicators import Asked, Source, Told
from services.referral.indicators import SAMPLE, read, sample
from services.referral.queries.indicators import figures
from tests.integration.referral.crowd import crowd
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import NAVIGATOR, Scene

PAGE = "/referral/steering/report"
YEAR = (date(2026, 1, 1), date(2026, 12, 31))
DAY = date(2026, 3, 2)
SENT, CONTACTED, COMPLETED = (Asked(Source.REFERRALS, (tag,)) for tag in ("sent", "contacted", "end:completed"))


@pytest.fixture(scope="module")
def network(one_network: Network) -> Network:
    return one_network


@pytest.fixture
def scene(network: Network) -> Scene:
    """Nothing was sent yet, but for one referral that others are made like."""
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        work.tx.execute("UPDATE referrals SET requested_on = '2020-01-01'")
    return network.scene


@pytest.fixture(scope="module")
def template(network: Network) -> Any:
    return network.scene.requested()


def told(scene: Scene, *asked: Asked) -> list[Told]:
    with scene.db.read() as connection:
        return list(figures(connection, asked, *YEAR).values())


def test_a_figure_changes_when_facts_change(scene: Scene, template: Any):
    crowd(scene, template, 6, sent=DAY)
    assert told(scene, SENT) == [Told(6, 6)]
    crowd(scene, template, 7, sent=DAY)
    crowd(scene, template, 9, sent=DAY, status="entered_in_error")
    crowd(scene, template, 9, sent=date(2025, 12, 31))
    assert told(scene, SENT) == [Told(13, 13)]


def test_who_came_often_is_one_person(scene: Scene, template: Any):
    crowd(scene, template, 8, sent=DAY)
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        work.tx.execute(
            "UPDATE referrals SET person_id = (SELECT min(person_id::text)::uuid FROM referrals WHERE requested_on"
            " = %s) WHERE id IN (SELECT id FROM referrals WHERE requested_on = %s ORDER BY person_id LIMIT 3)",
            (DAY, DAY),
        )
    assert told(scene, SENT) == [Told(8, 6)]


@pytest.mark.parametrize(
    ("contacted", "others", "expected"),
    [
        (20, 0, [Told(20, 20), Told(20, 20)]),
        (20, 5, [Told(25, 25), Told(20, 20)]),
        (20, 3, [Told(23, 23), Told()]),
        (4, 20, [Told(24, 24), Told()]),
        (2, 2, [Told(), Told()]),
        (0, 9, [Told(9, 9), Told()]),
    ],
    ids=str,
)
def test_what_lies_between_two_figures_is_nothing_or_five(
    scene: Scene, template: Any, contacted: int, others: int, expected: list[Told]
):
    if contacted:
        crowd(scene, template, contacted, sent=DAY, first_contact_on="2026-03-09")
    if others:
        crowd(scene, template, others, sent=DAY)
    assert told(scene, SENT, CONTACTED) == expected


def test_a_figure_that_three_others_would_give_away_is_not_told(scene: Scene, template: Any):
    """Of twenty-three nine were in contact and ten have ended: the four that are neither follow from all three."""
    crowd(scene, template, 9, sent=DAY, first_contact_on="2026-03-09")
    crowd(scene, template, 10, sent=DAY, status="completed", ended_on="2026-04-01")
    crowd(scene, template, 4, sent=DAY)
    assert told(scene, SENT, CONTACTED, COMPLETED) == [Told(23, 23), Told(9, 9), Told()]
    assert told(scene, SENT, COMPLETED, CONTACTED) == [Told(23, 23), Told(10, 10), Told()]
    assert told(scene, CONTACTED, COMPLETED) == [Told(9, 9), Told(10, 10)]


@pytest.mark.parametrize("indicator", sample().all[0].indicators, ids=lambda one: one.code)
def test_every_indicator_of_the_sample_can_be_counted(scene: Scene, indicator: Any):
    assert told(scene, indicator.asked) == [Told()], "nothing happened in that year, so nothing is told"


def test_page_and_file_tell_each_figure_with_its_definition(network: Network, scene: Scene, template: Any):
    crowd(scene, template, 12, sent=DAY, site=Site.NEUSS)
    reader = network.staff(roles=["coordinator"])
    shown = reader.ask("GET", f"{PAGE}?lang=de", Accept="text/html").text
    assert "<strong>12</strong>" in shown and "keine oder zu wenige" in shown
    assert "Das ist ein Muster" in shown and "ohne irrtümlich erfasste" in shown
    rows = list(csv.DictReader(reader.ask("GET", f"{PAGE}.csv?lang=de").text.splitlines()))
    [sent] = [row for row in rows if row["indicator"] == "referrals-sent"]
    assert (sent["figure"], sent["source"], sent["tags"], sent["from"]) == ("12", "referrals", "sent", "2026-01-01")
    assert all(row["definition"] and row["funder"] for row in rows)
    assert len(rows) == len(sample().all[0].indicators)


def test_a_funders_words_begin_no_formula(network: Network, scene: Scene):
    document = json.loads(SAMPLE.read_text(encoding="utf-8"))
    document["sets"][0]["funder"] = "=HYPERLINK(1)"
    before = network.app.extensions["referral"]
    network.app.extensions["referral"] = replace(before, indicators=read(json.dumps(document)))
    try:
        reader = network.staff(roles=["coordinator"])
        assert "'=HYPERLINK(1)" in reader.ask("GET", f"{PAGE}.csv").text
        assert "Das ist ein Muster" not in reader.ask("GET", f"{PAGE}?lang=de", Accept="text/html").text
    finally:
        network.app.extensions["referral"] = before


def test_a_set_nobody_configured_is_unknown(network: Network):
    assert network.staff(roles=["lead"]).ask("GET", f"{PAGE}?set=none").status_code == 404
