"""How every row about a person ends: the list against the database, and against what the job really leaves."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from services.chassis.db import Database
from services.referral.queries.endings import ENDINGS, unlisted
from services.referral.queries.recorded import NOT_FOR_HER, TABLES
from tests.integration.referral import test_retention as aged
from tests.integration.referral.ageing import Ageing, noon
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import CENTER, Scene
from tests.integration.referral.test_subject_access import a_whole_story, access

#: Five years on, every period is over.
LATER = timedelta(days=5 * 366)


# --- the list and the database --------------------------------------------------------------------------------------


def listed_nowhere(make_database: Callable[[str], Any], planted: str = "") -> list[str]:
    addresses = make_database("referral")
    if planted:
        with psycopg.connect(addresses.owner_dsn, autocommit=True) as owner:
            owner.execute(f"CREATE TABLE planted ({planted})".encode())
    with Database(addresses.owner_dsn) as db, db.read() as connection:
        return unlisted(connection)


def test_every_table_that_leads_to_a_person_says_how_it_ends(make_database: Callable[[str], Any]) -> None:
    assert listed_nowhere(make_database) == []


@pytest.mark.parametrize(
    "columns",
    ["person_id uuid", "referral_id uuid", "id uuid, sealed_words bytea", "task_id uuid REFERENCES tasks"],
)
def test_a_table_that_somebody_adds_is_found(make_database: Callable[[str], Any], columns: str) -> None:
    assert listed_nowhere(make_database, columns) == ["planted"]


def test_a_table_that_leads_to_nobody_is_none_of_it(make_database: Callable[[str], Any]) -> None:
    assert listed_nowhere(make_database, "id uuid, organization_id uuid REFERENCES organizations") == []


def test_it_is_the_list_of_what_a_person_is_told() -> None:
    assert set(ENDINGS) == {table.name for table in TABLES} | set(NOT_FOR_HER)
    assert all(one.by or one.stays for one in ENDINGS.values())


# --- the list and the job -------------------------------------------------------------------------------------------


def filled(scene: Scene) -> set[str]:
    """Which of the tables hold anything."""
    with scene.db.read() as connection:
        rows = connection.execute(
            "SELECT c.oid::regclass::text AS place, relname AS name FROM pg_class c"
            " WHERE relname = ANY(%s) AND relkind IN ('r', 'p')",
            (sorted(ENDINGS),),
        ).fetchall()
        assert {row["name"] for row in rows} == set(ENDINGS)
        return {
            row["name"]
            for row in rows
            if connection.execute(f"SELECT FROM {row['place']} LIMIT 1".encode()).fetchone() is not None
        }


def lived(network: Network) -> Ageing:
    """A whole story, and beside it somebody for each thing that no step of it leaves behind."""
    scene, ageing = network.scene, Ageing(network.scene)
    enquiry = a_whole_story(network)
    access(network.staff(sub="lena", roles=["lead"]), enquiry)
    [first] = scene.rows("SELECT id::text FROM referrals WHERE duties <> '[]'")
    network.hwk.act(first["id"], "acknowledge_stop")
    for one in (
        aged.an_enquiry_draft,
        aged.a_consent_draft,
        aged.a_custodial_dossier,
        aged.a_link,
        aged.a_rights_record,
    ):
        one(ageing, ageing.today)
    aged.insert(
        ageing, "UPDATE referrals SET status = 'completed', ended_on = %s WHERE status = %s", ageing.today, aged.RUNNING
    )
    case = ageing.case(contact=ageing.today)
    ageing.document(case)
    ageing.hold(case, ageing.today)
    aged.insert(
        ageing,
        "INSERT INTO appointments (id, referral_id, person_id, organization_id, sealed, set_at, changed_at)"
        " SELECT %s, id, person_id, organization_id, 'x', now(), now() FROM referrals WHERE id = %s",
        uuid4(),
        first["id"],
    )
    aged.insert(
        ageing,
        "INSERT INTO helpers (id, referral_id, person_id, appointment_id, kind, sealed, invited_by, invited_at,"
        " expires_at)"
        " SELECT %s, referral_id, person_id, id, 'volunteer', 'x', 'staff:x', now(), now() FROM appointments",
        uuid4(),
    )
    aged.insert(
        ageing,
        "INSERT INTO appointment_clashes (id, enquiry_id, person_id, referral_id, appointment_id, other_person_id,"
        " other_referral_id, other_appointment_id, task_id, found_at)"
        " SELECT %s, r.enquiry_id, a.person_id, r.id, a.id, a.person_id, r.id, a.id, %s, now()"
        " FROM appointments a JOIN referrals r ON r.id = a.referral_id",
        uuid4(),
        uuid4(),
    )
    aged.insert(
        ageing,
        "INSERT INTO person_letters (id, link_id, state, attempt, due_at, made_at, changed_at)"
        " SELECT %s, id, 'sent', 1, issued_at, issued_at, issued_at FROM person_links",
        uuid4(),
    )
    aged.insert(
        ageing,
        "INSERT INTO resolutions (id, person_id, reason, purpose, sealed, asked_by, asked_at, expires_at)"
        " VALUES (%s, %s, 'FINDING', 'CLEAR_UP', 'x', 'staff:x', %s, %s)",
        uuid4(),
        case.person_id,
        noon(ageing.today),
        noon(ageing.today) + timedelta(days=3),
    )
    aged.insert(
        ageing,
        "INSERT INTO staff_names (staff, key_id, sealed, seen_in) VALUES (%s, %s, 'x', %s)",
        "staff:" + "5" * 32,
        uuid4(),
        ageing.today.replace(day=1),
    )
    aged.insert(
        ageing,
        "INSERT INTO external_disclosures (id, enquiry_id, person_id, site, organization_id, ground, categories,"
        " told_at, sealed, recorded_by, recorded_at, confirm_by, confirmed_by, confirmed_at)"
        " VALUES (%s, %s, %s, 'aachen', %s, 'acute_danger', '{IDENTITY}', %s, 'x', 'staff:x', %s, %s, 'staff:y', %s)",
        uuid4(),
        case.id,
        case.person_id,
        CENTER,
        *[noon(ageing.today)] * 2,
        ageing.today,
        noon(ageing.today),
    )
    aged.insert(
        ageing,
        "INSERT INTO duplicate_questions (id, enquiry_id, person_id, asked_id, topic, answer, asked_by, asked_at,"
        " categories) VALUES (%s, %s, %s, %s, 'SPRACHE', 'no', 'staff:x', %s, '{}')",
        uuid4(),
        case.id,
        case.person_id,
        CENTER,
        noon(ageing.today),
    )
    aged.insert(
        ageing,
        "INSERT INTO enterprise_requests (id, enquiry_id, person_id, recipients, purposes, back_level, requested_at,"
        " valid_until, notice_given, recorded_by, recorded_at, asked_by, asked_on, ground)"
        " VALUES (%s, %s, %s, '[]', '{}', 'none', %s, %s, true, 'staff:x', %s, 'function_mailbox', %s, 'ART_6_1_B')",
        uuid4(),
        case.id,
        case.person_id,
        noon(ageing.today),
        ageing.today,
        noon(ageing.today),
        ageing.today,
    )
    return ageing


def test_when_every_period_has_run_out_only_what_the_list_says_is_left(network: Network) -> None:
    ageing = lived(network)
    scene = network.scene
    goes = {name for name, one in ENDINGS.items() if not one.stays}
    assert sorted(goes - filled(scene)) == []
    scene.clock.instant += LATER
    for _ in range(3):
        ageing.night()
        scene.tick()
    scene.clock.instant += timedelta(days=1)  # the number of a draft stays used up so long, without anything else
    scene.tick()
    assert sorted(goes & filled(scene)) == []
    assert (
        scene.rows("SELECT FROM persons WHERE erased_at IS NULL OR sealed IS NOT NULL OR blind_index IS NOT NULL") == []
    )
    assert scene.rows("SELECT FROM documents WHERE sealed IS NOT NULL") == []
    assert scene.rows("SELECT FROM questions WHERE sealed_question IS NOT NULL OR sealed_answer IS NOT NULL") == []
