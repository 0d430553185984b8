"""What comes back from the issuer: a token for us, of this attempt, and our secret goes nowhere else."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from services.chassis.access import UnauthenticatedError
from services.chassis.errors import UnavailableError
from services.chassis.oidc import Issuer
from services.chassis.tokens import AccessTokens, IssuerKeys
from tests.chassis.web_rig import ISSUER, TestIssuer, settings

US = "lotsennetz-sample"


@pytest.fixture(scope="module")
def issuer() -> TestIssuer:
    return TestIssuer()


def asked_by(keys: IssuerKeys) -> Issuer:
    return Issuer(settings(OIDC_CLIENT_ID=US), keys, AccessTokens(ISSUER, "lotsennetz", keys))


def test_an_id_token_for_us_and_this_attempt_is_believed(issuer: TestIssuer) -> None:
    token = issuer.token({"typ": "JWT"}, aud=US, nonce="n")
    assert asked_by(issuer.keys()).checked_id_token(token, "n")["sub"] == "anna"


@pytest.mark.parametrize(
    ("claims", "slug"),
    [
        ({"iss": "http://other.test"}, "auth.other-issuer"),
        ({"aud": "another"}, "auth.other-audience"),
        ({"aud": [US, "another"]}, "auth.other-audience"),
        ({"azp": "another"}, "auth.other-audience"),
        ({"exp": 1}, "auth.token-expired"),
        ({"nonce": "of another attempt"}, "auth.wrong-nonce"),
        ({"nonce": None}, "auth.wrong-nonce"),
        ({"sub": None}, "auth.token-invalid"),
    ],
    ids=["issuer", "audience", "several audiences", "authorized party", "expired", "nonce", "no nonce", "nobody"],
)
def test_an_id_token_with_a_wrong_claim_is_refused(issuer: TestIssuer, claims: dict[str, Any], slug: str) -> None:
    token = issuer.token({"typ": "JWT"}, **{"aud": US, "nonce": "n", **claims})
    with pytest.raises(UnauthenticatedError) as refused:
        asked_by(issuer.keys()).checked_id_token(token, "n")
    assert refused.value.slug == slug


def test_an_id_token_signed_by_another_key_is_refused(issuer: TestIssuer) -> None:
    stranger = RSAKey.generate_key(2048, {"kid": "k1"}, auto_kid=False)
    with pytest.raises(UnauthenticatedError):
        asked_by(issuer.keys()).checked_id_token(issuer.token({"typ": "JWT"}, stranger, aud=US, nonce="n"), "n")


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A token endpoint that sends us on, and which paths were asked for."""
    seen: list[str] = []

    @Request.application
    def redirecting(request: Request) -> Response:
        seen.append(request.path)
        return Response(status=307, headers={"Location": "/elsewhere"})

    server = make_server("127.0.0.1", 0, redirecting)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()


def test_the_code_is_exchanged_where_the_issuer_said_and_a_redirect_is_not_followed(
    elsewhere: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    address, seen = elsewhere
    keys = IssuerKeys(ISSUER, fetch=lambda _: {"issuer": ISSUER, "token_endpoint": f"{address}/token"})
    with pytest.raises(UnavailableError):
        asked_by(keys).claims_for("code", "n", "v" * 50)
    assert seen == ["/token"]
