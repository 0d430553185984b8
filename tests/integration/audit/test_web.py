"""The log over HTTP: who may look, what is found, what can be proven, and that every look is itself recorded."""

import base64
import hashlib
import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

import contracts.audit
import contracts.directory
import contracts.notifications
import contracts.referral  # noqa: F401 - the registry is full once all four are imported
from contracts.audit import AccessEnded
from contracts.codes import Classification, StaffRole
from contracts.describe.examples import an_event
from contracts.envelope import read as read_envelope
from contracts.event import REGISTRY, Code, spec_of
from contracts.referral import ConsentGiven, ConsentRecipient, ResolutionRead, ResolutionShown, StreamReported
from deploy.demo.clocks import FixedClock
from services.audit import commands, jobs
from services.audit.domain.merkle import extends, includes
from services.audit.figures import Completeness
from services.audit.queries.search import ABOUT_HER, entries_at
from services.audit.web.app import create_app
from services.chassis import i18n
from services.chassis.config import load
from services.chassis.db import Database
from services.chassis.work import Unit
from tests.chassis.web_rig import SETTINGS, TestIssuer, bearer
from tests.integration.audit.conftest import START, a_log, an_arrival
from tests.integration.audit.test_verifier import VERIFIER
from tests.unit.audit.events import (
    ORGANIZATION,
    PERSON,
    REFERRAL,
    a_consent_given,
    a_disclosure_decided,
    a_referral_received,
)

ISSUER = TestIssuer()
OWN, OTHER = UUID(int=91), UUID(int=92)
DPO = bearer(ISSUER.token(sub="dora", roles=["dpo"]))
OPERATIONS = bearer(ISSUER.token(sub="otto", roles=["operations"]))
AUDITOR = bearer(ISSUER.token(sub="aylin", roles=["auditor"], employer=str(OWN)))
OFFICER = "staff:" + "dd" * 16
NAVIGATOR = bearer(ISSUER.token(sub="anna", roles=["navigator"]))


@contextmanager
def serving(log):
    given = {"CHECKPOINT_KEY_FILE": str(log.key_file.with_name("log.key")), "CHECKPOINT_DIR": str(log.directory)}
    settings = load("audit", {**SETTINGS, **given, "DATABASE_URL": log.app_dsn})
    with Database(log.app_dsn) as database:
        app = create_app(settings, Unit(database, FixedClock(START), "audit"), issuer_keys=ISSUER.keys())
        yield app.test_client(use_cookies=False)  # a language chosen by one test is none of the next one's


@pytest.fixture
def own_client(log):
    """A log of this test's own behind HTTP."""
    with serving(log) as client:
        yield client


@pytest.fixture(scope="module")
def told(make_database, postgres, tmp_path_factory):
    """A consent, a disclosure on it, a refusal, and three events that say nothing special; all signed and published."""
    with a_log(make_database, postgres, tmp_path_factory.mktemp("told")) as log:
        yield tell(log)


@pytest.fixture(scope="module")
def client(told):
    with serving(told) as client:
        yield client


def tell(log):
    arrivals = [
        an_arrival(1, a_consent_given()),
        an_arrival(2, a_disclosure_decided()),
        an_arrival(3, a_disclosure_decided(allowed=False, ground=None, ground_id=None, ground_version=None)),
        *(an_arrival(number) for number in (4, 5, 6)),
    ]
    hear(log, *arrivals)
    log.sign()
    log.publish()
    return log


def hear(log, *arrivals, now=START):
    with log.connection.transaction():
        commands.record(log.connection, log.writer, arrivals, now)


def views(log):
    rows = log.connection.execute("SELECT body FROM outbox ORDER BY number").fetchall()
    return [json.loads(bytes(row["body"])) for row in rows]


@pytest.mark.parametrize(
    "path", ["/audit/api/v1/entries", "/audit/", "/audit/findings", f"/audit/cases/referral/{REFERRAL}"]
)
@pytest.mark.parametrize(("who", "status"), [(None, 401), (NAVIGATOR, 403), (OPERATIONS, 403), (DPO, 200)])
def test_only_the_data_protection_officer_reads_the_log(client, told, path, who, status):
    assert client.get(path, headers=who or {}).status_code == status


