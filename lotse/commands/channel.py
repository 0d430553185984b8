"""`lotse channel`: try a partner's channel, send again what it lost, change its webhook's secret, switch it on."""

import time
from datetime import datetime
from typing import Annotated, Any

import typer

from lotse import showing
from lotse.commands.partner import Organization, organization_id
from lotse.network import Network
from lotse.session import network_of
from lotse.showing import AsJson

HELP = "Try a partner's channel, send again what it lost, change its webhook's secret, switch it on."
app = typer.Typer(no_args_is_help=True, help=HELP, rich_markup_mode=None)
SETTLED = frozenset({"confirmed", "parked", "withdrawn"})
LOOK_SECONDS = 0.5


@app.command("list")
def list_webhooks(context: typer.Context, as_json: AsJson = False) -> None:
    """Webhooks where nothing arrives, those switched off first.

    \b
    lotse channel list
    """
    rows = network_of(context).get("notifications", "operator/webhooks")["webhooks"]
    if as_json:
        showing.as_json(rows)
        return
    columns = ("organization_id", "cause", "failing_since", "disabled_at", "waiting")
    showing.table(rows, columns, empty="Every webhook takes its notices.")


@app.command()
def ping(
    context: typer.Context,
    organization: Organization,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the outcome.")] = 30.0,
    as_json: AsJson = False,
) -> None:
    """Send a notice about nothing and say whether it arrived; exit 1 if it did not.

    By queue and pull it has left when it lies there; only the partner can say that it was read.

    \b
    lotse channel ping ihk-aachen
    """
    network = network_of(context)
    made = network.post("notifications", f"operator/organizations/{organization_id(organization)}/test")
    row = _outcome(network, made["delivery_id"], wait)
    if as_json:
        showing.as_json(row)
    else:
        showing.details(row, without=("attempts",))
    left_at_once = row["channel"] != "webhook" and row["state"] == "sent"
    raise typer.Exit(0 if left_at_once or row["state"] == "confirmed" else 1)


def _outcome(network: Network, delivery_id: str, wait: float) -> Any:
    until = time.monotonic() + wait
    while True:
        row = network.get("notifications", f"operator/deliveries/{delivery_id}")
        is_settled = row["state"] in SETTLED or (row["channel"] != "webhook" and row["state"] == "sent")
        if is_settled or time.monotonic() >= until:
            return row
        time.sleep(LOOK_SECONDS)


@app.command()
def replay(
    context: typer.Context,
    organization: Organization,
    since: Annotated[datetime, typer.Option(help="From this moment on, in local time.")],
    as_json: AsJson = False,
) -> None:
    """Send everything since a moment once more, under the same ids, oldest first.

    \b
    lotse channel replay ihk-aachen --since 2026-11-20T08:00:00
    """
    path = f"operator/organizations/{organization_id(organization)}/replay"
    moment, leaving, after = since.astimezone().isoformat(), 0, 0
    while True:
        answer = network_of(context).post("notifications", path, {"since": moment, "after": after})
        leaving += answer["leaving"]
        if answer["next"] is None:
            break
        after = answer["next"]
    told = {"organization_id": str(organization_id(organization)), "since": moment, "leaving": leaving}
    showing.as_json(told) if as_json else showing.say(f"{leaving} notices leave once more.")


@app.command()
def secret(
    context: typer.Context,
    organization: Organization,
    overlap_hours: Annotated[int, typer.Option(help="How long the old secret signs, too; 0 if others know it.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Make a new secret for a webhook; it is shown once.

    \b
    lotse channel secret ihk-aachen --overlap-hours 48
    """
    path = f"operator/organizations/{organization_id(organization)}/webhook-secret"
    made = network_of(context).put("notifications", path, {"overlap_hours": overlap_hours})
    if as_json:
        showing.as_json(made)
        return
    showing.details(made)
    showing.say("Hand it over by a safe way; it is not shown again.")


@app.command()
def enable(context: typer.Context, organization: Organization, as_json: AsJson = False) -> None:
    """Call a webhook again that was switched off; what waited leaves.

    \b
    lotse channel enable ihk-aachen
    """
    path = f"operator/organizations/{organization_id(organization)}/webhook/enable"
    told = network_of(context).post("notifications", path)
    showing.as_json(told) if as_json else showing.say(f"Switched on; {told['leaving']} notices leave.")
