"""Before the chassis takes over: what is done once by hand, and the look before any role stands."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event

from services.chassis import config, green, logging
from services.chassis.backoff import Backoff
from services.chassis.clock import SystemClock
from services.chassis.config import ConfigError, Environment
from services.chassis.db import Database
from services.chassis.errors import UnavailableError
from services.chassis.logging import get_logger
from services.chassis.work import Unit
from services.referral import fitness, operating, postman
from services.referral.config import ReferralSettings
from services.referral.fitness import NotFitError

ROLES = frozenset({"web", "worker", "relay", "clock", "postman", "all"})


def begin(arguments: Sequence[str], house: Callable[[], ReferralSettings]) -> None:
    """Do a command and leave, or let a role go on if it may; nothing stands unlooked at."""
    role = arguments[0] if arguments else ""
    try:
        if role in operating.COMMANDS:
            sys.exit(by_hand(arguments, house))
        if role in {"postman", "all"}:
            postman.told(Environment())  # a wrong setting stops the start, of `all` too
        if role in ROLES and not green.is_green():  # what has become green was looked at before
            with _unit(role) as unit:
                wait_until_fit(lambda: fitness.check(unit, house().keys), Event().wait)
    except (ConfigError, NotFitError) as error:
        sys.exit(f"services.referral {role}: {error}")


def by_hand(arguments: Sequence[str], house: Callable[[], ReferralSettings]) -> int:
    parser = ArgumentParser(prog="python -m services.referral")
    parsers = parser.add_subparsers(dest="command", required=True)
    for name, command in operating.COMMANDS.items():
        command.add_arguments(parsers.add_parser(name, description=command.help))
    options = parser.parse_args(arguments)
    with _unit(options.command) as unit:
        return operating.COMMANDS[options.command].run(options, unit, house())


def wait_until_fit(check: Callable[[], None], pause: Callable[[float], object]) -> None:
    """While a database does not answer there is no telling; wait for it."""
    backoff = Backoff()
    while True:
        try:
            return check()
        except UnavailableError:
            delay = backoff.next()
            get_logger().warning("start.waits", retry_in=round(delay, 2))
            pause(delay)


@contextmanager
def _unit(role: str) -> Iterator[Unit]:
    settings = config.load("referral")
    logging.configure("referral", role, settings.log_level)
    with Database(settings.database_url, 0, 2, name=f"referral.{role}") as db:
        yield Unit(db, SystemClock(), "referral")
