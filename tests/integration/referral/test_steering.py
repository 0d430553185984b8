"""What the steering group reads of a period and site: drawn, as tables and files; never a person, no small number."""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from contracts.codes import Site
from services.chassis.db import Database
from services.chassis.i18n import translations
from services.referral.domain.matching import OwnMeasureReason
from services.referral.queries.bundles import FEWEST
from services.referral.queries.steering import SOURCES, Table
from services.referral.web.app import NAVIGATION
from services.referral.web.steering_pictures import ENDS
from services.referral.web.steering_tables import COLUMNS
from tests.integration.referral.crowd import crowd
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import HWK, IHK, IHK_SERVICE, NAVIGATOR, Scene

PAGE = "/referral/steering"
Q1, Q2, Q3 = date(2026, 2, 2), date(2026, 5, 4), date(2026, 8, 3)


@pytest.fixture(scope="module")
def network(make_database: Callable[[str], Any]) -> Iterator[Network]:
    """A year of a small network: HWK finishes most of it, IHK is full, one site has few, obstacles are met."""
    with Database(str(make_database("referral").app_dsn)) as db:
        scene = Scene(db)
        network = Network(scene)
        one = scene.requested()
        done = {"status": "completed", "outcome": "GOAL_REACHED", "ended_on": "2026-06-01"}
        crowd(scene, one, 30, sent=Q1, accepted_after=4, first_contact_on="2026-02-12", **done)
        crowd(scene, one, 8, sent=Q2, accepted_after=9, status="accepted")
        crowd(scene, one, 3, sent=Q2, site=Site.NEUSS, topic="SPRACHE", **done)
        at_ihk = {"organization_id": IHK, "service_id": IHK_SERVICE, "status": "rejected"}
        crowd(scene, one, 7, sent=Q3, rejection="NO_CAPACITY", ended_on="2026-08-10", **at_ihk)
        crowd(scene, one, 4, sent=Q3, rejection="LANGUAGE", ended_on="2026-08-10", **at_ihk)
        crowd(scene, one, 6, sent=Q3, site=Site.NEUSS, obstacles=["WAITING_TIME", "COST"], **done)
        crowd(scene, one, 9, sent=Q3, status="entered_in_error", ended_on="2026-08-10", obstacles=["OTHER"])
        own_measures(scene)
        yield network
        scene.close()


def own_measures(scene: Scene) -> None:
    """Six of the first were sent to an own measure, since nobody else fitted; five needs found nobody at all."""
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        work.tx.execute(
            "INSERT INTO choices (referral_id, need_id, service_id, alternatives, excluded_because, own_measure,"
            " own_measure_because, made_by, made_at) SELECT id, need_id, service_id, '{}', '{}', true, 'nobody_fits',"
            " drafted_by, requested_on FROM referrals WHERE status = 'completed' AND site = 'aachen' LIMIT 6"
        )
        work.tx.execute(
            "INSERT INTO needs (id, enquiry_id, person_id, topic, urgency, recorded_at)"
            " SELECT gen_random_uuid(), r.enquiry_id, r.person_id, 'WOHNEN', 'normal', r.requested_on FROM referrals r"
            " WHERE status = 'accepted' LIMIT 5"
        )
        work.tx.execute(
            "INSERT INTO matchings (id, enquiry_id, need_id, suggestions, exclusions, made_by, made_at)"
            " SELECT gen_random_uuid(), enquiry_id, id, '[{\"own_measure\": true}]', %s, 'staff:x', recorded_at"
            " FROM needs WHERE topic = 'WOHNEN'",
            (Jsonb([{"because": ["area"]}]),),
        )


def page(network: Network, query: str = "", role: str = "coordinator") -> str:
    answer = network.staff(roles=[role]).ask("GET", f"{PAGE}?lang=de&{query}", Accept="text/html")
    assert answer.status_code == 200, answer.text[:500]
    return answer.text


