"""The officer says what a finding is: in her own words, which stay sealed, and in codes, which the log gets."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from contracts.audit import AccessEnded, AccessRestored
from contracts.codes import LogFindingKind as FindingKind
from contracts.describe.examples import an_event
from contracts.event import Code
from services.audit import noticing
from services.audit.notes import Notes, Opened
from services.audit.queries.findings import FindingState, Wanted, counts, findings
from services.chassis.auth import pseudonym
from services.chassis.config import load
from services.chassis.db import connect
from tests.chassis.web_rig import SETTINGS
from tests.integration.audit.conftest import START, a_log, an_arrival
from tests.integration.audit.test_findings import TODAY, YESTERDAY, fetched, owed, stated, viewed, withdrawn
from tests.integration.audit.test_retention import LONG_AGO
from tests.integration.audit.test_web import (
    AUDITOR,
    DPO,
    ISSUER,
    NAVIGATOR,
    OPERATIONS,
    OTHER,
    OWN,
    bearer,
    hear,
    serving,
    two_cases,
    views,
)
from tests.unit.audit.events import PERSON, a_consent_given

WORDS = "Asked Maxi Mustermann's desk: the paper was fetched before the withdrawal came in."
ENGLISH = {**DPO, "Accept-Language": "en"}
OFFICER = {**bearer(ISSUER.token(sub="dirk", roles=["dpo"])), "Accept-Language": "en"}


def read_on(log, today=TODAY):
    with log.connection.transaction():
        noticing.read_on(log.connection, START, today)


@pytest.fixture(scope="module")
def log(make_database, postgres, tmp_path_factory):
    """Module-wide: each test brings a finding of its own."""
    with a_log(make_database, postgres, tmp_path_factory.mktemp("assessed")) as log:
        log.numbers = iter(range(1, 10_000))
        yield log


@pytest.fixture(scope="module")
def client(log):
    with serving(log) as client:
        yield client


def happens(log, *events):
    """These events, read at once."""
    hear(log, *(an_arrival(next(log.numbers), event) for event in events))
    read_on(log)


@pytest.fixture
def overdue(log):
    """A finding nobody has looked at: a partner owes a statement about a referral of this test's own."""
    referral = UUID(int=0xA000 + next(log.numbers))
    next_number = next(log.numbers)
    hear(log, an_arrival(next_number, replaced(owed(YESTERDAY), referral)))
    read_on(log)
    (newest, *_), _ = findings(log.connection, Wanted())
    return newest


def replaced(event, referral):
    return type(event)(**{**{name: getattr(event, name) for name in event.__slots__}, "referral_id": referral})


def found(log, one):
    rows, _ = findings(log.connection, Wanted(states=tuple(FindingState)), limit=1000)
    return next(row for row in rows if row.finding_id == one.finding_id)


def assess(client, one, who=DPO, **changes):
    form = {"judgement": "harmless", "step": "assess", "note": WORDS, "facts": one.number, "before": one.assessment}
    return client.post(f"/audit/findings/{one.finding_id}/assessments", data={**form, **changes}, headers=who)


def test_an_assessment_is_told_in_codes_and_a_hash_and_its_words_are_shown_to_officers(client, log, overdue):
    assert assess(client, overdue, step="sign_off").status_code == 303
    told = views(log)[-1]
    assert told["type"] == "audit.finding_assessed.v1"
    assert told["data"]["finding_id"] == str(overdue.finding_id)
    assert (told["data"]["judgement"], told["data"]["signed_off"]) == ("harmless", True)
    assert (told["data"]["entry"], told["data"]["kind"]) == (overdue.entry.position, "deletion_overdue")
    assert found(log, overdue).state is FindingState.SIGNED_OFF
    page = client.get(f"/audit/findings/{overdue.finding_id}", headers=OFFICER).get_data(as_text=True)
    assert "Maxi Mustermann" in page and "signed off" in page
    looked = views(log)[-1]["data"]
    assert (looked["page"], looked["entry"]) == ("finding", overdue.entry.position)


