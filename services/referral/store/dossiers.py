"""The dossier while it waits to be fetched, and the words that went to and fro."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from contracts.codes import Action, DataCategory
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.sealing import SealedDossier
from services.referral.store import persons
from services.referral.vault import PersonKey, Vault


@dataclass(frozen=True, slots=True)
class Kept:
    """A sealed dossier, and what it was sealed on: as long as both hold it need not be sealed again."""

    sealed: SealedDossier
    categories: frozenset[DataCategory]
    ground: str | None


def keep(
    work: Work,
    key: PersonKey,
    referral_id: UUID,
    dossier: SealedDossier,
    categories: Collection[DataCategory],
    ground: str | None,
) -> None:
    """Put the sealed dossier where the partner will fetch it, closed once more by her key; an older one gives way."""
    work.tx.execute(
        "INSERT INTO dossiers (referral_id, sealed, key_id, custodial, categories, ground, sealed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (referral_id) DO UPDATE SET"
        " (sealed, key_id, custodial, categories, ground, sealed_at) = (EXCLUDED.sealed, EXCLUDED.key_id,"
        " EXCLUDED.custodial, EXCLUDED.categories, EXCLUDED.ground, EXCLUDED.sealed_at)",
        (
            referral_id,
            key.seal(_place(referral_id), dossier.jwe.encode()),
            dossier.key_id,
            dossier.custodial,
            sorted(str(category) for category in categories),
            ground,
            work.now,
        ),
    )


def load(connection: Connection, key: PersonKey, referral_id: UUID) -> Kept:
    row = connection.execute("SELECT * FROM dossiers WHERE referral_id = %s", (referral_id,)).fetchone()
    if row is None:
        raise NotFoundError("dossier.unknown")
    try:
        categories = frozenset(DataCategory(category) for category in row["categories"])
    except ValueError:  # sealed by another version of this software: it has to be sealed anew
        raise NotFoundError("dossier.unknown") from None
    jwe = key.open(_place(referral_id), row["sealed"]).decode()
    return Kept(SealedDossier(jwe, row["key_id"], row["custodial"]), categories, row["ground"])


def categories_of(connection: Connection, referral_id: UUID) -> frozenset[DataCategory] | None:
    """What the dossier that waits holds; none where none waits."""
    row = connection.execute("SELECT categories FROM dossiers WHERE referral_id = %s", (referral_id,)).fetchone()
    return None if row is None else frozenset(DataCategory(category) for category in row["categories"])


def _place(referral_id: UUID) -> str:
    return f"dossiers/{referral_id}"


def destroy(work: Work, referral_id: UUID) -> bool:
    """Make it unfetchable for ever; true if there was one."""
    return work.tx.execute("DELETE FROM dossiers WHERE referral_id = %s", (referral_id,)).rowcount == 1


def keep_question(
    work: Work, key: PersonKey, referral_id: UUID, question_id: UUID, code: str, words: str | None
) -> None:
    """What the partner asked: the code in the open, its words under the person's key."""
    sealed = key.seal(f"questions/{question_id}", words.encode()) if words else None
    work.tx.execute(
        "INSERT INTO questions (id, referral_id, code, asked_at, sealed_question) VALUES (%s, %s, %s, %s, %s)",
        (question_id, referral_id, code, work.now, sealed),
    )


def keep_answer(work: Work, key: PersonKey, question_id: UUID, words: str | None) -> None:
    sealed = key.seal(f"answers/{question_id}", words.encode()) if words else None
    work.tx.execute(
        "UPDATE questions SET answered_at = %s, sealed_answer = %s WHERE id = %s", (work.now, sealed, question_id)
    )


def answered(connection: Connection, vault: Vault, person_id: UUID, referral_id: UUID) -> list[str]:
    """The words of our answers to this partner, in the order they were given: nobody else asked for them."""
    rows = connection.execute(
        "SELECT id, sealed_answer FROM questions WHERE referral_id = %s AND sealed_answer IS NOT NULL"
        " ORDER BY answered_at, id",
        (referral_id,),
    ).fetchall()
    if not rows:
        return []
    key = persons.key_of(connection, vault, person_id)
    return [key.open(f"answers/{row['id']}", row["sealed_answer"]).decode() for row in rows]


def keep_comment(work: Work, key: PersonKey, referral_id: UUID, action: Action, words: str) -> None:
    comment_id = work.new_id()
    work.tx.execute(
        "INSERT INTO comments (id, referral_id, action, sealed, made_at, actor) VALUES (%s, %s, %s, %s, %s, %s)",
        (comment_id, referral_id, action, key.seal(f"comments/{comment_id}", words.encode()), work.now, work.actor),
    )
