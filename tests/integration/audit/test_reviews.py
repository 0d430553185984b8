"""What an officer keeps to look at again, what she has reviewed under which head, and a year in figures."""

import hashlib
import json
from datetime import timedelta
from io import BytesIO
from uuid import UUID

import psycopg
import pytest
from pypdf import PdfReader

from contracts.codes import RefusalReason
from contracts.fields import format_instant
from contracts.referral import StreamReported
from deploy.demo.clocks import FixedClock
from services.audit import noticing, pdf, retention, tallying
from services.audit.queries import tally as tallies
from services.audit.queries import tree
from services.audit.queries.report import SECTIONS, report, tables
from services.audit.queries.reviews import saved_searches
from services.chassis.db import Database, connect
from services.chassis.jobs import ClockRole
from services.chassis.work import Unit
from tests.integration.audit.conftest import START, a_log, an_arrival
from tests.integration.audit.test_assessments import replaced
from tests.integration.audit.test_findings import TODAY, YESTERDAY, fetched, owed, read_on, stated, viewed, withdrawn
from tests.integration.audit.test_retention import LONG_AGO
from tests.integration.audit.test_web import AUDITOR, DPO, NAVIGATOR, OPERATIONS, hear, serving, views
from tests.unit.audit.events import PERSON, a_consent_given, a_disclosure_decided

ENGLISH = {**DPO, "Accept-Language": "en"}
NAME = "What Maxi Mustermann asked about"
REFUSED = {"allowed": False, "ground": None, "ground_id": None, "ground_version": None}


@pytest.fixture(scope="module")
def log(make_database, postgres, tmp_path_factory):
    """Two disclosures, seven refusals of one kind, an overdue statement, a fetch on nothing; all signed and read."""
    told = [
        a_consent_given(),
        a_disclosure_decided(),
        a_disclosure_decided(),
        *(a_disclosure_decided(**REFUSED, refusal=RefusalReason.NO_CONSENT) for _ in range(7)),
        withdrawn(),
        owed(YESTERDAY),
        fetched(ground_version=9),
        viewed(),
    ]
    with a_log(make_database, postgres, tmp_path_factory.mktemp("reviewed")) as log:
        hear(log, *(an_arrival(number, event) for number, event in enumerate(told, start=1)))
        log.sign()
        log.publish()
        with log.connection.transaction():
            noticing.read_on(log.connection, START, TODAY)
        yield log


@pytest.fixture(scope="module")
def client(log):
    with serving(log) as client:
        yield client


def review(client, **form):
    usual = {"size": "14", "note": "All seen, nothing to add.", "person_id": str(PERSON)}
    return client.post("/audit/reviews", data={**usual, **form}, headers=DPO)


def save(client, **form):
    usual = {"name": NAME, "person_id": str(PERSON), "from": "2026-11-01", "until": "2026-11-30"}
    return client.post("/audit/reviews/searches", data={**usual, **form}, headers=DPO)


def test_a_review_says_under_which_head_it_was_held_and_how_much_there_was(client, log):
    page = client.get(f"/audit/reviews/new?person_id={PERSON}", headers=ENGLISH).get_data(as_text=True)
    assert 'name="size" value="14"' in page
    assert review(client).status_code == 303
    told = views(log)[-1]
    assert told["type"] == "audit.review_held.v1"
    said = {name: told["data"][name] for name in ("size", "entries", "findings", "waiting", "person_id")}
    assert said == {"size": 14, "entries": 13, "findings": 3, "waiting": 3, "person_id": str(PERSON)}
    assert told["data"]["root_sha256"] == tree.root_at(log.connection, 14).hex()
    page = client.get("/audit/reviews", headers=ENGLISH).get_data(as_text=True)
    assert "All seen, nothing to add." in page and told["data"]["root_sha256"][:12] in page


