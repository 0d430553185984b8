"""`lotse directory`: check a file of organizations and services, or take it in as a whole."""

from pathlib import Path
from typing import Annotated, Any

import typer

from lotse import showing
from lotse.network import ProblemError
from lotse.session import network_of
from lotse.showing import AsJson

HELP = "Check a file of organizations and services, or take it in as a whole."
COUNTED = ("kind", "new", "changed", "unchanged")
app = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode=None)
File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="NDJSON, one object on each line.")
]


@app.command()
def check(context: typer.Context, file: File, as_json: AsJson = False) -> None:
    """Say what an import would do, and every mistake with line and field; nothing is changed.

    \b
    lotse directory check aachen.ndjson
    """
    _send(context, file, as_json=as_json, dry_run=1)


@app.command("import")
def import_file(context: typer.Context, file: File, as_json: AsJson = False) -> None:
    """Take the file in as a whole; with one mistake in it, nothing of it.

    \b
    lotse directory import aachen.ndjson
    """
    _send(context, file, as_json=as_json, dry_run=None)


def _send(context: typer.Context, file: Path, *, as_json: bool, dry_run: int | None) -> None:
    try:
        report: dict[str, Any] = network_of(context).upload(
            "directory", "operator/imports", file.read_bytes(), "application/x-ndjson", dry_run=dry_run
        )
    except ProblemError as error:
        if error.status != 422 or as_json:
            raise
        showing.complain(f"{file}: {error}", "Nothing was taken in. Mend these lines and try again.")
        fields = error.problem.get("fields", {})
        showing.table([{"place": place, "expected": wanted} for place, wanted in fields.items()], ("place", "expected"))
        raise typer.Exit(1) from error
    if as_json:
        showing.as_json(report)
        return
    showing.details(report, without=("counts", "changes"))
    showing.table([{"kind": kind, **counts} for kind, counts in report.get("counts", {}).items()], COUNTED)
