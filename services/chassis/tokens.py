"""Access tokens (RFC 9068) and the issuer's keys: what is signed by whom, for us, and still in time."""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from services.chassis.access import UnauthenticatedError
from services.chassis.errors import UnavailableError

#: Asymmetric and current (BSI TR-02102-1); `none` and the symmetric ones are not here, so they cannot be asked for.
ALGORITHMS = ("RS256", "PS256", "PS512", "ES256", "ES384", "EdDSA", "Ed25519")
ACCESS_TOKEN_TYPES = frozenset({"at+jwt", "application/at+jwt"})
LEEWAY_SECONDS = 30
KEYS_LIVE_SECONDS = 600
REFRESH_AT_MOST_EVERY_SECONDS = 10
FETCH_SECONDS = 5
#: How many tokens are remembered as rightly signed.
HELD_AT_MOST = 1_000


def fetch_json(url: str) -> Mapping[str, Any]:
    """A JSON document of the issuer's; its silence is our caller's 503, not a crash."""
    try:
        answer = requests.get(url, timeout=FETCH_SECONDS, allow_redirects=False)
        answer.raise_for_status()
        document = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise UnavailableError("auth.issuer-unreachable") from error
    if not isinstance(document, dict):
        raise UnavailableError("auth.issuer-unreachable")
    return document


@dataclass
class IssuerKeys:
    """The issuer's public keys, kept for ten minutes; an unknown key id makes us look again, but not in a loop."""

    issuer_url: str
    jwks_url: str | None = None
    fetch: Callable[[str], Mapping[str, Any]] = fetch_json
    now: Callable[[], float] = time.monotonic
    _keys: KeySet | None = None
    _discovery: tuple[float, Mapping[str, Any]] | None = None
    _fetched_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def discovery(self) -> Mapping[str, Any]:
        """What the issuer says about itself; kept as long as its keys."""
        if self._discovery is None or self.now() - self._discovery[0] > KEYS_LIVE_SECONDS:
            document = self.fetch(f"{self.issuer_url}/.well-known/openid-configuration")
            if str(document.get("issuer", "")).rstrip("/") != self.issuer_url:
                raise UnavailableError("auth.issuer-unreachable")
            self._discovery = (self.now(), document)
        return self._discovery[1]

    def all(self, *, refresh: bool = False) -> KeySet:
        with self._lock:
            age = self.now() - self._fetched_at
            if self._keys is None or age > (REFRESH_AT_MOST_EVERY_SECONDS if refresh else KEYS_LIVE_SECONDS):
                url = self.jwks_url or str(self.discovery()["jwks_uri"])
                self._keys = KeySet.import_key_set(dict(self.fetch(url)))  # type: ignore[arg-type]
                self._fetched_at = self.now()
            return self._keys

    def for_key_id(self, key_id: str) -> KeySet:
        """Only the key that the token names; an unknown one is asked for once and then refused."""
        for refresh in (False, True):
            found = [key for key in self.all(refresh=refresh).keys if key.kid == key_id]
            if found:
                return KeySet(found)
        raise UnauthenticatedError("auth.unknown-key")


def signed_claims(token: str, keys: IssuerKeys) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims of a token whose signature holds under a key of the issuer's, by an allowed algorithm."""
    try:
        header = extract_compact(token.encode("ascii")).headers()
        if header.get("alg") not in ALGORITHMS or "crit" in header:
            raise UnauthenticatedError("auth.algorithm-not-allowed")
        if not isinstance(header.get("kid"), str):
            raise UnauthenticatedError("auth.unknown-key")
        decoded = jwt.decode(token, keys.for_key_id(header["kid"]), algorithms=list(ALGORITHMS))
    except InvalidKeyIdError as error:
        raise UnauthenticatedError("auth.unknown-key") from error
    except (JoseError, ValueError, TypeError, UnicodeError) as error:
        raise UnauthenticatedError("auth.token-invalid") from error
    return decoded.header, decoded.claims


def check_times(claims: Mapping[str, Any], now: float) -> None:
    expires, begins = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(expires, int | float) or not isinstance(begins, int | float):
        raise UnauthenticatedError("auth.token-invalid")
    if now > expires + LEEWAY_SECONDS:
        raise UnauthenticatedError("auth.token-expired")
    if now < begins - LEEWAY_SECONDS:
        raise UnauthenticatedError("auth.token-not-yet-valid")


@dataclass(frozen=True)
class AccessTokens:
    """Checks access tokens of one issuer for one audience."""

    issuer_url: str
    audience: str
    keys: IssuerKeys
    now: Callable[[], float] = time.time
    #: By the hash of a token: the keys its signature held under, and what it says.
    _held: dict[bytes, tuple[KeySet, Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=dict, repr=False)

    def _signed(self, token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Header and claims. A signature that held holds until the keys are fetched anew: it is not reckoned twice.

        A partner's system calls a hundred times with one token. All else about it is looked at every time.
        """
        digest = hashlib.sha256(token.encode()).digest()
        if (known := self._held.get(digest)) is not None and known[0] is self.keys.all():
            return known[1], known[2]
        keys = self.keys._keys
        header, claims = signed_claims(token, self.keys)
        if len(self._held) >= HELD_AT_MOST:
            self._held.clear()
        if keys is not None and keys is self.keys._keys:  # otherwise it is not certain which keys it held under
            self._held[digest] = (keys, header, claims)
        return header, claims

    def claims(self, token: str) -> Mapping[str, Any]:
        header, claims = self._signed(token)
        if str(header.get("typ", "")).lower() not in ACCESS_TOKEN_TYPES:
            raise UnauthenticatedError("auth.not-an-access-token")
        if str(claims.get("iss", "")).rstrip("/") != self.issuer_url:
            raise UnauthenticatedError("auth.other-issuer")
        audience = claims.get("aud")
        if self.audience not in (audience if isinstance(audience, list) else [audience]):
            raise UnauthenticatedError("auth.other-audience")
        check_times(claims, self.now())
        if not isinstance(claims.get("sub"), str):
            raise UnauthenticatedError("auth.token-invalid")
        return claims
