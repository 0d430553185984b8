"""What the directory's clock does: once a day, organizations are asked whether their entries are still true."""

from datetime import datetime

from services.chassis.clock import PLACE
from services.chassis.db import Connection
from services.chassis.jobs import ACTOR, ClockJob, Due
from services.chassis.work import Work
from services.directory.commands import assurance

#: Not before this hour: a mail in the night would be answered no sooner.
FROM_HOUR = 7


def round_is_due(connection: Connection, now: datetime, _limit: int) -> list[Due]:
    """Today's, unless it was made."""
    local = now.astimezone(PLACE)
    key = f"directory:assurance:{local:%Y-%m-%d}"
    if local.hour < FROM_HOUR:
        return []
    done = connection.execute("SELECT FROM command_results WHERE caller = %s AND key = %s", (ACTOR, key)).fetchone()
    return [Due(key)] if done is None else []


def make_round(work: Work, _due: Due) -> None:
    assurance.ask_everybody(work)


CLOCK_JOBS = (ClockJob("assurance", round_is_due, make_round),)
