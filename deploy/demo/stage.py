"""Setting the stage: the directory's data and the partners' ways in, over the same interfaces an editor has."""

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from deploy.demo.desk import sign_in
from deploy.demo.network import Network, StartError
from deploy.demo.participants import PARTICIPANTS
from deploy.demo.participation import participations
from deploy.demo.places import ROOT, read_state, write_private
from deploy.demo.story import Setting

DIRECTORY_FILE = ROOT / "services" / "directory" / "data" / "aachen-muenster.ndjson"
STORY_CLIENT = "lotsennetz-story"
#: One for each device; a clerk whose browser dies in the middle of typing needs another.
CODES = 4


def furnish(network: Network) -> None:
    """Import the directory and the participations as the demo's editor; doing it again changes nothing."""
    token = sign_in(network.issuer, STORY_CLIENT, f"{network.origin}/story", "edda-editor")
    webhook = f"http://127.0.0.1:{network.ports['webhook']}/lotsennetz"
    rows = participations(
        datetime.now(UTC).date(),
        webhook_urls={partner.slug: webhook for partner in PARTICIPANTS if partner.channel == "webhook"},
        public_keys={
            partner.slug: network.keys.partner_public(partner.slug) for partner in PARTICIPANTS if partner.has_own_key
        },
    )
    lines = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
    for body in (DIRECTORY_FILE.read_bytes(), lines):
        _import(network.origin, token, body)
    _share_webhook_secret(network)
    _send_letters(network)


def _import(origin: str, token: str, body: bytes) -> None:
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/x-ndjson",
        "Idempotency-Key": secrets.token_hex(16),
    }
    answer = requests.post(f"{origin}/directory/operator/imports", data=body, headers=headers, timeout=60)
    if answer.status_code >= 300:
        raise StartError(f"the directory refused the import: {answer.status_code} {answer.text[:1500]}")


def _share_webhook_secret(network: Network) -> None:
    """What an operator and the partner agree on once: the secret that signs the partner's webhooks."""
    token = _operator(read_state(network.dev)["lotse"])()
    for partner in PARTICIPANTS:
        if partner.channel == "webhook":
            path = f"/notifications/operator/organizations/{partner.organization_id}/webhook-secret"
            _put(network.origin + path, token, {"secret": network.secrets["webhook"]})


def _send_letters(network: Network) -> None:
    """Codes for the light-path units, past their mailbox: what the lead would print and post, laid before the clerk."""
    lead = read_state(network.dev)["lotse"]
    lead = {**lead, "client_id": lead["lead_client_id"], "client_secret": lead["lead_client_secret"]}
    world = network.world
    for partner in PARTICIPANTS:
        letter = world.letter(partner)
        if partner.channel != "light" or letter.exists():
            continue
        url = f"{network.origin}/referral/api/v1/desk-units/{partner.organization_id}/codes"
        codes = [str(_told("POST", url, _operator(lead)(), {"way": "letter"})["code"]) for _ in range(CODES)]
        write_private(letter, "".join(f"{code}\n" for code in codes))


def _put(url: str, token: str, body: Mapping[str, Any]) -> None:
    _told("PUT", url, token, body)


def _told(method: str, url: str, token: str, body: Mapping[str, Any], patience: float = 60) -> Any:
    """Say something about an organization once it is known there: news of the import may still be on its way."""
    deadline = time.monotonic() + patience
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": secrets.token_hex(16)}
    while True:
        answer = requests.request(method, url, json=body, headers=headers, timeout=20)
        if answer.status_code not in (404, 409) or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    answer.raise_for_status()
    return answer.json()


def setting(state: Mapping[str, Any], dev: Path) -> Setting:
    """What the story needs to know of the running demo."""
    return Setting(
        origin=state["origin"],
        issuer=state["issuer"],
        dev=dev,
        navigator_client=STORY_CLIENT,
        redirect_uri=f"{state['origin']}/story",
        operator=_operator(state["lotse"]),
        verify_audit=_verifier(state["audit"]),
    )


def _operator(credentials: Mapping[str, str]) -> Callable[[], str]:
    def token() -> str:
        answer = requests.post(
            credentials["token_url"],
            data={"grant_type": "client_credentials"},
            auth=(credentials["client_id"], credentials["client_secret"]),
            timeout=20,
        )
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    return token


def _verifier(audit: Mapping[str, str]) -> Callable[[Path], "subprocess.CompletedProcess[str]"]:
    program = ROOT / "services" / "audit" / "verifier" / "lotsennetz_verify.py"

    def verify(folder: Path) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, str(program), "--export", str(folder / "log.ndjson")]
        command += ["--checkpoint", audit["checkpoints"], "--key", audit["key"]]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    return verify
