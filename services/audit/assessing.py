"""Assessing: what the officer makes of a finding. Her words stay sealed here; the log is told codes and their hash."""

from dataclasses import dataclass
from uuid import UUID

from psycopg.errors import UniqueViolation

from contracts.audit import FindingAssessed
from contracts.codes import FindingJudgement
from contracts.event import Code
from services.audit.notes import Notes, note_of
from services.audit.queries.findings import Finding, finding_of
from services.chassis.errors import RefusedError, StaleError
from services.chassis.work import Work

KEEP = """
INSERT INTO finding_assessments
    (finding_id, number, facts, judgement, signed_off, note, note_sha256, assessed_by, assessed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is said of a finding, and which facts and which assessment before it were in view."""

    judgement: FindingJudgement
    signed_off: bool
    note: str
    facts: int
    before: int


def assess(work: Work, notes: Notes, finding_id: UUID, said: Assessment) -> None:
    """Keep an assessment and tell it; nobody assesses facts she has not seen."""
    note = note_of(said.note)
    found = finding_of(work.tx, finding_id)
    if (found.number, found.assessment) != (said.facts, said.before):
        raise StaleError("audit.finding-changed", version=found.number)
    if said.signed_off and said.judgement is FindingJudgement.NEEDS_CLARIFICATION:
        raise RefusedError("audit.finding-not-clear")
    number = found.assessment + 1
    sealed = notes.seal(note, about(finding_id, number))
    row = (finding_id, number, found.number, str(said.judgement), said.signed_off)
    try:
        work.tx.execute(KEEP, (*row, sealed.content, sealed.sha256, work.actor, work.now))
    except UniqueViolation as somebody_else:
        raise StaleError("audit.finding-changed", version=found.number) from somebody_else
    work.announce(_told(found, number, said, sealed.sha256))


def about(finding_id: UUID, number: int) -> str:
    """What a note is bound to."""
    return f"finding/{finding_id}/{number}"


def _told(found: Finding, number: int, said: Assessment, sha256: str) -> FindingAssessed:
    return FindingAssessed(
        finding_id=found.finding_id,
        number=number,
        kind=found.kind,
        entry=found.entry.position,
        judgement=said.judgement,
        signed_off=said.signed_off,
        note_sha256=Code(sha256),
    )