def table(network: Network, name: str, query: str = "from=2026-Q1&to=2026-Q4") -> list[list[str]]:
    """The rows of a file, without the question they answer."""
    answer = network.staff(roles=["coordinator"]).ask("GET", f"{PAGE}/{name}.csv?{query}")
    assert answer.status_code == 200, answer.text[:500]
    return [row[3:] for row in csv.reader(answer.text.splitlines())][1:]


def test_flows_lead_from_the_topic_over_the_body_to_what_became_of_it(network: Network):
    assert table(network, "flow_in") == [
        ["ANERKENNUNG", str(HWK), "44"],
        ["ANERKENNUNG", str(IHK), "11"],
    ]
    assert table(network, "flow_out") == [
        [str(HWK), "completed", "36"],
        [str(IHK), "rejected", "11"],
        [str(HWK), "under_way", "8"],
    ]


def test_of_fewer_than_five_persons_no_number_leaves_the_database(network: Network):
    """Three at Neuss and four declined for their language: neither they nor a sum that holds them."""
    assert table(network, "declined") == [["NO_CAPACITY", "7"]]
    assert not any("SPRACHE" in row for row in table(network, "flow_in"))
    told = re.findall(r'data-label="Anzahl">(\d+)<', page(network))
    assert told and min(map(int, told)) >= FEWEST


def test_a_site_and_a_period_are_told_by_themselves(network: Network):
    assert table(network, "flow_in", "from=2026-Q3&to=2026-Q3&site=neuss") == [["ANERKENNUNG", str(HWK), "6"]]
    assert table(network, "flow_in", "from=2025-Q1&to=2025-Q4") == []


def test_times_are_told_with_median_and_middle_half(network: Network):
    rows = table(network, "times")
    assert ["accept", "", "38", "4", "4", "4"] in rows
    assert ["contact", str(HWK), "30", "10", "10", "10"] in rows


def test_gaps_are_told_by_reason_topic_and_ground(network: Network):
    assert table(network, "full") == [["ANERKENNUNG", "7"]]
    assert table(network, "own") == [["nobody_fits", "ANERKENNUNG", "6"]]
    assert table(network, "unserved") == [["WOHNEN", "5"]]


@pytest.mark.parametrize(
    ("suggested", "excluded"),
    [([{"own_measure": False}], []), ([], [{"because": ["agreement", "key"]}])],
    ids=["suggested", "fits-but-not-referable"],
)
def test_where_a_body_fits_the_need_is_served(network: Network, suggested: list[Any], excluded: list[Any]):
    """Looked for again, somebody was found for one of the five; the others are too few to be told."""
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        added = work.tx.execute(
            "INSERT INTO matchings (id, enquiry_id, need_id, suggestions, exclusions, made_by, made_at)"
            " SELECT gen_random_uuid(), enquiry_id, id, %s, %s, 'staff:x', now() FROM needs WHERE topic = 'WOHNEN'"
            " ORDER BY id LIMIT 1 RETURNING id",
            (Jsonb(suggested), Jsonb(excluded)),
        ).fetchone()
    assert added is not None and table(network, "unserved") == []
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        work.tx.execute("DELETE FROM matchings WHERE id = %s", (added["id"],))


@pytest.mark.parametrize("code", [*ENDS, *OwnMeasureReason])
def test_every_code_the_tables_tell_has_a_word(code: Any):
    kind = "own_because" if isinstance(code, OwnMeasureReason) else "flow_end"
    for language in ("de", "en"):
        key = f"{kind}:{code}"
        assert translations("referral", language).gettext(key) != key


