"""`lotse partner channel`: by which channel a partner is reached, and the one that waits for a second person."""

from typing import Annotated, Any

import typer

from contracts.codes import CHANNEL_REFUSALS
from lotse import showing
from lotse.network import Network
from lotse.session import network_of
from lotse.showing import AsJson

HELP = "By which channel a partner is reached: what is in force, what waits for a second person."
app = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode=None)
Organization = Annotated[str, typer.Argument(help="The organization's id, or the slug the directory knows it by.")]
Thumbprint = Annotated[str, typer.Option(help="Of the channel you looked at, as `show` names it.")]
AsLead = Annotated[bool, typer.Option("--lead", help="As the lead, with the lead's client.")]


@app.command(name="show")
def show_channel(context: typer.Context, organization: Organization, as_json: AsJson = False) -> None:
    """What is in force and what waits; exit 1 if one waits.

    \b
    lotse partner channel show hwk-aachen
    """
    found = network_of(context).get("directory", f"operator/organizations/{organization}/channel")
    show(found, as_json)
    raise typer.Exit(1 if "waits" in found else 0)


@app.command()
def confirm(
    context: typer.Context,
    organization: Organization,
    thumbprint: Thumbprint,
    as_lead: AsLead = False,
    as_json: AsJson = False,
) -> None:
    """Put a channel in force that somebody else wrote down; before that the former one is.

    Ask the partner yourself, on a number you had before. Needs a client of your own.

    \b
    lotse partner channel confirm hwk-aachen --thumbprint x4Yd...
    """
    decide(context, organization, "confirmations", {"thumbprint": thumbprint}, as_lead=as_lead, as_json=as_json)


@app.command()
def refuse(
    context: typer.Context,
    organization: Organization,
    thumbprint: Thumbprint,
    reason: Annotated[str, typer.Option(help=", ".join(CHANNEL_REFUSALS))],
    as_lead: AsLead = False,
    as_json: AsJson = False,
) -> None:
    """A channel that waits is not used; the partner is reached as before.

    \b
    lotse partner channel refuse hwk-aachen --thumbprint x4Yd... --reason not_from_partner
    """
    told = {"thumbprint": thumbprint, "reason": reason}
    decide(context, organization, "refusals", told, as_lead=as_lead, as_json=as_json)


def decide(
    context: typer.Context, organization: str, what: str, told: dict[str, str], *, as_lead: bool, as_json: bool
) -> None:
    network = network_of(context)
    mine = Network(network.config.as_lead()) if as_lead else network
    show(mine.post("directory", f"operator/organizations/{organization}/channel/{what}", told), as_json)


def show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        showing.as_json(found)
        return
    for name in ("in_force", "waits"):
        if name in found:
            showing.details({"stands": name, **row(found[name])})
    if "waits" in found:
        showing.say("`waits`: not used before a second person confirms it (lotse partner channel confirm).")


def row(reached_by: dict[str, Any]) -> dict[str, str]:
    channel = reached_by["channel"]
    address = channel.get("webhook_url") or channel.get("unit_mailbox")
    told = {"kind": channel["kind"], "address": address, "contact": reached_by.get("contact")}
    return {**told, "thumbprint": reached_by.get("thumbprint", "")}
