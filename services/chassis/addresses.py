"""Addresses that may be repeated or kept: our own pages, with the ids and codes in them and nothing that was typed.

Whoever mistypes an address, or types a name into a filter, would otherwise find it again in a link, in a table of
sign-ins under way, in another server's log.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from contracts import codes

#: What the directory's lists are of.
KINDS = (
    *("source", "area", "organization", "location", "service", "service_at_location"),
    *("competence", "participation", "report"),
)
#: Every code of every list: what filters and forms put into an address.
LISTS = [known for known in vars(codes).values() if isinstance(known, type) and issubclass(known, StrEnum)]
CODES = frozenset({"all", "overdue", "true", "false"}.union(KINDS, *LISTS))
#: Ids, numbers, days, languages, a referral's number, types of events, subjects and pseudonyms.
SHAPES = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{1,18}|[0-9]{4}-[0-9]{2}-[0-9]{2}|[a-z]{2}(-simple)?"
    r"|R-[0-9]{2}-[2-9A-HJKMNP-Z]{6}|(directory|referral|notifications|audit|partner)\.[a-z_]{3,60}\.v[0-9]+"
    r"|[a-z]{4,20}/[0-9a-f-]{36}|(staff|partner):[0-9a-f-]{16,64}"
)
NAME = re.compile(r"[a-z_]{1,24}")


def harmless_query(given: Mapping[str, str]) -> dict[str, str]:
    """What of a query are ids and codes; anything else might be what somebody typed."""
    known = (name for name, value in given.items() if value in CODES or SHAPES.fullmatch(value))
    return {name: given[name] for name in known if NAME.fullmatch(name)}


def harmless(address: str) -> str | None:
    """The address of a page of ours that is found by ids alone, with what is harmless of its query; otherwise None."""
    parts = urlsplit(address)
    try:
        _, inside = current_app.url_map.bind("", url_scheme="http").match(parts.path, method="GET")
    except (HTTPException, RequestRedirect, ValueError):
        return None
    if parts.scheme or parts.netloc or any(isinstance(value, str) for value in inside.values()):
        return None
    return f"{parts.path}?{urlencode(harmless_query(dict(parse_qsl(parts.query))))}".rstrip("?")
