"""`lotse partner key`: the life of a partner's public keys."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from lotse import clients, showing
from lotse.config import ConfigError
from lotse.network import Network
from lotse.session import network_of
from lotse.showing import AsJson

HELP = "A partner's public keys: which there are, a next one, the end of one."
app = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode=None)
Organization = Annotated[str, typer.Argument(help="The organization's id, or the slug the directory knows it by.")]
File = Annotated[Path, typer.Argument(help="Its public JSON Web Key, with `kid` and `use` (enc or sig).")]
Thumbprint = Annotated[str, typer.Option(help="RFC 7638 thumbprint, as the partner told it by another way.")]
NotBefore = Annotated[datetime | None, typer.Option(help="From when it counts (UTC); now if not said.")]
NotAfter = Annotated[datetime | None, typer.Option(help="Until when it counts (UTC); no end if not said.")]
COLUMNS = ("kid", "use", "state", "not_before", "not_after", "revoked_at", "thumbprint")


@app.command("list")
def list_keys(context: typer.Context, organization: Organization, as_json: AsJson = False) -> None:
    """Every key and how it stands; exit 1 if none to seal to counts, or the last one ends within 30 days.

    \b
    lotse partner key list hwk-aachen
    """
    keys = network_of(context).get("directory", f"operator/organizations/{organization}/keys")["keys"]
    show(keys, as_json)
    raise typer.Exit(1 if ends_soon(keys, datetime.now(UTC)) else 0)


@app.command()
def add(
    context: typer.Context,
    organization: Organization,
    file: File,
    thumbprint: Thumbprint,
    not_before: NotBefore = None,
    not_after: NotAfter = None,
    as_json: AsJson = False,
) -> None:
    """Take in a key beside those there are, such as the first one to check receipts with.

    \b
    lotse partner key add hwk-aachen sign.public.json --thumbprint NzbLs...
    """
    hand_in(network_of(context), organization, entry(file, thumbprint, not_before, not_after), as_json)


@app.command()
def rotate(
    context: typer.Context,
    organization: Organization,
    file: File,
    thumbprint: Thumbprint,
    old_for_days: Annotated[int, typer.Option(help="How long the former key is accepted besides.", min=0)] = 14,
    not_before: NotBefore = None,
    not_after: NotAfter = None,
    as_json: AsJson = False,
) -> None:
    """Take in the next key; from its beginning it is sealed to, the former is accepted for some days more.

    \b
    lotse partner key rotate hwk-aachen 2027.public.json --thumbprint NzbLs... --old-for-days 14
    """
    begins = aware(not_before) or datetime.now(UTC)
    until = (begins + timedelta(days=old_for_days)).isoformat().replace("+00:00", "Z")
    given = entry(file, thumbprint, not_before, not_after) | {"old_until": until}
    hand_in(network_of(context), organization, given, as_json)


@app.command()
def confirm(
    context: typer.Context,
    organization: Organization,
    thumbprint: Thumbprint,
    as_lead: Annotated[bool, typer.Option("--lead", help="As the lead, with the lead's client.")] = False,
    as_json: AsJson = False,
) -> None:
    """Confirm a key that somebody else took in; before that it is used for nothing.

    Ask the partner for the thumbprint yourself, by another way than the key came. Needs a client of your own: who
    took the key in cannot confirm it.

    \b
    lotse partner key confirm hwk-aachen --thumbprint NzbLs...
    """
    network = network_of(context)
    mine = Network(network.config.as_lead()) if as_lead else network
    path = f"operator/organizations/{organization}/keys/confirmations"
    show(mine.post("directory", path, {"thumbprint": thumbprint})["keys"], as_json)


@app.command()
def revoke(
    context: typer.Context,
    organization: Organization,
    kid: Annotated[str, typer.Argument(help="The key's id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """End a key at once: what waits under it is sealed anew at the fetch, or withheld until there is another.

    \b
    lotse partner key revoke hwk-aachen key-2026
    """
    if not yes:
        typer.confirm(f"Revoke {kid} of {organization} for good?", abort=True)
    path = f"operator/organizations/{organization}/keys/{kid}/revocation"
    show(network_of(context).post("directory", path)["keys"], as_json)


def entry(file: Path, thumbprint: str, begins: datetime | None, ends: datetime | None) -> dict[str, Any]:
    """What is handed in: one public key, its fingerprint, its life."""
    keys = clients.public_keys(file)
    if len(keys) != 1:
        raise ConfigError(f"{file} must hold one key: each has a life and a fingerprint of its own.")
    times = {"not_before": aware(begins), "not_after": aware(ends)}
    life = {name: at.isoformat().replace("+00:00", "Z") for name, at in times.items() if at}
    return {"key": keys[0], "thumbprint": thumbprint, **life}


def aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


def hand_in(network: Network, organization: str, given: dict[str, Any], as_json: bool) -> None:
    show(network.post("directory", f"operator/organizations/{organization}/keys", given)["keys"], as_json)


def show(keys: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        showing.as_json(keys)
        return
    showing.table(keys, COLUMNS, empty="No key on file.")
    if any(one["state"] == "waits" for one in keys):
        showing.say("`waits`: used for nothing before a second person confirms it (lotse partner key confirm).")


def ends_soon(keys: list[dict[str, Any]], now: datetime) -> bool:
    """Nothing to seal to counts, or nothing will a month from now."""
    later = now + timedelta(days=30)
    return not any(
        one["use"] == "enc"
        and one["state"] in ("counts", "ahead")
        and ("not_after" not in one or datetime.fromisoformat(one["not_after"]) > later)
        for one in keys
    )
