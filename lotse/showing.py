"""Answers for people (tables) and for programs (`--json`); problems with what to do about them."""

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
AsJson = Annotated[bool, typer.Option("--json", help="The answer as JSON on standard output.")]

#: Piped into a file or another program nobody sees the width of a window: then lines stay whole.
WIDTH = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 220
out = Console(width=WIDTH)
err = Console(stderr=True, soft_wrap=True)


def as_json(value: Any) -> None:
    """One JSON document, nothing else."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, empty: str = "Nothing.") -> None:
    """A table of the columns named; missing values stay empty."""
    if not rows:
        out.print(f"[dim]{escape(empty)}[/]")
        return
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        grid.add_column(name.replace("_", " "), overflow="fold", no_wrap=name.endswith("_id") or name == "reference")
    for row in rows:
        grid.add_row(*(escape(_text(row.get(name))) for name in columns))
    out.print(grid)


def details(row: Mapping[str, Any], *, without: Iterable[str] = ()) -> None:
    """One thing, a line per field that says something."""
    grid = Table(box=None, show_header=False, pad_edge=False)
    grid.add_column(style="bold")
    grid.add_column(overflow="fold")
    for name, value in row.items():
        if name not in without and value not in (None, "", [], {}):
            grid.add_row(name.replace("_", " "), escape(_text(value)))
    out.print(grid)


def say(text: str) -> None:
    """One line for people."""
    out.print(escape(text))


def complain(title: str, advice: str = "", facts: Mapping[str, Any] | None = None) -> None:
    """What went wrong and what to do, on standard error."""
    err.print(f"[bold red]{escape(title)}[/]")
    for name, value in (facts or {}).items():
        if name not in {"type", "title", "status", "instance"}:
            err.print(f"  {escape(name)}: {escape(_text(value))}")
    if advice:
        err.print(escape(advice))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, str) and INSTANT.match(value):
        return value[:19].replace("T", " ")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
