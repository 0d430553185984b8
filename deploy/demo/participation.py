"""How the stand-ins take part: the labelled demo rows, with what is only known once the demo runs."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

ROWS = Path(__file__).parent / "data" / "participation.ndjson"


def participations(
    today: date, *, webhook_urls: Mapping[str, str], public_keys: Mapping[str, Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Each stand-in's row, assured today; addresses and keys by the organization's slug.

    The rows can go into one import (``POST /directory/operator/imports``, one JSON object per line) or each to
    ``PUT /directory/operator/organizations/<slug>/participation``.
    """
    for line in ROWS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        slug = row["organization_id"]
        row["terms"] = [{**terms, "assured_date": today.isoformat()} for terms in row["terms"]]
        if slug in webhook_urls:
            row["channel"]["webhook_url"] = webhook_urls[slug]
        if slug in public_keys:
            row["public_key"] = dict(public_keys[slug])
        yield row