def test_obstacles_partners_told_are_counted_with_those_of_the_desk(network: Network):
    rows = [["COST", "2026-Q2", "6"], ["WAITING_TIME", "2026-Q2", "6"]]
    assert table(network, "obstacles") == rows, "by the quarter in which the referral ended; mistakes do not count"
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        work.tx.execute(
            "INSERT INTO obstacles (id, enquiry_id, need_id, person_id, site, organization_id, topic, kind, effect,"
            " legal_sphere, area, recorded_by, recorded_at) SELECT gen_random_uuid(), enquiry_id, need_id, person_id,"
            " 'neuss', sender_id, topic, 'COST', 'DELAYED', 'SGB2', '05162', 'staff:x', '2026-05-05' FROM referrals"
            " WHERE status = 'accepted'"
        )
    assert table(network, "obstacles") == [["COST", "2026-Q2", "14"], rows[1]]
    assert table(network, "obstacle_effects") == [["COST", "DELAYED", "8"]]
    assert table(network, "obstacle_spheres") == [["SGB2", "COST", "8"]]
    assert table(network, "obstacle_areas") == [["05162", "COST", "8"]]


def test_the_drawing_says_in_words_what_the_table_says(network: Network):
    shown = page(network, "from=2026-Q1&to=2026-Q4")
    [desc] = re.findall(r'<desc id="sankey-desc">(.*?)</desc>', shown, re.DOTALL)
    assert "44 von Anerkennung" in desc and "8 von Eine Stelle zu übernommen, läuft" in desc
    assert shown.count('class="chart__band"') == len(desc.split("; "))
    assert 'role="img" aria-labelledby="sankey-title sankey-desc"' in shown


def test_every_table_stands_on_the_page_with_its_file_and_every_column_has_a_word(network: Network):
    shown = page(network, "from=2026-Q1&to=2026-Q4&site=")
    assert set(COLUMNS) == set(SOURCES) == set(Table)
    for name in Table:
        assert f'id="table-{name}"' in shown
        assert "steering:" not in shown and "column:" not in shown
    assert "steering/flow_in.csv?from=2026-Q1&amp;to=2026-Q4" in shown


def test_a_month_without_anything_is_an_empty_page(network: Network):
    shown = page(network, "from=2024-Q1&to=2024-Q2&site=moenchengladbach")
    assert shown.count("gibt es nichts, was gezeigt werden darf") == len(Table)
    assert 'class="chart' not in shown


@pytest.mark.parametrize(
    ("query", "field"),
    [("from=2026", "from"), ("to=now", "to"), ("from=2026-Q3&to=2026-Q1", "to"), ("site=bonn", "site")],
)
def test_a_question_nobody_can_answer_is_named(network: Network, query: str, field: str):
    reader = network.staff(roles=["coordinator"])
    answers = [reader.ask("GET", f"{path}?{query}") for path in (PAGE, f"{PAGE}/declined.csv")]
    assert [(answer.status_code, list(answer.json["fields"])) for answer in answers] == [(422, [field])] * 2  # type: ignore[index]


def test_there_are_no_other_tables(network: Network):
    assert network.staff(roles=["coordinator"]).ask("GET", f"{PAGE}/persons.csv").status_code == 404


def test_a_coordinator_finds_the_page_and_nothing_about_persons(network: Network):
    coordinator = network.staff(roles=["coordinator"], employer=None)
    shown = coordinator.ask("GET", f"{PAGE}?lang=de", Accept="text/html").text
    assert "Steuerungszahlen" in shown and "/referral/tasks" not in shown
    [entry] = [one for one in NAVIGATION if one.path == PAGE]
    assert entry.roles == {"coordinator", "lead"}, "it stands in the navigation of who signs in"
    assert coordinator.ask("GET", "/referral/", Accept="text/html").status_code == 403


@pytest.mark.parametrize("role", ["navigator", "dpo", "operations", "directory_editor"])
def test_nobody_else_reads_it(network: Network, role: str):
    caller = network.staff(roles=[role])
    paths = (PAGE, f"{PAGE}/flow_in.csv", f"{PAGE}/report", f"{PAGE}/report.csv")
    assert [caller.ask("GET", path).status_code for path in paths] == [403] * 4
