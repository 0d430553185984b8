"""How persons' keys are kept: a page for whoever answers for data protection, and the same figures for operators."""

from collections.abc import Mapping
from typing import Any

from apiflask import APIBlueprint
from flask import render_template

from services.chassis.db import Connection
from services.chassis.errors import UnavailableError
from services.chassis.room import room
from services.referral.queries.custody import UNNAMED, custody
from services.referral.web.callers import house
from services.referral.web.protection import guardians


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("key_custody", __name__, url_prefix="/referral/data-protection", enable_openapi=False)
    pages.get("/keys")(page)
    return pages


@guardians
def page() -> str:
    """Which service key holds how much, whether everything hangs on the current one, which erasures are not done."""
    keys = house().keys
    with room().unit.db.read() as connection:
        found = custody(connection, keys)
    names = sorted({name for counts in found.held.values() for name in counts}, key=lambda name: name in found.former)
    return render_template("referral/protection/keys.html", custody=found, names=names, unnamed=UNNAMED)


def status(connection: Connection) -> Mapping[str, Any]:
    """For `/referral/operator/status`, which has to answer while the key store does not."""
    try:
        return {"keys": custody(connection, house().keys).figures()}
    except UnavailableError:
        return {"keys": {"store": "unavailable"}}
