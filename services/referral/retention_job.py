"""``python -m services.referral retention [--dry-run] [--as-of DATE]``: what is due, shown or deleted by hand.

The same run as the clock's every night. It may be killed anywhere: started again, it goes on where it stood.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from contracts.codes import RetentionKind
from services.chassis.i18n import label
from services.chassis.work import Unit
from services.referral.commands import retention
from services.referral.commands.retention import Step
from services.referral.domain.retention import Item
from services.referral.keeping import Retention
from services.referral.queries.retention import Look, everything
from services.referral.store.retention import outcome

ACTOR = "system:operator"
LANGUAGE = "en"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="show what would go, change nothing")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, metavar="DATE", help="with --dry-run: as if it were this day"
    )
    parser.add_argument("--ids", type=int, default=20, metavar="N", help="how many numbers of each kind are shown (20)")


def main(options: argparse.Namespace, unit: Unit, kept: Retention, console: Console | None = None) -> int:
    """0: done; 2: asked for something that cannot be."""
    console, today = console or Console(), unit.clock.today()
    if options.dry_run:
        look = Look(options.as_of or today, kept.periods)
        with unit.db.read() as connection:
            show(console, list(everything(connection, look)), look, options.ids)
        return 0
    if options.as_of not in (None, today):
        console.print("only a dry run can look at another day", style="red")
        return 2
    run(unit, kept, console)
    return 0


def show(console: Console, items: Iterable[Item], look: Look, most: int) -> None:
    """By kind: how many, on what ground, since when at the earliest, and their numbers."""
    free: dict[RetentionKind, list[Item]] = defaultdict(list)
    held: list[Item] = []
    for item in items:
        (held if item.is_held else free[item.kind]).append(item)
    table = Table(title=f"Would be deleted on {look.on}, nothing is changed", show_lines=True)
    for header in ("kind", "number", "kept for", "because", "due since", "numbers"):
        table.add_column(header, justify="right" if header == "number" else "left", overflow="fold")
    for kind in RetentionKind:
        if found := free.get(kind):
            table.add_row(*_row(kind, found, look, most))
    console.print(table)
    if held:
        until = max(item.held_until for item in held if item.held_until)
        persons = len({item.person_id for item in held})
        console.print(f"Held back: {persons} person(s), the longest until {until}")
    console.print(f"{sum(map(len, free.values()))} in all")


def _row(kind: RetentionKind, found: list[Item], look: Look, most: int) -> tuple[str, ...]:
    ids = [str(item.id) for item in found[:most]]
    rest = [f"and {len(found) - most} more"] if len(found) > most else []
    return (
        label("referral", LANGUAGE, kind),
        str(len(found)),
        str(look.periods.of[kind]),
        label("referral", LANGUAGE, f"retention_reason:{kind.value}"),
        min(item.due_on for item in found).isoformat(),
        "\n".join([*ids, *rest]),
    )


def run(unit: Unit, kept: Retention, console: Console) -> None:
    """Begin or go on, step by step, and say at the end what was deleted."""
    with unit.work(actor=ACTOR) as work:
        begun = retention.begin(work, unit.clock.today())
    deleted: Counter[str] = Counter()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        line = progress.add_task(f"deleting what was due on {begun.as_of}")
        while (step := one_step(unit, kept)) is not None and not step.finished:
            deleted["all"] += step.deleted
            progress.update(line, description=f"{step.run.at_kind or 'beginning'}: {deleted['all']} deleted")
    with unit.db.read() as connection:
        found = outcome(connection, begun.id)
    for kind, number in found.deleted.items():
        console.print(f"{number:>7} {label('referral', LANGUAGE, kind)}")
    if found.held:
        console.print(f"{found.held:>7} person(s) held back, the longest until {found.held_until}")
    console.print(f"{sum(found.deleted.values())} deleted in all")


def one_step(unit: Unit, kept: Retention) -> Step | None:
    with unit.work(actor=ACTOR) as work:
        return retention.step(work, kept.periods)
