"""A certified OpenID provider that is not ours (npm's oidc-provider): signing in as it means it, and what goes wrong.

The first test is the whole way, in the gate; the others are what goes wrong, with tokens that provider really issued.
"""

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests
from apiflask import APIBlueprint
from joserfc.jwk import ECKey, RSAKey
from werkzeug.serving import make_server

from contracts.codes import StaffRole
from contracts.identity import PARTNER_SCOPE
from services.chassis import oidc
from services.chassis.access import UnauthenticatedError, current_caller, fresh, partner_system, staff
from services.chassis.clock import SystemClock
from services.chassis.db import Database
from services.chassis.oidc import Issuer
from services.chassis.tokens import AccessTokens, IssuerKeys
from services.chassis.web import create_app
from services.chassis.work import Unit
from tests.chassis.web_rig import settings
from tests.node import with_packages
from tests.waiting import eventually

SERVICE = "audit"
CLIENT, SECRET = f"lotsennetz-{SERVICE}", "demo-secret"
#: The name a partner's program has there is its organization, which that provider puts into its tokens.
PROGRAM = "7b1d5f0e-58a9-5c54-9a3f-0c5b8d6f0a01"
HTML = {"Accept": "text/html"}
STEPS_AT_MOST = 12
#: How long an ID token of that provider lives, in seconds.
LIVES = 3600


def signing(kid: str, algorithm: str = "RS256") -> dict[str, Any]:
    told = {"kid": kid, "use": "sig", "alg": algorithm}
    made = ECKey.generate_key("P-256", told) if algorithm == "ES256" else RSAKey.generate_key(2048, told)
    return dict(made.as_dict(private=True))


@dataclass
class Provider:
    """The provider as a process, which may be started anew with other keys at the same address."""

    folder: Path
    clients: list[dict[str, Any]]
    keys: list[dict[str, Any]]
    issuer: str = ""
    process: subprocess.Popen[str] | None = None

    def start(self) -> "Provider":
        port = int(self.issuer.rpartition(":")[2] or 0)
        told = json.dumps({"port": port, "clients": self.clients, "keys": self.keys})
        command = ["node", "provider.mjs", told]
        self.process = subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("http"):
                self.issuer = line.strip()
                break
        return self

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            if self.process.stdout is not None:
                self.process.stdout.close()

    def renewed(self, keys: list[dict[str, Any]]) -> None:
        """The same provider with other keys."""
        self.stop()
        self.keys = keys
        self.start()

    def expects(self, **next_one: Any) -> None:
        """Who signs in there next, and how."""
        requests.post(f"{self.issuer}/test/next", json=next_one, timeout=20).raise_for_status()

    def token(self, **asked: str) -> dict[str, Any]:
        answer = requests.post(f"{self.issuer}/token", data=asked, auth=(PROGRAM, SECRET), timeout=20)
        answer.raise_for_status()
        return dict(answer.json())


@dataclass
class Place:
    """Our application on a port of its own, and that provider beside it."""

    provider: Provider
    url: str
    keys: IssuerKeys
    db: Database
    monotonic: list[float]
    stop: Callable[[], None]
    identities: list[str] = field(default_factory=list)

    def browser(self) -> "Browser":
        return Browser(self)

    def issuer_of(self, client: str = CLIENT) -> Issuer:
        told = settings(ISSUER_URL=self.provider.issuer, PUBLIC_URL=self.url, OIDC_CLIENT_ID=client)
        return Issuer(
            replace(told, service=SERVICE), self.keys, AccessTokens(self.provider.issuer, "lotsennetz", self.keys)
        )


@dataclass
class Browser:
    """Follows redirects one by one and keeps where it has been."""

    place: Place
    session: requests.Session = field(default_factory=requests.Session)
    been: list[str] = field(default_factory=list)

    def go(self, path: str, *, until: str | None = None) -> requests.Response:
        """Follow to the end, or up to the first address with these words in it, which is not asked for."""
        url = urljoin(self.place.url, path)
        for _ in range(STEPS_AT_MOST):
            self.been.append(url)
            answer = self.session.get(url, headers=HTML, allow_redirects=False, timeout=20)
            if not answer.is_redirect:
                return answer
            url = urljoin(url, answer.headers["Location"])
            if until is not None and until in url:
                self.been.append(url)
                return answer
        raise AssertionError(f"led in circles: {self.been[-4:]}")

    @property
    def is_in(self) -> bool:
        answer = self.session.get(f"{self.place.url}/audit/", headers=HTML, allow_redirects=False, timeout=20)
        return answer.status_code == 200


