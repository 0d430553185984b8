"""authlib's grants, fitted to the demo's register: code with PKCE for staff, client credentials for programs."""

import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, InvalidClientError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, ClientCredentialsGrant
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from authlib.oidc.core.grants import OpenIDCode
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from deploy.demo.issuer_register import Client, User

ALGORITHM = "ES256"
#: How a program proves itself by a key of its own, as OpenID Connect names it, and what it may sign with.
KEY_METHOD = "private_key_jwt"
KEY_ALGORITHMS = ("ES256", "PS256", "RS256", "Ed25519")
#: An assertion is made for the moment it is used in.
ASSERTION_SECONDS = 300
CODE_SECONDS = 120
TOKEN_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Code(AuthorizationCodeMixin):  # type: ignore[misc]
    """An authorization code: good once, for two minutes."""

    code: str
    client_id: str
    user: User
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    auth_time: int

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Codes:
    """Codes given out and not yet used; in memory, gone with the process."""

    def __init__(self) -> None:
        self._codes: dict[str, Code] = {}
        self._jtis: dict[str, float] = {}
        self._lock = threading.Lock()

    def keep(self, code: Code) -> None:
        with self._lock:
            self._codes[code.code] = code

    def take(self, code: str, client_id: str) -> Code | None:
        """The code, once: a second attempt finds nothing, whatever becomes of the first."""
        with self._lock:
            found = self._codes.pop(code, None)
        fresh = found and found.client_id == client_id and time.time() - found.auth_time < CODE_SECONDS
        return found if fresh else None

    def first_use(self, jti: str) -> bool:
        """Whether a client assertion's id was never seen; ids are kept for an hour."""
        now = time.time()
        with self._lock:
            self._jtis = {known: at for known, at in self._jtis.items() if now - at < 3600}
            if jti in self._jtis:
                return False
            self._jtis[jti] = now
            return True


def install_grants(server: AuthorizationServer, key: ECKey, issuer: str, audience: str) -> None:
    """Give the authorization server its grants, its client authentication and its RFC 9068 tokens."""
    codes = Codes()
    keys = KeySet([key])

    class StaffCode(AuthorizationCodeGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", KEY_METHOD, "none")

        def save_authorization_code(self, code: str, request: Any) -> None:
            asked = request.payload
            codes.keep(
                Code(
                    code=code,
                    client_id=request.client.client_id,
                    user=request.user,
                    redirect_uri=asked.redirect_uri,
                    scope=asked.scope or "",
                    nonce=asked.data.get("nonce"),
                    code_challenge=asked.data.get("code_challenge"),
                    code_challenge_method=asked.data.get("code_challenge_method"),
                    auth_time=int(time.time()),
                )
            )

        def query_authorization_code(self, code: str, client: Client) -> Code | None:
            return codes.take(code, client.client_id)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            """Already gone: taking it was using it."""

        def authenticate_user(self, authorization_code: Code) -> User:
            return authorization_code.user

    class Programs(ClientCredentialsGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", KEY_METHOD)

    class Assertion(JWTBearerClientAssertion):  # type: ignore[misc]
        CLIENT_AUTH_METHOD = KEY_METHOD

        def process_assertion_claims(self, assertion: str, resolve_key: KeySet) -> Any:
            """By an algorithm of the list and no other: `none`, or the public key as a secret, prove nothing."""
            try:
                claims = jwt.decode(assertion, resolve_key, algorithms=list(KEY_ALGORITHMS)).claims
            except (JoseError, ValueError) as error:
                raise InvalidClientError(description="The assertion proves nothing.") from error
            self.verify_claims(claims)
            return claims

        def verify_claims(self, claims: Any) -> None:
            if not isinstance(claims.get("exp"), int) or claims["exp"] > time.time() + ASSERTION_SECONDS:
                raise InvalidClientError(description="The assertion is good for too long.")
            super().verify_claims(claims)

        def get_audiences(self) -> list[str]:
            return [issuer, f"{issuer}/token"]

        def validate_jti(self, claims: Any, jti: str) -> bool:
            return codes.first_use(f"{claims['sub']}-{jti}")

        def resolve_client_public_key(self, client: Client) -> KeySet:
            if not client.jwks:
                raise InvalidClientError(description="This client has no key here.")
            return KeySet.import_key_set(client.jwks)  # type: ignore[arg-type]

    class IdTokens(OpenIDCode):  # type: ignore[misc]
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return False

        def resolve_client_private_key(self, client: Client) -> KeySet:
            return keys

        def get_client_algorithm(self, client: Client) -> str:
            return ALGORITHM

        def get_encode_header(self, client: Client) -> dict[str, str]:
            return {"alg": ALGORITHM, "kid": str(key.kid)}

        def get_client_claims(self, client: Client) -> dict[str, Any]:
            return {"iss": issuer, "aud": [client.client_id], "exp": int(time.time()) + TOKEN_SECONDS}

        def generate_user_info(self, user: User, scope: str) -> dict[str, Any]:
            return {"sub": user.sub, "name": user.name, **user.claims}

    class AccessTokens(JWTBearerTokenGenerator):  # type: ignore[misc]
        def get_jwks(self) -> KeySet:
            return keys

        def get_audiences(self, client: Client, user: User | None, scope: str) -> str:
            return audience

        def get_jti(self, client: Client, grant_type: str, user: User | None, scope: str) -> str:
            return secrets.token_urlsafe(16)

        def get_extra_claims(self, client: Client, grant_type: str, user: User | None, scope: str) -> dict[str, Any]:
            return user.claims if user else client.claims

    server.register_client_auth_method(KEY_METHOD, Assertion())
    server.register_grant(StaffCode, [CodeChallenge(required=True), IdTokens(require_nonce=False)])
    server.register_grant(Programs)
    server.register_token_generator(
        "default", AccessTokens(issuer, alg=ALGORITHM, expires_generator=lambda client, grant_type: TOKEN_SECONDS)
    )
