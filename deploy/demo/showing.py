"""What the demo shows on a terminal: each step as it is taken, the table at the end, the addresses."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.demo.network import Network
from deploy.demo.story import Row

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
