"""Many referrals at once, for figures: copies of one that was really made, each of a person of her own."""

from datetime import date
from typing import Any
from uuid import UUID

from psycopg.sql import SQL, Identifier
from psycopg.types.json import Jsonb

from services.referral.domain.referral import Referral
from tests.integration.referral.scene import NAVIGATOR, Scene

PERSONS = """
INSERT INTO persons (id, kind, recorded_at, changed_at)
SELECT md5(%(series)s || n)::uuid, 'person', now(), now() FROM generate_series(1, %(many)s) AS n"""
COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = 'referrals' AND is_generated = 'NEVER' ORDER BY ordinal_position"""
REFERRALS = SQL("""
INSERT INTO referrals ({columns}) SELECT {columns} FROM (SELECT (jsonb_populate_record(r,
    %(changes)s || jsonb_build_object(
    'id', md5('referral' || %(series)s || n)::uuid, 'reference', %(series)s || n,
    'person_id', md5(%(series)s || n)::uuid))).*
FROM referrals r, generate_series(1, %(many)s) AS n WHERE r.id = %(template)s) AS copies""")
ACCEPTED = """
INSERT INTO timeline (event_id, referral_id, type, at, actor, data)
SELECT md5('accepted' || %(series)s || n)::uuid, md5('referral' || %(series)s || n)::uuid, 'referral.accepted.v1',
       %(sent)s::date + interval '12 hours' + make_interval(days => %(days)s), 'partner:x', '{}'
FROM generate_series(1, %(many)s) AS n"""
NUMBERS = iter(range(1, 10_000))


def crowd(
    scene: Scene, template: Referral, many: int, *, sent: date, accepted_after: int | None = None, **changes: Any
) -> None:
    """So many like this one, but for these columns; `accepted_after` so many days."""
    values = {"requested_on": sent.isoformat(), "deadlines": [], **changes}
    params = {
        "many": many,
        "series": f"C{next(NUMBERS)}-",
        "template": template.id,
        "changes": Jsonb(
            {name: str(value) if isinstance(value, UUID | date) else value for name, value in values.items()}
        ),
        "sent": sent,
        "days": accepted_after,
    }
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        work.tx.execute(PERSONS, params)
        names = [Identifier(row["column_name"]) for row in work.tx.execute(COLUMNS).fetchall()]
        work.tx.execute(REFERRALS.format(columns=SQL(", ").join(names)), params)
        if accepted_after is not None:
            work.tx.execute(ACCEPTED, params)
