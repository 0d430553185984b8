"""Access tokens: every way to be wrong is refused by its own name, and none of them reaches a view."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from services.chassis.access import UnauthenticatedError
from services.chassis.errors import UnavailableError
from services.chassis.tokens import (
    KEYS_LIVE_SECONDS,
    REFRESH_AT_MOST_EVERY_SECONDS,
    AccessTokens,
    IssuerKeys,
    fetch_json,
    signed_claims,
)
from tests.chassis.web_rig import ISSUER, TestIssuer

NOW = int(time.time())


@pytest.fixture(scope="module")
def issuer() -> TestIssuer:
    return TestIssuer()


@pytest.fixture
def tokens(issuer: TestIssuer) -> AccessTokens:
    return AccessTokens(ISSUER, "lotsennetz", issuer.keys())


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def refused(tokens: AccessTokens, token: str) -> str:
    with pytest.raises(UnauthenticatedError) as refusal:
        tokens.claims(token)
    return refusal.value.slug


def test_a_good_token_gives_its_claims(tokens: AccessTokens, issuer: TestIssuer) -> None:
    assert tokens.claims(issuer.token())["sub"] == "anna"


@pytest.mark.parametrize(
    ("claims", "slug"),
    [
        ({"iss": "http://other.test"}, "auth.other-issuer"),
        ({"iss": None}, "auth.other-issuer"),
        ({"aud": "another"}, "auth.other-audience"),
        ({"aud": None}, "auth.other-audience"),
        ({"aud": ["one", "two"]}, "auth.other-audience"),
        ({"exp": NOW - 60}, "auth.token-expired"),
        ({"exp": None}, "auth.token-invalid"),
        ({"exp": "tomorrow"}, "auth.token-invalid"),
        ({"nbf": NOW + 36_000}, "auth.token-not-yet-valid"),
        ({"sub": None}, "auth.token-invalid"),
    ],
)
def test_a_wrong_claim_is_refused(tokens: AccessTokens, issuer: TestIssuer, claims: Any, slug: str) -> None:
    assert refused(tokens, issuer.token(**claims)) == slug


def test_one_of_several_audiences_may_be_ours(tokens: AccessTokens, issuer: TestIssuer) -> None:
    assert tokens.claims(issuer.token(aud=["another", "lotsennetz"]))


@pytest.mark.parametrize("kind", ["JWT", "id+jwt", ""])
def test_an_id_token_is_no_access_token(tokens: AccessTokens, issuer: TestIssuer, kind: str) -> None:
    assert refused(tokens, issuer.token({"typ": kind})) == "auth.not-an-access-token"


def test_alg_none_is_refused(tokens: AccessTokens, issuer: TestIssuer) -> None:
    signed = issuer.token().split(".")
    head = "eyJhbGciOiJub25lIiwia2lkIjoiazEiLCJ0eXAiOiJhdCtqd3QifQ"
    assert refused(tokens, f"{head}.{signed[1]}.") in {"auth.algorithm-not-allowed", "auth.token-invalid"}


def test_the_public_key_is_no_shared_secret(tokens: AccessTokens, issuer: TestIssuer) -> None:
    head = b64(json.dumps({"alg": "HS256", "kid": "k1", "typ": "at+jwt"}).encode())
    body = b64(json.dumps({"iss": ISSUER, "aud": "lotsennetz", "sub": "anna", "exp": NOW + 60}).encode())
    mac = hmac.new(issuer.key.as_pem(private=False), f"{head}.{body}".encode(), hashlib.sha256).digest()
    assert refused(tokens, f"{head}.{body}.{b64(mac)}") == "auth.algorithm-not-allowed"


def test_a_signature_by_another_key_is_refused(tokens: AccessTokens, issuer: TestIssuer) -> None:
    other = RSAKey.generate_key(2048, {"kid": "k1"}, auto_kid=False)
    assert refused(tokens, issuer.token(key=other)) == "auth.token-invalid"


def test_a_changed_claim_breaks_the_signature(tokens: AccessTokens, issuer: TestIssuer) -> None:
    head, _, signature = issuer.token().split(".")
    _, other, _ = issuer.token(roles=["dpo"]).split(".")
    assert refused(tokens, f"{head}.{other}.{signature}") == "auth.token-invalid"


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "é.é.é", "...."])
def test_what_is_no_token_is_refused(tokens: AccessTokens, token: str) -> None:
    assert refused(tokens, token) == "auth.token-invalid"


def test_a_token_that_names_no_key_is_refused(tokens: AccessTokens, issuer: TestIssuer) -> None:
    nameless = jwt.encode({"alg": "RS256", "typ": "at+jwt"}, {"sub": "anna"}, issuer.key, algorithms=["RS256"])
    assert refused(tokens, nameless) == "auth.unknown-key"


class Times:
    """A monotonic clock that moves when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_unknown_key_is_asked_for_once_and_not_in_a_loop() -> None:
    issuer, times = TestIssuer(), Times()
    tokens = AccessTokens(ISSUER, "lotsennetz", IssuerKeys(ISSUER, f"{ISSUER}/jwks", issuer.fetch, times))
    tokens.claims(issuer.token())
    for _ in range(5):
        assert refused(tokens, issuer.token({"kid": "k2"})) == "auth.unknown-key"
    assert len(issuer.fetched) == 1
    times.now += REFRESH_AT_MOST_EVERY_SECONDS + 1
    for _ in range(5):
        assert refused(tokens, issuer.token({"kid": "k2"})) == "auth.unknown-key"
    assert len(issuer.fetched) == 2