def test_the_words_lie_sealed_and_the_log_s_hash_is_of_them_and_of_nothing_guessable(client, log, overdue):
    assess(client, overdue)
    kept = log.connection.execute(
        "SELECT * FROM finding_assessments WHERE finding_id = %s", (overdue.finding_id,)
    ).fetchone()
    assert b"Mustermann" not in bytes(kept["note"])
    assert hashlib.sha256(WORDS.encode()).hexdigest() != kept["note_sha256"]
    everything = log.connection.execute("SELECT body FROM outbox").fetchall()
    assert not any(b"Mustermann" in bytes(row["body"]) for row in everything)
    assert views(log)[-1]["data"]["note_sha256"] == kept["note_sha256"]
    notes = Notes(load("audit", {**SETTINGS, "DATABASE_URL": log.app_dsn}).deployment_key)
    about = f"finding/{overdue.finding_id}/1"
    content, sha256, by = bytes(kept["note"]), kept["note_sha256"], kept["assessed_by"]
    assert notes.open(content, about, sha256, by) == Opened(WORDS)
    for false in (
        notes.open(content, about, "0" * 64, by),
        notes.open(content, f"finding/{overdue.finding_id}/2", sha256, by),
        notes.open(b"short", about, sha256, by),
        notes.open(None, about, sha256, by),
        Notes(bytes(32)).open(content, about, sha256, by),
    ):
        assert false == Opened(None, altered=True)
    assert notes.open(None, about, sha256, None) == Opened(None)


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"note": " x "}, 422, "note"),
        ({"note": "x" * 4001}, 422, "note"),
        ({"judgement": "fine"}, 422, "judgement"),
        ({"facts": "new"}, 422, "facts"),
        ({"judgement": "needs_clarification", "step": "sign_off"}, 409, None),
        ({"facts": 1}, 412, None),
        ({"before": 1}, 412, None),
    ],
)
def test_what_cannot_be_said_leaves_nothing_behind(client, log, overdue, changes, status, field):
    answer = assess(client, overdue, **changes)
    assert answer.status_code == status
    assert field is None or list(answer.json["fields"]) == [field]
    assert found(log, overdue).state is FindingState.OPEN


def test_a_form_sent_twice_is_one_assessment_and_two_officers_cannot_both_be_first(client, log, overdue):
    key = "ab" * 16
    assert [assess(client, overdue, request_key=key).status_code for _ in range(2)] == [303, 303]
    assert found(log, overdue).assessment == 1
    assert assess(client, overdue, who=OFFICER).status_code == 412
    seen = found(log, overdue)
    assert assess(client, seen, who=OFFICER, judgement="breach").status_code == 303
    page = client.get(f"/audit/findings/{overdue.finding_id}", headers=OFFICER).get_data(as_text=True)
    assert "/referral/data-protection/breaches" in page


def test_a_finding_that_is_answered_is_settled_and_stays_to_be_seen(client, log, overdue):
    answer = replaced(stated(), UUID(overdue.entry.data["referral_id"]))
    hear(log, an_arrival(next(log.numbers), answer))
    read_on(log)
    settled = found(log, overdue)
    assert (settled.state, settled.because.type) == (FindingState.SETTLED_UNSEEN, "referral.deletion_stated.v1")
    page = client.get("/audit/findings?state=settled_unseen", headers=ENGLISH).get_data(as_text=True)
    assert str(overdue.finding_id) in page and "settled by itself, never looked at" in page
    assert str(overdue.finding_id) not in client.get("/audit/findings?state=settled", headers=ENGLISH).text
    assert str(overdue.finding_id) not in client.get("/audit/findings", headers=ENGLISH).get_data(as_text=True)


def test_a_finding_whose_facts_changed_after_it_was_signed_off_is_open_again_with_the_reason(client, log):
    consent = UUID(int=0xC0)
    event = {"ground_id": consent}
    happens(log, fetched(**event))
    (one, *_), _ = findings(log.connection, Wanted(FindingKind.CONSENT_NOT_IN_LOG))
    assess(client, one, step="sign_off")
    happens(log, a_consent_given(consent_id=consent))
    assert found(log, one).state is FindingState.SETTLED
    page = client.get(f"/audit/findings/{one.finding_id}", headers=ENGLISH).get_data(as_text=True)
    assert "no longer holds" in page and "signed off" in page


