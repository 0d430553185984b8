"""CSV packages and competences in the shape of XZuFi: what goes out comes in, and whatever is wrong has a place."""

import csv
import io
import json
import zipfile
from typing import Any

import pytest

from services.chassis.errors import InvalidError
from services.directory.commands.arrivals import Arrival, Format, take_in
from services.directory.commands.imports import finished
from services.directory.domain.tabular import TABLES, cell, value_of
from services.directory.web.app import create_app
from tests.chassis.web_rig import settings
from tests.integration.directory.conftest import ROOT, Directory
from tests.integration.directory.full_rows import a_full_directory
from tests.integration.directory.test_interchange import documents, elsewhere
from tests.unit.directory.rows import a_directory, a_service, a_source, an_area

__all__ = ["elsewhere"]
EXAMPLES = ROOT / "tests" / "data" / "hsds-3.0" / "examples" / "csv"


def arrived(directory: Directory, content: bytes, kind: Format, **how: Any) -> dict[str, Any]:
    with directory.unit.work(actor="staff:edda") as work:
        arrival = Arrival(io.BytesIO(content), kind, "a-paper", **how)
        return finished(take_in(directory.unit, work, arrival))


def package(**files: str | bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.csv", content)
    return target.getvalue()


ORGANIZATIONS = "id,name,description\n00000000-0000-4000-8000-000000000001,Kammer,Berät\n"
SERVICES = (
    "id,organization_id,name,status\n"
    "00000000-0000-4000-8000-000000000002,00000000-0000-4000-8000-000000000001,Beratung,active\n"
)
PHONES = "id,service_id,number\n00000000-0000-4000-8000-000000000003,00000000-0000-4000-8000-000000000002,{}\n"


def refused(directory: Directory, content: bytes, kind: Format = Format.CSV) -> dict[str, str]:
    with pytest.raises(InvalidError) as found:
        arrived(directory, content, kind)
    assert directory.count("organizations") == directory.count("services") == 0
    return dict(found.value.fields)


def test_the_columns_are_those_of_the_specification() -> None:
    for name, columns in TABLES.items():
        with (EXAMPLES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert tuple(next(csv.reader(file))) == columns, name


def test_what_goes_out_as_csv_comes_in_whole_and_the_second_time_changes_nothing(
    directory: Directory, elsewhere: Directory
) -> None:
    directory.take_in(*(row for row in a_full_directory() if row["object"] != "report"))
    content = create_app(settings(), directory.unit).test_client().get("/hsds/export?format=csv").data
    elsewhere.take_in(a_source())
    assert arrived(elsewhere, content, Format.CSV)["left_out"] == []
    for table in ("organizations", "locations", "services"):
        assert documents(elsewhere, table) == documents(directory, table)
    assert elsewhere.count("service_at_locations") == 1
    assert arrived(elsewhere, content, Format.CSV)["changed"] == 0


@pytest.mark.parametrize("text", ["=1+1", "+49 241 1", "-cmd", "@sum", "\tx", "'=x", "plain", "'", "-5"])
def test_no_cell_is_run_by_a_spreadsheet_and_each_says_the_same_again(text: str) -> None:
    assert cell(text)[:1] not in "=+-@\t"
    assert value_of("name", cell(text)) == text or text == "'=x"


def test_numbers_stay_numbers() -> None:
    assert [value_of("latitude", cell(one)) for one in (50.77, -6)] == [50.77, -6]
    assert value_of("extension", "12") == 12


def test_no_formula_leaves_the_directory(directory: Directory) -> None:
    directory.take_in(*a_directory())
    directory.take_in(a_service(name={"de": '=HYPERLINK("https://evil.example")'}, wait_time="@now"))
    content = create_app(settings(), directory.unit).test_client().get("/hsds/export?format=csv").data
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        cells = [
            one
            for name in archive.namelist()
            for row in csv.reader(io.TextIOWrapper(archive.open(name)))
            for one in row
        ]
    assert '\'=HYPERLINK("https://evil.example")' in cells
    assert not [one for one in cells if one[:1] in ("=", "@", "+", "\t") or (one[:1] == "-" and not one[1:2].isdigit())]


def test_the_specification_s_own_package_is_taken_in_as_far_as_it_fits(directory: Directory) -> None:
    directory.take_in(a_source())
    files = {path.stem: path.read_bytes() for path in EXAMPLES.glob("*.csv")}
    with pytest.raises(InvalidError) as strict:
        arrived(directory, package(**files), Format.CSV)
    assert {"locations.csv:2:latitude", "cost_options.csv:2:currency"} <= set(strict.value.fields)
    kept = {
        name: content for name, content in files.items() if name in ("organizations", "services", "phones", "contacts")
    }
    report = arrived(directory, package(**kept), Format.CSV, lenient=True)
    assert report["counts"]["service"]["new"] == report["counts"]["organization"]["new"] == 1
    assert documents(directory, "services").popitem()[1]["contacts"][0]["department"] == "Reception"


def test_a_mistake_in_a_part_is_named_by_the_part_s_own_file_line_and_column(directory: Directory) -> None:
    directory.take_in(a_source())
    files = {"organizations": ORGANIZATIONS, "services": SERVICES, "phones": PHONES.format("call us")}
    assert list(refused(directory, package(**files))) == ["phones.csv:2:number"]


def test_a_reference_to_nothing_is_named_by_file_and_line(directory: Directory) -> None:
    directory.take_in(a_source())
    assert list(refused(directory, package(services=SERVICES))) == ["services.csv:2:organization_id"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"no archive", "0:"),
        (package(), "0:"),
        (package(phones="id\n"), "0:"),
        (package(organizations="id,colour\n1,red\n"), "organizations.csv:1:"),
        (package(organizations=""), "organizations.csv:1:"),
        (package(organizations="id,name,description\n1,2,3,4\n"), "organizations.csv:2:"),
        (package(organizations='id,name\n"1,unclosed\n'), "organizations.csv:3:"),
        (package(organizations="id,name\n1,ü\n".encode("latin-1")), "organizations.csv:1:"),
        (package(organizations="id,name\n1,a\0b\n"), "organizations.csv:2:"),
        (package(organizations="id,name\n1," + "x" * 300_000 + "\n"), "organizations.csv:2:"),
        (package(organizations=ORGANIZATIONS)[:-30], "0:"),
        (package(**{"organizations": ORGANIZATIONS, **{f"f{n}": "" for n in range(80)}}), "0:"),
    ],
)
def test_a_hostile_package_is_named_and_survived(directory: Directory, content: bytes, problem: str) -> None:
    directory.take_in(a_source())
    assert problem in refused(directory, content)


