"""Looking is a fact too: it is in the log before anything is shown, and if it cannot be, nothing is shown."""

from contracts.audit import LogExported, LogViewed
from contracts.codes import StaffRole
from contracts.event import Slug
from services.chassis.access import current_caller
from services.chassis.web import request_work


def look(page: str) -> None:
    """Say who looked at which page, in which role; commits before it returns."""
    role = current_caller().role or StaffRole.DPO
    with request_work() as work:
        work.announce(LogViewed(view_id=work.new_id(), role=role, page=Slug(page)))


def export(first: int, size: int) -> None:
    """Say that a range of the log is about to leave as a file."""
    with request_work() as work:
        work.announce(LogExported(export_id=work.new_id(), first=first, size=size))
