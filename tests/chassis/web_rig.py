"""A small application with one page of every kind, and tokens of an issuer that lives in the test."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from contracts.identity import PARTNER_SCOPE
from services.chassis.config import DEMO_DEPLOYMENT_KEY, Settings, load
from services.chassis.tokens import IssuerKeys

ISSUER = "http://issuer.test"
HWK = UUID("7b1d5f0e-58a9-5c54-9a3f-0c5b8d6f0a01")
SETTINGS = {
    "MODE": "demo",
    "DATABASE_URL": "postgresql://nobody@nowhere/nothing",
    "AMQP_URI": "amqp://nowhere",
    "PUBLIC_URL": "http://localhost",
    "ISSUER_URL": ISSUER,
    "OIDC_CLIENT_SECRET": "demo-secret",
    "DEPLOYMENT_KEY": DEMO_DEPLOYMENT_KEY,
}


def settings(**changes: str) -> Settings:
    return load("sample", SETTINGS | changes)


@dataclass
class TestIssuer:
    """Signs tokens and serves its keys, as the real one does, without a network."""

    __test__ = False
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}, auto_kid=False))
    fetched: list[str] = field(default_factory=list)

    def fetch(self, url: str) -> Mapping[str, Any]:
        self.fetched.append(url)
        if url.endswith("/openid-configuration"):
            return {
                "issuer": ISSUER,
                "jwks_uri": f"{ISSUER}/jwks",
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
            }
        return KeySet([self.key]).as_dict(private=False)

    def keys(self) -> IssuerKeys:
        return IssuerKeys(ISSUER, fetch=self.fetch)

    def token(self, header: Mapping[str, Any] | None = None, key: Any = None, **claims: Any) -> str:
        now = int(time.time())
        body = {
            "iss": ISSUER,
            "aud": "lotsennetz",
            "sub": "anna",
            "iat": now,
            "exp": now + 7200,
            "roles": ["navigator"],
        }
        if "organization_id" in claims and claims.get("roles", ...) is None:  # a program of a partner's
            body["scope"] = PARTNER_SCOPE
        head = {"alg": "RS256", "kid": "k1", "typ": "at+jwt", **(header or {})}
        kept = {name: value for name, value in (body | claims).items() if value is not None}
        return jwt.encode(head, kept, key or self.key, algorithms=["RS256", "HS256", "none"])


def bearer(token: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **more}


Client = FlaskClient