@pytest.mark.parametrize("path", ["/audit/operator/log", "/audit/integrity", "/audit/api/v1/checkpoints/latest"])
@pytest.mark.parametrize(("who", "status"), [(None, 401), (NAVIGATOR, 403), (OPERATIONS, 200), (DPO, 200)])
def test_operations_sees_its_health(client, told, path, who, status):
    assert client.get(path, headers=who or {}).status_code == status


@pytest.mark.parametrize("path", ["/audit/api/v1/entries", "/audit/", "/audit/entries/1"])
def test_every_look_is_told_before_anything_is_shown(client, told, path):
    before = len(views(told))
    client.get(path, headers=DPO)
    looked = views(told)[before:]
    assert [event["type"] for event in looked] == ["audit.log_viewed.v1"]
    assert looked[0]["actor"].startswith("staff:")
    assert looked[0]["data"]["role"] == "dpo"


def test_entries_are_found_by_case_person_partner_actor_type_and_time(client, told):
    def positions(query):
        answer = client.get(f"/audit/api/v1/entries?{query}", headers=DPO)
        assert answer.status_code == 200, answer.json
        return [entry["position"] for entry in answer.json["entries"]]

    assert positions("") == [5, 4, 3, 2, 1, 0]
    assert positions(f"referral_id={REFERRAL}") == [5, 4, 3, 2, 1]
    assert positions(f"person_id={PERSON}") == [2, 1, 0]
    assert positions(f"organization_id={ORGANIZATION}&type=referral.received.v1") == [5, 4, 3]
    assert positions("subject_kind=decision") == [2, 1]
    assert positions(f"subject=referral/{REFERRAL}") == [5, 4, 3]
    assert positions("actor=staff:nobody") == []
    assert positions("from=2026-11-23&until=2026-11-23") == [5, 4, 3, 2, 1, 0]
    assert positions("from=2026-11-24") == []
    assert positions("from=2026-11-23T09:00:05Z") == [5, 4]


def test_pages_follow_each_other_without_loss_or_repetition(client, told):
    seen, wanted = [], {"limit": 4}
    while True:
        answer = client.get("/audit/api/v1/entries", query_string=wanted, headers=DPO).json
        seen += [entry["position"] for entry in answer["entries"]]
        if answer["cursor"] is None:
            break
        wanted["cursor"] = answer["cursor"]
    assert seen == [5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    "query", ["referral_id=x", "limit=abc", "limit=999", "from=yesterday", "cursor=%21", "from=0001-01-01", "actor=%00"]
)
def test_a_wrong_search_names_what_is_wrong(client, told, query):
    answer = client.get(f"/audit/api/v1/entries?{query}", headers=DPO)
    assert answer.status_code == 422
    assert query.partition("=")[0] in str(answer.json["fields"])


def test_an_entry_holds_codes_and_no_text(client, told):
    leaf = client.get("/audit/api/v1/entries?limit=1&type=referral.disclosure_decided.v1", headers=DPO).json
    data = leaf["entries"][0]["leaf"]["data"]
    assert data["allowed"] is False and data["purpose"] == "ANERKENNUNG"


def test_an_inclusion_proof_holds_for_the_leaf_it_was_asked_for(client, told):
    answer = client.get("/audit/api/v1/proofs/inclusion?position=4", headers=DPO).json
    leaf, root = base64.b64decode(answer["leaf_hash"]), base64.b64decode(answer["root"])
    proof = [base64.b64decode(step) for step in answer["proof"]]
    assert includes(leaf, 4, 6, proof, root)
    assert base64.b64encode(root).decode() in answer["checkpoint"]
    by_event = client.get(f"/audit/api/v1/proofs/inclusion?event_id={UUID(int=5)}", headers=DPO).json
    assert by_event == answer


def test_a_consistency_proof_holds_between_its_two_roots(client, told):
    answer = client.get("/audit/api/v1/proofs/consistency?first=3", headers=OPERATIONS).json
    old, new = base64.b64decode(answer["first_root"]), base64.b64decode(answer["second_root"])
    assert extends(3, 6, [base64.b64decode(step) for step in answer["proof"]], old, new)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("proofs/inclusion?position=6", 404),
        ("proofs/inclusion?position=0&size=99", 404),
        (f"proofs/inclusion?event_id={UUID(int=99)}", 404),
        ("proofs/inclusion?event_id=x", 422),
        ("proofs/inclusion", 422),
        ("proofs/inclusion?position=-1", 422),
        ("proofs/inclusion?position=0&size=99999999999999999999", 422),
        ("proofs/consistency?first=0", 422),
        ("proofs/consistency?first=7", 422),
    ],
)
def test_a_proof_of_what_is_not_there_is_refused(client, told, path, status):
    assert client.get(f"/audit/api/v1/{path}", headers=DPO).status_code == status


