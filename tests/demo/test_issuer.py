"""The demo issuer speaks the real protocols: what it signs, the chassis accepts; what is wrong, it refuses."""

import base64
import hashlib
import json
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from deploy.demo.issuer import create_issuer, signing_key
from deploy.demo.issuer_register import Register
from services.chassis.tokens import AccessTokens, IssuerKeys

ISSUER = "http://127.0.0.1:8190"
ORIGIN = "http://127.0.0.1:8100"
CALLBACK = f"{ORIGIN}/referral/callback"
OWN_KEY = ECKey.generate_key("P-256", auto_kid=True)
REGISTER: dict[str, Any] = {
    "users": [
        {"sub": "nina", "name": "Nina", "description": "", "claims": {"roles": ["navigator"], "site": "aachen"}},
    ],
    "clients": [
        {
            "client_id": "desk",
            "auth_method": "none",
            "grant_types": ["authorization_code"],
            "redirect_prefix": f"{ORIGIN}/referral/",
        },
        {
            "client_id": "hwk",
            "client_secret": "s3cret",
            "claims": {"organization_id": "00000000-0000-0000-0000-000000000001"},
        },
        {"client_id": "ihk", "auth_method": "private_key_jwt", "jwks": {"keys": [OWN_KEY.as_dict(private=False)]}},
    ],
}


@pytest.fixture
def issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    register = tmp_path / "register.json"
    register.write_text(json.dumps(REGISTER))
    app = create_issuer(ISSUER, "lotsennetz", Register(register), signing_key(tmp_path / "key.json"), "onboarding")
    return app.test_client()


def claims(issuer: Any, token: str) -> Any:
    """What the chassis reads in a token, with its own checks."""

    def fetch(url: str) -> Any:
        return issuer.get(urlsplit(url).path).get_json()

    return AccessTokens(ISSUER, "lotsennetz", IssuerKeys(ISSUER, fetch=fetch)).claims(token)


def sign_in(issuer: Any, *, user: str = "nina", callback: str = CALLBACK, verifier: str = "v" * 50) -> Any:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 50).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": "desk",
        "redirect_uri": callback,
        "scope": "openid",
        "state": "st",
        "nonce": "no",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    page = issuer.get("/authorize", query_string=asked)
    if page.status_code != 200:
        return page
    back = issuer.post("/authorize", query_string=asked, data={"user": user})
    answer = parse_qs(urlsplit(back.headers["Location"]).query)
    if "code" not in answer:
        return back
    form = {"grant_type": "authorization_code", "code": answer["code"][0], "redirect_uri": callback}
    return issuer.post("/token", data={**form, "client_id": "desk", "code_verifier": verifier}), form


def test_staff_sign_in_by_code_and_pkce_gives_a_token_the_chassis_accepts(issuer: Any) -> None:
    answer, _ = sign_in(issuer)
    seen = claims(issuer, answer.get_json()["access_token"])
    assert (seen["sub"], seen["roles"], seen["site"]) == ("nina", ["navigator"], "aachen")


def test_the_id_token_carries_nonce_and_audience(issuer: Any) -> None:
    answer, _ = sign_in(issuer)
    keys = ECKey.import_key(issuer.get("/jwks.json").get_json()["keys"][0])
    seen = jwt.decode(answer.get_json()["id_token"], keys).claims
    assert seen["nonce"] == "no"
    assert seen["aud"] == ["desk"]
    assert seen["iss"] == ISSUER


def test_a_code_is_good_once(issuer: Any) -> None:
    _, form = sign_in(issuer)
    again = issuer.post("/token", data={**form, "client_id": "desk", "code_verifier": "v" * 50})
    assert again.get_json()["error"] == "invalid_grant"


def test_another_verifier_gets_nothing(issuer: Any) -> None:
    answer, _ = sign_in(issuer, verifier="w" * 50)
    assert answer.get_json()["error"] == "invalid_grant"


def test_a_foreign_callback_is_refused_without_a_redirect(issuer: Any) -> None:
    assert sign_in(issuer, callback="https://elsewhere.example/").status_code == 400


def test_nobody_chosen_is_access_denied(issuer: Any) -> None:
    back = sign_in(issuer, user="nobody")
    assert "error=access_denied" in back.headers["Location"]


def test_a_partner_system_gets_its_organization(issuer: Any) -> None:
    answer = issuer.post("/token", data={"grant_type": "client_credentials"}, auth=("hwk", "s3cret"))
    seen = claims(issuer, answer.get_json()["access_token"])
    assert seen["organization_id"] == "00000000-0000-0000-0000-000000000001"
    assert seen["exp"] - seen["iat"] == 600


def test_a_wrong_secret_is_401(issuer: Any) -> None:
    assert issuer.post("/token", data={"grant_type": "client_credentials"}, auth=("hwk", "guess")).status_code == 401


