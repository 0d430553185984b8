"""The sandbox seen from outside: whether it is one, what was asked at its gate, and how to make it misbehave."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import urllib3

from contracts.codes import ChannelKind
from lotse.config import Config
from lotse.network import Network, ProblemError, UnreachableError

JSON = dict[str, Any]
DEMO = "demo"
REFUSAL = """Certification sends made-up persons through the network and lets time run out for them.
It runs in a sandbox only, never beside real enquiries: start one with `make sandbox` and name its state file
(lotse --config .dev/sandbox/state.json)."""


class NotASandboxError(Exception):
    """This network may hold real persons, so nothing is tried on it."""


@dataclass(frozen=True, slots=True)
class Partner:
    """The partner under test, as the sandbox let it in."""

    slug: str
    organization_id: str
    service_id: str
    channel: ChannelKind
    webhook_url: str = ""
    webhook_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request of the partner at the gate, or one command of its on the queue."""

    at: float
    method: str
    path: str
    status: int
    key: str = ""
    if_match: str = ""
    fault: str | None = None

    def acts_on(self, referral_id: str, action: str | None = None) -> bool:
        """Whether it says something about this referral (this, if named)."""
        head = f"/partner/v1/referrals/{referral_id}/actions/"
        return self.method in ("POST", "AMQP") and self.path.startswith(head) and action in (None, self.action)

    @property
    def action(self) -> str:
        return self.path.rpartition("/")[2]

    def __str__(self) -> str:
        place = self.path.removeprefix("/partner/v1/").partition("?")[0].split("/")
        told = "/".join(part for part in place if len(part) != 36)
        return f"{self.method} {told} {self.status or 'open'}{f' ({self.fault})' if self.fault else ''}"


@dataclass
class Sandbox:
    """The gate of a sandbox."""

    config: Config
    _http: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=5, read=30))
    )

    def prove(self, network: Network) -> None:
        """Raise unless the gate answers, and the service that keeps persons' data says that it runs as a demo."""
        if not self.config.sandbox:
            raise NotASandboxError(REFUSAL)
        mode = network.get("referral", "operator/mode").get("mode")
        if mode != DEMO or not self._call("GET", "").get("sandbox"):
            raise NotASandboxError(f"This network runs in mode {mode}. {REFUSAL}")

    def partner(self, organization_id: str) -> Partner:
        """The partner under test, by the id of its organization."""
        for slug, row in self.config.sandbox.get("partners", {}).items():
            if row["organization_id"] == organization_id:
                return Partner(slug=slug, **{**row, "channel": ChannelKind(row["channel"])})
        known = ", ".join(self.config.sandbox.get("partners", {})) or "none"
        raise NotASandboxError(f"The sandbox let in: {known}. Let another in with `make sandbox`.")

    def last(self) -> int:
        """The number of the newest request."""
        seen = self._call("GET", "seen?after=0")["seen"]
        return int(seen[-1]["n"]) if seen else 0

    def seen(self, organization_id: str, after: int) -> list[Seen]:
        """What this partner asked since, oldest first."""
        rows = self._call("GET", f"seen?after={after}")["seen"]
        return [
            Seen(
                at=row["at"],
                method=row["method"],
                path=row["path"],
                status=row["status"],
                key=row["idempotency_key"],
                if_match=row["if_match"],
                fault=row["fault"],
            )
            for row in rows
            if row["organization_id"] == organization_id
        ]

    @contextmanager
    def misbehaving(self, *faults: Mapping[str, Any]) -> Iterator[None]:
        """The gate plays these faults inside, and none afterwards."""
        self.misbehave(faults)
        try:
            yield
        finally:
            self.misbehave(())

    def misbehave(self, faults: Sequence[Mapping[str, Any]]) -> None:
        self._call("PUT", "faults", list(faults))

    def faults_left(self) -> dict[str, int]:
        """How often each fault may still be played."""
        return {row["name"]: int(row["left"]) for row in self._call("GET", "faults")["faults"]}

    def expire(self, referral_id: str) -> None:
        """Let the time of a test referral run out."""
        self._call("POST", f"expiries/{referral_id}")

    def _call(self, method: str, path: str, body: Any = None) -> JSON:
        url = f"{self.config.sandbox['gate']}/sandbox/{path}".rstrip("/")
        headers = {"Authorization": f"Bearer {self.config.sandbox['token']}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        try:
            answer = self._http.request(method, url, body=content, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise UnreachableError(f"the sandbox's gate does not answer at {self.config.sandbox['gate']}") from error
        if answer.status >= 400:
            raise ProblemError(answer.status, json.loads(answer.data or b"{}"))
        found: JSON = json.loads(answer.data)
        return found