def test_what_settled_before_anybody_had_looked_is_counted_until_somebody_says_that_she_did(client, log, overdue):
    kind = str(FindingKind.DELETION_OVERDUE)
    before = counts(log.connection).get((kind, "settled_unseen"), 0)
    happens(log, replaced(stated(), UUID(overdue.entry.data["referral_id"])))
    assert counts(log.connection)[(kind, "settled_unseen")] == before + 1
    assert assess(client, found(log, overdue), step="sign_off").status_code == 303
    assert counts(log.connection).get((kind, "settled_unseen"), 0) == before
    assert found(log, overdue).state is FindingState.SIGNED_OFF


def test_what_staff_cleared_up_before_anybody_had_looked_waits_on_the_list_until_an_officer_says_what_it_was(
    make_database, postgres, tmp_path
):
    with a_log(make_database, postgres, tmp_path) as log, serving(log) as client:
        who = {"access_id": UUID(int=4), "staff": Code("staff:" + "a1" * 16)}
        told = {"actor": "staff:" + "0" * 32, "source": "/lotsennetz/audit"}
        hear(
            log,
            an_arrival(1, AccessEnded(**who, from_at=START), **told),
            an_arrival(2, actor=who["staff"], time=START + timedelta(hours=2)),
        )
        read_on(log)
        hear(log, an_arrival(3, AccessRestored(**who, from_at=START + timedelta(hours=1)), **told))
        read_on(log)
        (one,), _ = findings(log.connection, Wanted())
        assert one.state is FindingState.SETTLED_UNSEEN
        listing = client.get("/audit/findings", headers=ENGLISH).text
        assert f"/audit/findings/{one.finding_id}" in listing and "<strong>1</strong> every kind" in listing
        page = client.get(f"/audit/findings/{one.finding_id}", headers=ENGLISH).text
        assert "it waits until you have said what it was" in page and "pseudonym=staff%3Aa1a1" in page
        assert "Names are kept only of those who have signed in to the referral service" in page
        assert client.get("/audit/api/v1/findings", headers=DPO).json["findings"][0]["state"] == "settled_unseen"
        assert assess(client, one, step="sign_off").status_code == 303
        assert findings(log.connection, Wanted())[0] == []
        assert "<strong>0</strong> every kind" in client.get("/audit/findings", headers=ENGLISH).text


def test_programs_get_the_findings_page_by_page_and_one_with_its_history(client, log, overdue):
    assess(client, overdue)
    happens(log, replaced(stated(), UUID(overdue.entry.data["referral_id"])))
    listed, cursor = [], None
    while True:
        query = {"state": "all", "kind": "deletion_overdue", "limit": 3, **({"cursor": cursor} if cursor else {})}
        answer = client.get("/audit/api/v1/findings", query_string=query, headers=DPO)
        assert (answer.status_code, views(log)[-1]["data"]["page"]) == (200, "findings")
        listed += [one["finding_id"] for one in answer.json["findings"]]
        if (cursor := answer.json["cursor"]) is None:
            break
    wanted = Wanted(FindingKind.DELETION_OVERDUE, tuple(FindingState))
    assert listed == [str(one.finding_id) for one in findings(log.connection, wanted, limit=1000)[0]]
    one = client.get(f"/audit/api/v1/findings/{overdue.finding_id}", headers=DPO).json
    assert (one["state"], one["holds"], one["entry"]) == ("settled", False, overdue.entry.position)
    steps = {step["turn"] or step["judgement"]: step for step in one["history"]}
    assert set(steps) == {"noticed", "harmless", "no_longer"} and steps["harmless"]["note"] == WORDS


@pytest.mark.parametrize(("query", "field"), [("kind=rude", "kind"), ("state=lost", "state"), ("limit=0", "limit")])
def test_a_wrong_question_about_findings_is_answered_as_a_problem(client, query, field):
    answer = client.get(f"/audit/api/v1/findings?{query}", headers=DPO)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert list(answer.json["fields"]["query"]) == [field]


