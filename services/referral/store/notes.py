"""Notes of a case: words sealed under the person's key, steps and days in the open."""

from typing import Any
from uuid import UUID

from contracts.codes import NoteStep
from services.chassis.db import Connection
from services.chassis.work import Work
from services.referral.domain.notes import Note, Said
from services.referral.vault import PersonKey


def place(note_id: UUID) -> str:
    """What sealed words are bound to."""
    return f"case_notes/{note_id}"


def add(work: Work, key: PersonKey, note: Note) -> None:
    work.tx.execute(
        "INSERT INTO case_notes (id, enquiry_id, person_id, referral_id, sealed, next_step, due_on, task_id, taken_by,"
        " taken_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            note.id,
            note.enquiry_id,
            note.person_id,
            note.referral_id,
            key.seal(place(note.id), note.said.words.encode()),
            note.said.next_step,
            note.said.due_on,
            note.task_id,
            note.taken_by,
            note.taken_at,
        ),
    )


def of_enquiry(connection: Connection, enquiry_id: UUID) -> list[tuple[Note, bytes]]:
    """The notes of a case, newest first, each with its sealed words."""
    rows = connection.execute(
        "SELECT n.*, EXISTS (SELECT FROM tasks WHERE id = n.task_id AND closed_at IS NULL) AS is_open"
        " FROM case_notes n WHERE enquiry_id = %s ORDER BY taken_at DESC, id DESC",
        (enquiry_id,),
    ).fetchall()
    return [(_from_row(row), row["sealed"]) for row in rows]


def _from_row(row: dict[str, Any]) -> Note:
    step = NoteStep(row["next_step"]) if row["next_step"] else None
    return Note(
        id=row["id"],
        enquiry_id=row["enquiry_id"],
        person_id=row["person_id"],
        said=Said("", step, row["due_on"]),
        taken_by=row["taken_by"],
        taken_at=row["taken_at"],
        referral_id=row["referral_id"],
        task_id=row["task_id"],
        is_open=row["is_open"],
    )
