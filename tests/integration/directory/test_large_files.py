"""Files of any size and of any kind come in as a whole, told step by step, and never lie in memory."""

import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from contracts.identity import id_of
from deploy.demo.clocks import FixedClock
from services.chassis.errors import InvalidError, StaleError
from services.directory.commands.arrivals import Arrival, Format, take_in
from services.directory.commands.imports import finished
from services.directory.web.app import create_app
from tests.benchmarks.directory_import import rows_of
from tests.chassis.web_rig import SETTINGS, TestIssuer, bearer, settings
from tests.integration.directory.conftest import NOW, ROOT, Directory
from tests.integration.directory.full_rows import a_full_directory
from tests.integration.directory.test_interchange import documents, elsewhere
from tests.unit.directory.rows import a_directory, a_service, a_source, an_area, an_organization

__all__ = ["elsewhere"]
IMPORTS = "/directory/operator/imports"


def lines(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def arrived(directory: Directory, content: bytes, **how: Any) -> dict[str, Any]:
    with directory.unit.work(actor="staff:edda") as work:
        return finished(take_in(directory.unit, work, Arrival(io.BytesIO(content), **how)))


@pytest.fixture
def editor() -> tuple[TestIssuer, dict[str, str]]:
    issuer = TestIssuer()
    return issuer, bearer(issuer.token(sub="edda", roles=["directory_editor"]))


@pytest.fixture
def client(directory: Directory, editor: Any) -> Iterator[FlaskClient]:
    with create_app(settings(), directory.unit, issuer_keys=editor[0].keys()).test_client() as client:
        yield client


def test_a_compressed_file_comes_in_like_any_other(client: FlaskClient, directory: Directory, editor: Any) -> None:
    answer = client.post(IMPORTS, data=gzip.compress(lines(*a_directory())), headers=editor[1])
    assert answer.status_code == 200, answer.json
    assert directory.count("services") == 1


@pytest.mark.parametrize(
    "content",
    [gzip.compress(lines(*a_directory()))[:-20], b"\x1f\x8bnonsense", gzip.compress(b"x")[:8] + b"\0" * 40],
    # gzip writes the time: ids made of the bytes would differ from worker to worker
    ids=["cut off", "no gzip at all", "nothing inside"],
)
def test_a_broken_compressed_file_is_refused(directory: Directory, content: bytes) -> None:
    with pytest.raises(InvalidError) as refused:
        arrived(directory, content)
    assert "gzip" in str(refused.value.fields)
    assert directory.count("sources") == 0


def test_a_bomb_is_one_line_too_long_and_nothing_else(directory: Directory) -> None:
    with pytest.raises(InvalidError) as refused:
        arrived(directory, gzip.compress(b'{"object": "' + b"x" * 200_000_000))
    assert refused.value.fields == {"1:": "a line of at most 262144 bytes"}


def test_who_wants_it_is_told_how_far_it_is_and_how_it_ended(
    client: FlaskClient, directory: Directory, editor: Any
) -> None:
    headers = {**editor[1], "Accept": "application/x-ndjson"}

    def told_about(content: bytes) -> list[dict[str, Any]]:
        return [json.loads(line) for line in client.post(IMPORTS, data=content, headers=headers).text.splitlines()]

    told = told_about(lines(*a_directory()))
    assert [one["step"] for one in told[:-1]] == ["read", "checked", "written", "announced", "announced"]
    assert told[-1]["report"]["changed"] == 8
    told = told_about(b"nonsense\n")
    assert told[-1]["problem"]["slug"] == "directory.import-invalid"
    assert told[-1]["problem"]["problems"][0]["line"] == 1


def test_a_dry_run_shows_each_value_before_and_after(directory: Directory) -> None:
    directory.take_in(*a_directory())
    report = directory.take_in(a_service(wait_time="zwei Wochen"), dry_run=True)
    [change] = report["changes"]
    assert change["diff"] == {"wait_time": {"before": None, "after": {"de": "zwei Wochen"}}}


def test_only_the_plan_that_was_looked_at_is_carried_out(directory: Directory) -> None:
    directory.take_in(*a_directory())
    content = lines(a_service(wait_time="zwei Wochen"))
    plan = arrived(directory, content, dry_run=True)["plan"]
    directory.take_in(a_service(wait_time="drei Wochen", alternate_name="Prüfung"))
    with pytest.raises(StaleError):
        arrived(directory, content, expected_plan=plan)
    assert "wait_time" in arrived(directory, content, dry_run=True)["changes"][0]["fields"]
    plan = arrived(directory, content, dry_run=True)["plan"]
    assert arrived(directory, content, expected_plan=plan)["changed"] == 1


@pytest.mark.parametrize("what", ["the file", "the directory"])
def test_another_value_of_the_same_field_is_another_plan(directory: Directory, what: str) -> None:
    directory.take_in(*a_directory())
    directory.take_in(a_service(wait_time="eine Woche"))
    looked_at = lines(a_service(wait_time="zwei Wochen"))
    plan = arrived(directory, looked_at, dry_run=True)["plan"]
    if what == "the directory":
        directory.take_in(a_service(wait_time="drei Wochen"))
    with pytest.raises(StaleError):
        arrived(
            directory,
            lines(a_service(wait_time="vier Wochen")) if what == "the file" else looked_at,
            expected_plan=plan,
        )


def test_the_moment_of_fetching_makes_no_other_plan(directory: Directory) -> None:
    directory.take_in(a_source())
    how: dict[str, Any] = {"format": Format.HSDS, "source": "a-paper", "lenient": True}
    plan = arrived(directory, EXAMPLE.read_bytes(), dry_run=True, **how)["plan"]
    directory.unit.clock = FixedClock(NOW + timedelta(minutes=5))
    assert arrived(directory, EXAMPLE.read_bytes(), expected_plan=plan, **how)["changed"] > 0


def test_more_changes_than_anybody_reads_are_counted(directory: Directory) -> None:
    report = directory.take_in(*a_directory(), *(a_service(id=f"s-{n}") for n in range(1200)))
    assert (report["changed"], len(report["changes"]), report["changes_not_shown"]) == (1208, 500, 708)
    assert directory.take_in(*(a_service(id=f"s-{n}") for n in range(1200)))["changed"] == 0
    numbers = [event.version for event in directory.said() if hasattr(event, "topics")]
    assert numbers == [1] * 1201


def test_the_export_of_one_site_fills_another(directory: Directory, elsewhere: Directory) -> None:
    directory.take_in(*a_full_directory())
    reader = create_app(settings(), directory.unit).test_client()
    content = reader.get("/hsds/export").data
    assert b"participation" not in content
    elsewhere.take_in_bytes(content)
    for table in ("organizations", "locations", "services", "service_at_locations", "competences"):
        assert documents(elsewhere, table) == documents(directory, table)
    assert create_app(settings(), elsewhere.unit).test_client().get("/hsds/export").data == content


@pytest.mark.parametrize("kind", ["hsds", "json"])
def test_what_one_site_answers_as_hsds_another_takes_in_whole(
    directory: Directory, elsewhere: Directory, kind: str
) -> None:
    directory.take_in(*(row for row in a_full_directory() if row["object"] != "report"))
    content = create_app(settings(), directory.unit).test_client().get(f"/hsds/export?format={kind}").data
    elsewhere.take_in(a_source())
    report = arrived(elsewhere, content, format=Format.HSDS, source="a-paper")
    assert report["left_out"] == []
    for table in ("organizations", "locations", "services"):
        assert documents(elsewhere, table) == documents(directory, table)
    assert arrived(elsewhere, content, format=Format.HSDS, source="a-paper")["changed"] == 0


EXAMPLE = ROOT / "tests" / "data" / "hsds-3.0" / "examples" / "service_full.json"


def test_somebody_else_s_hsds_is_refused_by_field_or_taken_as_far_as_it_fits(directory: Directory) -> None:
    directory.take_in(a_source())
    content = EXAMPLE.read_bytes()
    with pytest.raises(InvalidError) as refused:
        arrived(directory, content, format=Format.HSDS, source="a-paper")
    assert "1:location.latitude" in refused.value.fields
    report = arrived(directory, content, format=Format.HSDS, source="a-paper", lenient=True)
    assert {one["field"] for one in report["left_out"]} >= {"location.latitude"}
    service = next(iter(documents(directory, "services").values()))
    assert service["origin"]["system"] == "a-paper" and service["origin"]["retrieved_at"].startswith("2026-11-23")


def test_an_area_that_is_only_mentioned_keeps_its_names_and_sources(directory: Directory) -> None:
    region = an_area(name={"de": "Städteregion Aachen", "ar": "منطقة آخن"})
    directory.take_in(a_source(), a_source(id="another"), region, an_organization())
    places = [("05334", "Aachen region"), ("05515", "Münster")]
    service = {
        "id": str(id_of("service", "new")),
        "name": "Neu",
        "status": "active",
        "organization_id": str(id_of("organization", "a-chamber")),
        "service_areas": [{"extent_type": "ars", "extent": key, "name": name} for key, name in places],
    }
    arrived(directory, json.dumps(service).encode(), format=Format.HSDS, source="another")
    known = documents(directory, "areas")
    assert known["05334"]["name"] == region["name"]
    with directory.db.read() as connection:
        held = connection.execute("SELECT document -> 'sources' AS sources FROM areas WHERE id = '05334'").fetchone()
    assert held == {"sources": ["a-paper"]}
    assert known["05515"]["name"] == {"de": "Münster"}, "one nobody knew comes in"


def test_a_body_that_is_only_mentioned_is_not_made_poorer(directory: Directory) -> None:
    directory.take_in(a_source(), an_organization(website="https://kammer.example"))
    service = {
        "id": str(id_of("service", "new")),
        "name": "Neu",
        "status": "active",
        "organization": {"id": str(id_of("organization", "a-chamber")), "name": "Kammer", "description": "Kurz"},
    }
    arrived(directory, json.dumps(service).encode(), format=Format.HSDS, source="a-paper")
    assert documents(directory, "organizations").popitem()[1]["website"] == "https://kammer.example"
    assert directory.count("services") == 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "1:"),
        (b"[1]", "1:"),
        (b'{"contents": 1}', "1:contents"),
        (b'{"contents": [1]}', "1:contents[0]"),
        (b'{"a": ' * 30 + b"1" + b"}" * 30, "1:"),
        ("{'ü'}".encode("latin-1"), "1:"),
        (b'{"id": "\\ud800"}', "1:"),
        (b'{"id": "1", "name": "\\u0000", "status": "active"}', "1:"),
    ],
)
def test_hostile_hsds_is_named_and_survived(directory: Directory, content: bytes, problem: str) -> None:
    directory.take_in(a_source())
    with pytest.raises(InvalidError) as refused:
        arrived(directory, content, format=Format.HSDS, source="a-paper")
    assert problem in refused.value.fields
    assert directory.count("services") == 0


