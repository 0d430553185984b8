"""Which keys of partners a second person has confirmed: write SQL, and the reads that telling needs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.chassis.db import Connection
from services.chassis.work import Work
from services.directory.domain import key_life
from services.directory.domain.key_life import KeyName

#: In place of a person, where none is asked for.
NOT_ASKED = "system:not-asked"

TOUCH = """
INSERT INTO key_confirmations AS known
    (organization_id, thumbprint, use, touched_by, handed_in_at, confirmed_by, confirmed_at)
VALUES (%(organization)s, %(thumbprint)s, %(use)s, ARRAY[%(actor)s], %(now)s, %(confirmed_by)s, %(confirmed_at)s)
ON CONFLICT (organization_id, thumbprint, use) DO UPDATE
    SET touched_by = array_append(array_remove(known.touched_by, %(actor)s), %(actor)s),
        confirmed_by = EXCLUDED.confirmed_by, confirmed_at = EXCLUDED.confirmed_at
    WHERE known.confirmed_at IS NULL
RETURNING xmax = 0 AS is_new"""
#: A revoked key that came back to life would be a new one.
FORGET = """
UPDATE key_confirmations SET confirmed_by = NULL, confirmed_at = NULL
WHERE organization_id = %(organization)s AND thumbprint = %(thumbprint)s AND use = %(use)s"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A key on file that nobody else has confirmed yet, and everybody who wrote it down."""

    touched_by: tuple[str, ...]
    is_confirmed: bool


def touch(work: Work, participation: Mapping[str, Any], *, second_person: bool) -> list[KeyName]:
    """Note who wrote this participation beside each key in it that is not confirmed; those that are new."""
    new = []
    for entry in key_life.listed(participation):
        name = key_life.name_of(entry)
        told = {
            **_named(participation["organization_id"], name),
            "actor": work.actor,
            "now": work.now,
            "confirmed_by": None if second_person else NOT_ASKED,
            "confirmed_at": None if second_person else work.now,
        }
        if "revoked_at" in entry:
            work.tx.execute(FORGET, told)
        elif (row := work.tx.execute(TOUCH, told).fetchone()) and row["is_new"]:
            new.append(name)
    return new


def confirmed(connection: Connection, organization_ids: Collection[str]) -> set[tuple[str, KeyName]]:
    """Of these organizations, every key that counts as confirmed."""
    rows = connection.execute(
        "SELECT organization_id::text, thumbprint, use FROM key_confirmations"
        " WHERE organization_id = ANY(%s::uuid[]) AND confirmed_at IS NOT NULL",
        (sorted(organization_ids),),
    )
    return {(row["organization_id"], KeyName(row["thumbprint"], row["use"])) for row in rows}


def waiting(tx: Connection, organization_id: str, name: KeyName) -> Waiting | None:
    """How one stands, locked."""
    row = tx.execute(
        "SELECT touched_by, confirmed_at FROM key_confirmations"
        " WHERE organization_id = %(organization)s AND thumbprint = %(thumbprint)s AND use = %(use)s FOR UPDATE",
        _named(organization_id, name),
    ).fetchone()
    return None if row is None else Waiting(tuple(row["touched_by"]), row["confirmed_at"] is not None)


def confirm(work: Work, organization_id: str, name: KeyName) -> None:
    work.tx.execute(
        "UPDATE key_confirmations SET confirmed_by = %(actor)s, confirmed_at = %(now)s"
        " WHERE organization_id = %(organization)s AND thumbprint = %(thumbprint)s AND use = %(use)s",
        {**_named(organization_id, name), "actor": work.actor, "now": work.now},
    )


def unconfirmed(connection: Connection) -> Sequence[Mapping[str, Any]]:
    """Every organization with a key that waits, with its keys and its name."""
    return connection.execute(
        """
        SELECT k.organization_id, k.thumbprint, k.use, k.touched_by, k.handed_in_at, o.document -> 'name' AS name,
            p.document AS participation
        FROM key_confirmations k JOIN organizations o ON o.id = k.organization_id
        JOIN participations p ON p.organization_id = k.organization_id
        WHERE k.confirmed_at IS NULL ORDER BY k.handed_in_at, k.thumbprint LIMIT 500"""
    ).fetchall()


def _named(organization_id: str | UUID, name: KeyName) -> dict[str, Any]:
    return {"organization": organization_id, "thumbprint": name.thumbprint, "use": name.use}
