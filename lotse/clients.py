"""The partner's OAuth client, kept at the issuer where it offers an administration we know."""

import json
import secrets
from typing import Any
from uuid import UUID

import urllib3

from lotse.config import Config
from lotse.network import ProblemError, UnreachableError


def client_id_of(organization: str) -> str:
    """How a partner's system is called at the issuer."""
    return f"partner-{organization}"


def ensure(config: Config, organization: str, organization_id: UUID) -> dict[str, Any]:
    """Create the client or give it a new secret; without a known administration, say what to create by hand."""
    client_id = client_id_of(organization)
    if not config.registration_url:
        hint = f"client credentials; claim organization_id={organization_id} in its access tokens; audience lotsennetz"
        return {"client_id": client_id, "client_to_create_at_the_issuer": hint}
    secret = secrets.token_urlsafe(32)
    claims = {"organization_id": str(organization_id)}
    _call(config, "PUT", client_id, {"client_secret": secret, "claims": claims})
    return {"client_id": client_id, "client_secret": secret, "token_url": config.token_url}


def remove(config: Config, organization: str) -> bool:
    """Take the client away; tokens it holds end by themselves within minutes."""
    if not config.registration_url:
        return False
    try:
        _call(config, "DELETE", client_id_of(organization), None)
    except ProblemError as error:
        if error.status == 404:
            return False
        raise
    return True


def _call(config: Config, method: str, client_id: str, body: dict[str, Any] | None) -> None:
    headers = {"Authorization": f"Bearer {config.registration_token}", "Content-Type": "application/json"}
    url = f"{config.registration_url}/{client_id}"
    try:
        answer = urllib3.request(
            method, url, body=json.dumps(body) if body else None, headers=headers, retries=False, timeout=15
        )
    except urllib3.exceptions.HTTPError as error:
        raise UnreachableError(f"the issuer does not answer at {config.registration_url}") from error
    if answer.status >= 400:
        raise ProblemError(answer.status, {"title": f"The issuer refused {method} of client {client_id}"})
