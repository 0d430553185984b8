"""What machines ask: is it alive, can it work, how is it doing."""

from apiflask import APIBlueprint
from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.chassis.access import public
from services.chassis.room import room


def blueprint(service: str) -> APIBlueprint:
    """``/<service>/health/live``, ``/health/ready`` and ``/metrics``: codes and numbers, open to the inner network."""
    probes = APIBlueprint("probes", __name__, url_prefix=f"/{service}", enable_openapi=False)
    probes.get("/health/live")(live)
    probes.get("/health/ready")(ready)
    probes.get("/metrics")(metrics)
    return probes


@public
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@public
def ready() -> dict[str, str]:
    """The process can work: its database answers. Raises UnavailableError (503) otherwise."""
    here = room()
    with here.unit.db.read() as connection:
        connection.execute("SELECT 1")
    here.refusals.flush(here.unit.clock.now())  # who asks this comes every few seconds
    return {"status": "ready"}


@public
def metrics() -> Response:
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)
