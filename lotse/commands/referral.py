"""`lotse referral`: where one referral stands; ids, codes and times, never a name."""

from typing import Annotated

import typer

from lotse import showing
from lotse.session import network_of
from lotse.showing import AsJson

HELP = "Where one referral stands; ids, codes and times, never a name."
app = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode=None)


@app.callback()
def about() -> None:
    """Keeps the command's name although there is only one."""


@app.command()
def show(
    context: typer.Context,
    referral: Annotated[str, typer.Argument(help="Its reference (R-…) or id.")],
    as_json: AsJson = False,
) -> None:
    """Status, partner, deadlines, deliveries and history of one referral.

    \b
    lotse referral show R-2026-7K3F
    """
    network = network_of(context)
    seen = network.get("referral", f"operator/referrals/{referral}")
    identity = seen.get("id") or seen.get("referral_id")
    deliveries = network.get("notifications", "operator/deliveries", referral_id=identity)["deliveries"]
    if as_json:
        showing.as_json({**seen, "deliveries": deliveries})
        return
    showing.details(seen, without=("timeline",))
    for title, rows, columns in (
        ("History", seen.get("timeline") or [], ("at", "type", "status", "actor", "by_hand")),
        ("Deliveries", deliveries, ("delivery_id", "kind", "channel", "state", "cause")),
    ):
        showing.say(f"\n{title}")
        showing.table(rows, columns)
