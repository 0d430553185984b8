"""Asking organizations whether their entries are still true, and what becomes of their answers."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from contracts.directory import AssuranceAsked, DoubtSettled, EntryDoubted
from services.chassis.errors import NotFoundError, RefusedError, StaleError
from services.chassis.work import Work
from services.directory import store
from services.directory.commands import reports
from services.directory.domain import assurance
from services.directory.domain.assurance import BY_HAND_AGAIN, print_of
from services.directory.domain.objects import Kind
from services.directory.queries import public
from services.directory.store import assurance as kept

#: So many organizations are written to on one day; the others have their turn on the next.
A_DAY = 200


def ask_everybody(work: Work) -> None:
    """The day's round: whoever has entries that wait and was not asked lately, and whoever has not answered."""
    before = assurance.due_before(work.today)
    since, until = work.now - assurance.ASK_AGAIN, work.now - assurance.REMIND_AFTER
    for row in kept.to_remind(work.tx, before, since, until, A_DAY):
        kept.keep_reminder(work, row["ask_id"])
        _announce(work, row["ask_id"], row, reminder=True)
    for row in kept.to_ask(work.tx, before, since, A_DAY):
        _ask(work, row)


def ask(work: Work, organization_id: UUID) -> None:
    """Somebody at the welcome center wants one organization asked now."""
    kept.lock_asking(work.tx, organization_id)
    before = assurance.due_before(work.today)
    found = kept.to_ask(work.tx, before, work.now - BY_HAND_AGAIN, 1, organization_id)
    if not found:
        raise RefusedError("directory.assurance-not-to-ask")
    _ask(work, found[0])


def _ask(work: Work, row: Mapping[str, Any]) -> None:
    ask_id = work.new_id()
    kept.keep_ask(work, ask_id, row["organization_id"])
    _announce(work, ask_id, row, reminder=False)


def _announce(work: Work, ask_id: UUID, row: Mapping[str, Any], *, reminder: bool) -> None:
    work.announce(
        AssuranceAsked(
            ask_id=ask_id, organization_id=row["organization_id"], services=row["services"], reminder=reminder
        )
    )


def confirm(work: Work, organization_id: UUID, seen: Mapping[UUID, str]) -> None:
    """These entries are true as they were shown. Said again it changes nothing; what was changed since is refused."""
    for service_id, shown in sorted(seen.items()):
        row = _own(work, organization_id, service_id)
        if not waits(row, work.today):
            continue
        if print_of(row) != shown or kept.is_doubted(work.tx, service_id):
            raise StaleError("directory.assurance-changed")
        reports.report(work, str(service_id), {"assured_date": work.today.isoformat()}, str(organization_id))


def waits(row: Mapping[str, Any], today: date) -> bool:
    """Whether an entry is among those somebody who was asked is asked about."""
    said = row["document"].get("assured_date")
    return said is None or date.fromisoformat(said) < assurance.along_before(today)


def doubt(work: Work, organization_id: UUID, ask_id: UUID, service_id: UUID, text: str) -> None:
    """Something is wrong: an editor gets to read what. The same words twice are said once."""
    words = assurance.words_of(text)
    _own(work, organization_id, service_id)
    doubt_id = kept.keep_doubt(work, work.new_id(), ask_id, service_id, words)
    if doubt_id is not None:
        work.announce(
            EntryDoubted(doubt_id=doubt_id, ask_id=ask_id, organization_id=organization_id, service_id=service_id)
        )


def settle(work: Work, doubt_id: UUID) -> None:
    """An editor has put it right, or found that nothing was wrong. Again: it is settled already."""
    service_id = kept.settle(work, doubt_id)
    if service_id is not None:
        work.announce(DoubtSettled(doubt_id=doubt_id, service_id=service_id))


def _own(work: Work, organization_id: UUID, service_id: UUID) -> Mapping[str, Any]:
    """One of the organization's own entries, locked; a stranger's looks as if it were not there."""
    store.load(work.tx, [(Kind.SERVICE, str(service_id))])
    row = public.entry(work.tx, str(service_id))
    if row is None or row["document"]["organization_id"] != str(organization_id):
        raise NotFoundError("directory.service-unknown")
    return row
