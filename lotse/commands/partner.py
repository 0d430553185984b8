"""`lotse partner`: let a partner's system in, shut it out, and repair what drifted."""

import secrets
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from contracts.identity import id_of
from contracts.topology import organization_of_user, partner_exchange, partner_queue, partner_user
from lotse import clients, showing, topology
from lotse.commands import key, partner_channel
from lotse.session import broker_of, config_of
from lotse.showing import AsJson

HELP = "Let a partner's system in, shut it out, and repair what drifted."
app = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode=None)
app.add_typer(key.app, name="key")
app.add_typer(partner_channel.app, name="channel")
Organization = Annotated[str, typer.Argument(help="The organization's id, or the slug the directory knows it by.")]


def organization_id(value: str) -> UUID:
    """The id itself, or the one a slug stands for."""
    try:
        return UUID(value)
    except ValueError:
        return id_of("organization", value)


@app.command()
def onboard(
    context: typer.Context,
    organization: Organization,
    amqp: Annotated[bool, typer.Option(help="Also a queue, an exchange and a broker user.")] = True,
    client_key: Annotated[
        Path | None, typer.Option(help="Its public JWK (Set): it signs in by key, no secret.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create queue, exchange, exact rights and OAuth client; again: new secrets, everything else stays.

    The secrets are shown once and kept nowhere in clear.

    \b
    lotse partner onboard hwk-aachen
    lotse partner onboard kia-aachen --no-amqp --client-key kia.public.json
    """
    identity, keys = organization_id(organization), clients.public_keys(client_key) if client_key else None
    answer: dict[str, Any] = {"organization_id": str(identity)}
    if amqp:
        password = secrets.token_urlsafe(24)
        topology.onboard(broker_of(context), identity, password)
        answer |= {"amqp_user": partner_user(identity), "amqp_password": password}
        answer |= {"reads": partner_queue(identity), "writes": partner_exchange(identity)}
    answer |= clients.ensure(config_of(context), organization, identity, keys)
    if as_json:
        showing.as_json(answer)
        return
    showing.details(answer)
    showing.say("Hand these over by a safe way; they are not shown again.")


@app.command()
def sync(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Name what drifted, repair nothing; exit 1 if any.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring every partner on the queue back to exactly what onboarding made; suspended ones stay suspended.

    \b
    lotse partner sync --check
    """
    broker = broker_of(context)
    partners = sorted(filter(None, map(organization_of_user, broker.users())), key=str)
    active = [one for one in partners if broker.permissions_of(partner_user(one)) is not None]
    drifted = {str(one): found for one in active if (found := topology.drift(broker, one))}
    if not check:
        for one in drifted:
            topology.onboard(broker, UUID(one), None)
    rows = [{"organization_id": one, "found": item} for one, found in drifted.items() for item in found]
    answer = {"partners": len(partners), "suspended": len(partners) - len(active), "drift": rows, "repaired": not check}
    if as_json:
        showing.as_json(answer)
    else:
        showing.table(rows, ("organization_id", "found"), empty=f"{len(active)} partners, all as they should be.")
    raise typer.Exit(1 if check and rows else 0)