def test_the_key_is_open_to_everybody(own_client, log):
    assert own_client.get("/audit/api/v1/checkpoints/key").get_data(as_text=True) == log.key_file.read_text()


def test_nothing_is_proven_or_exported_of_an_empty_log(own_client, log):
    for path in ("checkpoints/latest", "export", "proofs/inclusion?position=0"):
        assert own_client.get(f"/audit/api/v1/{path}", headers=DPO).status_code == 404


def test_an_export_over_http_verifies_and_is_told(client, told, tmp_path):
    answer = client.get("/audit/api/v1/export", headers=DPO)
    assert answer.content_type == "application/x-ndjson"
    assert checked(told, tmp_path, answer, "--export", "--checkpoint", told.directory).returncode == 0
    assert views(told)[-1]["type"] == "audit.log_exported.v1"
    assert (views(told)[-1]["data"]["size"], views(told)[-1]["data"]["form"]) == (6, "log")


def checked(told, tmp_path, answer, kind, *more):
    """What the independent verifier says of an answer."""
    path = tmp_path / "answer"
    path.write_bytes(answer.data)
    command = [sys.executable, VERIFIER, kind, path, "--key", told.key_file, *more]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.mark.parametrize("path", ["export", "extract?referral_id=" + str(REFERRAL), f"receipts/{UUID(int=2)}.txt"])
def test_operations_get_no_content(client, told, path):
    assert client.get(f"/audit/api/v1/{path}", headers=OPERATIONS).status_code == 403


def test_operations_verify_the_whole_log_by_its_hashes(client, told, tmp_path):
    answer = client.get("/audit/api/v1/export/hashes", headers=OPERATIONS)
    assert b'leaf"' not in answer.data and b"staff:" not in answer.data
    done = checked(told, tmp_path, answer, "--export", "--checkpoint", told.directory)
    assert (done.returncode, "by their hashes only" in done.stdout) == (0, True), done.stdout
    assert views(told)[-1]["data"]["form"] == "hashes"
    tampered = answer.data.replace(b'"position":3,"leaf_hash":"', b'"position":3,"leaf_hash":"00', 1)
    (tmp_path / "tampered").write_bytes(tampered)
    command = [sys.executable, VERIFIER, "--export", tmp_path / "tampered", "--key", told.key_file]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 1


@pytest.mark.parametrize("path", ["proofs/inclusion?position=4", "proofs/consistency?first=3"])
def test_a_proof_over_http_is_verified_offline(client, told, tmp_path, path):
    answer = client.get(f"/audit/api/v1/{path}", headers=OPERATIONS)
    done = checked(told, tmp_path, answer, "--proof")
    assert done.returncode == 0, done.stdout
    wrong = {**answer.json, "proof": list(reversed(answer.json["proof"]))}
    (tmp_path / "wrong").write_text(json.dumps(wrong))
    command = [sys.executable, VERIFIER, "--proof", tmp_path / "wrong", "--key", told.key_file]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 1


def test_what_was_looked_for_is_told_as_ids_codes_and_times(client, told):
    query = f"referral_id={REFERRAL}&type=referral.received.v1&actor=staff:{'ab' * 16}&from=2026-11-23"
    client.get(f"/audit/?{query}", headers=DPO)
    data = views(told)[-1]["data"]
    assert data["page"] == "search"
    assert set(data["filters"]) == {"actor", "type", "since", "referral-id"}
    assert (data["referral_id"], data["event_type"]) == (str(REFERRAL), "referral.received.v1")
    assert (data["sought_actor"], data["since"]) == ("staff:" + "ab" * 16, "2026-11-22T23:00:00.000000Z")
    client.get("/audit/entries/4", headers=DPO)
    assert (views(told)[-1]["data"]["page"], views(told)[-1]["data"]["entry"]) == ("entry", 4)
    client.get(f"/audit/cases/person/{PERSON}", headers=DPO)
    assert (views(told)[-1]["data"]["page"], views(told)[-1]["data"]["person_id"]) == ("case", str(PERSON))
    client.get(f"/audit/api/v1/extract?person_id={PERSON}", headers=DPO)
    assert (views(told)[-1]["data"]["form"], views(told)[-1]["data"]["person_id"]) == ("extract", str(PERSON))


