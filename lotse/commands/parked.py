"""`lotse parked`: messages put aside because they could not be handled; look, try again, or give up with a reason."""

from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from contracts.codes import DiscardReason
from lotse import showing
from lotse.config import SERVICES
from lotse.session import network_of
from lotse.showing import AsJson

HELP = "Messages put aside because they could not be handled; look, try again, or give up with a reason."
app = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode=None)
COLUMNS = ("service", "parked_id", "parked_at", "type", "subject", "sequence", "reason", "attempts")


class Service(StrEnum):
    """The services that hear."""

    DIRECTORY = "directory"
    REFERRAL = "referral"
    NOTIFICATIONS = "notifications"
    AUDIT = "audit"


Which = Annotated[Service, typer.Argument(help="The service that parked it.")]
Number = Annotated[int, typer.Argument(help="Its number, from `lotse parked list`.")]


@app.command("list")
def list_parked(
    context: typer.Context,
    service: Annotated[Service | None, typer.Option(help="Only this service.")] = None,
    as_json: AsJson = False,
) -> None:
    """What is parked, oldest first; exit 1 if anything is.

    \b
    lotse parked list --service notifications
    """
    network = network_of(context)
    rows: list[dict[str, Any]] = []
    for name in [service.value] if service else SERVICES:
        rows += [{"service": name, **row} for row in network.get(name, "operator/parked")["parked"]]
    if as_json:
        showing.as_json(rows)
    else:
        showing.table(rows, COLUMNS, empty="Nothing is parked.")
    raise typer.Exit(1 if rows else 0)


@app.command()
def show(context: typer.Context, service: Which, number: Number, as_json: AsJson = False) -> None:
    """Everything about one parked message but its content.

    \b
    lotse parked show referral 17
    """
    row = network_of(context).get(service, f"operator/parked/{number}")
    showing.as_json(row) if as_json else showing.details(row)


@app.command()
def retry(
    context: typer.Context,
    service: Which,
    number: Annotated[int | None, typer.Argument(help="Its number; left out: all, or all for one reason.")] = None,
    reason: Annotated[str | None, typer.Option(help="All that are parked for this reason.")] = None,
    as_json: AsJson = False,
) -> None:
    """Handle it once more, or all of a kind; what waits behind it follows.

    \b
    lotse parked retry referral 17
    lotse parked retry referral --reason bug
    """
    network = network_of(context)
    if number is not None:
        told = network.post(service, f"operator/parked/{number}/retry")
    else:
        told = network.post(
            service, "operator/parked/retries" + (f"?{urlencode({'reason': reason})}" if reason else "")
        )
    showing.as_json(told) if as_json else showing.say(f"{service}: {len(told.get('parked', [number]))} tried again.")


@app.command()
def discard(
    context: typer.Context,
    service: Which,
    number: Number,
    reason: Annotated[DiscardReason, typer.Option(help="Why it may be given up; kept in the audit log.")],
    as_json: AsJson = False,
) -> None:
    """Give it up for good; it counts as heard, and the reason is audited.

    \b
    lotse parked discard referral 17 --reason DUPLICATE
    """
    row = network_of(context).post(service, f"operator/parked/{number}/discard", {"reason": reason.value})
    showing.as_json(row) if as_json else showing.say(f"{service} {number} is discarded.")