@pytest.mark.parametrize(("who", "status"), [(NAVIGATOR, 403), (OPERATIONS, 403), (DPO, 404)])
def test_a_finding_that_is_not_the_caller_s_is_a_problem_too(client, who, status):
    answer = client.get(f"/audit/api/v1/findings/{UUID(int=1)}", headers=who)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_an_entry_leads_to_the_finding_that_hangs_on_it(client, overdue):
    page = client.get(f"/audit/entries/{overdue.entry.position}", headers=ENGLISH).get_data(as_text=True)
    assert f"/audit/findings/{overdue.finding_id}" in page
    assert f"/referral/data-protection/pseudonyms?pseudonym={overdue.entry.actor.replace(':', '%3A')}#ask" in page
    assert "Names are kept only of those" not in page


def test_facts_that_grow_open_a_finding_again(client, log, overdue):
    assess(client, overdue, step="sign_off")
    log.connection.execute(
        "INSERT INTO finding_facts"
        " (finding_id, kind, anchor, position, because, entries, last, holds, size, noticed_at)"
        " SELECT finding_id, kind, anchor, position, because, 2, last, holds, size, noticed_at FROM finding_facts"
        " WHERE number = %s",
        (overdue.number,),
    )
    assert found(log, overdue).state is FindingState.REOPENED
    page = client.get(f"/audit/findings/{overdue.finding_id}", headers=ENGLISH).get_data(as_text=True)
    assert "open again" in page and "grown: 2 entries" in page
    page = client.get("/audit/findings", headers=ENGLISH).get_data(as_text=True)
    assert str(overdue.finding_id) in page


@pytest.mark.parametrize(("who", "status"), [(NAVIGATOR, 403), (OPERATIONS, 403), (AUDITOR, 403)])
def test_only_officers_assess(client, log, overdue, who, status):
    assert assess(client, overdue, who=who).status_code == status
    assert found(log, overdue).state is FindingState.OPEN


def test_findings_are_counted_filtered_and_turned_page_by_page(client, log):
    happens(log, *(replaced(owed(YESTERDAY), UUID(int=0xB000 + number)) for number in range(60)))
    seen, cursor = [], None
    while True:
        page, cursor = findings(log.connection, Wanted(), cursor, limit=25)
        seen += [one.finding_id for one in page]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) >= 60
    counted = counts(log.connection)
    assert sum(n for (_, state), n in counted.items() if state in ("open", "reopened")) == len(seen)
    page = client.get("/audit/findings?kind=deletion_overdue", headers=ENGLISH).get_data(as_text=True)
    assert "cursor=" in page and "kind=deletion_overdue" in page
    for query in ("kind=rude", "state=lost", "cursor=x"):
        answer = client.get(f"/audit/findings?{query}", headers=DPO)
        assert (answer.status_code, list(answer.json["fields"])) == (422, [query.partition("=")[0]])


def test_an_auditor_sees_the_findings_of_her_controller_without_words_and_nothing_about_staff(own_log):
    client, log = own_log
    own, foreign = UUID(int=71), UUID(int=72)
    for number, referral in enumerate((own, foreign), start=100):
        hear(log, an_arrival(number, replaced(owed(YESTERDAY), referral)))
    read_on(log)
    both, _ = findings(log.connection, Wanted())
    assert len(both) == 2
    for one in both:
        assess(client, one)
    page = client.get("/audit/findings?state=all", headers={**AUDITOR, "Accept-Language": "en"}).get_data(as_text=True)
    for one in both:
        is_hers = one.entry.data["referral_id"] == str(own)
        assert (str(one.finding_id) in page) is is_hers
        answer = client.get(f"/audit/findings/{one.finding_id}", headers=AUDITOR)
        assert answer.status_code == (200 if is_hers else 404)
        assert "Mustermann" not in answer.get_data(as_text=True)
        answer = client.get(f"/audit/api/v1/findings/{one.finding_id}", headers=AUDITOR)
        assert answer.status_code == (200 if is_hers else 404)
        assert "Mustermann" not in answer.get_data(as_text=True)
    listed = client.get("/audit/api/v1/findings?state=all", headers=AUDITOR).json["findings"]
    assert [row["entry"] for row in listed] == [one.entry.position for one in both if own in mentioned(one)]
    assert "Outside working hours" not in page and "Used without access" not in page
    hear(log, an_arrival(102, replaced(stated(), own)))
    read_on(log)
    [hers] = [one for one in findings(log.connection, Wanted(states=tuple(FindingState)))[0] if own in mentioned(one)]
    address, link = f"/audit/findings/{hers.finding_id}", f'href="/audit/entries/{hers.because.position}"'
    assert client.get(address, headers=DPO).text.count(link) == 2
    assert client.get(address, headers=AUDITOR).text.count(link) == 1


