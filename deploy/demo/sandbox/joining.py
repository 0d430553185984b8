"""Letting a partner under test in: the same commands as an operator's, and a folder with what the partner is handed."""

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

from joserfc.jwk import ECKey

from contracts.identity import id_of
from contracts.topology import partner_user
from deploy.demo.people import EMPLOYER
from deploy.demo.places import read_state, write_private, write_state
from deploy.demo.sandbox.handing_out import Given, Wish, hand_out
from lotse import clients, topology
from lotse.broker import Broker
from lotse.config import Config, load
from lotse.network import Network, ProblemError

JSON = dict[str, Any]
WELCOME_CLIENT = "lotse-welcome"
NEWS_SECONDS = 60
#: The pair made here for a partner that hands in none; put aside once it does.
OWN_KEY, FORMER_KEY = "private-key.json", "former-private-key.json"
CATEGORIES = ["IDENTITY", "CONTACT", "LANGUAGE"]


def open_sandbox(dev: Path, gate: str, token: str, keys: Mapping[str, str]) -> None:
    """Write down that this is a sandbox, with a navigator of its own to play the welcome center."""
    config, secret = load(dev / "state.json"), secrets.token_urlsafe(24)
    claims = {"roles": ["navigator"], "site": "aachen", "employer": EMPLOYER}
    clients.register(config, WELCOME_CLIENT, {"client_secret": secret, "claims": claims})
    known = read_state(dev).get("sandbox", {})
    credentials = {"welcome_client_id": WELCOME_CLIENT, "welcome_client_secret": secret}
    write_state(
        {"sandbox": {"partners": known.get("partners", {}), "gate": gate, "token": token, **credentials, **keys}}, dev
    )


def join(dev: Path, wish: Wish) -> Path:
    """Let it in; the folder of what the partner is handed. Doing it again makes new secrets and keeps the keys."""
    folder = dev / "sandbox" / wish.slug
    folder.mkdir(parents=True, exist_ok=True)
    config = load(dev / "state.json")
    if not wish.has_system:
        _publish(Network(config), wish, None)
        _remember(dev, wish, {})
        return folder
    public = json.loads(wish.public_key.read_text()) if wish.public_key else _own_key(folder / OWN_KEY)
    if wish.public_key and (folder / OWN_KEY).exists():
        (folder / OWN_KEY).rename(folder / FORMER_KEY)  # opens what was sealed before, and nothing from now on
    _publish(Network(config), wish, public)
    handed = clients.ensure(
        config, wish.slug, wish.organization_id, clients.public_keys(wish.client_key) if wish.client_key else None
    )
    if wish.channel == "amqp":
        handed["amqp_uri"] = _queue(config, read_state(dev), wish.organization_id)
    if wish.channel == "webhook":
        handed["webhook_secret"] = _webhook_secret(Network(config), wish.organization_id)
    _remember(dev, wish, handed)
    hand_out(folder, Given(config.sandbox["gate"], wish, handed))
    return folder


def rows(wish: Wish, public: JSON | None, today: date) -> Iterator[JSON]:
    """What the directory is told: an organization that says it is none, with one service."""
    name = {"de": f"Testpartner {wish.slug} (Sandbox, erfunden)", "en": f"Test partner {wish.slug} (sandbox, made up)"}
    yield {"object": "source", "id": "sandbox", "title": "Sandbox", "publisher": "Lotsennetz Sandbox"}
    yield {
        "object": "organization",
        "id": wish.slug,
        "name": name,
        "description": name,
        "organization_type": "other",
        "sites": ["aachen"],
        "sources": ["sandbox"],
    }
    yield {
        "object": "service",
        "id": wish.service,
        "organization_id": wish.slug,
        "name": name,
        "description": name,
        "status": "active",
        "topics": ["SPRACHE"],
        "areas": ["05334"],
        "audience": "person",
        "role": "advises",
        "profession_independent": True,
        "sources": ["sandbox"],
    }
    terms = {
        "service_id": wish.service,
        "categories_accepted": CATEGORIES,
        "minimum_categories": ["IDENTITY", "CONTACT"],
        "answer_days": 3,
        "contact_days": 5,
        "back_level": "outcome",
    }
    address = {"webhook": {"webhook_url": wish.webhook_url}, "light": {"unit_mailbox": wish.mailbox}}
    yield {
        "object": "participation",
        "organization_id": wish.slug,
        "channel": {"kind": wish.channel, **address.get(wish.channel, {})},
        "agreement": {
            "kind": "independent",
            "law": "GDPR",
            "signed_on": today.replace(month=1, day=1).isoformat(),
            "contact": f"datenschutz@{wish.slug}.example",
        },
        **({"public_key": public} if public else {}),
        "terms": [terms],
    }
    yield {"object": "report", "service_id": wish.service, "assured_date": today.isoformat()}


def _publish(network: Network, wish: Wish, public: JSON | None) -> None:
    lines = [json.dumps(row, ensure_ascii=False) for row in rows(wish, public, date.today())]
    content = "".join(f"{line}\n" for line in lines).encode()
    network.upload("directory", "operator/imports", content, "application/x-ndjson")


def _own_key(file: Path) -> JSON:
    """A pair the partner may use; its own is better, and is handed in with `--public-key`."""
    if not file.exists():
        made = ECKey.generate_key("P-256", auto_kid=True)
        write_private(file, json.dumps({**made.as_dict(private=True), "kid": made.kid, "use": "enc"}, indent=2))
    key = ECKey.import_key(json.loads(file.read_text()))
    return {**key.as_dict(private=False), "kid": key.kid, "use": "enc", "alg": "ECDH-ES+A256KW"}


def _queue(config: Config, state: Mapping[str, Any], organization_id: UUID) -> str:
    password = secrets.token_urlsafe(24)
    topology.onboard(Broker(config.management_url, config.vhost), organization_id, password)
    parts = urlsplit(state["broker"]["amqp_uri"])
    address = parts.netloc.rpartition("@")[2]
    login = f"{quote(partner_user(organization_id))}:{quote(password, safe='')}"
    return f"{parts.scheme}://{login}@{address}/{quote(config.vhost, safe='')}"


def _webhook_secret(network: Network, organization_id: UUID) -> str:
    path = f"operator/organizations/{organization_id}/webhook-secret"
    deadline = time.monotonic() + NEWS_SECONDS
    while True:
        try:
            return str(network.put("notifications", path, {"overlap_hours": 0})["secret"])
        except ProblemError as error:
            if error.status != 404 or time.monotonic() > deadline:
                raise
            time.sleep(0.2)  # news of the organization is still on its way


def _remember(dev: Path, wish: Wish, handed: Mapping[str, Any]) -> None:
    """What certification needs to know of the partner."""
    sandbox = read_state(dev)["sandbox"]
    row = {
        "organization_id": str(wish.organization_id),
        "service_id": str(id_of("service", wish.service)),
        "channel": wish.channel,
        "webhook_url": wish.webhook_url,
        "webhook_secret": handed.get("webhook_secret", ""),
    }
    write_state({"sandbox": {**sandbox, "partners": {**sandbox["partners"], wish.slug: row}}}, dev)
