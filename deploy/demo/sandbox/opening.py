"""What the gate is told - where the services are, who may examine, where the days are counted - and who signs."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from deploy.demo.databases import at_database
from deploy.demo.keys import KeyFiles


def gate_settings(state: Mapping[str, Any], token: str) -> Mapping[str, str]:
    """From the state file of a running network."""
    return {
        "UPSTREAMS": json.dumps(state["services"]),
        "SANDBOX_TOKEN": token,
        "REFERRAL_DSN": at_database(state["postgres"]["dsn"], "referral"),
    }


def new_token() -> str:
    """Who knows it may make the gate misbehave."""
    return secrets.token_hex(24)


def signing_keys(keys: KeyFiles) -> Mapping[str, str]:
    """Where the pair lies that signs certification reports."""
    return {"signing_key": str(keys.certification), "verification_key": str(keys.certification_public)}