def client_of(client_id: str, url: str, **more: Any) -> dict[str, Any]:
    return {
        "client_id": client_id,
        "client_secret": SECRET,
        "redirect_uris": [f"{url}/audit/sign-in/callback"],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        **more,
    }


@pytest.fixture(scope="module")
def place(make_database: Callable[[str], Any]) -> Iterator[Place]:
    folder = with_packages(Path(__file__).parent / "node")
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    server = make_server("127.0.0.1", 0, lambda *call: app(*call), threaded=True)  # noqa: PLW0108  # made below
    url = f"http://127.0.0.1:{server.server_port}"
    logout = {
        "backchannel_logout_uri": f"{url}/audit/sign-in/back-channel-logout",
        "backchannel_logout_session_required": True,
        "post_logout_redirect_uris": [f"{url}/audit/signed-out"],
    }
    clients = [
        client_of(CLIENT, url, **logout),
        client_of("lotsennetz-other", url),
        client_of("lotsennetz-shared", url, id_token_signed_response_alg="HS256"),
        {
            "client_id": PROGRAM,
            "client_secret": SECRET,
            "redirect_uris": [],
            "response_types": [],
            "grant_types": ["client_credentials"],
        },
    ]
    provider = Provider(folder, clients, [signing("one")]).start()
    monotonic = [0.0]
    with Database(str(make_database(SERVICE).app_dsn)) as db:
        keys = IssuerKeys(provider.issuer, now=lambda: monotonic[0] + time.monotonic())
        told = settings(ISSUER_URL=provider.issuer, PUBLIC_URL=url, OIDC_CLIENT_ID=CLIENT, STEP_UP_ACR="mfa")
        app = create_app(SERVICE, told, Unit(db, SystemClock(), SERVICE), blueprints=[pages()], issuer_keys=keys)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield Place(provider, url, keys, db, monotonic, server.shutdown)
        server.shutdown()
        provider.stop()


def pages() -> APIBlueprint:
    found = APIBlueprint("sample", __name__, url_prefix=f"/{SERVICE}", enable_openapi=False)

    @found.get("/")
    @staff()
    def home() -> dict[str, Any]:
        caller = current_caller()
        return {"actor": caller.actor, "role": caller.role, "site": caller.site}

    @found.get("/names")
    @fresh
    @staff(StaffRole.NAVIGATOR)
    def names() -> dict[str, Any]:
        return {"acr": current_caller().acr}

    @found.get("/programs")
    @partner_system
    def programs() -> dict[str, Any]:
        return {"actor": current_caller().actor}

    return found


def id_token_for(place: Place, client: str = CLIENT, nonce: str = "n") -> str:
    """An ID token that provider issued to a client, got the way our door gets it."""
    place.provider.expects(sub="anna")
    issuer = place.issuer_of(client)
    verifier = "v" * 43
    browser = place.browser()
    url = issuer.authorization_url("s", nonce, verifier)
    browser.go(url, until="/sign-in/callback")
    code = parse_qs(urlsplit(browser.been[-1]).query)["code"][0]
    return str(issuer._exchange(code, verifier)["id_token"])


@pytest.mark.long
def test_the_whole_way_in_and_out_again_by_the_back_channel(place: Place) -> None:
    place.provider.expects(sub="anna", acr="pwd")
    browser = place.browser()
    page = browser.go("/audit/")
    assert (page.json()["role"], page.json()["site"]) == ("navigator", "aachen")
    left = next(url for url in browser.been if url.startswith(f"{place.provider.issuer}/auth?"))
    asked = parse_qs(urlsplit(left).query)
    assert asked["code_challenge_method"] == ["S256"] and len(asked["code_challenge"][0]) == 43

    place.provider.expects(sub="anna", acr="mfa")
    assert browser.go("/audit/names", until=place.provider.issuer).is_redirect, "a stronger sign-in is asked for"
    asked_again = parse_qs(urlsplit(browser.been[-1]).query)
    assert asked_again["acr_values"] == ["mfa"]

    assert browser.is_in
    form = browser.go(f"{place.provider.issuer}/session/end?client_id={CLIENT}")
    hidden = form.text.partition('name="xsrf" value="')[2].partition('"')[0]
    browser.session.post(
        f"{place.provider.issuer}/session/end/confirm",
        data={"xsrf": hidden, "logout": "yes"},
        timeout=20,
        allow_redirects=False,
    ).raise_for_status()
    eventually(lambda: not browser.is_in)