def test_a_foreign_format_needs_a_source_to_cite(client: FlaskClient, editor: Any) -> None:
    answer = client.post(f"{IMPORTS}?format=hsds", data=EXAMPLE.read_bytes(), headers=editor[1])
    assert answer.status_code == 422 and "source" in answer.json["fields"]


@pytest.fixture
def command(make_database: Callable[[str], Any]) -> Callable[..., subprocess.CompletedProcess[str]]:
    environment = {**os.environ, **SETTINGS, "DATABASE_URL": make_database("directory").app_dsn}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        wanted = [sys.executable, "-m", "services.directory", *arguments]
        return subprocess.run(
            wanted, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False
        )

    return run


def test_by_command_a_plan_is_shown_and_carried_out_and_all_of_it_written_down(
    command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    file, copy = tmp_path / "rows.ndjson", tmp_path / "copy.ndjson"
    file.write_bytes(lines(*a_directory()[:5]))
    shown = command("import", "--dry-run", str(file)).stdout.splitlines()
    assert f"      new service {id_of('service', 'a-recognition')}" in shown
    plan = shown[-2].split()[1]
    assert command("import", "--plan", "0" * 64, str(file)).returncode == 1
    assert command("import", "--plan", plan, str(file)).stdout == f"{file}: 5 rows, 5 new or changed\n"
    assert command("export", str(copy)).returncode == 0
    assert len(copy.read_bytes().splitlines()) == 5


@pytest.mark.long
def test_a_hundred_thousand_services_come_in_without_growing_memory(
    make_database: Callable[[str], Any], tmp_path: Path
) -> None:
    from tests.benchmarks.directory_import import measured

    small = measured(make_database("directory").app_dsn, tmp_path, 10_000)
    large = measured(make_database("directory").app_dsn, tmp_path, 100_000)
    assert large.services == 100_000
    assert large.peak_mib < small.peak_mib * 1.25, (small, large)


def test_the_rows_of_the_benchmark_are_good(directory: Directory) -> None:
    assert directory.take_in_bytes(b"".join(rows_of(50)))["counts"]["service"]["new"] == 50
