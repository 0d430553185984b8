"""What the clock does for findings: let the rules read on, and tell what configuration says about rules on staff."""

import hashlib
import json
from dataclasses import asdict
from datetime import datetime

from contracts.audit import StaffRulesSet
from contracts.event import Code
from services.audit import noticing
from services.audit.config import load_staff_rules
from services.audit.domain.agreement import StaffRules
from services.audit.queries.staff_rules import in_force
from services.chassis.clock import PLACE
from services.chassis.config import Environment
from services.chassis.db import Connection
from services.chassis.jobs import ClockJob, Due
from services.chassis.work import Work


def unread_entries(connection: Connection, now: datetime, _limit: int) -> list[Due]:
    """The log, where it goes further than the rules have read, or where a day has ended."""
    last, size = noticing.last_reading(connection), noticing.size_of(connection)
    today = now.astimezone(PLACE).date()
    if not noticing.is_due(last, size, now, today):
        return []
    begun = f"{last.size}:{last.day}:{last.read_at.timestamp()}" if last else "beginning"
    return [Due(f"findings:{begun}:{today}", today)]


def read_on(work: Work, due: Due) -> None:
    noticing.read_on(work.tx, work.now, due.payload)


def untold_rules(connection: Connection, _now: datetime, _limit: int) -> list[Due]:
    """What is configured about rules on staff, if the log's newest word on it is another one."""
    wanted, told = load_staff_rules(Environment()), in_force(connection)
    newest = told[-1] if told else None
    was_on = newest is not None and newest.rules.is_on
    if not (wanted.is_on or was_on) or (newest is not None and wanted == newest.rules):
        return []
    digest = hashlib.sha256(json.dumps(asdict(wanted), default=str).encode()).hexdigest()[:16]
    return [Due(f"staff_rules:{newest.position if newest else 'none'}:{digest}", wanted)]


def tell_rules(work: Work, due: Due) -> None:
    """Only once this is an entry of the log the rules judge anything, and only what comes after it."""
    rules: StaffRules = due.payload
    work.announce(
        StaffRulesSet(
            setting_id=work.new_id(),
            is_on=rules.is_on,
            agreement=None if rules.agreement is None else Code(rules.agreement),
            agreed_on=rules.agreed_on,
            zone=Code(rules.zone),
            opens=rules.opens,
            closes=rules.closes,
            days=rules.days,
            calendar=Code(rules.calendar),
            cases_per_hour=rules.cases_per_hour,
        )
    )


FINDING_JOBS = (
    ClockJob("tell_staff_rules", untold_rules, tell_rules),
    ClockJob("read_on", unread_entries, read_on),
)