@pytest.mark.parametrize("field", ["actor", "type", "subject", "subject_kind"])
def test_a_name_somebody_typed_is_told_as_typed_and_not_as_a_name(client, told, field):
    client.get("/audit/api/v1/entries", query_string={field: "maxi.mustermann"}, headers=DPO)
    looked = views(told)[-1]
    assert looked["data"]["filters"] == [field.replace("_", "-")]
    assert "mustermann" not in json.dumps(looked)


@pytest.mark.parametrize("claims", [{"roles": ["navigator"]}, {"roles": ["operations"]}])
def test_staff_see_the_entries_about_themselves_and_no_others(own_client, log, claims):
    caller = {**bearer(ISSUER.token(sub="anna", **claims)), "Accept-Language": "en"}
    assert "holds nothing under your pseudonym" in own_client.get("/audit/mine", headers=caller).get_data(as_text=True)
    looked = views(log)[-1]
    assert (looked["data"]["page"], looked["data"]["sought_actor"]) == ("mine", looked["actor"])
    hear(log, an_arrival(1, actor=looked["actor"]), an_arrival(2, a_disclosure_decided()))
    page = own_client.get("/audit/mine", headers=caller).get_data(as_text=True)
    assert page.count("<time") == 1


def test_staff_see_who_looked_for_them_and_whether_their_access_was_ended(own_client, log):
    caller = {**bearer(ISSUER.token(sub="anna", roles=["navigator"])), "Accept-Language": "en"}
    own_client.get("/audit/mine", headers=caller)
    hers = views(log)[-1]["actor"]
    own_client.get(f"/audit/?actor={hers}", headers=DPO)
    own_client.get("/audit/", headers=DPO)
    ended = AccessEnded(access_id=UUID(int=4), staff=Code(hers), from_at=START)
    read = ResolutionRead(resolution_id=UUID(int=5), staff=Code(hers), role=StaffRole.LEAD)
    shown = ResolutionShown(resolution_id=UUID(int=5), person_id=None, staff=Code(hers))
    told = [json.loads(bytes(row["body"])) for row in log.connection.execute("SELECT body FROM outbox ORDER BY number")]
    looked = [read_envelope(json.dumps(one).encode()).data for one in told if one["data"].get("page") == "search"]
    hear(log, *(an_arrival(number, one, actor=OFFICER) for number, one in enumerate([ended, read, shown, *looked], 1)))
    hear(log, an_arrival(9, replace(ended, staff=Code("staff:" + "0" * 32)), actor=OFFICER))
    page = own_client.get("/audit/mine", headers=caller).get_data(as_text=True)
    assert page.count("<time") == 3, "ended, shown and the search for her; neither the other search nor what is open"
    assert "Access ended" in page and "you</" not in page


def test_what_is_about_staff_is_found_without_reading_the_log(log):
    plan = log.connection.execute(
        f"EXPLAIN SELECT position FROM entries WHERE {ABOUT_HER} ORDER BY occurred_at DESC, position DESC LIMIT 51",
        (OFFICER, OFFICER),
        prepare=False,
    ).fetchall()
    assert "entries_about_staff" in str(plan)


@pytest.fixture
def two_controllers(own_client, log):
    two_cases(log)
    return own_client


def two_cases(log, now=START):
    """One enquiry with a referral of each of two controllers, and a person both know."""
    both, hers = UUID(int=81), UUID(int=82)
    cases = ((OWN, 61, 71, hers), (OTHER, 62, 72, both), (OWN, 63, 73, both))
    told = []
    for controller, enquiry, referral, person in cases:
        ids = {"enquiry_id": UUID(int=enquiry), "person_id": person}
        told += [
            replace(an_event("referral.enquiry_recorded.v1"), organization_id=controller, **ids),
            replace(an_event("referral.drafted.v1"), referral_id=UUID(int=referral), **ids),
            a_referral_received(referral_id=UUID(int=referral)),
        ]
    told += [a_consent_given(person_id=person) for person in (hers, both)]
    hear(log, *(an_arrival(number, event) for number, event in enumerate(told)), now=now)
    log.sign()


