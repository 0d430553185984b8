"""Setting the stage: the directory's data and the partners' ways in, over the same interfaces an editor has."""

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from deploy.demo.desk import sign_in
from deploy.demo.keys import KeyFiles
from deploy.demo.network import Network, StartError
from deploy.demo.participants import PARTICIPANTS, Participant
from deploy.demo.participation import participations
from deploy.demo.places import ROOT, read_state, write_private
from deploy.demo.story import Setting

DIRECTORY_FILE = ROOT / "services" / "directory" / "data" / "aachen-muenster.ndjson"
STORY_CLIENT = "lotsennetz-story"
#: One for each device; a clerk whose browser dies in the middle of typing needs another.
CODES = 4


@dataclass(frozen=True, slots=True)
class Scene:
    """What furnishing asks of the network it is done to, however that network runs."""

    origin: str
    issuer: str
    #: Where webhooks are taken, and the secret that signs them.
    webhook_url: str
    webhook_secret: str
    keys: KeyFiles
    #: Credentials of `lotse`, as in its file.
    lotse: Mapping[str, str]
    #: Where a partner's post is laid down.
    letter: Callable[[Participant], Path]


def furnish(network: Network) -> None:
    """The same for a network of this machine's own."""
    furnish_scene(
        Scene(
            origin=network.origin,
            issuer=network.issuer,
            webhook_url=f"http://127.0.0.1:{network.ports['webhook']}/lotsennetz",
            webhook_secret=network.secrets["webhook"],
            keys=network.keys,
            lotse=read_state(network.dev)["lotse"],
            letter=network.world.letter,
        )
    )


def furnish_scene(scene: Scene) -> None:
    """Import the directory and the participations as the demo's editor; doing it again changes nothing."""
    token = sign_in(scene.issuer, STORY_CLIENT, f"{scene.origin}/story", "edda-editor")
    rows = participations(
        datetime.now(UTC).date(),
        webhook_urls={one.slug: scene.webhook_url for one in PARTICIPANTS if one.channel == "webhook"},
        public_keys={one.slug: scene.keys.partner_public(one.slug) for one in PARTICIPANTS if one.has_own_key},
    )
    lines = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
    for body in (DIRECTORY_FILE.read_bytes(), lines):
        _import(scene.origin, token, body)
    _share_webhook_secret(scene)
    _send_letters(scene)


def _import(origin: str, token: str, body: bytes) -> None:
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/x-ndjson",
        "Idempotency-Key": secrets.token_hex(16),
    }
    answer = requests.post(f"{origin}/directory/operator/imports", data=body, headers=headers, timeout=60)
    if answer.status_code >= 300:
        raise StartError(f"the directory refused the import: {answer.status_code} {answer.text[:1500]}")


def _share_webhook_secret(scene: Scene) -> None:
    """What an operator and the partner agree on once: the secret that signs the partner's webhooks."""
    token = _operator(scene.lotse)()
    for partner in PARTICIPANTS:
        if partner.channel == "webhook":
            path = f"/notifications/operator/organizations/{partner.organization_id}/webhook-secret"
            _put(scene.origin + path, token, {"secret": scene.webhook_secret})


def _send_letters(scene: Scene) -> None:
    """Codes for the light-path units, past their mailbox: what the lead would print and post, laid before the clerk."""
    own = scene.lotse
    lead = {**own, "client_id": own["lead_client_id"], "client_secret": own["lead_client_secret"]}
    for partner in PARTICIPANTS:
        letter = scene.letter(partner)
        if partner.channel != "light" or letter.exists():
            continue
        url = f"{scene.origin}/referral/api/v1/desk-units/{partner.organization_id}/codes"
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
