"""``python -m deploy.stack.backups``: a backup every night, and an end to those that are too old.

The half with the persons' keys ends after 30 days at the latest, or whoever was erased could be read from it for ever.
One that fails is tried again after ten minutes. ``--check`` ends with 1 where the newest whole backup is of the day
before yesterday: by it the container says that it is not well.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

STAMP = "%Y-%m-%dT%H%MZ"
STAMPED = re.compile(r"\d{4}-\d\d-\d\dT\d{4}Z")
LATE = timedelta(hours=26)
AGAIN = timedelta(minutes=10)
MOST_KEYS_DAYS = 30


class SettingError(Exception):
    """A setting of this program is wrong; names it and what was expected."""


@dataclass(frozen=True)
class Plan:
    """When, where to, and for how long."""

    data: Path = Path("/backup/data")
    keys: Path = Path("/backup/keys")
    hour: int = 2
    data_days: int = 90
    keys_days: int = MOST_KEYS_DAYS

    @classmethod
    def told(cls, environment: Mapping[str, str]) -> "Plan":
        return cls(
            hour=_number(environment, "BACKUP_HOUR", cls.hour, 0, 23),
            data_days=_number(environment, "BACKUP_DATA_DAYS", cls.data_days, 1, 3650),
            keys_days=_number(environment, "BACKUP_KEYS_DAYS", cls.keys_days, 1, MOST_KEYS_DAYS),
        )

    def newest(self) -> datetime | None:
        """When the newest whole one was begun: both halves are there, or none is."""
        return max((at for at, _ in stamped(self.data)), default=None)

    def is_late(self, now: datetime) -> bool:
        newest = self.newest()
        return newest is None or now - newest > LATE

    def next(self, now: datetime) -> datetime:
        """At once where there is none of the last day, else when the hour comes."""
        if self.is_late(now):
            return now
        tonight = now.replace(hour=self.hour, minute=0, second=0, microsecond=0)
        return tonight if tonight > now else tonight + timedelta(days=1)

    def prune(self, now: datetime) -> list[Path]:
        """Take away what is too old, once there is a new one; what somebody else laid there has another name."""
        gone = []
        for folder, days in ((self.data, self.data_days), (self.keys, self.keys_days)):
            for at, path in sorted(stamped(folder)):
                if now - at > timedelta(days=days):
                    shutil.rmtree(path)
                    gone.append(path)
        return gone


def _number(environment: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environment.get(name) or str(default)
    if not re.fullmatch(r"\d{1,4}", text) or not low <= int(text) <= high:
        raise SettingError(f"{name}: expected a whole number from {low} to {high}")
    return int(text)


def stamped(folder: Path) -> Iterator[tuple[datetime, Path]]:
    for path in folder.iterdir() if folder.is_dir() else ():
        if STAMPED.fullmatch(path.name):
            yield datetime.strptime(path.name, STAMP).replace(tzinfo=UTC), path


def take(plan: Plan, now: datetime) -> bool:
    """As it would be typed; whether it came to its end."""
    name = now.strftime(STAMP)
    command = [sys.executable, "-m", "lotse", "backup", "--out", str(plan.data / name)]
    command += ["--keys-out", str(plan.keys / name)]
    return subprocess.run(command, check=False).returncode == 0  # noqa: S603


def stand(plan: Plan, stop: Event) -> None:
    """Until told to go."""
    due = plan.next(datetime.now(UTC))
    while not stop.wait(max(0.0, (due - datetime.now(UTC)).total_seconds())):
        now = datetime.now(UTC)
        if take(plan, now):
            for path in plan.prune(now):
                _say(f"{path}: too old, and gone")
            due = plan.next(datetime.now(UTC))
        else:
            due = now + AGAIN
        _say(f"the next backup: {due.strftime(STAMP)}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    try:
        plan = Plan.told(os.environ)
    except SettingError as error:
        sys.exit(str(error))
    if "--check" in sys.argv[1:]:
        return 1 if plan.is_late(datetime.now(UTC)) else 0
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stand(plan, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
