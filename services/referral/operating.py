"""What an operator types: ``python -m services.referral rewrap``, ``... replay-deletions`` and ``... retention``.

Progress goes to standard error, the result to standard output, ids of keys and counts only.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from rich.console import Console
from rich.progress import Progress, track

from services.chassis.work import Unit
from services.referral import retention_job
from services.referral.commands import restoring, rewrapping
from services.referral.commands.rewrapping import Rewrapped
from services.referral.config import Keys, ReferralSettings
from services.referral.keystore.ledger import Erasure
from services.referral.queries.custody import custody

WORDS = {"person_keys": "persons' keys", "custodial_keys": "custodial keys", "blind_indexes": "persons' search marks"}


def add_dry_run(parser: ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="open everything, write nothing")


def rewrap(options: Namespace, unit: Unit, keys: Keys) -> int:
    """0 only if everything opened and nothing hangs on a former key any more (a dry run: everything opened)."""
    with unit.db.read() as connection:
        before = custody(connection, keys)
    with Progress(console=Console(stderr=True)) as progress:
        bars = {kind: progress.add_task(WORDS[kind], total=before.left(kind)) for kind in before.held}
        run = rewrapping.rewrap(
            unit, keys, dry_run=options.dry_run, tell=lambda kind, count: progress.advance(bars[kind], count)
        )
    say(report(run, options.dry_run))
    return 1 if run.unreadable or (run.custody.former and not options.dry_run) else 0


def report(run: Rewrapped, dry_run: bool) -> list[str]:
    verb = "would be put" if dry_run else "were put"
    lines = [f"{run.done[kind]} {WORDS[kind]} {verb} under {run.custody.wrapping_id}" for kind in run.custody.held]
    lines += [f"{count} could not be opened with {name}" for name, count in sorted(run.unreadable.items())]
    former = run.custody.former
    for kind, held in run.custody.held.items():
        lines += [f"left: {count} {WORDS[kind]} under {name}" for name, count in held.items() if name in former]
    if not run.custody.former:
        lines.append("nothing is left under a former key: SERVICE_KEYS_OLD may be emptied")
    return lines


def replay(_: Namespace, unit: Unit, keys: Keys) -> int:
    """Whatever had to be done is done: 0."""
    console = Console(stderr=True)

    def steps(wanted: Sequence[Erasure]) -> Iterable[Erasure]:
        return track(wanted, "erasing again", console=console)

    done = restoring.replay(unit, keys, steps)
    say([f"{name}: {count}" for name, count in done.counts().items()])
    return 0


def say(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class Command:
    """Something done once and by hand; what it returns is the exit code."""

    help: str
    run: Callable[[Namespace, Unit, ReferralSettings], int]
    add_arguments: Callable[[ArgumentParser], object] = lambda _: None


COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "rewrap": Command(
            "Bring everything under the current service key.",
            lambda options, unit, own: rewrap(options, unit, own.keys),
            add_dry_run,
        ),
        "replay-deletions": Command(
            "After a restore: erase again whoever was erased since the backup.",
            lambda options, unit, own: replay(options, unit, own.keys),
        ),
        "retention": Command(
            "Delete what is past its period, or show what would go.",
            lambda options, unit, own: retention_job.main(options, unit, own.retention),
            retention_job.add_arguments,
        ),
    }
)