def assertion(jti: str, key: ECKey = OWN_KEY, /, **changes: Any) -> dict[str, str]:
    claims = {"iss": "ihk", "sub": "ihk", "aud": f"{ISSUER}/token", "exp": int(time.time()) + 60, "jti": jti}
    kept = {name: value for name, value in (claims | changes).items() if value is not None}
    return proof(jwt.encode({"alg": "ES256", "kid": str(key.kid)}, kept, key))


def proof(signed: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": signed,
    }


def test_a_client_with_a_key_of_its_own_needs_no_secret_and_an_assertion_is_good_once(issuer: Any) -> None:
    once = assertion(secrets.token_hex(8))
    assert issuer.post("/token", data=once).status_code == 200
    assert issuer.post("/token", data=once).get_json()["error"] == "invalid_client"


def test_a_stranger_s_key_proves_nothing(issuer: Any) -> None:
    stranger = ECKey.generate_key("P-256", auto_kid=True)
    assert issuer.post("/token", data=assertion("x", stranger)).get_json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "https://elsewhere.example/token"},
        {"aud": None},
        {"exp": 1_700_000_000},
        {"exp": 99_999_999_999},
        {"exp": None},
        {"exp": "soon"},
        {"iss": "hwk"},
        {"sub": "hwk", "iss": "hwk"},
        {"sub": "nobody", "iss": "nobody"},
        {"jti": None},
    ],
    ids=str,
)
def test_an_assertion_for_another_place_time_or_client_proves_nothing(issuer: Any, change: dict[str, Any]) -> None:
    answer = issuer.post("/token", data=assertion(secrets.token_hex(8), **change))
    assert (answer.status_code in {400, 401}, answer.get_json()["error"]) == (True, "invalid_client")


def test_no_algorithm_and_the_public_key_as_a_secret_prove_nothing(issuer: Any) -> None:
    claims = {"iss": "ihk", "sub": "ihk", "aud": ISSUER, "exp": int(time.time()) + 60, "jti": secrets.token_hex(8)}
    public = OctKey.import_key(json.dumps(OWN_KEY.as_dict(private=False)))
    for header, key in (({"alg": "none"}, public), ({"alg": "HS256", "kid": OWN_KEY.kid}, public)):
        forged = jwt.encode(header, claims, key, algorithms=["none", "HS256"])
        assert issuer.post("/token", data=proof(forged)).get_json()["error"] == "invalid_client"
    genuine = jwt.encode({"alg": "ES256", "kid": OWN_KEY.kid}, claims, OWN_KEY)
    assert issuer.post("/token", data=proof(genuine)).status_code == 200, "the claims were good"


def test_who_has_a_key_cannot_sign_in_by_secret_nor_the_other_way_round(issuer: Any) -> None:
    ask = {"grant_type": "client_credentials"}
    assert issuer.post("/token", data=ask, auth=("ihk", "")).get_json()["error"] == "invalid_client"
    assert issuer.post("/token", data=assertion("y", iss="hwk", sub="hwk")).get_json()["error"] == "invalid_client"


def test_the_discovery_says_how_a_program_may_prove_itself(issuer: Any) -> None:
    told = issuer.get("/.well-known/openid-configuration").get_json()
    assert "private_key_jwt" in told["token_endpoint_auth_methods_supported"]
    assert not {"none", "HS256"} & set(told["token_endpoint_auth_signing_alg_values_supported"])


def test_a_key_handed_in_at_onboarding_is_enough(issuer: Any) -> None:
    own = ECKey.generate_key("P-256", auto_kid=True)
    row = {"auth_method": "private_key_jwt", "jwks": {"keys": [own.as_dict(private=False)]}, "claims": {}}
    headers = {"Authorization": "Bearer onboarding"}
    assert issuer.put("/clients/kia", json=row, headers=headers).status_code == 200
    assert issuer.post("/token", data=assertion("z", own, iss="kia", sub="kia")).status_code == 200


def test_onboarding_adds_a_client_at_once_and_only_with_the_token(issuer: Any) -> None:
    row = {"client_secret": "new", "claims": {}}
    assert issuer.put("/clients/kia", json=row).status_code == 401
    assert issuer.put("/clients/kia", json=row, headers={"Authorization": "Bearer onboarding"}).status_code == 200
    ask = {"grant_type": "client_credentials"}
    assert issuer.post("/token", data=ask, auth=("kia", "new")).status_code == 200
    assert issuer.delete("/clients/kia", headers={"Authorization": "Bearer onboarding"}).status_code == 204
    assert issuer.post("/token", data=ask, auth=("kia", "new")).status_code == 401


def test_the_sign_in_page_says_demo_and_names_are_escaped(issuer: Any) -> None:
    asked = {
        "response_type": "code",
        "client_id": "desk",
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "state": '"><b>',
    }
    page = issuer.get("/authorize", query_string={**asked, "code_challenge": "x" * 43, "code_challenge_method": "S256"})
    assert "DEMO" in page.text
    assert "<b>" not in page.text


def test_it_does_not_start_in_production(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.demo.issuer"],
        env={"MODE": "production"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "MODE=demo" in done.stderr
