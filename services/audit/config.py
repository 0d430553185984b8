"""What audit alone is told from outside: the key that signs the log, where checkpoints go, what staff agreed to."""

import os
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from services.audit.domain.agreement import StaffRules
from services.audit.domain.checkpoint import COSIGNATURE, KeyRing, UnreadableNoteError, VerifierKey
from services.audit.keys import parse_signer
from services.audit.writer import Writer
from services.chassis.clock import SystemClock
from services.chassis.config import ConfigError, Environment


def load_writer(environment: Environment) -> Writer:
    """Signer and checkpoint directory of a process that writes the log."""
    try:
        signer = parse_signer(environment.secret("CHECKPOINT_KEY", "the log's signing key"))
    except UnreadableNoteError as error:
        raise ConfigError("CHECKPOINT_KEY", str(error)) from error
    keys = _public_keys(environment) or KeyRing(signer.key)
    if keys.current != signer.key:
        raise ConfigError("CHECKPOINT_PUBLIC_KEY", "the public half of CHECKPOINT_KEY on its first line")
    return Writer(signer, checkpoint_directory(environment, writable=True), keys)


def load_keys(environment: Environment) -> KeyRing:
    """The public halves, for processes that only read; taken from the signing key where that is all there is."""
    found = _public_keys(environment)
    return found or KeyRing(parse_signer(environment.secret("CHECKPOINT_KEY", "the log's signing key")).key)


def _public_keys(environment: Environment) -> KeyRing | None:
    if not environment.optional("CHECKPOINT_PUBLIC_KEY") and not environment.optional("CHECKPOINT_PUBLIC_KEY_FILE"):
        return None
    try:
        return KeyRing.parse(environment.secret("CHECKPOINT_PUBLIC_KEY", "the log's verifier keys"))
    except UnreadableNoteError as error:
        raise ConfigError("CHECKPOINT_PUBLIC_KEY", str(error)) from error


def load_witnesses(environment: Environment) -> dict[str, VerifierKey]:
    """The witnesses whose countersignatures are kept, by name: a file with one verifier key (type 04) per line."""
    if not environment.optional("WITNESS_KEYS_FILE"):
        return {}
    lines = environment.path("WITNESS_KEYS_FILE").read_text(encoding="utf-8").splitlines()
    try:
        keys = [VerifierKey.parse(line) for line in lines if line.strip()]
    except UnreadableNoteError as error:
        raise ConfigError("WITNESS_KEYS_FILE", str(error)) from error
    if any(key.type != COSIGNATURE for key in keys):
        raise ConfigError("WITNESS_KEYS_FILE", "keys of type 04, which sign with a time")
    return {key.name: key for key in keys}


def checkpoint_directory(environment: Environment, *, writable: bool) -> Path:
    """A directory outside the database; better on another disk, best copied away by somebody else."""
    directory = Path(environment.text("CHECKPOINT_DIR", "the path of a directory"))
    if not directory.is_dir() or not os.access(directory, os.W_OK if writable else os.R_OK):
        raise ConfigError("CHECKPOINT_DIR", f"a directory this process may {'write' if writable else 'read'}")
    return directory


CLOCK_TIMES = r"([01]\d|2[0-3]):[0-5]\d-([01]\d:[0-5]\d|2[0-3]:[0-5]\d|24:00)"


def load_staff_rules(environment: Environment) -> StaffRules:
    """Rules about how staff work are off until an agreement with the staff council is named, with its day **[law]**."""
    opens, closes = map(
        _minutes,
        environment.text("STAFF_RULES_HOURS", "hours as in 06:00-20:00", "06:00-20:00", matches=CLOCK_TIMES).split("-"),
    )
    if opens >= closes:
        raise ConfigError("STAFF_RULES_HOURS", "hours that end after they begin")
    agreement = environment.optional("STAFF_RULES_AGREEMENT")
    if agreement is not None:
        environment.text("STAFF_RULES_AGREEMENT", "a reference such as DV-2026/3", matches=r"[A-Za-z0-9_.:+/=-]{1,128}")
    return StaffRules(
        agreement=agreement,
        agreed_on=_agreed_on(environment) if agreement else None,
        zone=_zone(environment),
        opens=opens,
        closes=closes,
        days=tuple(
            sorted(
                set(
                    map(
                        int,
                        environment.text(
                            "STAFF_RULES_DAYS", "digits from 1 (Monday) to 7", "12345", matches="[1-7]{1,7}"
                        ),
                    )
                )
            )
        ),
        calendar=_calendar(environment),
        cases_per_hour=environment.number("STAFF_RULES_CASES_PER_HOUR", 30, low=1, high=10_000),
    )


def _minutes(clock_time: str) -> int:
    hours, _, minutes = clock_time.partition(":")
    return int(hours) * 60 + int(minutes)


def _agreed_on(environment: Environment) -> date:
    expected = "the day of the agreement, as in 2026-03-01"
    try:
        day = date.fromisoformat(environment.text("STAFF_RULES_AGREED_ON", expected, matches=r"\d{4}-\d\d-\d\d"))
    except ValueError as wrong:
        raise ConfigError("STAFF_RULES_AGREED_ON", expected) from wrong
    if day > SystemClock().today():
        raise ConfigError("STAFF_RULES_AGREED_ON", "a day that has come: nothing is agreed before")
    return day


def _zone(environment: Environment) -> str:
    name = environment.text("STAFF_RULES_ZONE", "a time zone such as Europe/Berlin", "Europe/Berlin")
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as wrong:
        raise ConfigError("STAFF_RULES_ZONE", "a time zone such as Europe/Berlin") from wrong


def _calendar(environment: Environment) -> str:
    name = environment.text(
        "STAFF_RULES_CALENDAR",
        "a country and state such as DE-NW, or none",
        "DE-NW",
        matches=r"none|[A-Z]{2}(-[A-Z0-9]{1,3})?",
    )
    country, _, state = name.partition("-")
    try:
        if name != "none":
            holidays.country_holidays(country, subdiv=state or None)
    except NotImplementedError as unknown:
        raise ConfigError("STAFF_RULES_CALENDAR", "a country and state such as DE-NW, or none") from unknown
    return name


def retention_hour(environment: Environment) -> int:
    """From which hour a night's run starts."""
    return environment.number("RETENTION_HOUR", 2, low=0, high=23)


def retention_dsn(environment: Environment) -> str:
    """The way in of the role that may let entries expire; empty where this clock was not given it."""
    if not (environment.optional("RETENTION_DATABASE_URL") or environment.optional("RETENTION_DATABASE_URL_FILE")):
        return ""
    return environment.database("RETENTION_DATABASE_URL")


def check(environment: Environment, role: str) -> None:
    """Ask now for what the role will ask for later: a wrong setting stops its start, not its night."""
    if role in {"clock", "all"}:
        load_staff_rules(environment)
        retention_hour(environment)
        retention_dsn(environment)
    if role in {"clock", "worker", "all"}:
        load_writer(environment)
    if role in {"web", "all"}:
        load_keys(environment)
        load_witnesses(environment)
        checkpoint_directory(environment, writable=False)
