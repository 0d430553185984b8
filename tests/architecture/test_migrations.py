"""A migration leaves the version before it running: expand first, contract a version later."""

from pathlib import Path

import pytest

from services.chassis.migrate import migrations_in
from tests.architecture.migrations import trips
from tests.architecture.sizes import ROOT

FOLDERS = sorted(path for path in ROOT.glob("services/*/*migrations*") if path.is_dir())
#: Written before anything was released: there was no version before them that could have stumbled.
BEFORE_THE_FIRST_RELEASE = {
    "audit/0004_retention.sql",
    "audit/0005_expiry_is_told.sql",
    "audit/0009_words_and_whose.sql",
    "directory/0006_search_names.sql",
    "directory/0014_translations_without_views.sql",
    "notifications/0005_old_webhook_secrets.sql",
    "notifications/0008_given_up.sql",
    "referral/0006_keys_apart.sql",
    "referral/0010_consent_record.sql",
    "referral/0011_households.sql",
    "referral/0018_retention_runs.sql",
    "referral/0019_duplicate_matters.sql",
    "referral/0026_why_this_one.sql",
    "referral/0030_told_to_the_person.sql",
    "referral/0031_notices_given.sql",
    "referral/0037_staff_names.sql",
    "referral/0042_worklist.sql",
    "referral/0043_case_notes.sql",
}
#: What takes away, a version after nobody read it any more: the migration, and since when.
UNREAD_SINCE: dict[str, str] = {}


def every() -> dict[str, list[str]]:
    return {
        f"{folder.parent.name}/{one.name}": found
        for folder in FOLDERS
        for one in migrations_in(folder)
        if (found := trips(one.sql))
    }


def test_no_migration_takes_away_what_the_version_before_it_reads() -> None:
    new = {name: found for name, found in every().items() if name not in {*BEFORE_THE_FIRST_RELEASE, *UNREAD_SINCE}}
    assert new == {}, "add first, take away a version later, and say in UNREAD_SINCE since when nobody reads it"


def test_no_exception_is_left_for_what_needs_none() -> None:
    assert {*BEFORE_THE_FIRST_RELEASE, *UNREAD_SINCE} <= set(every())


@pytest.mark.parametrize(
    ("planted", "told"),
    [
        ("ALTER TABLE referrals DROP COLUMN site;", "referrals: takes column site away"),
        ("ALTER TABLE referrals RENAME COLUMN site TO place;", "referrals: renames site"),
        ("ALTER TABLE referrals RENAME TO cases;", "referrals: renames the table"),
        ("ALTER TABLE referrals ALTER COLUMN version TYPE bigint;", "referrals: changes the type of version"),
        ("ALTER TABLE referrals\n  ALTER site SET NOT NULL;", "referrals: demands site, which may have been left out"),
        ("ALTER TABLE referrals ADD COLUMN lane text NOT NULL;", "referrals: demands lane, which nobody gives yet"),
        ("ALTER TABLE referrals ADD CONSTRAINT a CHECK (version > 1);", "referrals: narrows by a"),
        ("ALTER TABLE referrals ADD CHECK (version > 1 AND site IS NOT NULL);", "referrals: narrows by CHECK"),
        ("CREATE UNIQUE INDEX one_each ON referrals (need_id);", "refuses in referrals what one_each would find twice"),
        ("-- fine\nDROP TABLE referrals;", "takes table referrals away"),
        ("DROP VIEW board;", "takes view board away"),
    ],
)
def test_what_is_planted_is_found(planted: str, told: str) -> None:
    assert trips(planted) == [told]


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE referrals ADD COLUMN lane text, ADD COLUMN shade text NOT NULL DEFAULT 'grey';",
        "CREATE TABLE lanes (id uuid NOT NULL); ALTER TABLE lanes ALTER COLUMN id SET NOT NULL; DROP TABLE lanes;",
        "ALTER TABLE referrals ALTER COLUMN site DROP NOT NULL;",
        "ALTER TABLE r DROP CONSTRAINT k; ALTER TABLE r ADD CONSTRAINT k CHECK (kind IN ('a', 'b', 'c'));",
        "DROP INDEX tasks_open; CREATE INDEX tasks_open ON tasks (due_at); -- DROP TABLE tasks;",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DROP TABLE x; END $$;",
    ],
)
def test_what_only_adds_or_loosens_passes(sql: str) -> None:
    assert trips(sql) == []


def test_every_service_and_the_chassis_are_looked_at() -> None:
    rooms = {folder.parent.name for folder in FOLDERS}
    assert {"chassis", "directory", "referral", "notifications", "audit"} <= rooms
    assert all(isinstance(folder, Path) and any(folder.glob("*.sql")) for folder in FOLDERS)