def test_of_entries_by_place_another_controllers_are_left_out(two_controllers, log):
    assert sorted(entries_at(log.connection, range(11))) == list(range(11))
    assert sorted(entries_at(log.connection, range(11), OWN)) == [0, 1, 2, 6, 7, 8, 9]


def test_an_auditor_reads_only_what_is_her_controller_s(two_controllers, log):
    found = two_controllers.get("/audit/api/v1/entries", headers=AUDITOR).json["entries"]
    assert [entry["position"] for entry in found] == [9, 8, 7, 6, 2, 1, 0]
    assert views(log)[-1]["data"]["role"] == "auditor"
    for path, status in (
        ("/audit/entries/1", 200),
        ("/audit/entries/4", 404),
        (f"/audit/cases/referral/{UUID(int=71)}", 200),
        (f"/audit/cases/referral/{UUID(int=72)}", 404),
        (f"/audit/api/v1/receipts/{UUID(int=2)}.txt", 200),
        (f"/audit/api/v1/receipts/{UUID(int=5)}.txt", 404),
        ("/audit/api/v1/export", 403),
        ("/audit/findings", 200),
    ):
        assert two_controllers.get(path, headers=AUDITOR).status_code == status, path
    extract = two_controllers.get("/audit/api/v1/extract", headers=AUDITOR)
    assert json.loads(extract.data.splitlines()[0])["entries"] == 7


def a_lead(**claims):
    return bearer(ISSUER.token(sub="lea", roles=["lead"], **{"employer": str(OWN), "site": "aachen", **claims}))


@pytest.mark.parametrize(
    ("who", "status"),
    [
        pytest.param(a_lead(), 200, id="her own desk"),
        pytest.param(DPO, 200, id="officer"),
        pytest.param(a_lead(employer=str(OTHER)), 404, id="another organization"),
        pytest.param(a_lead(site="neuss"), 404, id="another site"),
        pytest.param(a_lead(site=None), 403, id="no site"),
        pytest.param(AUDITOR, 403, id="auditor"),
    ],
)
def test_a_lead_gets_the_extract_of_whoever_has_a_case_at_her_desk_and_of_nobody_else(
    two_controllers, log, who, status
):
    for path in (f"persons/{UUID(int=82)}", f"enquiries/{UUID(int=61)}"):
        before = [one for one in views(log) if one["type"] == "audit.log_exported.v1"]
        assert two_controllers.get(f"/audit/api/v1/{path}/extract", headers=who).status_code == status
        after = [one for one in views(log) if one["type"] == "audit.log_exported.v1"]
        assert len(after) - len(before) == (status == 200)


def test_a_lead_s_extract_leaves_out_what_is_another_controller_s(two_controllers, log):
    path = f"/audit/api/v1/persons/{UUID(int=81)}/extract"
    found = {}
    for name, who in (("officer", DPO), ("own", a_lead()), ("other", a_lead(employer=str(OTHER)))):
        lines = [json.loads(line) for line in two_controllers.get(path, headers=who).data.splitlines()]
        found[name] = [line["position"] for line in lines[1:]]
    assert found == {"officer": [3, 4, 5, 6, 7, 8, 10], "own": [6, 7, 8], "other": [3, 4, 5]}
    assert views(log)[-1]["data"]["controller_id"] == str(OTHER)


def test_an_auditor_of_nobody_reads_nothing(two_controllers):
    nobody = bearer(ISSUER.token(sub="nils", roles=["auditor"]))
    answer = two_controllers.get("/audit/api/v1/entries", headers=nobody)
    assert (answer.status_code, answer.json["slug"]) == (403, "audit.controller-unknown")


@pytest.mark.parametrize(
    "path", [f"extract?referral_id={REFERRAL}", "extract?type=referral.received.v1", f"receipts/{UUID(int=2)}"]
)
def test_an_extract_or_receipt_over_http_verifies_and_is_told(client, told, tmp_path, path):
    answer = client.get(f"/audit/api/v1/{path}", headers=DPO)
    assert answer.status_code == 200
    file = tmp_path / "extract.ndjson"
    file.write_bytes(answer.data)
    command = [sys.executable, VERIFIER, "--export", file, "--key", told.key_file]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert views(told)[-1]["type"] == "audit.log_exported.v1"


