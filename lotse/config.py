"""Where the network is and who we are: `.dev/state.json` of a demo, a file of the same form, or the environment."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

SERVICES = ("directory", "referral", "notifications", "audit")
#: What `lotse backup` reads; the persons' keys lie in a database of their own.
DATABASES = (*SERVICES, "referral_keys")
EXPECTED = """Say where the network is, one of:
  run it beside a running demo (it reads .dev/state.json)
  lotse --config FILE ...           a file of the same form, or LOTSE_CONFIG=FILE
  LOTSE_ORIGIN, LOTSE_TOKEN_URL, LOTSE_CLIENT_ID, LOTSE_CLIENT_SECRET (or LOTSE_CLIENT_SECRET_FILE),
  for topology and partners LOTSE_MANAGEMENT_URL, LOTSE_VHOST, LOTSE_INBOX_PARTITIONS
  for subject-access, rectify, erase and desk
  LOTSE_LEAD_CLIENT_ID, LOTSE_LEAD_CLIENT_SECRET (or LOTSE_LEAD_CLIENT_SECRET_FILE)
  and for backup and restore
  LOTSE_<DATABASE>_DATABASE_URL (or ..._FILE) of DIRECTORY, REFERRAL, NOTIFICATIONS, AUDIT and REFERRAL_KEYS, as owner,
  LOTSE_AUDIT_CHECKPOINTS, LOTSE_AUDIT_KEY_FILE, LOTSE_DELETION_LEDGER_FILE, LOTSE_KEY_FILES (divided by :)"""


class ConfigError(Exception):
    """Nothing says where the network is, or what is there cannot be read."""


@dataclass(frozen=True, slots=True)
class Config:
    """Addresses and the operator's credentials; secrets never appear in a representation."""

    services: Mapping[str, str]
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    management_url: str = field(default="", repr=False)
    vhost: str = "/"
    #: How many queues an inbox is divided into; the services are told the same (INBOX_PARTITIONS).
    inbox_partitions: int = 1
    registration_url: str = ""
    registration_token: str = field(default="", repr=False)
    audit_key: str = ""
    audit_checkpoints: str = ""
    #: The data-protection coordinator's own client (role lead), for what operations may not see.
    lead_client_id: str = ""
    lead_client_secret: str = field(default="", repr=False)
    #: Each database as its owner sees it, for backups alone.
    databases: Mapping[str, str] = field(default_factory=dict, repr=False)
    deletion_ledger: str = ""
    #: Files with keys that no backup holds and the escrow must.
    key_files: tuple[str, ...] = ()
    #: What a network to try partners' systems on says about itself; empty everywhere else.
    sandbox: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def as_welcome_center(self) -> "Config":
        """The same network, signed in as the navigator who plays the welcome center of a sandbox."""
        return replace(
            self,
            client_id=self.sandbox["welcome_client_id"],
            client_secret=self.sandbox["welcome_client_secret"],
        )

    def as_lead(self) -> "Config":
        """The same network, signed in as the lead."""
        if not self.lead_client_id:
            raise ConfigError(
                "This is the lead's to do and needs a lead's client: set LOTSE_LEAD_CLIENT_ID and _SECRET."
            )
        return replace(self, client_id=self.lead_client_id, client_secret=self.lead_client_secret)


def load(path: Path | None, environment: Mapping[str, str] | None = None, start: Path | None = None) -> Config:
    """The file named, else the environment, else the state of a demo in this folder or one above it."""
    env = os.environ if environment is None else environment
    named = path or (Path(env["LOTSE_CONFIG"]) if env.get("LOTSE_CONFIG") else None)
    if named is None and env.get("LOTSE_ORIGIN"):
        return _from_environment(env)
    named = named or _nearest_state(start or Path.cwd())
    if named is None:
        raise ConfigError(EXPECTED)
    try:
        return _from_state(json.loads(named.read_text()))
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"{named}: {type(error).__name__} {error}\n{EXPECTED}") from error


def _nearest_state(start: Path) -> Path | None:
    for folder in (start, *start.parents):
        if (folder / ".dev" / "state.json").is_file():
            return folder / ".dev" / "state.json"
    return None


def _from_state(state: Mapping[str, Any]) -> Config:
    own, broker, audit = state["lotse"], state.get("broker", {}), state.get("audit", {})
    origin = state["origin"].rstrip("/")
    return Config(
        services={service: state.get("services", {}).get(service, origin) for service in SERVICES},
        token_url=own["token_url"],
        client_id=own["client_id"],
        client_secret=own["client_secret"],
        management_url=broker.get("management_url", ""),
        vhost=broker.get("vhost", "/"),
        inbox_partitions=int(broker.get("inbox_partitions", 1)),
        registration_url=own.get("registration_url", ""),
        registration_token=own.get("registration_token", ""),
        audit_key=audit.get("key", ""),
        audit_checkpoints=audit.get("checkpoints", ""),
        lead_client_id=own.get("lead_client_id", ""),
        lead_client_secret=own.get("lead_client_secret", ""),
        databases=state.get("databases", {}),
        deletion_ledger=state.get("deletion_ledger", ""),
        key_files=tuple(state.get("key_files", ())),
        sandbox=state.get("sandbox", {}),
    )


def _from_environment(env: Mapping[str, str]) -> Config:
    secret = _secret(env, "LOTSE_CLIENT_SECRET")
    missing = [name for name in ("LOTSE_TOKEN_URL", "LOTSE_CLIENT_ID") if not env.get(name)]
    if missing or not secret:
        raise ConfigError(f"missing: {', '.join(missing) or 'LOTSE_CLIENT_SECRET'}\n{EXPECTED}")
    origin = env["LOTSE_ORIGIN"].rstrip("/")
    return Config(
        services={service: env.get(f"LOTSE_{service.upper()}_URL", origin) for service in SERVICES},
        token_url=env["LOTSE_TOKEN_URL"],
        client_id=env["LOTSE_CLIENT_ID"],
        client_secret=secret,
        management_url=env.get("LOTSE_MANAGEMENT_URL", ""),
        vhost=env.get("LOTSE_VHOST", "/"),
        inbox_partitions=int(env.get("LOTSE_INBOX_PARTITIONS") or 1),
        audit_key=env.get("LOTSE_AUDIT_KEY_FILE", ""),
        audit_checkpoints=env.get("LOTSE_AUDIT_CHECKPOINTS", ""),
        lead_client_id=env.get("LOTSE_LEAD_CLIENT_ID", ""),
        lead_client_secret=_secret(env, "LOTSE_LEAD_CLIENT_SECRET"),
        databases={name: _secret(env, f"LOTSE_{name.upper()}_DATABASE_URL") for name in DATABASES},
        deletion_ledger=env.get("LOTSE_DELETION_LEDGER_FILE", ""),
        key_files=tuple(filter(None, env.get("LOTSE_KEY_FILES", "").split(os.pathsep))),
    )


def _secret(env: Mapping[str, str], name: str) -> str:
    """What a setting says, or the file that it names; nothing if it does neither."""
    file = env.get(f"{name}_FILE")
    return Path(file).read_text().strip() if file else env.get(name, "")
