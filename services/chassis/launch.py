"""How a service starts: ``python -m services.<name> <role>``."""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from prometheus_client import REGISTRY as METRICS
from prometheus_client.registry import Collector

from contracts.event import REGISTRY
from services.chassis import config, green, logging, republish, supervisor, telemetry, web
from services.chassis.clock import SystemClock
from services.chassis.config import ConfigError, Settings
from services.chassis.db import Database
from services.chassis.despatch import Head
from services.chassis.figures import StreamFigures
from services.chassis.jobs import ClockJob, ClockRole
from services.chassis.migrate import MigrationError, migrate
from services.chassis.relay import Relay
from services.chassis.work import Unit

Role = Callable[[Settings, Unit, Event], None]


@dataclass(frozen=True)
class Service:
    """What a service brings along; everything else is the same for all."""

    name: str
    migrations: Path
    #: The package whose `__main__` calls `main`; ``services.<name>`` unless said otherwise.
    package: str = ""
    doors: type | None = None
    web: Callable[[Settings, Unit], Any] | None = None
    clock_jobs: Sequence[ClockJob] = ()
    #: Roles of its own, as ``run(settings, unit, stop)``; each gets a process under `all`.
    roles: Mapping[str, Role] = field(default_factory=dict)
    #: Brings what lies outside the service's own database into shape, before that; returns the names applied now.
    migrate_first: Callable[[Settings], Sequence[str]] = lambda _: ()
    #: Announces everything anew, for ``republish --snapshot``.
    snapshot: Callable[[Unit], int] | None = None
    #: What it adds to its metrics, read when somebody asks for them.
    figures: Sequence[Callable[[Database], Collector]] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "package", self.package or f"services.{self.name}")

    @property
    def standing_roles(self) -> list[str]:
        """The roles that run side by side under `all`."""
        asked = {"web": self.web, "worker": self.doors, "relay": True, "clock": True}
        return [*(role for role, given in asked.items() if given), *self.roles]


def main(service: Service, arguments: Sequence[str] | None = None) -> None:
    """Run one role; a wrong setting or migration ends the process with one clear line."""
    for module in ("directory", "referral", "notifications", "audit"):
        import_module(f"contracts.{module}")
    options = parse(service, sys.argv[1:] if arguments is None else arguments)
    if options.role == "worker" and not green.is_green():
        os.execv(sys.executable, [sys.executable, "-m", "services.chassis.green", service.package, "worker"])  # noqa: S606
    try:
        settings = config.load(service.name)
        logging.configure(service.name, options.role, settings.log_level)
        telemetry.begin(service.name, options.role, settings)
        supervisor.leave_with_supervisor()
        run(service, options, settings)
    except (ConfigError, MigrationError) as error:
        sys.exit(f"{service.package} {options.role}: {error}")


def parse(service: Service, arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m {service.package}")
    roles = parser.add_subparsers(dest="role", required=True)
    for role in (*service.standing_roles, "all", "migrate"):
        roles.add_parser(role)
    republish.add_arguments(roles.add_parser("republish", help="send kept events once more, to one queue"))
    return parser.parse_args(arguments)


def run(service: Service, options: argparse.Namespace, settings: Settings) -> None:
    if options.role == "migrate":
        for name in (*service.migrate_first(settings), *migrate(settings.migration_database_url, service.migrations)):
            sys.stdout.write(f"applied {name}\n")
    elif options.role == "all":
        supervisor.supervise(service.package, service.standing_roles)
    elif options.role == "republish":
        with _database(settings, 1) as db:
            republish.republish(options, db, settings.amqp_uri, service.snapshot, _unit(service, db))
    else:
        _stand(service, options.role, settings)


def _stand(service: Service, role: str, settings: Settings) -> None:
    """Run a role that stays until it is told to go."""
    size = settings.http_threads + 2 if role == "web" else 3 + settings.inbox_partitions
    with _database(settings, size, f"{service.name}.{role}") as db:
        unit = _unit(service, db)
        if role == "web":
            _serve(service, settings, unit)
        elif role == "worker":
            worker = import_module("services.chassis.worker")  # not before the process is green
            settle()
            worker.run(service.doors, unit, settings.amqp_uri, settings.inbox_partitions)
        elif role == "relay":
            report = reporter(unit)
            settle()
            Relay(dsn=settings.database_url, amqp_uri=settings.amqp_uri, service=service.name, report=report).run(
                supervisor.stop_on_signals()
            )
        elif role == "clock":
            ClockRole(unit, service.clock_jobs).run(supervisor.stop_on_signals())
        else:
            service.roles[role](settings, unit, supervisor.stop_on_signals())


def _serve(service: Service, settings: Settings, unit: Unit) -> None:
    assert service.web is not None
    METRICS.register(StreamFigures(unit.db, service.name))
    for collector in service.figures:
        METRICS.register(collector(unit.db))
    app = service.web(settings, unit)
    settle()
    web.serve(app, settings)


def settle() -> None:
    """What starting has made stays as long as the process does: nobody need look through it again and again for what is
    garbage. A look took 60 to 120 ms, and nothing else was done meanwhile."""
    gc.collect()
    gc.freeze()


def reporter(unit: Unit) -> Callable[[Head], None] | None:
    """Tells how far the stream goes, if contracts have a word for it."""
    said: Any = REGISTRY.get(f"{unit.service}.stream_reported.v1")
    if said is None:
        return None
    stream_id = uuid5(NAMESPACE_URL, f"https://lotsennetz.example/id/stream/{unit.service}")

    def report(head: Head) -> None:
        with unit.work(actor="system:relay") as work:
            work.announce(
                said(
                    stream_id=stream_id,
                    position=head.position,
                    count=head.position,
                    rolling_sha256=head.rolling_sha256,
                    reported_at=work.now,
                )
            )

    return report


def _database(settings: Settings, size: int, name: str = "lotsennetz") -> Database:
    return Database(settings.database_url, 1, size, name=name)


def _unit(service: Service, db: Database) -> Unit:
    return Unit(db, SystemClock(), service.name)