def test_a_receipt_fits_on_paper(client, told):
    answer = client.get(f"/audit/api/v1/receipts/{UUID(int=2)}.svg", headers=DPO)
    assert answer.content_type.startswith("image/svg+xml")
    assert answer.data.startswith(b"<svg")


def test_a_receipt_s_text_is_proven_offline(client, told, tmp_path):
    answer = client.get(f"/audit/api/v1/receipts/{UUID(int=2)}.txt", headers=DPO)
    assert checked(told, tmp_path, answer, "--receipt").returncode == 0


def test_what_is_too_long_for_a_code_says_so(own_client, log):
    recipients = tuple(replace(a_consent_given().recipients[0], organization_id=uuid4()) for _ in range(150))
    hear(log, an_arrival(1, a_consent_given(recipients=recipients)))
    log.sign()
    answer = own_client.get(f"/audit/api/v1/receipts/{UUID(int=1)}.svg", headers=DPO)
    assert (answer.status_code, answer.json["slug"]) == (409, "audit.receipt-too-long")


def test_an_extract_of_everything_is_no_extract(client, told):
    assert client.get("/audit/api/v1/extract", headers=DPO).status_code == 422
    assert client.get("/audit/api/v1/extract?actor=staff:nobody", headers=DPO).status_code == 404
    assert client.get(f"/audit/api/v1/receipts/{UUID(int=2)}", headers=OPERATIONS).status_code == 403


# --- pages ---


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize(
    "path",
    [
        "/audit/",
        f"/audit/?referral_id={REFERRAL}",
        "/audit/?type=referral.expired.v1",
        f"/audit/cases/referral/{REFERRAL}",
        "/audit/entries/1",
        "/audit/findings",
        "/audit/integrity",
    ],
)
def test_every_page_renders_in_both_languages(client, told, path, language):
    answer = client.get(path, headers={**DPO, "Accept-Language": language})
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    assert f'lang="{language}"' in page
    assert not any(key in page for key in ("event:", "case:", "field:", "actor:staff"))


def test_a_case_shows_the_disclosure_beside_its_consent_and_the_refusal(client, told):
    page = client.get(f"/audit/cases/referral/{REFERRAL}", headers={**DPO, "Accept-Language": "en"}).get_data(
        as_text=True
    )
    assert "carried by" in page and "consent, version 2" in page
    assert page.count("refused") == 1
    assert "consent not in the log" not in page


def test_a_case_is_drawn_as_the_messages_it_was_made_of(client, told):
    drawn = client.get(f"/audit/cases/referral/{REFERRAL}/flow?lang=en", headers=DPO)
    entries = client.get(f"/audit/cases/referral/{REFERRAL}?lang=en", headers=DPO).text.count("timeline__item")
    assert drawn.status_code == 200
    assert drawn.text.count('class="flow-map__text flow-map__text--small"') == entries > 0
    assert "Staff to Referral" in drawn.text
    assert "Referral to Notifications" in drawn.text
    assert client.get(f"/audit/cases/referral/{uuid4()}/flow", headers=DPO).status_code == 404
    assert client.get(f"/audit/cases/referral/{REFERRAL}/flow", headers=NAVIGATOR).status_code == 403


def test_a_disclosure_without_its_consent_in_the_log_is_marked(own_client, log):
    hear(log, an_arrival(2, a_disclosure_decided()))
    page = own_client.get(f"/audit/cases/referral/{REFERRAL}", headers={**DPO, "Accept-Language": "en"}).get_data(
        as_text=True
    )
    assert "consent not in the log" in page


@pytest.mark.parametrize("path", ["/audit/entries/99", f"/audit/cases/referral/{UUID(int=99)}", "/audit/cases/x/1"])
def test_what_is_not_there_is_not_found(client, told, path):
    assert client.get(path, headers=DPO).status_code == 404


