"""`lotse backup` and `lotse restore`: put the network's state aside, and back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from lotse import showing
from lotse.backups import postgres, restoring, taking
from lotse.backups.postgres import Place
from lotse.backups.restoring import Backup
from lotse.config import DATABASES, Config
from lotse.session import broker_of, config_of
from lotse.showing import AsJson

PUBLISHES = ("service", "letters")
OLDER = """The log is sound as it was backed up ({entries} entries), but {detail}.
Audit appends nothing to it. Look for a newer copy of its database (archived write-ahead log reaches to the last minute)
and restore that. If there is none, tell the data-protection officer and the witnesses, and go on as docs/operations.md
says under "A log older than what was published"."""


def backup(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The folder to make for the data; must not exist.")],
    keys_out: Annotated[Path, typer.Option(help="The folder to make for the persons' keys, kept by other hands.")],
    as_json: AsJson = False,
) -> None:
    """Put everything aside while the network runs; both folders are whole, or not there.

    No key of a service is copied: what has to lie in the escrow is listed with thumbprints.

    \b
    lotse backup --out /backup/data/2026-11-26 --keys-out /vault/keys/2026-11-26
    """
    config = config_of(context)
    broker = broker_of(context) if config.management_url else None
    said = taking.take(config, broker, out, keys_out, _tell)
    if as_json:
        showing.as_json({"id": said.id, "files": said.files, "databases": said.databases, "escrow": said.escrow})
        return
    rows = [{"file": name, **facts} for name, facts in said.files.items()]
    showing.table(rows, ("file", "bytes", "sha256"))
    showing.say(f"\nData in {out}, persons' keys in {keys_out}. These must lie in the escrow, or nothing opens:")
    escrow = [{"service key": name, "wraps": keys} for name, keys in said.escrow["service_keys"].items()]
    showing.table(escrow, ("service key", "wraps"), empty="No service key: nobody is recorded.")
    files = [{"key file": name, "sha256": digest} for name, digest in said.escrow["key_files"].items()]
    showing.table(files, ("key file", "sha256"), empty="No key files are named (LOTSE_KEY_FILES).")


def restore(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The backup of the data.")],
    keys: Annotated[Path | None, typer.Option(help="The backup of the persons' keys that belongs to it.")] = None,
    only: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(DATABASES)}; again for more.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Verify the log against what was published.")] = False,
    replay: Annotated[str | None, typer.Option(help="How to run `replay-deletions` with referral's settings.")] = None,
    as_json: AsJson = False,
) -> None:
    """Into empty databases, while no role runs; then the erased are erased again. Exit 1 if anything is left to do.

    \b
    lotse restore /backup/data/2026-11-26 --keys /vault/keys/2026-11-26 --verify
    """
    config, names = config_of(context), _names(only)
    found = Backup.at(folder, keys, names)
    places = postgres.places_of(config.databases, DATABASES)
    restoring.put_back(found, {name: places[name] for name in names}, config, _tell)
    if {"referral", taking.KEY_STORE} & set(names):
        restoring.replay_deletions(replay, _tell)
    answer = {"backup": found.said.id, "taken_at": found.said.begun_at, "restored": names, **_to_be_said(places)}
    if verify:
        answer["log"] = _verified(config, found, places["audit"])
    if as_json:
        showing.as_json(answer)
    else:
        _show(answer)
    raise typer.Exit(0 if answer.get("log", {"ok": True})["ok"] else 1)


def _names(only: list[str] | None) -> list[str]:
    if unknown := set(only or ()) - set(DATABASES):
        raise typer.BadParameter(f"no database: {', '.join(sorted(unknown))}", param_hint="--only")
    return [name for name in DATABASES if not only or name in only]


def _to_be_said(places: Mapping[str, Place]) -> dict[str, Any]:
    missed = [
        {"sender": one.sender, "hearer": one.hearer, "events": one.events, "command": one.command}
        for one in restoring.missed(places)
    ]
    return {"publishes": restoring.waiting(places), "say_again": missed}


def _verified(config: Config, found: Backup, place: Place) -> dict[str, Any]:
    """Against what lies outside now; where that is lost, against the copy, which shows less."""
    outside = Path(config.audit_checkpoints)
    is_lost = not config.audit_checkpoints or not any(outside.glob("*.note"))
    against = restoring.checkpoints_of(found) if is_lost else outside
    result = restoring.verify_log(place, against, Path(config.audit_key))
    finding = result.get("finding") or {}
    if finding.get("kind") == "truncated" and not is_lost:
        result["as_backed_up"] = restoring.verify_log(place, restoring.checkpoints_of(found), Path(config.audit_key))
    return {"against": str(against), "ok": False, **result}


def _show(answer: Mapping[str, Any]) -> None:
    showing.say(f"Restored: {', '.join(answer['restored'])}, as of {answer['taken_at']}.")
    showing.say("\nWhat the relays publish as soon as they run; whoever heard it before drops it:")
    showing.table([{"service": one, "letters": count} for one, count in answer["publishes"].items()], PUBLISHES)
    showing.say("\nOn its way at that moment. To be said once more, when topology and relays stand again:")
    showing.table(answer["say_again"], ("events", "command"), empty="Nothing.")
    if log := answer.get("log"):
        _show_log(log)


def _show_log(log: Mapping[str, Any]) -> None:
    showing.say("")
    if log["ok"]:
        showing.say(f"The log holds: {log['entries']} entries, {log['checkpoints']} checkpoints in {log['against']}.")
        return
    finding = log.get("finding") or {"kind": "unreadable", "detail": log.get("unreadable", "")}
    if (sound := log.get("as_backed_up", {})).get("ok"):
        showing.complain(OLDER.format(entries=sound["entries"], detail=finding["detail"]))
    else:
        showing.complain(f"The log does not hold ({finding['kind']}): {finding['detail']}", "Keep everything as it is.")


def _tell(step: str) -> None:
    showing.err.print(f"[dim]{step}[/]")
