"""`lotse desk`: units that work by mail and desk page - give a code past their mailbox, take devices back.

Needs the lead's client: whoever runs the mail server must not be the one who gives codes out.
"""

from enum import StrEnum
from typing import Annotated, Any

import typer

from lotse import showing
from lotse.commands.partner import Organization, organization_id
from lotse.network import Network
from lotse.session import config_of
from lotse.showing import AsJson

HELP = "Units that work by mail and desk page: give a code past their mailbox, take devices back."
app = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode=None)
UNITS = "api/v1/desk-units"


class Way(StrEnum):
    """How the code reaches the unit; never its mailbox."""

    PHONE = "phone"
    LETTER = "letter"
    IN_PERSON = "in_person"


@app.command("list")
def list_units(context: typer.Context, as_json: AsJson = False) -> None:
    """Units with their open codes and known devices, those that wait for a code first.

    \b
    lotse desk list
    """
    units = _as_lead(context).get("referral", UNITS)["units"]
    if as_json:
        showing.as_json(units)
        return
    rows: list[dict[str, Any]] = []
    for unit in units:
        own = {"organization_id": unit["organization_id"], "waits": unit["waiting"]}
        rows += [{**own, "what": "code", "id": code["code_id"], "until": code["expires_at"]} for code in unit["codes"]]
        rows += [
            {**own, "what": "device", "id": one["device_id"], "until": one["expires_at"], "last_used": one["seen_at"]}
            for one in unit["devices"]
        ]
        rows += [] if unit["codes"] or unit["devices"] else [{**own, "what": "nothing"}]
    columns = ("organization_id", "waits", "what", "id", "until", "last_used")
    showing.table(rows, columns, empty="The directory knows no unit that is told by mail.")


@app.command()
def code(
    context: typer.Context,
    organization: Organization,
    way: Annotated[Way, typer.Option(help="How it reaches the unit.")] = Way.PHONE,
    as_json: AsJson = False,
) -> None:
    """Make a code that lets one device of the unit open dossiers; it is shown once.

    \b
    lotse desk code vuv-aachen --way letter
    """
    path = f"{UNITS}/{organization_id(organization)}/codes"
    made = _as_lead(context).post("referral", path, {"way": way.value})
    if as_json:
        showing.as_json(made)
        return
    showing.details(made)
    showing.say("Say it to a number you know, or post it; never send it by mail.")


@app.command()
def revoke(
    context: typer.Context,
    device: Annotated[str, typer.Argument(help="Its id, from `lotse desk list`.")],
    as_json: AsJson = False,
) -> None:
    """Let a device open nothing any more.

    \b
    lotse desk revoke 0197c0de-…
    """
    told = _as_lead(context).post("referral", f"{UNITS}/devices/{device}/revocations")
    showing.as_json(told) if as_json else showing.say(f"{device} opens nothing any more.")


def _as_lead(context: typer.Context) -> Network:
    return Network(config_of(context).as_lead())