def test_gaps_in_a_stream_are_shown(own_client, log):
    report = StreamReported(
        stream_id=UUID(int=1), position=9, count=9, rolling_sha256="0" * 64, reported_at=START + timedelta(seconds=9)
    )
    hear(log, *(an_arrival(number) for number in (1, 2, 5, 6)), an_arrival(10, report))
    health = own_client.get("/audit/operator/log", headers=OPERATIONS).json["completeness"]
    assert health["missing"] == 5
    assert health["streams"][0]["gaps"] == [[3, 4], [7, 9]]
    page = own_client.get("/audit/integrity", headers=OPERATIONS).get_data(as_text=True)
    assert "3–4, 7–9" in " ".join(page.split())


def test_a_service_that_reports_no_longer_is_not_called_complete(own_client, log):
    long_ago = START - timedelta(hours=1)
    report = StreamReported(stream_id=UUID(int=1), position=1, count=1, rolling_sha256="0" * 64, reported_at=long_ago)
    hear(log, an_arrival(1), an_arrival(2, report, time=long_ago))
    health = own_client.get("/audit/operator/log", headers=OPERATIONS).json["completeness"]
    assert (health["missing"], health["silent"][-1]) == (0, "/lotsennetz/referral")
    assert health["silent"][:-1] == [f"/lotsennetz/{name}" for name in ("directory", "notifications", "audit")]
    english = {**OPERATIONS, "Accept-Language": "en"}
    page = " ".join(own_client.get("/audit/integrity", headers=english).get_data(as_text=True).split())
    assert "what came after, nobody knows" in page and "/lotsennetz/notifications" in page
    hear(log, an_arrival(3, replace(report, reported_at=START), time=START - timedelta(minutes=9)))
    assert (
        "/lotsennetz/referral"
        not in own_client.get("/audit/operator/log", headers=OPERATIONS).json["completeness"]["silent"]
    )
    page = own_client.get("/audit/integrity", headers=english).get_data(as_text=True)
    assert "what came after, nobody knows" not in page


def ages(log):
    with Database(log.app_dsn) as database:
        told = {one.name: one.samples for one in Completeness(database).collect()}
    return {one.labels["source"]: one.value for one in told["lotsennetz_log_report_age_seconds"]}


def test_a_service_that_never_reported_has_an_age_an_alarm_can_ring_by(log):
    assert ages(log) == {}
    report = StreamReported(stream_id=UUID(int=1), position=1, count=1, rolling_sha256="0" * 64, reported_at=START)
    began = datetime.now(UTC) - timedelta(hours=2)
    hear(log, an_arrival(1), now=began)
    hear(log, an_arrival(2, report, time=datetime.now(UTC)))
    found = ages(log)
    assert set(found) == {f"/lotsennetz/{name}" for name in ("directory", "referral", "notifications", "audit")}
    assert found.pop("/lotsennetz/referral") < 600
    assert all(age == pytest.approx(7200, abs=600) for age in found.values())


def test_the_operators_status_says_how_the_log_is(client, told):
    status = client.get("/audit/operator/status", headers=OPERATIONS).json
    assert (status["size"], status["signed"], status["parked"]) == (6, 6, 0)
    assert status["completeness"]["missing"] == 0


def test_a_published_head_that_the_log_contradicts_is_an_alarm_on_the_page(own_client, log):
    tell(log)
    assert own_client.get("/audit/operator/log", headers=OPERATIONS).json["published"] == {"size": 6, "agrees": True}
    page = own_client.get("/audit/integrity", headers={**DPO, "Accept-Language": "en"}).get_data(as_text=True)
    assert "with the head of 6 entries" in page
    latest = log.directory / "latest.note"
    for note in (log.writer.signer.sign(6, bytes(32)), log.writer.signer.sign(7, bytes(32)), "torn"):
        latest.write_text(note)
        assert own_client.get("/audit/operator/log", headers=OPERATIONS).json["published"]["agrees"] is False
        page = own_client.get("/audit/integrity", headers={**DPO, "Accept-Language": "en"}).get_data(as_text=True)
        assert "The log contradicts what was published of it" in page


def test_a_complete_stream_has_no_gaps(own_client, log):
    report = StreamReported(stream_id=UUID(int=1), position=2, count=2, rolling_sha256="0" * 64, reported_at=START)
    hear(log, an_arrival(2), an_arrival(1), an_arrival(3, report))
    health = own_client.get("/audit/operator/log", headers=OPERATIONS).json["completeness"]
    assert (health["missing"], health["streams"][0]["gaps"]) == (0, [])


