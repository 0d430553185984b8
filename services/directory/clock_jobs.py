"""What the directory's clock does: once a day, organizations are asked whether their entries are still true; once an
hour it looks whether a channel was written past the second person, as a version before this one does."""

from datetime import UTC, datetime

from services.chassis.clock import PLACE
from services.chassis.db import Connection
from services.chassis.jobs import ACTOR, ClockJob, Due
from services.chassis.work import Work
from services.directory.commands import assurance, channels

#: Not before this hour: a mail in the night would be answered no sooner.
FROM_HOUR = 7
#: Channels that are noted in one work.
AT_ONCE = 500


def round_is_due(connection: Connection, now: datetime, _limit: int) -> list[Due]:
    """Today's, unless it was made."""
    local = now.astimezone(PLACE)
    if local.hour < FROM_HOUR:
        return []
    return _once(connection, f"directory:assurance:{local:%Y-%m-%d}")


def make_round(work: Work, _due: Due) -> None:
    assurance.ask_everybody(work)


def look_at_channels(connection: Connection, now: datetime, _limit: int) -> list[Due]:
    """This hour's look."""
    return _once(connection, f"directory:channels-unnoted:{now.astimezone(UTC):%Y-%m-%dT%H}")


def _once(connection: Connection, key: str) -> list[Due]:
    done = connection.execute("SELECT FROM command_results WHERE caller = %s AND key = %s", (ACTOR, key)).fetchone()
    return [Due(key)] if done is None else []


CLOCK_JOBS = (
    ClockJob("assurance", round_is_due, make_round),
    ClockJob("channels-unnoted", look_at_channels, lambda work, _: channels.note_unnoted(work, AT_ONCE)),
)
