"""Who may come along to which appointment: ids, codes and times; what she is called under the person's key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import HelperEnd, HelperKind
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.domain.drafting import ConsentText
from services.referral.domain.helping import Invitation
from services.referral.vault import PersonKey

COLUMNS: LiteralString = (
    "id, referral_id, person_id, appointment_id, kind, invited_at, expires_at, helper, declared_at, text_id,"
    " ended_at, ending"
)


def place(invitation_id: UUID) -> str:
    """What a sealed name is bound to."""
    return f"helpers/{invitation_id}"


def _of(row: Mapping[str, Any]) -> Invitation:
    ending = HelperEnd(row["ending"]) if row["ending"] else None
    return Invitation(**{**row, "kind": HelperKind(row["kind"]), "ending": ending})


def add(work: Work, key: PersonKey, one: Invitation, name: str) -> None:
    work.tx.execute(
        "INSERT INTO helpers (id, referral_id, person_id, appointment_id, kind, sealed, invited_by, invited_at,"
        " expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            *(one.id, one.referral_id, one.person_id, one.appointment_id, one.kind),
            *(key.seal(place(one.id), name.encode()), work.actor, one.invited_at, one.expires_at),
        ),
    )


def sign(work: Work, one: Invitation, text: ConsentText) -> None:
    work.tx.execute(
        "UPDATE helpers SET helper = %s, declared_at = %s, text_id = %s, text_sha256 = %s, text_language = %s"
        " WHERE id = %s",
        (one.helper, one.declared_at, text.id, text.sha256, text.language, one.id),
    )


def end(work: Work, one: Invitation) -> None:
    work.tx.execute("UPDATE helpers SET ended_at = %s, ending = %s WHERE id = %s", (one.ended_at, one.ending, one.id))


def waiting(work: Work, now: datetime) -> list[Invitation]:
    """Whose code still opens; locked, so that a code is used once."""
    rows = work.tx.execute(
        f"SELECT {COLUMNS} FROM helpers WHERE helper IS NULL AND ended_at IS NULL AND expires_at > %s"  # noqa: S608
        " ORDER BY id FOR UPDATE",
        (now,),
    )
    return [_of(row) for row in rows.fetchall()]


def of_helper(connection: Connection, helper: str) -> Invitation | None:
    """The one invitation this account has signed for and that nobody has ended."""
    row = connection.execute(
        f"SELECT {COLUMNS} FROM helpers WHERE helper = %s AND ended_at IS NULL",  # noqa: S608 - fixed columns
        (helper,),
    ).fetchone()
    return _of(row) if row else None


def load(connection: Connection, referral_id: UUID, invitation_id: UUID) -> Invitation:
    row = connection.execute(
        f"SELECT {COLUMNS} FROM helpers WHERE id = %s AND referral_id = %s FOR UPDATE",  # noqa: S608 - fixed columns
        (invitation_id, referral_id),
    ).fetchone()
    if row is None:
        raise NotFoundError("helper.unknown")
    return _of(row)


def named(connection: Connection, key: PersonKey, *, person_id: UUID) -> list[tuple[Invitation, str]]:
    """Everybody who was invited beside this person, with what she is called, oldest first."""
    rows = connection.execute(
        f"SELECT {COLUMNS}, sealed FROM helpers WHERE person_id = %s ORDER BY invited_at, id",  # noqa: S608
        (person_id,),
    ).fetchall()
    found = []
    for row in rows:
        sealed = row.pop("sealed")
        found.append((_of(row), key.open(place(row["id"]), sealed).decode() if sealed else ""))
    return found
