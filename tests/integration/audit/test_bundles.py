"""What is handed over of the log: a folder that proves itself, and a report that reads alike as page and as PDF."""

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from html import unescape
from io import BytesIO

import pytest
from pypdf import PdfReader

from services.audit import pdf
from services.audit.web import bundles
from tests.integration.audit.conftest import a_log
from tests.integration.audit.test_reviews import tags_of, told_of
from tests.integration.audit.test_web import DPO, OPERATIONS, OTHER, PERSON, serving, tell, two_cases, views


@pytest.fixture(scope="module")
def told(make_database, postgres, tmp_path_factory):
    with a_log(make_database, postgres, tmp_path_factory.mktemp("told")) as log:
        yield tell(log)


@pytest.fixture(scope="module")
def client(told):
    with serving(told) as client:
        yield client


@pytest.fixture
def two_controllers(log):
    with serving(log) as client:
        two_cases(log)
        yield client


def test_a_part_of_the_log_is_handed_over_with_all_that_verifies_it(client, told, tmp_path):
    answer = client.get("/audit/api/v1/bundle?from=2026-11-23&until=2026-11-23&lang=de", headers=DPO)
    assert (answer.status_code, answer.content_type) == (200, "application/zip")
    with zipfile.ZipFile(BytesIO(answer.data)) as packed:
        packed.extractall(tmp_path)
    for line in (tmp_path / "MANIFEST.sha256").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest
    steps = (tmp_path / "HOW-TO-VERIFY.txt").read_text()
    (command,) = [line.split()[1:] for line in steps.splitlines() if line.strip().startswith("python ")]
    done = subprocess.run([sys.executable, *command], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all neighboring entries from 0 to 5 are there" in done.stdout
    report = (tmp_path / "report.html").read_text()
    assert report.count("<tr><td>") == 6 and "event:" not in report and "field:" not in report
    reads_as_the_page(tmp_path / "report.pdf", report)
    data = views(told)[-1]["data"]
    assert (data["form"], data["size"], set(data["filters"])) == ("bundle", 6, {"since", "until"})


def reads_as_the_page(path, page):
    """The same entries and words, tagged as PDF/UA wants them."""
    paper = PdfReader(path)
    root = paper.trailer["/Root"]
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("de", True)
    assert paper.metadata.title in page and "<pdfuaid:part>1</pdfuaid:part>" in told_of(paper)
    inside = [tag[-1] for tag, _ in tags_of(root["/StructTreeRoot"])]
    assert (inside.count("/Table"), inside.count("/TH")) == (1, 5)
    cells = [unescape(cell) for cell in re.findall(r"<td>(?:<[^>]+>)*([^<]*)", page)]
    text = "".join("".join(one.extract_text() for one in paper.pages).split())
    assert len(cells) == 30 and [cell for cell in cells if "".join(cell.split()) not in text] == []


def test_of_many_entries_and_without_the_extra_the_page_is_enough(client, told, monkeypatch):
    def names():
        answer = client.get("/audit/api/v1/bundle?from=2026-11-23&until=2026-11-23", headers=DPO)
        with zipfile.ZipFile(BytesIO(answer.data)) as packed:
            digests = packed.read("MANIFEST.sha256").decode().splitlines()
            assert {line.split("  ")[1] for line in digests} | {"MANIFEST.sha256"} == set(packed.namelist())
            return set(packed.namelist())

    assert {"report.html", "report.pdf"} <= names()
    monkeypatch.setattr(bundles, "MOST_IN_PDF", 5)
    assert "report.html" in names() and "report.pdf" not in names()
    monkeypatch.setattr(bundles, "MOST_IN_PDF", 6)
    monkeypatch.setattr(pdf, "is_possible", lambda: False)
    assert "report.pdf" not in names()


def test_a_selection_with_gaps_is_not_called_complete(client, told, tmp_path):
    answer = client.get(
        "/audit/api/v1/bundle?type=referral.disclosure_decided.v1&person_id=" + str(PERSON), headers=DPO
    )
    assert answer.status_code == 200
    assert client.get("/audit/api/v1/bundle", headers=DPO).status_code == 422
    assert client.get("/audit/api/v1/bundle?actor=staff:nobody", headers=DPO).status_code == 404
    assert client.get("/audit/api/v1/bundle?from=2026-11-23", headers=OPERATIONS).status_code == 403


def test_an_officer_hands_over_one_controller_s_part(two_controllers, log):
    answer = two_controllers.get(f"/audit/api/v1/bundle?controller={OTHER}", headers=DPO)
    with zipfile.ZipFile(BytesIO(answer.data)) as packed:
        lines = [json.loads(line) for line in packed.read("audit-extract.ndjson").splitlines()]
    assert [line["position"] for line in lines[1:]] == [3, 4, 5]
    assert views(log)[-1]["data"]["controller_id"] == str(OTHER)
