"""`lotse unit`: when a partner's unit is left alone, and who takes its mail while nobody is there."""

from datetime import datetime
from typing import Annotated, Any

import typer

from lotse import showing
from lotse.commands.partner import Organization, organization_id
from lotse.session import network_of
from lotse.showing import AsJson

HELP = "When a partner's unit is left alone, and who takes its mail while nobody is there."
app = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode=None)
Day = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], metavar="DAY")]


@app.command("list")
def list_units(context: typer.Context, as_json: AsJson = False) -> None:
    """Whoever is told by mail, with hours and substitute.

    \b
    lotse unit list
    """
    rows = network_of(context).get("notifications", "operator/units")["units"]
    if as_json:
        showing.as_json(rows)
        return
    columns = ("organization_id", "name", "quiet_from", "quiet_until", "from_on", "until_on", "substitute_mailbox")
    showing.table(rows, (*columns, "absence_id", "waiting"), empty="No unit is told by mail.")


@app.command()
def quiet(
    context: typer.Context,
    organization: Annotated[str, typer.Argument(help="Its id, its slug, or `everybody`.")],
    begins: Annotated[str, typer.Argument(help="Such as 19:00; left out, mail is welcome at any time.")] = "",
    ends: Annotated[str, typer.Argument(help="Such as 07:00.")] = "",
    as_json: AsJson = False,
) -> None:
    """Hold mail back in these hours; what is urgent leaves all the same.

    \b
    lotse unit quiet jobcenter-aachen 19:00 07:00
    lotse unit quiet everybody
    """
    path = f"organizations/{organization_id(organization)}" if organization != "everybody" else "units/everybody"
    told = network_of(context).put("notifications", f"operator/{path}/quiet-hours", {"begins": begins, "ends": ends})
    _say(told, as_json, f"Quiet from {begins} until {ends}." if begins or ends else "Mail is welcome at any time.")


@app.command()
def absent(
    context: typer.Context,
    organization: Organization,
    first: Day,
    last: Day,
    substitute: Annotated[str, typer.Option(help="A mailbox of the same organization.")],
    as_json: AsJson = False,
) -> None:
    """From the first to the last day the substitute gets the mail; it ends by itself.

    \b
    lotse unit absent jobcenter-aachen 2026-12-24 2027-01-03 --substitute team-b@jobcenter.example
    """
    body = {
        "from_on": first.date().isoformat(),
        "until_on": last.date().isoformat(),
        "substitute_mailbox": substitute,
    }
    path = f"operator/organizations/{organization_id(organization)}/absences"
    told = network_of(context).post("notifications", path, body)
    _say(told, as_json, f"Entered as {told['absence_id']}.")


@app.command()
def back(
    context: typer.Context,
    absence: Annotated[str, typer.Argument(help="The id of the absence.")],
    as_json: AsJson = False,
) -> None:
    """They are back early.

    \b
    lotse unit back 0190b0f5-...
    """
    told = network_of(context).post("notifications", f"operator/absences/{absence}/end")
    _say(told, as_json, "The unit gets its own mail again.")


def _say(told: Any, as_json: bool, words: str) -> None:
    showing.as_json(told) if as_json else showing.say(words)
