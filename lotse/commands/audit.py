"""`lotse audit`: verify the log with the program that shares no code with its writer."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from lotse import showing
from lotse.config import Config, ConfigError
from lotse.network import Network
from lotse.session import network_of
from lotse.showing import AsJson

HELP = "Verify the log with the program that shares no code with its writer."
app = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode=None)
PROGRAM = Path(__file__).resolve().parents[2] / "services" / "audit" / "verifier" / "lotsennetz_verify.py"


@app.callback()
def about() -> None:
    """Keeps the command's name although there is only one."""


@app.command()
def verify(
    context: typer.Context,
    export: Annotated[Path | None, typer.Option(help="An export (NDJSON); without it the log is fetched now.")] = None,
    database: Annotated[str | None, typer.Option(help="Read the database instead (a read-only DSN).")] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Signed checkpoints, best from elsewhere.")] = None,
    key: Annotated[Path | None, typer.Option(help="The log's public key.")] = None,
    as_json: AsJson = False,
) -> None:
    """Exit 0 if every entry is as it was signed, 1 naming the first wrong entry, 2 if something is unreadable.

    \b
    lotse audit verify
    lotse audit verify --export log.ndjson --checkpoint checkpoints/ --key audit.pub
    """
    network = network_of(context)
    with tempfile.TemporaryDirectory() as folder:
        source = ["--database", database] if database else ["--export", str(export or fetch(network, Path(folder)))]
        command = [sys.executable, str(PROGRAM), *source, *_proofs(network.config, checkpoint, key)]
        done = subprocess.run([*command, *(["--json"] if as_json else [])], check=False)  # noqa: S603 - our own program
    raise typer.Exit(done.returncode)


def fetch(network: Network, folder: Path) -> Path:
    """The whole log as a file."""
    path = folder / "log.ndjson"
    path.write_bytes(network.download("audit", "api/v1/export"))
    showing.err.print("[dim]The log was fetched from the audit service.[/]")
    return path


def _proofs(config: Config, checkpoint: Path | None, key: Path | None) -> list[str]:
    checkpoints, public_key = checkpoint or config.audit_checkpoints, key or config.audit_key
    if not checkpoints or not public_key:
        raise ConfigError("Name what to verify against: --checkpoint FILE-OR-FOLDER and --key FILE.")
    return ["--checkpoint", str(checkpoints), "--key", str(public_key)]
