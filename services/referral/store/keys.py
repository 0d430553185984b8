"""Custodial key pairs: for partners on the light path, made once and kept under the service key."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral import sealing
from services.referral.vault import Vault


@dataclass(frozen=True, slots=True)
class WrappedPair:
    """The closed private half of a partner's custodial pair."""

    organization_id: UUID
    wrapped: bytes = field(repr=False)
    wrapping_id: str | None

    @property
    def id(self) -> UUID:
        return self.organization_id


def custodial_public(work: Work, vault: Vault, organization_id: UUID) -> sealing.PublicKey:
    """The public half of a light-path partner's pair; the first time, the pair is made."""
    if (jwk := _public(work.tx, organization_id)) is None:
        pair = sealing.new_custodial_key()
        secret = str(pair.as_dict(private=True)["d"]).encode()
        work.tx.execute(
            "INSERT INTO custodial_keys (organization_id, key_id, public_jwk, wrapped, wrapping_id, made_at)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (
                organization_id,
                pair.kid,
                Jsonb({**pair.as_dict(private=False), "kid": pair.kid}),
                vault.wrap(_name(organization_id), secret),
                vault.wrapping_id,
                work.now,
            ),
        )
        jwk = _public(work.tx, organization_id)
    return sealing.public_key(jwk or {})


def custodial_private(connection: Connection, vault: Vault, organization_id: UUID) -> dict[str, Any]:
    """The whole pair, to open a dossier on the desk page of its unit."""
    row = connection.execute(
        "SELECT public_jwk, wrapped, wrapping_id FROM custodial_keys WHERE organization_id = %s", (organization_id,)
    ).fetchone()
    if row is None:
        raise NotFoundError("custodial-key.unknown")
    secret = vault.unwrap(_name(organization_id), row["wrapped"], row["wrapping_id"]).decode()
    return {**row["public_jwk"], "d": secret}


def wrapped_otherwise(connection: Connection, wrapping_id: str, after: UUID, limit: int) -> list[WrappedPair]:
    """Pairs under any other service key than this, by organization."""
    rows = connection.execute(
        "SELECT organization_id, wrapped, wrapping_id FROM custodial_keys WHERE wrapping_id IS DISTINCT FROM %s"
        " AND organization_id > %s ORDER BY organization_id LIMIT %s",
        (wrapping_id, after, limit),
    ).fetchall()
    return [WrappedPair(**row) for row in rows]


def rewrapped(vault: Vault, pair: WrappedPair) -> bytes:
    """The same secret under the current service key."""
    name = _name(pair.organization_id)
    return vault.wrap(name, vault.unwrap(name, pair.wrapped, pair.wrapping_id))


def rewrap(connection: Connection, changes: Sequence[tuple[WrappedPair, bytes]], wrapping_id: str) -> int:
    """Put the new wrapping where the old one still is."""
    done = connection.execute(
        "UPDATE custodial_keys AS kept SET wrapped = new.wrapped, wrapping_id = %s"
        " FROM unnest(%s::uuid[], %s::bytea[], %s::bytea[]) AS new (organization_id, before, wrapped)"
        " WHERE kept.organization_id = new.organization_id AND kept.wrapped = new.before",
        (
            wrapping_id,
            [before.organization_id for before, _ in changes],
            [before.wrapped for before, _ in changes],
            [after for _, after in changes],
        ),
    )
    return done.rowcount


def counts(connection: Connection) -> dict[str, int]:
    """How many pairs each service key wraps."""
    rows = connection.execute(
        "SELECT coalesce(wrapping_id, 'unnamed') AS wrapping_id, count(*) AS keys FROM custodial_keys"
        " GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return {row["wrapping_id"]: row["keys"] for row in rows}


def _public(connection: Connection, organization_id: UUID) -> dict[str, Any] | None:
    row = connection.execute(
        "SELECT public_jwk FROM custodial_keys WHERE organization_id = %s", (organization_id,)
    ).fetchone()
    return row["public_jwk"] if row else None


def _name(organization_id: UUID) -> str:
    return f"custodial/{organization_id}"
