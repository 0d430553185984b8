"""Receipts as the network and the partner signed them: kept whole, because only the whole can be checked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work

NETWORK, PARTNER = "network", "partner"
KEEP: LiteralString = (
    "INSERT INTO receipts (organization_id, issuer, number, referral_id, event, sha256, key_id, token, signed_at)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """One signed token; its number is unique for who signed it."""

    organization_id: UUID
    issuer: str
    number: str
    referral_id: UUID
    event: str
    sha256: str | None
    key_id: str
    token: str
    signed_at: datetime


COLUMNS: LiteralString = "organization_id, issuer, number, referral_id, event, sha256, key_id, token, signed_at"


def keep(work: Work, receipt: Receipt) -> None:
    """With whatever else this work writes, in its one statement if it is one."""
    values: tuple[Any, ...] = (
        receipt.organization_id,
        receipt.issuer,
        receipt.number,
        receipt.referral_id,
        receipt.event,
        receipt.sha256,
        receipt.key_id,
        receipt.token,
        receipt.signed_at,
    )
    work.save(KEEP, values)


def find(connection: Connection, organization_id: UUID, issuer: str, number: str) -> Receipt | None:
    row = connection.execute(
        "SELECT " + COLUMNS + " FROM receipts WHERE organization_id = %s AND issuer = %s AND number = %s",  # noqa: S608 - fixed
        (organization_id, issuer, number),
    ).fetchone()
    return Receipt(**row) if row else None


def load(connection: Connection, organization_id: UUID, issuer: str, number: str) -> Receipt:
    """A receipt of this partner's; another's looks like none."""
    found = find(connection, organization_id, issuer, number)
    if found is None:
        raise NotFoundError("receipt.unknown")
    return found


def of_referral(connection: Connection, referral_id: UUID, organization_id: UUID) -> list[Receipt]:
    """All of a referral for one partner, in the order of signing."""
    rows = connection.execute(
        "SELECT " + COLUMNS + " FROM receipts WHERE referral_id = %s AND organization_id = %s"  # noqa: S608 - fixed
        " ORDER BY signed_at, number",
        (referral_id, organization_id),
    ).fetchall()
    return [Receipt(**row) for row in rows]
