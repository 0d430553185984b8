"""OpenID Connect from our side: code with PKCE, state and nonce; what comes back is checked before it is believed."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session

from services.chassis.access import UnauthenticatedError
from services.chassis.config import Settings
from services.chassis.errors import UnavailableError
from services.chassis.tokens import FETCH_SECONDS, AccessTokens, IssuerKeys, check_times, signed_claims

SCOPE = "openid profile"
LOGGED_OUT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TOKEN_TYPES = frozenset({"", "jwt", "logout+jwt", "application/logout+jwt"})


@dataclass(frozen=True, slots=True)
class Logout:
    """What a logout token says is over: one session at the issuer, or all of an account."""

    issuer: str
    subject: str | None
    session: str | None
    token_id: str
    expires_at: datetime


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

    def authorization_url(self, state: str, nonce: str, code_verifier: str, *, is_step_up: bool = False) -> str:
        """``max_age`` makes the issuer say when somebody signed in, and ask again whoever did so too long ago."""
        endpoint = str(self.keys.discovery()["authorization_endpoint"])
        asked = {"state": state, "nonce": nonce, "code_verifier": code_verifier}
        wanted = self.settings.step_up_acr if is_step_up else self.settings.sign_in_acr
        asked |= {"acr_values": " ".join(wanted)} if wanted else {}
        asked |= {"max_age": str(60 * self.settings.step_up_minutes)} if is_step_up else {}
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
        audiences, us = self._checked_for_us(claims), self.settings.oidc_client_id
        if claims.get("azp", us) != us or (len(audiences) > 1 and "azp" not in claims):
            raise UnauthenticatedError("auth.other-audience")
        if claims.get("nonce") != nonce:
            raise UnauthenticatedError("auth.wrong-nonce")
        if not isinstance(claims.get("sub"), str):
            raise UnauthenticatedError("auth.token-invalid")
        return claims

    def _checked_for_us(self, claims: Mapping[str, Any]) -> list[Any]:
        if str(claims.get("iss", "")).rstrip("/") != self.settings.issuer_url:
            raise UnauthenticatedError("auth.other-issuer")
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if self.settings.oidc_client_id not in audiences:
            raise UnauthenticatedError("auth.other-audience")
        check_times(claims, time.time())
        return audiences

    def checked_logout_token(self, token: str) -> Logout:
        """OpenID Connect Back-Channel Logout 1.0, 2.6: as an ID token, but never one: an event, and no nonce."""
        header, claims = signed_claims(token, self.keys)
        self._checked_for_us(claims)
        events, issued = claims.get("events"), claims.get("iat")
        says = isinstance(events, dict) and isinstance(events.get(LOGGED_OUT), dict)
        who = [claims.get(name) for name in ("sub", "sid", "jti")]
        whole = all(one is None or (isinstance(one, str) and one) for one in who) and isinstance(issued, int | float)
        is_logout = str(header.get("typ", "")).lower() in LOGOUT_TOKEN_TYPES and says and "nonce" not in claims
        if not is_logout or not whole or who[2] is None or who[:2] == [None, None]:
            raise UnauthenticatedError("auth.token-invalid")
        return Logout(str(claims["iss"]), who[0], who[1], str(who[2]), datetime.fromtimestamp(claims["exp"], UTC))
