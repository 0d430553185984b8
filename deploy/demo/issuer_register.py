"""Who is known to the demo issuer: people and programs, from one JSON file that may change while it runs."""

import hmac
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin

from deploy.demo.places import write_private


@dataclass(frozen=True, slots=True)
class User:
    """A made-up member of staff; `claims` go into every token about her."""

    sub: str
    name: str
    description: str
    claims: dict[str, Any] = field(default_factory=dict)

    def get_user_id(self) -> str:
        """What authlib asks for the subject."""
        return self.sub


@dataclass(frozen=True, slots=True)
class Client(ClientMixin):  # type: ignore[misc]
    """A program that may ask for tokens, by a secret, by a key of its own, or (with PKCE only) by neither."""

    client_id: str
    auth_method: str = "client_secret_basic"
    client_secret: str = ""
    jwks: dict[str, Any] = field(default_factory=dict)
    grant_types: tuple[str, ...] = ("client_credentials",)
    redirect_prefix: str = ""
    claims: dict[str, Any] = field(default_factory=dict)

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        return None

    def get_allowed_scope(self, scope: str | None) -> str:
        return " ".join(part for part in (scope or "").split() if part in {"openid", "profile"})

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return bool(self.redirect_prefix) and redirect_uri.startswith(self.redirect_prefix)

    def check_client_secret(self, client_secret: str) -> bool:
        return bool(self.client_secret) and hmac.compare_digest(self.client_secret, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.auth_method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and "authorization_code" in self.grant_types

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types


@dataclass
class Register:
    """The file, read anew whenever it has changed."""

    path: Path
    _seen: int = 0
    _users: dict[str, User] = field(default_factory=dict)
    _clients: dict[str, Client] = field(default_factory=dict)

    def users(self) -> list[User]:
        """Everybody who may sign in, in the file's order."""
        self._refresh()
        return list(self._users.values())

    def user(self, sub: str) -> User | None:
        self._refresh()
        return self._users.get(sub)

    def client(self, client_id: str) -> Client | None:
        self._refresh()
        return self._clients.get(client_id)

    def add_client(self, row: dict[str, Any]) -> None:
        """Take a client in, replacing the one with the same id."""
        document = json.loads(self.path.read_text())
        others = [one for one in document["clients"] if one["client_id"] != row["client_id"]]
        write_private(self.path, json.dumps({**document, "clients": [*others, row]}, indent=2))

    def remove_client(self, client_id: str) -> bool:
        """Forget a client; tokens it holds end by themselves within minutes."""
        document = json.loads(self.path.read_text())
        others = [one for one in document["clients"] if one["client_id"] != client_id]
        write_private(self.path, json.dumps({**document, "clients": others}, indent=2))
        return len(others) < len(document["clients"])

    def _refresh(self) -> None:
        stamp = self.path.stat().st_mtime_ns
        if stamp == self._seen:
            return
        document = json.loads(self.path.read_text())
        self._users = {row["sub"]: User(**row) for row in document["users"]}
        self._clients = {
            row["client_id"]: Client(**{**row, "grant_types": tuple(row.get("grant_types", ("client_credentials",)))})
            for row in document["clients"]
        }
        self._seen = stamp
