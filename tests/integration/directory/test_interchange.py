"""HSDS goes in and comes out again: the specification's own examples, and everything we ourselves answer."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.chassis.db import Database
from services.directory.commands.arrivals import Arrival, Format, take_in
from services.directory.commands.imports import finished
from services.directory.domain.flattening import flatten
from services.directory.web.app import create_app
from tests.chassis.web_rig import settings
from tests.integration.directory.conftest import REGION, Directory
from tests.integration.directory.test_web import is_hsds
from tests.unit.directory.rows import a_source

__all__ = ["is_hsds"]

EXAMPLES = Path(__file__).resolve().parents[2] / "data" / "hsds-3.0" / "examples"


@pytest.fixture
def elsewhere(make_database: Callable[[str], Any]) -> Iterator[Directory]:
    """Another site's directory."""
    with Database(make_database("directory").app_dsn) as db:
        yield Directory(db)


def reader(directory: Directory) -> FlaskClient:
    return create_app(settings(), directory.unit).test_client()


def without_repetitions(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({(row["object"], row["id"]): row for row in reversed(rows)}.values())


@pytest.mark.parametrize("name", ["service_full", "organization_full"])
def test_the_specification_s_examples_come_in_and_go_out_valid(
    directory: Directory, is_hsds: Callable[[str, Any], list[str]], name: str
) -> None:
    kind = name.removesuffix("_full")
    example = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    rows, left_out = flatten(example, "a-paper")
    assert {row["object"] for row in rows} >= {"organization", kind}
    assert {path for path, _ in left_out} >= {"location.latitude"}
    directory.take_in(a_source(), *without_repetitions(rows))
    answer = reader(directory).get(f"/hsds/{kind}s/{example['id']}").json
    assert is_hsds(kind, answer) == []
    for field in ("name", "description", "email", "minimum_age", "alert", "wait_time", "fees_description"):
        assert answer.get(field) == stripped(example.get(field)), field


OTHERS = ("service_list", "organization_list", "service_at_location_full", "service_full", "organization_full")


@pytest.mark.parametrize("name", OTHERS)
def test_each_example_comes_in_leniently_keeps_what_has_a_place_and_counts_the_rest(
    directory: Directory, is_hsds: Callable[[str, Any], list[str]], name: str
) -> None:
    example = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    example = example.get("service", example) if name == "service_at_location_full" else example
    directory.take_in(a_source())
    with directory.unit.work(actor="staff:edda") as work:
        arrival = Arrival(io.BytesIO(json.dumps(example).encode()), Format.HSDS, "a-paper", lenient=True)
        report = finished(take_in(directory.unit, work, arrival))
    kept = sum(directory.count(table) for table in ("organizations", "locations", "services", "service_at_locations"))
    assert report["rows"] == report["changed"] == kept > 0
    assert report["left_out_count"] == len(report["left_out"])
    here = reader(directory)
    for kind in ("organization", "service"):
        for summary in here.get(f"/hsds/{kind}s").json["contents"]:
            assert is_hsds(kind, here.get(f"/hsds/{kind}s/{summary['id']}").json) == []


def test_the_example_keeps_its_phones_its_address_and_its_place(directory: Directory) -> None:
    example = json.loads((EXAMPLES / "service_full.json").read_text(encoding="utf-8"))
    rows, _ = flatten(example, "a-paper")
    directory.take_in(a_source(), *without_repetitions(rows))
    told = reader(directory).get(f"/hsds/services/{example['id']}").json
    place = told["service_at_locations"][0]["location"]
    assert [phone["number"] for phone in told["phones"]] == ["+44 1234 234567"]
    assert [phone["number"] for phone in place["phones"]] == ["+44 1234 234567"]
    assert [(one["postal_code"], one["country"]) for one in place["addresses"]] == [("ABC 1234", "US")]
    assert place["longitude"] == 101, "latitude 100 is on no map"
    assert [one["byday"] for one in told["schedules"]] == ["TH,FR"]
    assert place["transportation"] == example["service_at_locations"][0]["location"]["transportation"]


def test_an_object_of_a_page_is_named_by_its_place_there(directory: Directory) -> None:
    page = {"contents": [{"id": "x", "name": "Ohne Kennung"}, {"name": "Amt", "tax_id": "1"}]}
    directory.take_in(a_source())
    with directory.unit.work(actor="staff:edda") as work:
        arrival = Arrival(io.BytesIO(json.dumps(page).encode()), Format.HSDS, "a-paper", lenient=True)
        report = finished(take_in(directory.unit, work, arrival))
    assert [one["field"] for one in report["left_out"]] == [
        "contents[1].organization",
        "contents[1].organization.tax_id",
    ]


def stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def test_every_service_of_a_page_comes_in(directory: Directory) -> None:
    page = json.loads((EXAMPLES / "service_list.json").read_text(encoding="utf-8"))
    rows = [row for service in page["contents"] for row in flatten(service, "a-paper")[0]]
    directory.take_in(a_source(), *without_repetitions(rows))
    assert directory.count("services") == len(page["contents"])


def test_what_one_site_answers_another_site_takes_in_whole(directory: Directory, elsewhere: Directory) -> None:
    directory.take_in_bytes(REGION.read_bytes())
    here = reader(directory)
    rows: list[dict[str, Any]] = []
    for kind in ("organization", "service"):
        for summary in here.get(f"/hsds/{kind}s?per_page=200").json["contents"]:
            made, left_out = flatten(here.get(f"/hsds/{kind}s/{summary['id']}").json, "a-paper")
            assert left_out == []
            rows.extend(made)
    elsewhere.take_in(a_source(), *without_repetitions(rows))
    for table in ("organizations", "locations", "services", "service_at_locations"):
        assert documents(elsewhere, table) == documents(directory, table)


def documents(directory: Directory, table: str) -> dict[str, Any]:
    """What is held, but for the sources: another site has it from the site that answered."""
    with directory.db.read() as connection:
        rows = connection.execute(f"SELECT id, document - 'sources' AS document FROM {table}").fetchall()
    return {str(row["id"]): row["document"] for row in rows}
