"""What has fallen due, for the clock: plain reads, oldest first; the key of each names it for ever."""

from datetime import UTC, date, datetime, timedelta
from typing import LiteralString
from uuid import UUID

from contracts.event import from_dict
from services.chassis.db import Connection
from services.chassis.jobs import ACTOR, Due
from services.referral.domain.deadlines import CONSENT_REMINDER_DAYS, DeadlineKind
from services.referral.domain.footing import OWN_KEY_CHANNELS, RENEWAL_DAYS
from services.referral.domain.lifecycle import RUNNING
from services.referral.domain.partner_keys import RENEWAL_DAYS as KEY_RENEWAL_DAYS
from services.referral.domain.partner_keys import sealed_until
from services.referral.domain.retention import Period
from services.referral.domain.workdays import PLACE
from services.referral.store import external_disclosures, intake, pseudonyms, resolutions, staff_names, withdrawals

MAJORITY_DAYS = 30

DEADLINES = """
SELECT referral_id, kind, due_at FROM deadlines WHERE done_at IS NULL AND due_at <= %s
ORDER BY due_at, referral_id LIMIT %s"""

DONE = "SELECT FROM command_results WHERE caller = %s AND key = %s"

#: Versions in force whose last day lies between two days, and that the clock has not dealt with yet.
CONSENTS: LiteralString = """
SELECT id, version, person_id, last_day FROM (
    SELECT *, CASE WHEN confirmed_at IS NULL THEN least(lapses_on, valid_until) ELSE valid_until END AS last_day
    FROM consents WHERE withdrawn_at IS NULL AND superseded_at IS NULL) AS current
WHERE last_day BETWEEN %s AND %s AND NOT EXISTS (
    SELECT FROM command_results
    WHERE caller = %s AND key = concat_ws(':', 'consent/' || current.id, %s::text, version, last_day))
ORDER BY last_day, id LIMIT %s"""


