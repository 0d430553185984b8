"""The demo's story in the stack: the same steps, spoken to the stack's own addresses.

``python -m deploy.stack.story furnish`` lets the stand-ins in and fills the directory; ``... play`` plays the main job
and ends with 0 only if every step held.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from contracts.identity import PARTNER_SCOPE
from deploy.demo import stage
from deploy.demo.keys import KeyFiles
from deploy.demo.participants import PARTICIPANTS, Participant
from deploy.demo.showing import show_row, show_table
from deploy.demo.story import Story, as_json
from deploy.stack.stand_in import ROOM, WEBHOOK_PORT, world_of
from lotse import clients, topology
from lotse.broker import Broker
from lotse.config import Config, load

OPERATOR_FILE = Path("/run/operator/lotse.json")
STORY_FOLDER = Path("/var/lib/lotsennetz/story")


def furnish() -> None:
    """What an operator does once for each partner, and an editor for the directory; again changes nothing."""
    config, state = load(OPERATOR_FILE), _state()
    passwords = json.loads((ROOM / "passwords.json").read_text())
    keys = KeyFiles(ROOM)
    for partner in PARTICIPANTS:
        _let_in(config, partner, keys, passwords)
    world = world_of(PARTICIPANTS[0], ROOM, state["origin"], state["issuer"])
    webhook = next(one.slug for one in PARTICIPANTS if one.channel == "webhook")
    stage.furnish_scene(
        stage.Scene(
            origin=state["origin"],
            issuer=state["issuer"],
            webhook_url=f"http://partner-{webhook}:{WEBHOOK_PORT}/lotsennetz",
            webhook_secret=passwords["webhook"],
            keys=keys,
            lotse=state["lotse"],
            letter=world.letter,
        )
    )


def _let_in(config: Config, partner: Participant, keys: KeyFiles, passwords: dict[str, str]) -> None:
    """A client at the issuer and, for one on the queue, its share of the broker."""
    proof: dict[str, Any] = {"client_secret": passwords[partner.client_id]}
    if partner.signs_in_by_key:
        proof = {"auth_method": clients.KEY_METHOD, "jwks": {"keys": [keys.partner_client_public(partner.slug)]}}
    claims = {"organization_id": str(partner.organization_id), "scope": PARTNER_SCOPE}
    clients.register(config, partner.client_id, {**proof, "claims": claims})
    if partner.channel == "amqp":
        broker = Broker(config.management_url, config.vhost)
        topology.onboard(broker, partner.organization_id, passwords["partner-amqp"])


def play(console: Console) -> bool:
    """Step by step, with the table at the end."""
    story = Story(stage.setting(_state(), STORY_FOLDER), tell=lambda row: show_row(console, row))
    began = time.monotonic()
    held = story.play()
    show_table(console, story.rows, time.monotonic() - began)
    (STORY_FOLDER / "result.json").write_text(as_json(story.rows))
    return held


def _state() -> dict[str, Any]:
    return dict(json.loads(OPERATOR_FILE.read_text()))


def main() -> int:
    """Furnish or play."""
    if sys.argv[1:] == ["furnish"]:
        furnish()
        return 0
    return 0 if play(Console(width=int(os.environ.get("COLUMNS", "140")))) else 1


if __name__ == "__main__":
    sys.exit(main())
