"""How the stand-ins take part: the labelled demo rows, with what is only known once the demo runs."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

#: Nobody is referred there, but the body takes part: without its word a demo would begin with a mail that asks for it.
ALSO_TRUE = ("agentur-arbeit",)
ROWS = Path(__file__).parent / "data" / "participation.ndjson"


def participations(
    today: date, *, webhook_urls: Mapping[str, str], public_keys: Mapping[str, Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The rows of one import: each stand-in's participation and its word, given today, that its entries are true.

    Addresses and keys are given by the organization's slug.
    """
    for line in ROWS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        slug = row["organization_id"]
        if slug in webhook_urls:
            row["channel"]["webhook_url"] = webhook_urls[slug]
        if slug in public_keys:
            row["public_key"] = dict(public_keys[slug])
        yield row
        yield from (_word(terms["service_id"], today) for terms in row["terms"])
    yield from (_word(name, today) for name in ALSO_TRUE)


def _word(service_id: str, today: date) -> dict[str, Any]:
    """A stand-in says that this entry is true."""
    return {"object": "report", "service_id": service_id, "assured_date": today.isoformat()}
