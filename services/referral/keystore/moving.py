"""The key store's own migrations, and the way of keys that an earlier version kept beside the data."""

from pathlib import Path

from services.chassis.config import Settings
from services.chassis.db import connect
from services.chassis.migrate import migrate_only
from services.referral.keystore.settings import owner_url

MIGRATIONS = Path(__file__).parent / "migrations"

KEEP = """
INSERT INTO keystore.person_keys (person_id, wrapped, wrapping_id, made_at)
VALUES (%(person_id)s, %(wrapped)s, %(wrapping_id)s, %(made_at)s) ON CONFLICT DO NOTHING"""


def migrate_keystore(settings: Settings) -> list[str]:
    """Shape the store, then empty the old table into it; the service's own migrations drop that table afterwards."""
    applied = migrate_only(owner_url(settings), MIGRATIONS)
    move_keys(settings.migration_database_url, owner_url(settings))
    return applied


def move_keys(data_url: str, keys_url: str) -> int:
    """Copy, commit, and only then delete: a crash in between leaves a key twice, never nowhere."""
    with connect(data_url, name="migrate") as data, connect(keys_url, name="migrate") as store:
        table = data.execute("SELECT to_regclass('public.person_keys') AS found").fetchone()
        if table is None or table["found"] is None:
            return 0
        rows = data.execute("SELECT person_id, wrapped, wrapping_id, made_at FROM public.person_keys").fetchall()
        with store.transaction(), store.cursor() as cursor:
            cursor.executemany(KEEP, rows)
        data.execute("DELETE FROM public.person_keys WHERE person_id = ANY(%s)", ([row["person_id"] for row in rows],))
    return len(rows)
