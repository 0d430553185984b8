"""What was taken back, as the ledger outside keeps it: which consent, when, and what was left of it.

Ids and codes only. Statements are put together from fixed parts, never from what comes in.
"""

from collections.abc import Collection
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import DataCategory, WithdrawalChannel
from contracts.referral import ConsentRecipient
from services.chassis.db import Connection
from services.chassis.work import Work
from services.referral.domain.grounds import Consent
from services.referral.keystore.ledger import Left, Withdrawal
from services.referral.store.consents import CURRENT, from_row
from services.referral.store.recipients import recipient_from_json

#: A version that ended by will, and the next one if anything was left of it.
WITHDRAWN: LiteralString = """
SELECT c.id, c.version, c.withdrawn_channel, coalesce(c.withdrawn_at, c.superseded_at) AS at,
       CASE WHEN c.withdrawn_at IS NULL THEN n.recipients ELSE '[]' END AS left_over
FROM consents c LEFT JOIN consents n ON n.id = c.id AND n.version = c.version + 1
WHERE c.withdrawn_channel IS NOT NULL"""


def unnoted(connection: Connection, limit: int) -> list[Withdrawal]:
    """What does not stand in the ledger yet."""
    rows = connection.execute(WITHDRAWN + " AND c.noted_at IS NULL ORDER BY c.id, c.version LIMIT %s", (limit,))
    return [_withdrawal(row) for row in rows.fetchall()]


def all_of(connection: Connection) -> list[Withdrawal]:
    """Every withdrawal there was, in the order of time."""
    rows = connection.execute(WITHDRAWN + " ORDER BY at, c.version")
    return [_withdrawal(row) for row in rows.fetchall()]


def noted(work: Work, withdrawal: Withdrawal) -> None:
    work.tx.execute(
        "UPDATE consents SET noted_at = %s WHERE id = %s AND version = %s",
        (work.now, withdrawal.consent_id, withdrawal.version),
    )


def in_force(connection: Connection, consent_ids: Collection[UUID]) -> dict[UUID, Consent]:
    """Of these consents the version that holds, where one does and its person is not erased."""
    rows = connection.execute(
        "SELECT c.* FROM consents c JOIN persons p ON p.id = c.person_id AND p.erased_at IS NULL"  # noqa: S608 - fixed
        f" WHERE c.id = ANY(%s) AND {CURRENT}",
        (list(consent_ids),),
    ).fetchall()
    return {row["id"]: from_row(row) for row in rows}


def _withdrawal(row: dict[str, Any]) -> Withdrawal:
    return Withdrawal(
        consent_id=row["id"],
        version=row["version"],
        withdrawn_at=row["at"],
        channel=WithdrawalChannel(row["withdrawn_channel"]),
        left=tuple(_left(recipient_from_json(one)) for one in row["left_over"] or ()),
    )


def _left(one: ConsentRecipient) -> Left:
    return Left(one.organization_id, one.service_id, frozenset(map(DataCategory, one.categories)))
