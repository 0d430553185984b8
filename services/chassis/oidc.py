"""OpenID Connect from our side: code with PKCE, state and nonce; what comes back is checked before it is believed."""

import time
from collections.abc import Mapping
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session

from services.chassis.access import UnauthenticatedError
from services.chassis.config import Settings
from services.chassis.errors import UnavailableError
from services.chassis.tokens import FETCH_SECONDS, AccessTokens, IssuerKeys, check_times, signed_claims

SCOPE = "openid profile"


class Issuer:
    """The identity provider, as one client sees it."""

    def __init__(self, settings: Settings, keys: IssuerKeys, tokens: AccessTokens) -> None:
        self.settings = settings
        self.keys = keys
        self.tokens = tokens
        self.redirect_uri = f"{settings.public_url}/{settings.service}/sign-in/callback"

    def _client(self) -> OAuth2Session:
        return OAuth2Session(
            self.settings.oidc_client_id,
            self.settings.oidc_client_secret,
            scope=SCOPE,
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
        )

    def authorization_url(self, state: str, nonce: str, code_verifier: str) -> str:
        endpoint = str(self.keys.discovery()["authorization_endpoint"])
        asked = {"state": state, "nonce": nonce, "code_verifier": code_verifier}
        return str(self._client().create_authorization_url(endpoint, **asked)[0])

    def end_session_url(self) -> str | None:
        found = self.keys.discovery().get("end_session_endpoint")
        return str(found) if found else None

    def claims_for(self, code: str, nonce: str, code_verifier: str) -> Mapping[str, Any]:
        """Exchange the code; the claims of the person who signed in."""
        answer = self._exchange(code, code_verifier)
        claims = self.checked_id_token(str(answer.get("id_token", "")), nonce)
        if "roles" in claims:
            return claims
        access = self.tokens.claims(str(answer.get("access_token", "")))
        if access["sub"] != claims["sub"]:
            raise UnauthenticatedError("auth.token-invalid")
        return {**claims, **access}

    def _exchange(self, code: str, code_verifier: str) -> Mapping[str, Any]:
        endpoint = str(self.keys.discovery()["token_endpoint"])
        asked: dict[str, Any] = {"code": code, "code_verifier": code_verifier}
        try:  # a redirect would carry our secret to wherever it leads
            answer = self._client().fetch_token(endpoint, **asked, timeout=FETCH_SECONDS, allow_redirects=False)
        except AuthlibBaseError as error:
            raise UnauthenticatedError("auth.sign-in-refused") from error
        except (requests.RequestException, ValueError) as error:
            raise UnavailableError("auth.issuer-unreachable") from error
        return dict(answer)

    def checked_id_token(self, id_token: str, nonce: str) -> Mapping[str, Any]:
        """OpenID Connect Core 3.1.3.7: signature, issuer, audience, authorized party, times, nonce."""
        _, claims = signed_claims(id_token, self.keys)
        if str(claims.get("iss", "")).rstrip("/") != self.settings.issuer_url:
            raise UnauthenticatedError("auth.other-issuer")
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        us = self.settings.oidc_client_id
        if us not in audiences or claims.get("azp", us) != us or (len(audiences) > 1 and "azp" not in claims):
            raise UnauthenticatedError("auth.other-audience")
        check_times(claims, time.time())
        if claims.get("nonce") != nonce:
            raise UnauthenticatedError("auth.wrong-nonce")
        if not isinstance(claims.get("sub"), str):
            raise UnauthenticatedError("auth.token-invalid")
        return claims
