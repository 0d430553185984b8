"""``python -m deploy.stack.stand_in SLUG``: one of the demo's partner systems as a container of its own.

Told what `make demo` tells it, and no more; the program is the same.
"""

import json
import os
import runpy
import sys
from pathlib import Path
from urllib.parse import quote

from contracts.topology import partner_user
from deploy.demo.participants import PARTICIPANTS, Participant, World
from deploy.stack.rooms import AUTHORITY, VHOST

ROOM = Path("/run/secrets")
WEBHOOK_PORT = 8080


def world_of(partner: Participant, room: Path, origin: str, issuer: str) -> World:
    """The world around the stand-ins, as this one sees it."""
    passwords = json.loads((room / "passwords.json").read_text())
    user, password = quote(partner_user(partner.organization_id)), quote(passwords["partner-amqp"], safe="")
    return World(
        folder=Path("/var/lib/lotsennetz/partners"),
        origin=origin,
        token_url=f"{issuer}/token",
        mail_folder=Path("/var/lib/lotsennetz/mail"),
        webhook_port=WEBHOOK_PORT,
        webhook_secret=passwords["webhook"],
        amqp_uri=f"amqps://{user}:{password}@rabbitmq:5671/{VHOST}",
    )


def told(slug: str, room: Path, origin: str, issuer: str) -> dict[str, str]:
    """Its settings."""
    partner = next(one for one in PARTICIPANTS if one.slug == slug)
    secret = json.loads((room / "passwords.json").read_text())[partner.client_id]
    key = room / f"partner.{slug}.json" if partner.has_own_key else None
    client_key = room / f"partner.{slug}.client.json" if partner.signs_in_by_key else None
    settings = dict(world_of(partner, room, origin, issuer).environment(partner, secret, key, client_key))
    return {**settings, "PARTNER_AMQP_CA_FILE": AUTHORITY, "PARTNER_WEBHOOK_HOST": "0.0.0.0"}  # noqa: S104 - a container


def main() -> None:
    """Become the program that plays the partner."""
    slug = sys.argv[1]
    os.environ.update(told(slug, ROOM, os.environ["PUBLIC_URL"], os.environ["ISSUER_URL"]))
    program = next(one.program for one in PARTICIPANTS if one.slug == slug)
    sys.argv = [program]
    runpy.run_module(f"deploy.demo.partners.{program}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