def test_a_rotated_key_is_found_without_a_restart() -> None:
    issuer, times = TestIssuer(), Times()
    tokens = AccessTokens(ISSUER, "lotsennetz", IssuerKeys(ISSUER, f"{ISSUER}/jwks", issuer.fetch, times))
    tokens.claims(issuer.token())
    issuer.key = RSAKey.generate_key(2048, {"kid": "k2"}, auto_kid=False)
    times.now += REFRESH_AT_MOST_EVERY_SECONDS + 1
    assert tokens.claims(issuer.token({"kid": "k2"}))
    times.now += KEYS_LIVE_SECONDS + 1
    assert refused(tokens, issuer.token({"kid": "k1"})) == "auth.unknown-key"


def test_a_signature_is_reckoned_once_and_anew_under_new_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    issuer, times, reckoned = TestIssuer(), Times(), list[str]()
    tokens = AccessTokens(ISSUER, "lotsennetz", IssuerKeys(ISSUER, f"{ISSUER}/jwks", issuer.fetch, times))
    plain = signed_claims

    def counting(token: str, keys: IssuerKeys) -> Any:
        reckoned.append(token)
        return plain(token, keys)

    monkeypatch.setattr("services.chassis.tokens.signed_claims", counting)
    tokens.claims(issuer.token(sub="somebody else"))  # brings the keys
    one, other = issuer.token(), issuer.token(sub="berta")
    assert [tokens.claims(token)["sub"] for token in (one, other, one, one)] == ["anna", "berta", "anna", "anna"]
    assert reckoned[1:] == [one, other]
    issuer.key = RSAKey.generate_key(2048, {"kid": "k1"}, auto_kid=False)
    times.now += KEYS_LIVE_SECONDS + 1
    assert refused(tokens, one) == "auth.token-invalid", "what held under the keys of yesterday is asked again"


def test_a_token_that_held_before_still_ends(issuer: TestIssuer) -> None:
    times = Times()
    times.now = float(NOW)
    tokens, token = AccessTokens(ISSUER, "lotsennetz", issuer.keys(), times), issuer.token(exp=NOW + 60)
    for _ in range(3):
        assert tokens.claims(token)["sub"] == "anna"
    times.now += 120
    assert refused(tokens, token) == "auth.token-expired"


def test_no_more_tokens_are_remembered_than_so_many(issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.chassis.tokens.HELD_AT_MOST", 3)
    tokens = AccessTokens(ISSUER, "lotsennetz", issuer.keys())
    for number in range(10):
        assert tokens.claims(issuer.token(sub=f"number {number}"))["sub"] == f"number {number}"
    assert len(tokens._held) <= 3


def test_a_discovery_of_another_issuer_is_not_believed() -> None:
    keys = IssuerKeys("http://mine.test", fetch=lambda _: {"issuer": "http://other.test"})
    with pytest.raises(UnavailableError):
        keys.all()


def test_an_issuer_that_is_silent_is_our_503_not_our_crash() -> None:
    with pytest.raises(UnavailableError):
        fetch_json("http://127.0.0.1:9/jwks")
