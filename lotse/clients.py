"""The partner's OAuth client, kept at the issuer where it offers an administration we know."""

import json
import secrets
from pathlib import Path
from typing import Any
from uuid import UUID

import urllib3

from contracts.identity import PARTNER_SCOPE
from lotse.config import Config, ConfigError
from lotse.network import ProblemError, UnreachableError

KEY_METHOD = "private_key_jwt"
#: Members of a JSON Web Key that only its owner may know.
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def client_id_of(organization: str) -> str:
    """How a partner's system is called at the issuer."""
    return f"partner-{organization}"


def ensure(
    config: Config, organization: str, organization_id: UUID, keys: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Create the client, with its public keys or a new secret; without a known administration, say what to create."""
    client_id = client_id_of(organization)
    if not config.registration_url:
        claims_there = f"claim organization_id={organization_id} and scope {PARTNER_SCOPE} in its access tokens"
        hint = f"client credentials; {claims_there}; audience lotsennetz"
        return {"client_id": client_id, "client_to_create_at_the_issuer": hint}
    claims = {"organization_id": str(organization_id), "scope": PARTNER_SCOPE}
    if keys:
        _call(config, "PUT", client_id, {"auth_method": KEY_METHOD, "jwks": {"keys": keys}, "claims": claims})
        return {"client_id": client_id, "signs_in_by": KEY_METHOD, "token_url": config.token_url}
    secret = secrets.token_urlsafe(32)
    _call(config, "PUT", client_id, {"client_secret": secret, "claims": claims})
    return {"client_id": client_id, "client_secret": secret, "token_url": config.token_url}


def public_keys(file: Path) -> list[dict[str, Any]]:
    """The keys of a JWK or JWK Set file; a private one is refused, it is nobody's here."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        keys = document.get("keys", [document])
        is_public = all(key["kty"] in {"EC", "RSA", "OKP"} and not PRIVATE & key.keys() for key in keys)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        is_public, keys = False, []
    if not is_public or not keys:
        raise ConfigError(
            f"{file} must hold a public JSON Web Key (EC, RSA or OKP), or a set of them, and nothing private."
        )
    return list(keys)


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


def register(config: Config, client_id: str, client: dict[str, Any]) -> None:
    """Keep any client, such as a sandbox's own, where the issuer's administration is known."""
    _call(config, "PUT", client_id, client)


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