def test_a_kept_search_has_a_name_only_officers_read_and_a_period_and_can_be_dropped(client, log):
    assert save(client).status_code == 303
    told = views(log)[-1]
    assert (told["type"], told["data"]["is_kept"]) == ("audit.search_saved.v1", True)
    assert set(told["data"]["filters"]) == {"person-id", "since", "until"}
    (saved,) = saved_searches(log.connection)
    assert b"Mustermann" not in bytes(saved.name) and "Mustermann" not in json.dumps(views(log))
    page = client.get("/audit/reviews", headers=ENGLISH).get_data(as_text=True)
    assert NAME in page and f"from=2026-11-01&amp;until=2026-11-30&amp;person_id={PERSON}" in page
    form = client.get(f"/audit/reviews/new?search={saved.search_id}&from=2026-11-23", headers=ENGLISH)
    assert 'name="from" value="2026-11-23"' in form.get_data(as_text=True)
    review(client, search=str(saved.search_id))
    assert saved_searches(log.connection)[0].reviewed_at is not None
    address = f"/audit/reviews/searches/{saved.search_id}/end"
    assert [client.post(address, headers=DPO).status_code for _ in range(2)] == [303, 404]
    assert views(log)[-1]["data"]["is_kept"] is False
    page = client.get("/audit/reviews", headers=ENGLISH).get_data(as_text=True)
    assert NAME not in page and "All seen, nothing to add." in page


@pytest.mark.parametrize(
    ("do", "form", "status", "field"),
    [
        (review, {"note": ""}, 422, "note"),
        (review, {"size": "all"}, 422, "size"),
        (review, {"size": "13"}, 409, None),
        (review, {"person_id": ""}, 422, ""),
        (review, {"actor": "maxi.mustermann"}, 422, "actor"),
        (review, {"search": "x"}, 422, "search"),
        (save, {"name": "  "}, 422, "name"),
        (save, {"name": "x" * 121}, 422, "name"),
        (save, {"subject": "mustermann"}, 422, "subject"),
        (save, {"type": "invented.v1"}, 422, "type"),
        (save, {"from": "soon"}, 422, "from"),
    ],
)
def test_what_cannot_be_kept_or_reviewed_leaves_nothing_behind(client, log, do, form, status, field):
    before = rows(log)
    answer = do(client, **form)
    assert answer.status_code == status
    assert field is None or list(answer.json["fields"]) == [field]
    assert rows(log) == before


def rows(log):
    query = "SELECT (SELECT count(*) FROM reviews) AS reviews, (SELECT count(*) FROM saved_searches) AS searches"
    return log.connection.execute(query).fetchone()


@pytest.mark.parametrize("who", [NAVIGATOR, OPERATIONS, AUDITOR])
@pytest.mark.parametrize("path", ["/audit/reviews", "/audit/reports/2026", "/audit/reports/2026.json"])
def test_reviews_are_the_officers(client, who, path):
    assert client.get(path, headers=who).status_code == 403


def test_a_year_s_report_hides_what_is_small_and_names_its_head(client, log):
    answer = client.get("/audit/reports/2026.json", headers=DPO)
    assert (views(log)[-1]["type"], views(log)[-1]["data"]["form"]) == ("audit.log_exported.v1", "report")
    told = answer.json
    assert (told["size"], told["root_sha256"]) == (14, tree.root_at(log.connection, 14).hex())
    assert told["tables"]["refused"] == {"rows": [{"refusal_reason": "NO_CONSENT", "n": 7}], "total": 7}
    assert told["tables"]["disclosed"]["rows"][0]["n"] is None and told["tables"]["disclosed"]["total"] is None
    found = {one["kind"]: one["n"] for one in told["findings"]["rows"]}
    assert "deletion_overdue" in found and set(found.values()) == {None} and told["findings"]["total"] is None
    page = client.get("/audit/reports/2026", headers=ENGLISH).get_data(as_text=True)
    assert ">hidden<" in page and "not over" in page and told["root_sha256"] in page
    empty = client.get("/audit/reports/2020.json", headers=DPO).json
    assert empty["tables"]["refused"] == {"rows": [], "total": 0}
    assert client.get("/audit/reports/1999", headers=DPO).status_code == 404


def tags_of(element, inside=()):
    """Every structure element of a tagged PDF with what it lies in, in reading order."""
    element = element.get_object()
    tag = element.get("/S")
    inside = (*inside, tag) if tag else inside
    children = element.get("/K", [])
    if tag:
        yield inside, element
    for child in children if isinstance(children, list) else [children]:
        if isinstance(child.get_object(), dict):
            yield from tags_of(child, inside)