def deadlines(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Referrals' own deadlines; a referral that has moved on has others."""
    rows = connection.execute(DEADLINES, (now, limit)).fetchall()
    return [
        Due(
            f"referral/{row['referral_id']}:{row['kind']}:{row['due_at'].astimezone(UTC).isoformat()}",
            (row["referral_id"], DeadlineKind(row["kind"]), row["due_at"]),
        )
        for row in rows
    ]


def was_met(connection: Connection, referral_id: UUID, kind: DeadlineKind) -> bool:
    """Has the clock met a deadline of this kind before, on whatever day?"""
    row = connection.execute(
        "SELECT FROM deadlines WHERE referral_id = %s AND kind = %s AND done_at IS NOT NULL LIMIT 1",
        (referral_id, kind),
    ).fetchone()
    return row is not None


def consents_ended(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Consents whose last day was yesterday or, after the clock stood still, not long before."""
    today = now.astimezone(PLACE).date()
    return _consents(connection, "ended", today - timedelta(days=30), today - timedelta(days=1), limit)


def consents_running_out(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Consents that end within a fortnight."""
    today = now.astimezone(PLACE).date()
    return _consents(connection, "runs-out", today, today + timedelta(days=CONSENT_REMINDER_DAYS), limit)


#: Guardians' consents in force that the eighteenth birthday cuts off between two days, and that nobody was told of.
MAJORITIES: LiteralString = """
SELECT id, version, person_id, valid_until AS last_day FROM consents
WHERE ends_with_majority AND withdrawn_at IS NULL AND superseded_at IS NULL AND valid_until BETWEEN %s AND %s
    AND NOT EXISTS (SELECT FROM command_results
    WHERE caller = %s AND key = concat_ws(':', 'consent/' || consents.id, 'comes-of-age', version, valid_until))
ORDER BY valid_until, id LIMIT %s"""


def coming_of_age(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Young persons whose guardian's consent ends with their eighteenth birthday within thirty days."""
    today = now.astimezone(PLACE).date()
    rows = connection.execute(MAJORITIES, (today, today + timedelta(days=MAJORITY_DAYS), ACTOR, limit)).fetchall()
    return [
        Due(f"consent/{row['id']}:comes-of-age:{row['version']}:{row['last_day']}", (row["id"], row["person_id"]))
        for row in rows
    ]


def erasures(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Erased, and the key not yet known to be destroyed."""
    rows = connection.execute(
        "SELECT person_id, erased_at FROM deletions WHERE key_destroyed_at IS NULL AND erased_at <= %s"
        " ORDER BY erased_at LIMIT %s",
        (now, limit),
    ).fetchall()
    return [
        Due(f"person/{row['person_id']}:destroy-key:{row['erased_at'].astimezone(UTC).isoformat()}", row["person_id"])
        for row in rows
    ]


def disclosures_unconfirmed(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Told outside the system, and no second person confirmed it in time."""
    found = external_disclosures.unconfirmed(connection, now.astimezone(PLACE).date(), limit)
    return [Due(f"disclosure/{one}:unconfirmed:{day}", one) for one, day in found]


def resolutions_run_out(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """A name was asked for, and nobody answered or looked in time."""
    found = resolutions.run_out(connection, now, limit)
    return [Due(f"resolution/{one}:over:{at.astimezone(UTC).isoformat()}", one) for one, at in found]


def enquiry_drafts_ended(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Drafts that are over, and whose key is still there."""
    return [Due(f"enquiry-draft/{key}:destroy-key", (one, key)) for one, key in intake.ended(connection, now, limit)]


def enquiry_drafts_used_up(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Drafts of which nothing but the number is left, and that long enough."""
    return [Due(f"enquiry-draft/{one}:forget", one) for one in intake.used_up(connection, now, limit)]


def staff_names_over(connection: Connection, now: datetime, limit: int, *, kept: Period) -> list[Due]:
    """Members of staff who have not come for so long that the log itself has forgotten them."""
    today = now.astimezone(PLACE).date()
    over = staff_names.over(connection, kept.latest_start(today), limit)
    return [Due(f"staff/{staff.partition(':')[2]}:forget:{today}", staff) for staff in over]


def hourly(connection: Connection, what: str, now: datetime) -> list[Due]:
    """Once in every hour."""
    key = f"{what}:{now.astimezone(UTC):%Y-%m-%dT%H}"
    return [] if _is_done(connection, key) else [Due(key)]


def nightly(connection: Connection, now: datetime, _limit: int, *, hour: int) -> list[Due]:
    """The deletion run of this day, from its hour on, once; after a night without a clock it is made up for."""
    local = now.astimezone(PLACE)
    key = f"retention/referral:run:{local.date()}"
    return [] if local.hour < hour or _is_done(connection, key) else [Due(key, local.date())]


def _is_done(connection: Connection, key: str) -> bool:
    return connection.execute(DONE, (ACTOR, key)).fetchone() is not None  # a row of no columns is empty, and is a row


def retention_step(connection: Connection, _now: datetime, _limit: int) -> list[Due]:
    """The next step of the run that is open; where it stands is part of its name, so that none is done twice."""
    row = connection.execute("SELECT id, at_kind, at_id FROM retention_runs WHERE finished_at IS NULL").fetchone()
    return [Due(f"retention/{row['id']}:{row['at_kind']}:{row['at_id']}")] if row else []


def _consents(connection: Connection, kind: str, first: object, last: object, limit: int) -> list[Due]:
    rows = connection.execute(CONSENTS, (first, last, ACTOR, kind, limit)).fetchall()
    return [
        Due(f"consent/{row['id']}:{kind}:{row['version']}:{row['last_day']}", (row["id"], row["person_id"]))
        for row in rows
    ]


def pseudonyms_over(connection: Connection, now: datetime, _limit: int) -> list[Due]:
    """If there are any: what was made under a key that is over."""
    day = now.astimezone(PLACE).date()
    return [Due(f"pseudonyms/referral:expire:{day}")] if pseudonyms.are_over(connection, day) else []


def pseudonyms_to_renew(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Whoever is still in care and known under last quarter's key alone."""
    day = now.astimezone(PLACE).date()
    found = pseudonyms.to_renew(connection, day, limit)
    return [Due(f"person/{one}:pseudonyms:{pseudonyms.period_of(day)}", one) for one in found]


#: Agreements whose last day lies between two days, with referrals running there, and that no desk was told of.
AGREEMENTS: LiteralString = """
SELECT id, until FROM (
    SELECT id, (snapshot #>> '{agreement,valid_until}')::date AS until FROM organizations) AS agreement
WHERE until BETWEEN %s AND %s
    AND EXISTS (SELECT FROM referrals r WHERE r.organization_id = agreement.id AND r.status = ANY(%s))
    AND NOT EXISTS (SELECT FROM command_results
        WHERE caller = %s AND key = concat_ws(':', 'agreement/' || agreement.id, %s::text, until))
ORDER BY until, id LIMIT %s"""


def agreements_ending(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Agreements that end within thirty days while referrals run there."""
    today = now.astimezone(PLACE).date()
    return _agreements(connection, "ends", today, today + timedelta(days=RENEWAL_DAYS), limit)


def agreements_ended(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Agreements whose last day was yesterday or, after the clock stood still, not long before."""
    today = now.astimezone(PLACE).date()
    return _agreements(connection, "ended", today - timedelta(days=30), today - timedelta(days=1), limit)


def _agreements(connection: Connection, kind: str, first: date, last: date, limit: int) -> list[Due]:
    params = (first, last, [str(status) for status in RUNNING], ACTOR, kind, limit)
    rows = connection.execute(AGREEMENTS, params).fetchall()
    return [Due(f"agreement/{row['id']}:{kind}:{row['until']}", (row["id"], row["until"])) for row in rows]


#: Partners with an own system, referrals running there, and a key to seal to that ends between two instants.
KEYS_ENDING: LiteralString = """
SELECT id, snapshot FROM organizations o
WHERE snapshot #>> '{channel,kind}' = ANY(%s)
    AND EXISTS (SELECT FROM jsonb_array_elements(snapshot -> 'keys') AS key
        WHERE key ->> 'use' = 'enc' AND (key ->> 'not_after')::timestamptz BETWEEN %s AND %s)
    AND EXISTS (SELECT FROM referrals r WHERE r.organization_id = o.id AND r.status = ANY(%s))
ORDER BY id"""


def keys_ending(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Partners to whom nothing can be sealed within thirty days, while referrals run there, and nobody was told yet."""
    last = now + timedelta(days=KEY_RENEWAL_DAYS)
    params = ([str(kind) for kind in OWN_KEY_CHANNELS], now, last, [str(status) for status in RUNNING])
    found = []
    for row in connection.execute(KEYS_ENDING, params).fetchall():
        until = sealed_until(from_dict("directory.organization_published.v1", row["snapshot"]))
        if until is not None and now <= until <= last:
            found.append(Due(f"key/{row['id']}:ends:{until.isoformat()}", (row["id"], until)))
    waiting = [one for one in found if connection.execute(DONE, (ACTOR, one.key)).fetchone() is None]
    return waiting[:limit]


def withdrawals_unnoted(connection: Connection, _now: datetime, limit: int) -> list[Due]:
    """What was taken back and does not stand outside the databases yet."""
    found = withdrawals.unnoted(connection, limit)
    return [Due(f"consent/{one.consent_id}:noted:{one.version}", one) for one in found]
