"""`lotse deliveries`: notices to partners, each attempt, and sending again."""

from typing import Annotated

import typer

from lotse import showing
from lotse.session import network_of
from lotse.showing import AsJson

HELP = "Notices to partners, each attempt, and sending again."
app = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode=None)
COLUMNS = ("delivery_id", "reference", "kind", "channel", "state", "attempts", "next_attempt_at", "cause")
Delivery = Annotated[str, typer.Argument(help="Its id, from `lotse deliveries list`.")]


@app.command("list")
def list_deliveries(
    context: typer.Context,
    state: Annotated[str | None, typer.Option(help="pending, sent, confirmed, failed, parked, withdrawn")] = None,
    referral: Annotated[str | None, typer.Option(help="Only of this referral (id).")] = None,
    organization: Annotated[str | None, typer.Option(help="Only to this organization (id).")] = None,
    as_json: AsJson = False,
) -> None:
    """Notices, the newest first.

    \b
    lotse deliveries list --state parked
    """
    seen = network_of(context).get(
        "notifications", "operator/deliveries", state=state, referral_id=referral, organization_id=organization
    )
    rows = seen["deliveries"]
    if as_json:
        showing.as_json(rows)
        return
    plain = [{**row, "attempts": _count(row.get("attempts"))} for row in rows]
    showing.table(plain, COLUMNS, empty="No deliveries.")


@app.command()
def show(context: typer.Context, delivery: Delivery, as_json: AsJson = False) -> None:
    """One delivery with every attempt.

    \b
    lotse deliveries show 0197c0de-…
    """
    row = network_of(context).get("notifications", f"operator/deliveries/{delivery}")
    if as_json:
        showing.as_json(row)
        return
    showing.details(row, without=("attempts",))
    if isinstance(row.get("attempts"), list):
        showing.say("")
        showing.table(row["attempts"], ("number", "began_at", "latency_ms", "succeeded", "status_code", "cause"))


@app.command()
def replay(context: typer.Context, delivery: Delivery, as_json: AsJson = False) -> None:
    """Send it again, with a fresh ladder of attempts.

    \b
    lotse deliveries replay 0197c0de-…
    """
    row = network_of(context).post("notifications", f"operator/deliveries/{delivery}/replay")
    showing.as_json(row) if as_json else showing.say(f"{delivery} is on its way again.")


def _count(attempts: object) -> object:
    return len(attempts) if isinstance(attempts, list) else attempts
