"""What a partner under test is handed: settings for the kit, and the same under the names its documentation uses."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from contracts.identity import id_of
from deploy.demo.places import write_private

#: Seconds after which a result counts as lost in a sandbox: shorter than the patience of an examination.
ANSWERED_WITHIN = 20


@dataclass(frozen=True)
class Wish:
    """Who wants in, by which way, and what the partner hands in itself; what it does not is made for it."""

    slug: str
    channel: str
    webhook_url: str = ""
    public_key: Path | None = None
    client_key: Path | None = None

    @property
    def organization_id(self) -> UUID:
        return id_of("organization", self.slug)

    @property
    def has_system(self) -> bool:
        """Whether a program of its own answers; on the light path and without a channel people do."""
        return self.channel in ("amqp", "webhook", "pull")

    @property
    def mailbox(self) -> str:
        """Where a unit on the light path is written to."""
        return f"eingang@{self.slug}.example"

    @property
    def service(self) -> str:
        return f"{self.slug}-sprache"


@dataclass(frozen=True)
class Given:
    """The one address of the network, and the credentials made for this partner."""

    network: str
    wish: Wish
    handed: Mapping[str, Any]


def hand_out(folder: Path, given: Given) -> None:
    """`settings.toml` for the kit and `partner.env` for everybody else, readable by their owner only."""
    write_private(folder / "settings.toml", settings(given))
    lines = (f"export {name}={shlex.quote(value)}" for name, value in environment(folder, given))
    write_private(folder / "partner.env", "".join(f"{line}\n" for line in lines))


def settings(given: Given) -> str:
    """What the partner kit reads."""
    wish, handed = given.wish, given.handed
    lines = {
        "network_url": given.network,
        "organization_id": str(wish.organization_id),
        "token_url": handed["token_url"],
        "client_id": handed["client_id"],
        **{name: handed[name] for name in ("client_secret", "amqp_uri") if name in handed},
    }
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
    if wish.channel == "amqp":
        text += f"answered_within = {ANSWERED_WITHIN}  # results get lost in a sandbox; where it counts, wait minutes\n"
    if wish.client_key:
        text += '# client_key_file = "the private half of the key you handed in"\n'
    if wish.public_key:
        return text + '# private_key_files = ["the private half of the key you handed in"]\n'
    return text + 'private_key_files = ["private-key.json"]\n'


def environment(folder: Path, given: Given) -> Iterator[tuple[str, str]]:
    """The same under the names the partners' pages and examples use."""
    handed = given.handed
    yield "NETWORK", given.network
    yield "TOKEN_URL", handed["token_url"]
    yield "ORGANIZATION_ID", str(given.wish.organization_id)
    yield "CLIENT_ID", handed["client_id"]
    if "client_secret" in handed:
        yield "CLIENT_SECRET", handed["client_secret"]
    if not given.wish.public_key:
        yield "PRIVATE_KEY_FILE", str(folder / "private-key.json")
    if "webhook_secret" in handed:
        yield "WEBHOOK_SECRET", handed["webhook_secret"]
        yield "PORT", str(urlsplit(given.wish.webhook_url).port or 80)
    if "amqp_uri" in handed:
        parts = urlsplit(handed["amqp_uri"])
        yield "AMQP_HOST", f"{parts.hostname}:{parts.port}"
        yield "AMQP_VHOST", unquote(parts.path[1:])
        yield "AMQP_USER", unquote(parts.username or "")
        yield "AMQP_PASSWORD", unquote(parts.password or "")
