"""`lotse status`: is everything up, is anything waiting, is anything parked."""

from typing import Any

import typer

from lotse import showing
from lotse.broker import Broker, BrokerError
from lotse.config import SERVICES
from lotse.network import Network, ProblemError, UnreachableError
from lotse.session import network_of
from lotse.showing import AsJson

COLUMNS = ("service", "health", "unpublished", "held", "parked", "oldest_unpublished_s")


def status(context: typer.Context, as_json: AsJson = False) -> None:
    """How the four services and the broker are doing; exit 1 if something needs a hand, 3 if something is down."""
    network = network_of(context)
    rows = [_of_service(network, service) for service in SERVICES]
    queues = _queues(network)
    if as_json:
        showing.as_json({"services": rows, "queues": queues})
    else:
        showing.table(rows, COLUMNS)
        showing.say("")
        showing.table(queues, ("name", "messages", "consumers"), empty="The broker's management address is not known.")
    if any(row["health"] == "unreachable" for row in rows):
        raise typer.Exit(3)
    unwell = any(row["health"] != "ready" or row.get("parked") for row in rows)
    stranded = any(queue["messages"] for queue in queues if queue["name"] in {"dead", "unrouted"})
    raise typer.Exit(1 if unwell or stranded else 0)


def _of_service(network: Network, service: str) -> dict[str, Any]:
    row: dict[str, Any] = {"service": service, "health": network.is_ready(service)}
    if row["health"] == "unreachable":
        return row
    try:
        seen = network.get(service, "operator/status")
    except ProblemError as error:
        return row | {"health": f"{row['health']}, status: {error}"}
    except UnreachableError as error:
        return row | {"health": str(error)}
    outbox = seen.get("outbox", {})
    return row | {
        "unpublished": outbox.get("unpublished"),
        "oldest_unpublished_s": outbox.get("lag_seconds"),
        "held": seen.get("held"),
        "parked": seen.get("parked"),
    }


def _queues(network: Network) -> list[dict[str, Any]]:
    if not network.config.management_url:
        return []
    try:
        rows = Broker(network.config.management_url, network.config.vhost).queues()
    except BrokerError as error:
        raise UnreachableError(f"the broker's management does not answer ({error})") from error
    return [{name: row.get(name, 0) for name in ("name", "messages", "consumers")} for row in rows]
