"""``python -m services.referral.record_of_processing [--json]``: the record of processing for the file (Art. 30)."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from services.chassis.clock import SystemClock
from services.chassis.config import ConfigError, load
from services.chassis.db import Database
from services.referral import config
from services.referral.queries import processing
from services.referral.queries.attention import Asked
from services.referral.queries.processing import Span


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m services.referral.record_of_processing")
    parser.add_argument("--json", action="store_true", help="as JSON; otherwise Markdown")
    parser.add_argument("--days", type=int, default=365, help="how far back the flows are counted")
    options = parser.parse_args(arguments)
    try:
        settings = load("referral")
        own = config.load(settings)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    clock = SystemClock()
    span = Span(clock.today() - timedelta(days=options.days), clock.today())
    with Database(settings.database_url, 1, 1, name="referral.record") as db, db.read() as connection:
        found = processing.record(connection, own, Asked(None, clock.now(), clock.today()), span)
    text = json.dumps(found, ensure_ascii=False, indent=2, default=str) if options.json else as_markdown(found)
    sys.stdout.write(f"{text}\n")
    return 0


def as_markdown(found: dict[str, Any]) -> str:
    """The same for people, in plain tables."""
    parts = [
        "# Record of processing (GDPR Art. 30)",
        f"Made at {found['made_at']} from the configuration {found['configuration_sha256']}.",
        "## Controllers",
        *(
            f"- {one['name']}, {one['address']}, {one['email']}; DPO: {one['dpo']['email']}"
            for one in found["controllers"]
        ),
        "## Purposes\n\n| purpose | needs recorded |\n|---|---|",
        *(f"| {one['purpose']} | {one['count']} |" for one in found["purposes"]),
        "## Grounds\n\n| what is done | purposes | GDPR Art. 6 | Art. 9 | to be confirmed |\n|---|---|---|---|---|",
        *(
            f"| {one['what']} | {', '.join(one['purposes']) or '–'} | {one['article_6']} | {one['article_9']} |"
            f" {'[law]' if one['law'] else ''} |"
            for one in found["grounds"]
        ),
        "## Data subjects\n\n| kind | persons |\n|---|---|",
        *(f"| {kind} | {count} |" for kind, count in found["subjects"].items()),
        "## Categories of data\n\n| category | of a person | of an employer | special |\n|---|---|---|---|",
        *(
            f"| {one['category']} | {', '.join(one['person'])} | {', '.join(one['employer'])} |"
            f" {'Art. 9' if one['special'] else ''} |"
            for one in found["categories"]
        ),
        "## Recipients\n\n| recipient | agreement | law | until | takes | may tell back |\n|---|---|---|---|---|---|",
        *(_recipient(one) for one in found["recipients"]),
        "## Third countries (GDPR Art. 44-49)\n\n| recipient | country | who | carried by |\n|---|---|---|---|",
        *_third_countries(found),
        "## Periods [law]\n\n| what | how long |\n|---|---|",
        *(f"| {one['what']} | {one['amount']} {one['unit']} |" for one in found["periods"]),
        f"## What left from {found['span']['first']} to {found['span']['last']}\n\n"
        "| recipient | way | ground | how often | categories |\n|---|---|---|---|---|",
        *(
            f"| {one['organization_id']} | {one['point']} | {one['ground']} | {one['count']} |"
            f" {', '.join(one['categories'])} |"
            for one in found["flows"]
        ),
        *(
            f"| {one['organization_id'] or 'not in the directory'} | told outside | {one['ground']} | {one['count']} |"
            f" {', '.join(one['categories'])} |"
            for one in found["told_outside"]
        ),
        "## Measures\n\n| measure | shown by |\n|---|---|",
        *(f"| {what} | {test} |" for what, test in found["measures"].items()),
    ]
    return "\n".join(f"\n{part}" if part.startswith("#") else part for part in parts).strip()


def _third_countries(found: dict[str, Any]) -> list[str]:
    """One line per transfer, and one for each recipient of whom nothing or none is stated."""
    told = found["third_countries"]
    names = {one["organization_id"]: _name(one) for one in found["recipients"]}
    return [
        *(
            f"| {names[one['organization_id']]} | {one['country']} | {one['party']} | {one['safeguard']} |"
            for one in told["transfers"]
        ),
        *(f"| {names[party]} | not stated | – | – |" for party in told["not_stated"]),
        *(f"| {names[party]} | none | – | – |" for party in told["none"]),
    ]


def _name(one: dict[str, Any]) -> str:
    return str(one["name"].get("de") or next(iter(one["name"].values())))


def _recipient(one: dict[str, Any]) -> str:
    agreement = one["agreement"] or {}
    takes = sorted({category for service in one["services"] for category in service["categories"]})
    levels = sorted({service["back_level"] for service in one["services"]})
    footing = [agreement.get(part) or "–" for part in ("kind", "law", "valid_until")]
    return f"| {_name(one)} | {' | '.join(footing)} | {', '.join(takes)} | {', '.join(levels)} |"


if __name__ == "__main__":
    sys.exit(main())