@pytest.mark.long
def test_a_program_comes_in_by_its_scope_and_without_it_is_nobody(place: Place) -> None:
    def answered(**asked: str) -> int:
        token = place.provider.token(grant_type="client_credentials", **asked)["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{place.url}/audit/programs", headers=headers, timeout=20).status_code

    assert answered(scope=PARTNER_SCOPE) == 200
    assert answered() == 403


@pytest.mark.long
@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
def test_keys_may_change_while_we_run(place: Place, algorithm: str) -> None:
    place.provider.renewed([signing(f"new-{algorithm}", algorithm), *place.provider.keys])
    for client in place.provider.clients:
        if client["client_id"] == CLIENT:
            client["id_token_signed_response_alg"] = algorithm
    place.provider.renewed(place.provider.keys)
    place.monotonic[0] += 11  # an unknown key is asked for at most every ten seconds
    place.provider.expects(sub="anna")
    assert place.browser().go("/audit/").json()["role"] == "navigator"


@pytest.mark.long
def test_a_token_for_another_client_is_not_ours(place: Place) -> None:
    token = id_token_for(place, "lotsennetz-other")
    with pytest.raises(UnauthenticatedError) as refused:
        place.issuer_of().checked_id_token(token, "n")
    assert refused.value.slug == "auth.other-audience"


@pytest.mark.long
@pytest.mark.parametrize(
    ("ahead", "slug"), [(-31, None), (29, None), (31, "auth.token-expired")], ids=["slow", "a little fast", "fast"]
)
def test_half_a_minute_between_clocks_is_borne(
    place: Place, monkeypatch: pytest.MonkeyPatch, ahead: int, slug: str | None
) -> None:
    place.monotonic[0] += 11
    token = id_token_for(place)
    moment = time.time() + LIVES + ahead
    monkeypatch.setattr(oidc.time, "time", lambda: moment)
    if slug is None:
        assert place.issuer_of().checked_id_token(token, "n")["sub"] == "anna"
        return
    with pytest.raises(UnauthenticatedError) as refused:
        place.issuer_of().checked_id_token(token, "n")
    assert refused.value.slug == slug


@pytest.mark.long
def test_a_token_signed_with_the_clients_own_secret_is_refused(place: Place) -> None:
    with pytest.raises(UnauthenticatedError) as refused:
        place.issuer_of("lotsennetz-shared").checked_id_token(id_token_for(place, "lotsennetz-shared"), "n")
    assert refused.value.slug == "auth.algorithm-not-allowed"


@pytest.mark.long
def test_a_token_of_another_attempt_is_refused(place: Place) -> None:
    place.monotonic[0] += 11
    with pytest.raises(UnauthenticatedError) as refused:
        place.issuer_of().checked_id_token(id_token_for(place, nonce="of another"), "n")
    assert refused.value.slug == "auth.wrong-nonce"


@pytest.mark.long
def test_a_way_back_that_nobody_here_began_leads_nowhere(place: Place) -> None:
    place.provider.expects(sub="anna")
    mine, other = place.browser(), place.browser()
    mine.go("/audit/", until="/sign-in/callback")
    back = mine.been[-1]
    assert other.session.get(back, headers=HTML, timeout=20).status_code == 403
    assert mine.session.get(back.replace("state=", "state=x"), headers=HTML, timeout=20).status_code == 403
    assert mine.go(back).json()["role"] == "navigator"
    assert mine.session.get(back, headers=HTML, timeout=20).status_code == 403, "and only once"


@pytest.mark.long
def test_a_code_is_worth_nothing_without_the_browser_that_asked(place: Place) -> None:
    """PKCE: the code alone, with our own secret even, but another verifier."""
    place.provider.expects(sub="anna")
    issuer, browser = place.issuer_of(), place.browser()
    browser.go(issuer.authorization_url("s", "n", "v" * 43), until="/sign-in/callback")
    code = parse_qs(urlsplit(browser.been[-1]).query)["code"][0]
    with pytest.raises(UnauthenticatedError):
        issuer.claims_for(code, "n", "w" * 43)


@pytest.mark.long
def test_who_has_no_role_there_has_no_way_in(place: Place) -> None:
    place.provider.expects(sub="guest")
    assert place.browser().go("/audit/").status_code == 403