def compare(log):
    with Database(log.app_dsn) as database:
        unit = Unit(database, FixedClock(START), "audit")
        with database.read() as connection:
            found = jobs.whole_streams(connection, START, 10)
        for due in found:
            with unit.work(actor="system:clock") as work:
                jobs.compare_stream(work, due)
    return len(found)


def rolled(*arrivals):
    """What the sender's relay reports of these events."""
    rolling = bytes(32)
    for arrival in arrivals:
        rolling = hashlib.sha256(rolling + hashlib.sha256(arrival.envelope.raw).digest()).digest()
    return rolling.hex()


def a_report(position, rolling):
    return StreamReported(
        stream_id=UUID(int=1), position=position, count=position, rolling_sha256=rolling, reported_at=START
    )


def test_a_stream_is_compared_byte_for_byte_and_the_next_comparison_goes_on_from_there(own_client, log):
    sent = [an_arrival(number) for number in (1, 2)]
    hear(log, *sent, third := an_arrival(3, a_report(2, rolled(*sent))))
    assert compare(log) == 1
    assert compare(log) == 0
    sent += [third, an_arrival(4)]
    hear(log, sent[-1], an_arrival(5, a_report(4, rolled(*sent)), time=START + timedelta(minutes=1)))
    assert compare(log) == 1
    completeness = own_client.get("/audit/operator/log", headers=OPERATIONS).json["completeness"]
    assert (completeness["missing"], completeness["differing"]) == (0, 0)
    assert completeness["streams"][0]["compared"] == 4


def test_an_event_that_is_not_what_its_sender_sent_is_noticed(own_client, log):
    hear(log, an_arrival(1), an_arrival(2, a_report(1, rolled(an_arrival(1, actor="staff:other")))))
    assert compare(log) == 1
    assert own_client.get("/audit/operator/log", headers=OPERATIONS).json["completeness"]["differing"] == 1
    page = own_client.get("/audit/integrity", headers={**DPO, "Accept-Language": "en"}).get_data(as_text=True)
    assert "differs" in page


def test_a_stream_with_a_gap_is_not_compared_until_it_is_whole(log):
    sent = [an_arrival(number) for number in (1, 2, 3)]
    hear(log, sent[0], sent[2], an_arrival(4, a_report(3, rolled(*sent))))
    assert compare(log) == 0
    hear(log, sent[1])
    assert compare(log) == 1


def spoken():
    """What services tell each other; what goes to one partner only is never heard here."""
    return {name: cls for name, cls in REGISTRY.items() if not name.startswith("partner.")}


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_event_has_its_words(language):
    missing = [name for name in spoken() if i18n.label("audit", language, f"event:{name}") == name]
    assert missing == []


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_member_of_an_event_has_its_word(language):
    kept = [spec_of(cls) for cls in spoken().values() if spec_of(cls).classification is not Classification.PUBLIC]
    names = {name for spec in kept for name in spec.kinds} | {"version"}
    known = i18n.catalogue(i18n.SERVICES / "audit" / "locale", language)._catalog
    assert [name for name in names if f"field:{name}" not in known] == []


def test_the_catalogues_know_the_same_sentences():
    catalogues = [i18n.catalogue(i18n.SERVICES / "audit" / "locale", language) for language in ("de", "en")]
    german, english = (set(catalogue._catalog) for catalogue in catalogues)
    assert german == english


def test_consent_and_recipients_are_kept_as_codes(client, told):
    page = client.get("/audit/api/v1/entries?type=referral.consent_given.v1", headers=DPO).json
    data = page["entries"][0]["leaf"]["data"]
    assert data["recipients"][0]["categories"] == ["IDENTITY", "CONTACT"]
    assert isinstance(a_consent_given(), ConsentGiven)
    assert isinstance(a_consent_given().recipients[0], ConsentRecipient)


def test_who_never_signed_in_here_signs_out_without_a_fact(own_client, log):
    """A program with a token of its own has no session to end, and nothing to tell."""
    assert own_client.post("/audit/sign-out", headers=NAVIGATOR).status_code == 303
    assert log.connection.execute("SELECT count(*) AS n FROM outbox").fetchone()["n"] == 0