XZUFI: dict[str, Any] = {
    "leistungen": [
        {
            "id": {"schemeAgencyID": "L100", "value": "1"},
            "leikaSchluessel": "99010021017000",
            "bezeichnung": [{"languageCode": "de", "value": "Fachkräfteverfahren"}],
        }
    ],
    "organisationseinheiten": [{"id": "7", "name": [{"languageCode": "de", "value": "Ausländeramt"}]}],
    "zustaendigkeiten": [
        {"id": "9", "leistungID": "L100/1", "organisationseinheitID": "7", "gebietID": ["05334"], "rolle": "01"}
    ],
}


def test_who_is_competent_comes_in_with_where_it_is_from(directory: Directory) -> None:
    directory.take_in(a_source(), an_area())
    report = arrived(directory, json.dumps(XZUFI).encode(), Format.XZUFI)
    assert (report["counts"]["competence"]["new"], report["counts"]["organization"]["new"]) == (1, 1)
    [competence] = documents(directory, "competences").values()
    assert (competence["leika_key"], competence["areas"], competence["role"]) == (
        "99010021017000",
        ["05334"],
        "decides",
    )
    assert (competence["origin"]["system"], competence["origin"]["id"]) == ("a-paper", "9")
    assert arrived(directory, json.dumps(XZUFI).encode(), Format.XZUFI)["changed"] == 0


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"zustaendigkeiten": []}, "1:zustaendigkeiten"),
        ({"leistungen": 5}, "1:leistungen"),
        ({"zustaendigkeiten": [{"leistungID": "?"}]}, "1:zustaendigkeiten[0].leistungID"),
        ({"zustaendigkeiten": [{**XZUFI["zustaendigkeiten"][0], "rolle": "99"}]}, "1:zustaendigkeiten[0].rolle"),
        ({"zustaendigkeiten": [{**XZUFI["zustaendigkeiten"][0], "gebietID": ["x"]}]}, "1:zustaendigkeiten[0].areas[0]"),
        ({"organisationseinheiten": [{"id": "7"}]}, "1:organisationseinheiten[0].name"),
    ],
)
def test_a_wrong_competence_is_named_where_the_sender_wrote_it(
    directory: Directory, changes: dict[str, Any], problem: str
) -> None:
    directory.take_in(a_source(), an_area())
    assert problem in refused(directory, json.dumps({**XZUFI, **changes}).encode(), Format.XZUFI)
