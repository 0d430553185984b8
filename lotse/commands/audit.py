"""`lotse audit`: verify the log, its proofs and receipts with the program that shares no code with its writer."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from lotse import showing
from lotse.config import Config, ConfigError
from lotse.network import Network
from lotse.session import config_of, network_of
from lotse.showing import AsJson

HELP = "Verify the log with the program that shares no code with its writer."
app = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode=None)
PROGRAM = Path(__file__).resolve().parents[2] / "services" / "audit" / "verifier" / "lotsennetz_verify.py"

KeyFile = Annotated[Path | None, typer.Option("--key", help="The log's public keys.")]
Checkpoints = Annotated[Path | None, typer.Option("--checkpoint", help="Signed checkpoints, best from elsewhere.")]
Keep = Annotated[Path | None, typer.Option("--out", help="Keep the proof in this file.")]


@app.command()
def verify(
    context: typer.Context,
    export: Annotated[Path | None, typer.Option(help="An export (NDJSON); without it hashes are fetched now.")] = None,
    database: Annotated[str | None, typer.Option(help="Read the database instead (a read-only DSN).")] = None,
    checkpoint: Checkpoints = None,
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Exit 0 if every entry is as it was signed, 1 naming the first wrong entry, 2 if something is unreadable.

    Operations see no content: what is fetched here are the hashes, which show as well whether anything was changed.

    \b
    lotse audit verify
    lotse audit verify --export log.ndjson --checkpoint checkpoints/ --key audit.pub
    """
    config = config_of(context)
    with tempfile.TemporaryDirectory() as folder:
        if database:
            source = ["--database", database]
        else:
            source = ["--export", str(export or fetch(network_of(context), Path(folder)))]
        code = run([*source, *_checkpoints(config, checkpoint), *_key(config, key)], as_json=as_json)
    raise typer.Exit(code)


@app.command()
def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="An export, an extract, a receipt's text or a proof.")],
    checkpoint: Checkpoints = None,
    key: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Verify a file somebody has; asks nobody, works without a network.

    \b
    lotse audit check receipt.txt --key audit.pub
    """
    outside = ["--checkpoint", str(checkpoint)] if checkpoint else []
    own = ["--key", str(key)] if key else _key(config_of(context), None)
    raise typer.Exit(run([kind_of(file), str(file), *outside, *own], as_json=as_json))


@app.command()
def inclusion(
    context: typer.Context,
    event: Annotated[UUID | None, typer.Option(help="The event's id.")] = None,
    position: Annotated[int | None, typer.Option(help="Or the entry's number.")] = None,
    size: Annotated[int | None, typer.Option(help="In the tree of so many entries; default: the newest.")] = None,
    key: KeyFile = None,
    out: Keep = None,
    as_json: AsJson = False,
) -> None:
    """Fetch the proof that an entry is in the log, and verify it here."""
    asked = {"event_id": event, "position": position, "size": size}
    _prove(context, "inclusion", asked, [], key, out, as_json=as_json)


@app.command()
def consistency(
    context: typer.Context,
    first: Annotated[int, typer.Argument(help="A size the log once had, such as of a checkpoint kept elsewhere.")],
    second: Annotated[int | None, typer.Argument(help="A later one; default: the newest.")] = None,
    checkpoint: Checkpoints = None,
    key: KeyFile = None,
    out: Keep = None,
    as_json: AsJson = False,
) -> None:
    """Fetch the proof that the log only grew, and verify it here against the checkpoints kept outside."""
    outside = _checkpoints(config_of(context), checkpoint)
    _prove(context, "consistency", {"first": first, "second": second}, outside, key, out, as_json=as_json)


def _prove(
    context: typer.Context,
    kind: str,
    asked: Mapping[str, object],
    outside: list[str],
    key: Path | None,
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    answer = network_of(context).get("audit", f"api/v1/proofs/{kind}", **asked)
    with tempfile.TemporaryDirectory() as folder:
        path = out or Path(folder) / "proof.json"
        path.write_text(json.dumps(answer) + "\n", encoding="utf-8")
        code = run(["--proof", str(path), *outside, *_key(config_of(context), key)], as_json=as_json)
    raise typer.Exit(code)


def run(arguments: list[str], *, as_json: bool) -> int:
    """The independent program, and its exit code."""
    command = [sys.executable, str(PROGRAM), *arguments, *(["--json"] if as_json else [])]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own program


def kind_of(file: Path) -> str:
    """What a file is, by how it begins."""
    with file.open("rb") as content:
        beginning = content.readline(1 << 16)
    if beginning.startswith(b"LNR1:"):
        return "--receipt"
    return "--export" if b'"format"' in beginning else "--proof"


def fetch(network: Network, folder: Path) -> Path:
    """The hashes of the whole log as a file, however long it is."""
    path = folder / "log.ndjson"
    network.download_to("audit", "api/v1/export/hashes", path)
    showing.err.print("[dim]The hashes were fetched from the audit service.[/]")
    return path


def _checkpoints(config: Config, given: Path | None) -> list[str]:
    chosen = given or config.audit_checkpoints
    if not chosen:
        raise ConfigError("Name what to verify against: --checkpoint FILE-OR-FOLDER and --key FILE.")
    return ["--checkpoint", str(chosen)]


def _key(config: Config, given: Path | None) -> list[str]:
    chosen = given or config.audit_key
    if not chosen:
        raise ConfigError("Name what to verify against: --checkpoint FILE-OR-FOLDER and --key FILE.")
    return ["--key", str(chosen)]
