"""What the demo shows on a terminal: each step as it is taken, the table at the end, the addresses."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.demo.network import Network
from deploy.demo.story import Row

if TYPE_CHECKING:  # days are met with the services' own clocks; a story alone needs none of them
    from deploy.demo.time_lapse import Day

PAGES = (
    ("desk: enquiries, referrals, tasks", "/referral/"),
    ("directory", "/directory/"),
    ("deliveries", "/notifications/"),
    ("audit", "/audit/"),
)


def show_row(console: Console, row: Row) -> None:
    """One step, when it is over."""
    mark = "[green]held[/]  " if row.held else "[bold red]FAILED[/]"
    console.print(f"{mark} {row.seconds:5.1f} s  {escape(row.step)}")
    if not row.held:
        console.print(f"        {escape(row.seen)}")


def show_table(console: Console, rows: Sequence[Row], seconds: float) -> None:
    """Step, expected, seen, time."""
    table = Table(title="The main job", caption=f"{sum(row.held for row in rows)} of {len(rows)} held, {seconds:.0f} s")
    for name in ("step", "expected", "seen"):
        table.add_column(name, overflow="fold")
    table.add_column("s", justify="right")
    for row in rows:
        colour = "" if row.held else "[bold red]"
        table.add_row(*(f"{colour}{escape(text)}" for text in (row.step, row.expected, row.seen)), f"{row.seconds:.1f}")
    console.print(table)


def show_addresses(console: Console, network: Network) -> None:
    """Where to look, and how to end."""
    console.print("\n[bold]Open in a browser[/] (sign in as one of the DEMO people):")
    for name, path in PAGES:
        console.print(f"  {name:36}{network.origin}{path}")
    console.print(f"  {'mails':36}{network.dev / 'mail'}\n  {'logs':36}{network.dev / 'logs'}")
    console.print("On the command line: .venv/bin/lotse status\n[bold]Ctrl-C ends everything.[/]")


def show_day(console: Console, day: "Day", numbers: Mapping[str, str]) -> None:
    """One day of the time-lapse: what happened to which referral, and on whose desk it lies now."""
    on = date.fromisoformat(day.on)
    rest = "" if day.is_working_day else " [dim](no working day)[/]"
    console.print(
        f"[bold]day {day.number:2}[/] {on:%a %d %b}{rest}{'' if day.lines else '  [dim]nothing falls due[/]'}"
    )
    for line in day.lines:
        about = f"{line.referral} [dim]({escape(numbers.get(line.referral, ''))})[/] " if line.referral else ""
        desk = f" [cyan]{escape(line.unit)}[/]" if line.unit else ""
        due = f" due {date.fromisoformat(line.due_on):%a %d %b}" if line.due_on else ""
        console.print(f"    {about}{escape(line.words)}{desk}{due}")
