"""By which channel a partner is reached: what was written down, and what is in force until a second person agrees.

A channel is everything that says where notices go: the kind, its address, and the mailbox of the agreement.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from contracts.codes import ChannelKind

Document = Mapping[str, Any]
Json = dict[str, Any]
#: Reached by none: how every partner begins.
NOWHERE: Document = {"channel": {"kind": ChannelKind.NONE.value}}


def written(participation: Document) -> Json:
    """Where notices go as a participation has it."""
    contact = participation.get("agreement", {}).get("contact")
    return {"channel": dict(participation["channel"]), **({"contact": contact} if contact else {})}


def given_up(in_force: Document | None, wanted: Document) -> Json:
    """What stays in force at once: nobody has to agree to notices going nowhere, or to the contact no more."""
    before = in_force or NOWHERE
    ends = wanted["channel"]["kind"] == ChannelKind.NONE
    channel = {"channel": dict(NOWHERE["channel"] if ends else before["channel"])}
    return channel | ({"contact": before["contact"]} if "contact" in before and "contact" in wanted else {})


def used(participation: Document, in_force: Document | None) -> Json:
    """The participation as it is told: with the channel in force, whatever was written down since."""
    reached_by = in_force or NOWHERE
    told = {**participation, "channel": dict(reached_by["channel"])}
    if "agreement" in participation:
        agreement = {name: value for name, value in participation["agreement"].items() if name != "contact"}
        told["agreement"] = agreement | ({"contact": reached_by["contact"]} if "contact" in reached_by else {})
    return told


def thumbprint(reached_by: Document) -> str:
    """What a channel is known by, made like a key's (RFC 7638): who confirms says what she looked at."""
    text = json.dumps(reached_by, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
