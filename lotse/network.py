"""Speaking to the services: signed in by client credentials, refusals turned into sentences that say what to do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import urllib3

from lotse.config import Config

JSON = dict[str, Any]

ADVICE = {
    401: "The issuer's token was not accepted: are the issuer and this service of the same deployment?",
    403: "This operator lacks the role; it needs `operations` (or what the message names).",
    404: "Look at the list command for ids that exist.",
    409: "The state does not allow it; look at it again with `show`.",
    412: "Somebody changed it meanwhile; look again and repeat.",
    503: "A server behind the service does not answer; `lotse status` says which. Try again in a moment.",
}


class UnreachableError(Exception):
    """Nobody answers at an address."""


class ProblemError(Exception):
    """A service said no; carries its problem document."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = dict(problem)
        super().__init__(str(problem.get("title") or f"HTTP {status}"))

    @property
    def advice(self) -> str:
        """What the operator can do about it."""
        return ADVICE.get(self.status, "")


@dataclass
class Network:
    """The four services and the issuer, seen by one operator."""

    config: Config
    _token: str = ""
    _http: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=5, read=60))
    )

    def get(self, service: str, path: str, **query: object) -> Any:
        """Read something of a service; query values that are None are left out."""
        return self._call("GET", service, path, query=query)

    def post(self, service: str, path: str, body: JSON | None = None, *, version: int | None = None) -> Any:
        """Ask a service to do something; `version` is the one that was seen, where it asks for one."""
        return self._call("POST", service, path, body=json.dumps(body or {}).encode(), version=version)

    def put(self, service: str, path: str, body: JSON) -> Any:
        """Tell a service what something is from now on."""
        return self._call("PUT", service, path, body=json.dumps(body).encode())

    def upload(self, service: str, path: str, content: bytes, content_type: str, **query: object) -> Any:
        """Send a file."""
        return self._call("POST", service, path, body=content, content_type=content_type, query=query)

    def download(self, service: str, path: str) -> bytes:
        """Fetch a file."""
        return self._answer("GET", service, path).data

    def download_to(self, service: str, path: str, target: Path) -> None:
        """Fetch a file of any size, a piece at a time."""
        answer = self._answer("GET", service, path, stream=True)
        with target.open("wb") as file:
            for piece in answer.stream(1 << 20):
                file.write(piece)

    def obtain(self, service: str, path: str, body: JSON, accept: str) -> bytes:
        """Ask a service to make a file; the key lets a lost answer be asked for again."""
        return self._answer("POST", service, path, body=json.dumps(body).encode(), accept=accept).data

    def is_ready(self, service: str) -> str:
        """`ready`, or in a word why not; needs no sign-in."""
        try:
            answer = self._http.request("GET", f"{self.config.services[service]}/{service}/health/ready")
        except urllib3.exceptions.HTTPError:
            return "unreachable"
        return "ready" if answer.status == 200 else f"not ready ({answer.status})"

    def _call(self, method: str, service: str, path: str, **more: Any) -> Any:
        answer = self._answer(method, service, path, **more)
        return json.loads(answer.data) if answer.data else {}

    def _answer(
        self,
        method: str,
        service: str,
        path: str,
        *,
        body: bytes | None = None,
        content_type: str = "application/json",
        query: Mapping[str, object] | None = None,
        accept: str = "application/json",
        version: int | None = None,
        stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        wanted = urlencode({name: value for name, value in (query or {}).items() if value is not None})
        url = f"{self.config.services[service]}/{service}/{path.lstrip('/')}{f'?{wanted}' if wanted else ''}"
        headers = {"Authorization": f"Bearer {self._bearer()}", "Accept": accept}
        headers["Accept-Language"] = "en"  # the language of this command
        if body is not None:
            headers["Content-Type"] = content_type
            headers["Idempotency-Key"] = uuid4().hex
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        try:
            answer = self._http.request(method, url, body=body, headers=headers, preload_content=not stream)
        except urllib3.exceptions.HTTPError as error:
            raise UnreachableError(f"{service} does not answer at {self.config.services[service]}") from error
        if answer.status >= 400:
            raise ProblemError(answer.status, _document(answer.data))
        return answer

    def _bearer(self) -> str:
        if not self._token:
            self._token = self._sign_in()
        return self._token

    def _sign_in(self) -> str:
        login = urllib3.make_headers(basic_auth=f"{self.config.client_id}:{self.config.client_secret}")
        fields = {"grant_type": "client_credentials"}
        try:
            answer = self._http.request(
                "POST", self.config.token_url, fields=fields, encode_multipart=False, headers=login
            )
        except urllib3.exceptions.HTTPError as error:
            raise UnreachableError(f"the issuer does not answer at {self.config.token_url}") from error
        document = _document(answer.data)
        if answer.status != 200:
            title = f"The issuer refused the operator's credentials ({document.get('error', answer.status)})"
            raise ProblemError(401, {"title": title})
        return str(document["access_token"])


def _document(data: bytes) -> JSON:
    try:
        read = json.loads(data)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