STANDING = "SELECT to_jsonb(finding_standing) AS row FROM finding_standing ORDER BY finding_id"


def test_where_findings_stand_is_found_anew_from_facts_and_assessments(client, log, overdue):
    assess(client, overdue, step="sign_off")
    happens(log, replaced(stated(), UUID(overdue.entry.data["referral_id"])))
    assert found(log, overdue).state is FindingState.SETTLED
    kept = log.connection.execute(STANDING).fetchall()
    with connect(log.owner_dsn) as owner:
        owner.execute("TRUNCATE finding_standing")
        assert log.connection.execute(STANDING).fetchall() == []
        owner.execute("SELECT stand_anew()")
    assert log.connection.execute(STANDING).fetchall() == kept != []


def test_a_finding_is_her_controller_s_however_late_the_case_is_recorded_and_nobody_s_once_another_knows_the_person(
    make_database, postgres, tmp_path
):
    with a_log(make_database, postgres, tmp_path) as log:
        heard = iter(range(1, 100))

        def hears(event):
            hear(log, an_arrival(next(heard), event))
            read_on(log)
            return [one.kind for one in findings(log.connection, Wanted(controller=OWN))[0]]

        ids = {"enquiry_id": UUID(int=61), "person_id": PERSON}
        case = replace(an_event("referral.enquiry_recorded.v1"), organization_id=OWN, **ids)
        assert hears(replaced(owed(YESTERDAY), UUID(int=71))) == []
        assert hears(replace(an_event("referral.drafted.v1"), referral_id=UUID(int=71), **ids)) == []
        assert hears(case) == [FindingKind.DELETION_OVERDUE]
        assert sum(counts(log.connection, OWN).values()) == 1
        told = [hears(event) for event in (a_consent_given(), withdrawn(), viewed())]
        assert told[-1] == [FindingKind.USED_AFTER_WITHDRAWAL, FindingKind.DELETION_OVERDUE]
        others = replace(case, enquiry_id=UUID(int=62), organization_id=OTHER)
        assert hears(others) == [FindingKind.DELETION_OVERDUE]
        assert sum(counts(log.connection, OWN).values()) == 1


def mentioned(one):
    return {UUID(one.entry.data["referral_id"])}


@pytest.fixture
def own_log(make_database, postgres, tmp_path):
    with a_log(make_database, postgres, tmp_path) as log, serving(log) as client:
        two_cases(log)
        yield client, log