@pytest.mark.parametrize(("language", "title"), [("de", "Jahresbericht 2026"), ("en", "Yearly report 2026")])
def test_a_year_s_report_is_an_accessible_pdf_too(client, log, language, title):
    answer = client.get("/audit/reports/2026.pdf", headers={**DPO, "Accept-Language": language})
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert (views(log)[-1]["type"], views(log)[-1]["data"]["form"]) == ("audit.log_exported.v1", "report")
    paper = PdfReader(BytesIO(answer.data))
    root = paper.trailer["/Root"]
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"], root["/ViewerPreferences"]["/DisplayDocTitle"]) == (
        language,
        True,
        True,
    )
    assert paper.metadata.title == title and "<pdfuaid:part>1</pdfuaid:part>" in told_of(paper)
    found = list(tags_of(root["/StructTreeRoot"]))
    headings = [inside[-1] for inside, _ in found if inside[-1] in ("/Title", "/H1", "/H2", "/H3")]
    assert headings[0] in ("/Title", "/H1") and headings.count("/H1") >= len(SECTIONS)
    tables = [inside for inside, _ in found if inside[-1] == "/Table"]
    scopes = [element["/A"] for inside, element in found if inside[-1] == "/TH" and "/A" in element]
    assert tables and len(scopes) >= 2 * len(tables) and "/Column" in str(scopes)
    text = "".join(page.extract_text() for page in paper.pages)
    assert "hidden" in text if language == "en" else "verborgen" in text
    assert "In all: 7" in text if language == "en" else "Insgesamt: 7" in text


def test_a_paper_is_set_at_whatever_instant_it_is_made():
    report = {"language": "en", "title": "A year", "intro": "In figures.", "facts": [], "sections": []}
    assert pdf.written(report, START.replace(microsecond=123_456)).startswith(b"%PDF")


def told_of(paper):
    return paper.trailer["/Root"]["/Metadata"].get_data().decode()


def test_without_the_extra_there_is_no_pdf_and_the_page_offers_none(client, monkeypatch):
    assert "2026.pdf" in client.get("/audit/reports/2026", headers=ENGLISH).text
    monkeypatch.setattr(pdf, "is_possible", lambda: False)
    answer = client.get("/audit/reports/2026.pdf", headers=DPO)
    assert (answer.status_code, answer.json["slug"]) == (404, "audit.no-pdf-here")
    assert "2026.pdf" not in client.get("/audit/reports/2026", headers=ENGLISH).text


LAST_YEAR = START - timedelta(days=365)


def test_a_report_that_was_issued_stands_byte_for_byte_and_says_where_something_came_later(
    make_database, postgres, tmp_path
):
    with a_log(make_database, postgres, tmp_path) as log, serving(log) as client:
        refusals = [a_disclosure_decided(**REFUSED)] * 7
        hear(log, *(an_arrival(number, event, time=LAST_YEAR) for number, event in enumerate(refusals, 1)))
        log.sign()
        issue = "/audit/reports/{}/issue"
        refused = client.post(issue.format(START.year), headers=DPO)
        assert (refused.status_code, refused.json["slug"]) == (409, "audit.year-not-over")
        assert client.post(issue.format(LAST_YEAR.year), headers=OPERATIONS).status_code == 403
        assert client.post(issue.format(LAST_YEAR.year), headers=DPO).status_code == 303
        told = views(log)[-1]
        file = f"/audit/reports/{LAST_YEAR.year}.json"
        content = client.get(file, headers=DPO).data
        assert (told["type"], told["data"]["report_sha256"]) == (
            "audit.report_issued.v1",
            hashlib.sha256(content).hexdigest(),
        )
        page = f"/audit/reports/{LAST_YEAR.year}"
        assert "Nothing has come since" in client.get(page, headers=ENGLISH).text
        hear(log, an_arrival(8, refusals[0], time=LAST_YEAR))
        log.sign()
        assert client.get(file, headers=DPO).data == content
        shown = client.get(page, headers=ENGLISH).text
        assert "Since then something has come to: Disclosures refused" in shown
        assert ">7<" in shown and ">8<" not in shown
        again = client.post(issue.format(LAST_YEAR.year), headers=DPO)
        assert (again.status_code, again.json["slug"]) == (409, "audit.report-issued")


