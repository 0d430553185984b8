"""The web role of referral with holes in it: `python -m tests.system.leaks.leaky`.

Each hole is a mistake somebody could make, and each lets out a word of its own, so that one can see whether it is
found. The product is patched from outside, in this process alone.
"""

import runpy
import sys
from typing import Any

from contracts.event import Slug
from contracts.referral import CommandRefused
from services.chassis import web
from services.chassis.logging import get_logger
from services.referral.commands import enquiries
from services.referral.queries import enquiries as queries

RECORD = enquiries.record_enquiry
HEAD = queries.head


def record_enquiry(work: Any, *arguments: Any, **named: Any) -> Any:
    """Logs the given name, and tells the network the city as a reason."""
    record = named["record"]
    get_logger().info("enquiry", reason=record["given_name"])
    slug = Slug(f"enquiry.{record['city'].lower()}")
    work.announce(
        CommandRefused(refusal_id=work.new_id(), referral_id=None, organization_id=None, slug=slug, action=None)
    )
    found = RECORD(work, *arguments, **named)
    HEAD_NAMES[found.id] = record["family_name"]
    return found


HEAD_NAMES: dict[Any, str] = {}


def head(found: Any) -> dict[str, Any]:
    """Answers with the family name, which the idempotency key then keeps."""
    return {**HEAD(found), "site": HEAD_NAMES.get(found.id, found.site)}


class Labels:
    """Measures requests by their whole address."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def labels(self, service: str, method: str, route: str, status: str) -> Any:
        return self._real.labels(service, method, web.request.full_path, status)


def main() -> None:
    enquiries.record_enquiry = record_enquiry
    queries.head = head
    web.SECONDS = Labels(web.SECONDS)  # type: ignore[assignment]
    sys.argv = ["services.referral", "web"]
    runpy.run_module("services.referral", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