@pytest.mark.parametrize("table", ["finding_facts", "finding_rounds", "finding_dues", "finding_assessments"])
def test_what_was_noticed_and_said_only_grows(client, log, overdue, table):
    assess(client, overdue)
    column = "noticed_at" if table == "finding_facts" else "note" if table == "finding_assessments" else None
    column = column or {"finding_rounds": "read_at", "finding_dues": "due_on"}[table]
    for dsn in (log.app_dsn, log.owner_dsn):
        for statement in (f"UPDATE {table} SET {column} = NULL", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
            with connect(dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_a_note_goes_when_its_time_is_over_and_the_assessment_stays(client, log, overdue):
    assess(client, overdue)
    log.connection.execute(
        "INSERT INTO finding_assessments SELECT finding_id, 2, facts, judgement, signed_off, note, note_sha256,"
        " assessed_by, %s FROM finding_assessments WHERE finding_id = %s",
        (LONG_AGO, overdue.finding_id),
    )
    from services.audit import retention

    with connect(log.retention_dsn) as connection:
        assert retention.empty_notes(connection) == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE finding_assessments SET note = NULL")
    kept = log.connection.execute(
        "SELECT note, judgement, assessed_by FROM finding_assessments WHERE finding_id = %s ORDER BY number",
        (overdue.finding_id,),
    ).fetchall()
    assert [(row["note"] is None, row["judgement"]) for row in kept] == [(False, "harmless"), (True, "harmless")]
    assert [row["assessed_by"] is None for row in kept] == [False, True]
    page = client.get(f"/audit/findings/{overdue.finding_id}", headers=ENGLISH).get_data(as_text=True)
    assert "The words are no longer kept." in page and "not as it was written" not in page
    log.tamper("UPDATE finding_assessments SET note = NULL")
    page = client.get(f"/audit/findings/{overdue.finding_id}", headers=ENGLISH).get_data(as_text=True)
    assert page.count("not as it was written") == page.count("The words are no longer kept.") == 1


@pytest.mark.parametrize("step", ["end", "restore"])
def test_an_account_the_log_never_heard_of_is_refused_at_its_field_unless_it_is_confirmed(client, log, step):
    form = {"account": f"ana.acount-{step}", "from_at": "2026-11-26T10:00", "step": step}
    before = len(views(log))
    answer = client.post("/audit/leavers", data=form, headers=OPERATIONS)
    assert (answer.status_code, answer.json["fields"]) == (422, {"account": "an-account-the-log-knows"})
    assert len(views(log)) == before
    page = client.post(
        "/audit/leavers", data=form, headers={**OPERATIONS, "Accept": "text/html", "Accept-Language": "en"}
    )
    assert page.status_code == 422 and form["account"] in page.text
    assert 'id="account-error"' in page.text and "check the spelling" in page.text
    assert client.post("/audit/leavers", data={**form, "never_seen": "yes"}, headers=OPERATIONS).status_code == 303
    told = views(log)[-1]
    hear(
        log,
        an_arrival(
            next(log.numbers), AccessEnded(access_id=UUID(int=4), staff=Code(told["data"]["staff"]), from_at=START)
        ),
    )
    assert client.post("/audit/leavers", data=form, headers=OPERATIONS).status_code == 303, "the log knows her now"


def test_operations_tell_whose_access_ended_and_only_a_pseudonym_is_kept(client, log):
    settings = load("audit", {**SETTINGS, "DATABASE_URL": log.app_dsn})
    hers = pseudonym(settings.deployment_key, settings.issuer_url, "anna.account")
    hear(log, an_arrival(next(log.numbers), actor=hers))
    answer = client.post(
        "/audit/leavers", data={"account": "anna.account", "from_at": "2026-11-26T10:00"}, headers=OPERATIONS
    )
    assert answer.status_code == 303
    told = views(log)[-1]
    mine = client.get("/audit/mine", headers=bearer(ISSUER.token(sub="anna.account", roles=["navigator"])))
    assert mine.status_code == 200
    assert told["data"]["staff"] == views(log)[-1]["actor"]
    assert (told["type"], told["data"]["from_at"]) == ("audit.access_ended.v1", "2026-11-26T09:00:00.000000Z")
    assert "anna.account" not in json.dumps(told)
    back = {"account": "anna.account", "from_at": "2026-11-20T10:00", "step": "restore"}
    assert client.post("/audit/leavers", data=back, headers=OPERATIONS).status_code == 303
    restored = views(log)[-1]
    assert restored["type"] == "audit.access_restored.v1"
    assert restored["data"]["from_at"] == restored["time"], "what was done in between stays what it was"
    for who, status in ((DPO, 403), (NAVIGATOR, 403)):
        assert client.post("/audit/leavers", data={"account": "x"}, headers=who).status_code == status
    for form, field in (({"account": ""}, "account"), ({"account": "x", "from_at": "soon"}, "from_at")):
        answer = client.post("/audit/leavers", data=form, headers=OPERATIONS)
        assert (answer.status_code, list(answer.json["fields"])) == (422, [field])
    page = client.get("/audit/leavers", headers=ENGLISH).get_data(as_text=True)
    assert '<form class="form-grid"' not in page