def test_of_a_silent_service_and_of_one_never_heard_a_report_says_so_on_every_way(make_database, postgres, tmp_path):
    with a_log(make_database, postgres, tmp_path) as log, serving(log) as client:
        told = StreamReported(
            stream_id=UUID(int=1), position=1, count=1, rolling_sha256="0" * 64, reported_at=LAST_YEAR
        )
        hear(log, an_arrival(1, time=LAST_YEAR), an_arrival(2, told, time=LAST_YEAR))
        log.sign()
        assert client.post(f"/audit/reports/{LAST_YEAR.year}/issue", headers=DPO).status_code == 303
        figures = client.get(f"/audit/reports/{LAST_YEAR.year}.json", headers=DPO).json
        (stream,) = figures["streams"]
        assert (stream["reported_at"], stream["missing"], stream["silent"], stream["complete"]) == (
            format_instant(LAST_YEAR),
            False,
            True,
            False,
        )
        unheard = [f"/lotsennetz/{name}" for name in ("directory", "notifications", "audit")]
        assert figures["never_heard"] == unheard
        page = client.get(f"/audit/reports/{LAST_YEAR.year}", headers=ENGLISH).text
        answer = client.get(f"/audit/reports/{LAST_YEAR.year}.pdf", headers=ENGLISH)
        paper = "".join(one.extract_text() for one in PdfReader(BytesIO(answer.data)).pages)
        for shown in (page, paper):
            read = " ".join(shown.split())
            assert "silent" in read and "what came after, nobody knows" in read and "Retention" in read
            assert "the log holds no report" in read and all(name in read for name in unheard)


