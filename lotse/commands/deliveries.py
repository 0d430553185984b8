"""`lotse deliveries`: notices to partners, each attempt, what is stuck, sending again and giving up."""

from typing import Annotated

import typer

from contracts.codes import DiscardReason
from lotse import showing
from lotse.commands.partner import organization_id
from lotse.session import network_of
from lotse.showing import AsJson

HELP = "Notices to partners, each attempt, what is stuck, sending again and giving up."
app = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode=None)
COLUMNS = ("delivery_id", "reference", "kind", "channel", "state", "attempts", "next_attempt_at", "cause")
Delivery = Annotated[str, typer.Argument(help="Its id, from `lotse deliveries list`.")]


@app.command("list")
def list_deliveries(
    context: typer.Context,
    state: Annotated[
        str | None, typer.Option(help="pending, sent, confirmed, failed, parked, withdrawn, discarded")
    ] = None,
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
    showing.details(row, without=("attempts", "envelope"))
    showing.details(row.get("envelope", {}))
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


@app.command()
def stuck(context: typer.Context, as_json: AsJson = False) -> None:
    """What does not get through, grouped by partner and cause; exit 1 if anything does not.

    \b
    lotse deliveries stuck
    """
    rows = network_of(context).get("notifications", "operator/deliveries", limit=1)["causes"]
    if as_json:
        showing.as_json(rows)
    else:
        columns = ("organization_id", "channel", "state", "cause", "count", "since", "next_at")
        showing.table(rows, columns, empty="Nothing is stuck.")
    raise typer.Exit(1 if rows else 0)


@app.command()
def lag(context: typer.Context, as_json: AsJson = False) -> None:
    """Per partner what is under way, the oldest not acknowledged, and how a day's attempts went.

    \b
    lotse deliveries lag
    """
    rows = network_of(context).get("notifications", "operator/lag")["partners"]
    columns = (
        *("organization_id", "channel", "leaving", "parked", "unacknowledged", "oldest_unacknowledged"),
        *("attempts", "failed", "median_ms", "slowest_ms"),
    )
    showing.as_json(rows) if as_json else showing.table(rows, columns, empty="Nothing is under way.")


Partner = Annotated[str | None, typer.Option("--organization", help="Only to this partner (id or slug).")]
Cause = Annotated[str | None, typer.Option(help="Only what fails for this cause, from `lotse deliveries stuck`.")]


@app.command()
def retry(
    context: typer.Context,
    organization: Partner = None,
    cause: Cause = None,
    everything: Annotated[bool, typer.Option("--all", help="Whatever is stuck, at every partner.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send on their way again whatever is stuck and fits, at once.

    \b
    lotse deliveries retry --organization ihk-aachen --cause http-500
    lotse deliveries retry --all
    """
    group = _group(organization, cause)
    if not group and not everything:
        raise typer.BadParameter("name a partner or a cause, or say --all")
    told = network_of(context).post("notifications", "operator/stuck/retries", group)
    showing.as_json(told) if as_json else showing.say(f"{told['handled']} are on their way again.")


@app.command()
def discard(
    context: typer.Context,
    reason: Annotated[DiscardReason, typer.Option(help="Why; kept in the audit log.")],
    delivery: Annotated[str | None, typer.Option(help="This one (id).")] = None,
    organization: Partner = None,
    cause: Cause = None,
    as_json: AsJson = False,
) -> None:
    """Give up one delivery, or a partner's that fail for one cause; the partner's feed keeps the notices.

    \b
    lotse deliveries discard --delivery 0197c0de-… --reason TOLD_ANOTHER_WAY
    lotse deliveries discard --organization ihk-aachen --cause http-404 --reason RECEIVER_GONE
    """
    network = network_of(context)
    if delivery:
        told = network.post("notifications", f"operator/deliveries/{delivery}/discard", {"reason": reason.value})
    elif organization and cause:
        body = {**_group(organization, cause), "reason": reason.value}
        told = network.post("notifications", "operator/stuck/discards", body)
    else:
        raise typer.BadParameter("name --delivery, or --organization and --cause")
    showing.as_json(told) if as_json else showing.say(f"{told.get('handled', 1)} given up.")


def _group(organization: str | None, cause: str | None) -> dict[str, str]:
    named = {"organization_id": str(organization_id(organization)) if organization else None, "cause": cause}
    return {name: value for name, value in named.items() if value}


def _count(attempts: object) -> object:
    return len(attempts) if isinstance(attempts, list) else attempts
