"""Custodial key pairs: for partners on the light path, made once and kept under the service key."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral import sealing
from services.referral.vault import Vault


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


def _public(connection: Connection, organization_id: UUID) -> dict[str, Any] | None:
    row = connection.execute(
        "SELECT public_jwk FROM custodial_keys WHERE organization_id = %s", (organization_id,)
    ).fetchone()
    return row["public_jwk"] if row else None


def _name(organization_id: UUID) -> str:
    return f"custodial/{organization_id}"