def test_who_issued_a_report_goes_with_the_entry_that_tells_of_it_and_the_report_stays(log):
    issued = "INSERT INTO yearly_reports VALUES (%s, %s, '{}', encode(sha256('{}'), 'hex'), 14, %s, %s)"
    log.connection.execute(issued, (2001, UUID(int=1), "staff:old", LONG_AGO))
    log.connection.execute(issued, (2002, UUID(int=2), "staff:new", START))
    with connect(log.retention_dsn) as connection:
        assert [retention.empty_notes(connection), retention.empty_notes(connection)] == [1, 0]
        for statement in ("SET issued_by = NULL", "SET content = ''", "SET issued_by = 'staff:x'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"UPDATE yearly_reports {statement}".encode())
    kept = log.connection.execute("SELECT year, content, issued_by FROM yearly_reports ORDER BY year").fetchall()
    assert [tuple(row.values()) for row in kept] == [(2001, "{}", None), (2002, "{}", "staff:new")]
    for statement in ("UPDATE yearly_reports SET issued_by = NULL", "DELETE FROM yearly_reports"):
        with connect(log.owner_dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_a_finding_counts_for_the_year_it_was_first_noticed_in(make_database, postgres, tmp_path):
    with a_log(make_database, postgres, tmp_path) as log:
        for number in range(1, 7):
            hear(log, an_arrival(number, replaced(owed(YESTERDAY), UUID(int=0xF0 + number))))
        read_on(log)
        for number in range(1, 7):
            hear(log, an_arrival(10 + number, replaced(stated(), UUID(int=0xF0 + number))))
        with log.connection.transaction():
            noticing.read_on(log.connection, START + timedelta(days=90), TODAY + timedelta(days=90))
        log.sign()
        (cell,) = report(log.connection, START.year).findings.cells
        assert (cell.codes, cell.n) == (("deletion_overdue", "settled_unseen"), 6)
        assert report(log.connection, START.year + 1).findings.cells == ()


def test_what_the_clock_counted_in_stretches_is_what_the_log_says(make_database, postgres, tmp_path, monkeypatch):
    """Stretches of eight here: counted whole ones and the rest add up to what the same text says of everything."""
    for module in (tallies, tallying):
        monkeypatch.setattr(module, "BLOCK", 8)
    with a_log(make_database, postgres, tmp_path) as log, Database(log.app_dsn) as database:
        clock = ClockRole(Unit(database, FixedClock(START), "audit"), tallying.TALLY_JOBS)
        events = [
            a_disclosure_decided(),
            owed(YESTERDAY),
            stated(),
            viewed(),
            withdrawn(),
            a_disclosure_decided(**REFUSED),
        ]
        for number in range(1, 45):
            time = START + timedelta(days=number)
            hear(log, an_arrival(number, events[number % 6], time=time))
            if number % 11 == 0:
                clock.run_due(clock.jobs[0])
        log.sign()
        assert tallies.next_block(log.connection) == 5
        kept = {year: tallies.tally(log.connection, year, 44) for year in (2026, 2027)}
        assert report(log.connection, 2027).tables == tables(kept[2027])
        monkeypatch.setattr(tallies, "next_block", lambda _: 0)
        assert kept == {year: tallies.tally(log.connection, year, 44) for year in (2026, 2027)}
        assert kept[2026]["answered"] and kept[2027]["allowed"]


@pytest.mark.parametrize("table", ["saved_searches", "reviews", "tallies", "tallied_blocks"])
def test_what_was_kept_and_counted_only_grows(client, log, table):
    save(client)
    review(client)
    log.connection.execute("INSERT INTO tallied_blocks VALUES (900, now()) ON CONFLICT DO NOTHING")
    log.connection.execute("INSERT INTO tallies VALUES (900, 1999, 'x', '{}', 1) ON CONFLICT DO NOTHING")
    changed = {"saved_searches": "name", "reviews": "note", "tallies": "n", "tallied_blocks": "counted_at"}[table]
    for dsn in (log.app_dsn, log.owner_dsn):
        for statement in (f"UPDATE {table} SET {changed} = NULL", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with connect(dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_words_searches_and_who_she_was_go_when_their_time_is_over(client, log):
    review(client)
    save(client)
    log.connection.execute(
        "INSERT INTO reviews SELECT %s, search_id, filters, size, root, entries, findings, waiting, note, note_sha256,"
        " reviewed_by, %s FROM reviews LIMIT 1",
        (UUID(int=1), LONG_AGO),
    )
    log.connection.execute(
        "INSERT INTO saved_searches SELECT %s, 1, true, name, name_sha256, filters, saved_by, %s FROM saved_searches"
        " WHERE filters IS NOT NULL LIMIT 1",
        (UUID(int=2), LONG_AGO),
    )
    with connect(log.retention_dsn) as connection:
        assert [retention.empty_notes(connection), retention.empty_notes(connection)] == [2, 0]
        for column in ("note", "filters", "reviewed_by"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"UPDATE reviews SET {column} = NULL".encode())
    gone = {"note": None, "filters": None, "reviewed_by": None}
    query = "SELECT note, filters, reviewed_by FROM reviews WHERE review_id = %s"
    assert log.connection.execute(query, (UUID(int=1),)).fetchone() == gone
    gone = {"name": None, "filters": None, "saved_by": None}
    query = "SELECT name, filters, saved_by FROM saved_searches WHERE search_id = %s"
    assert log.connection.execute(query, (UUID(int=2),)).fetchone() == gone
    assert UUID(int=2) not in {one.search_id for one in saved_searches(log.connection)}
    page = client.get("/audit/reviews", headers=ENGLISH).get_data(as_text=True)
    assert "The words are no longer kept." in page and "not as it was written" not in page


@pytest.mark.parametrize("change", ["note = NULL", "note = set_byte(note, 30, 255 - get_byte(note, 30))", "note = 'x'"])
def test_words_that_somebody_took_or_changed_are_told_from_those_whose_time_is_over(client, log, change):
    log.tamper("DELETE FROM reviews", "DELETE FROM saved_searches")
    review(client)
    assert "not as it was written" not in client.get("/audit/reviews", headers=ENGLISH).get_data(as_text=True)
    log.tamper(f"UPDATE reviews SET {change}")
    page = client.get("/audit/reviews", headers=ENGLISH).get_data(as_text=True)
    assert "not as it was written" in page and "no longer kept" not in page


def test_a_name_somebody_changed_is_marked(client, log):
    log.tamper("DELETE FROM reviews", "DELETE FROM saved_searches")
    save(client)
    log.tamper("UPDATE saved_searches SET name_sha256 = repeat('0', 64)")
    page = client.get("/audit/reviews", headers=ENGLISH).get_data(as_text=True)
    assert "not as it was written" in page and NAME not in page
