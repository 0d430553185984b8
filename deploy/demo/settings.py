"""The settings each service gets in the demo: what all need, and what only one of them may have."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.databases import DatabaseAddresses
from deploy.demo.keys import KeyFiles

#: Who is responsible in the demo: made up, like everybody in it.
CONTROLLERS = Path(__file__).parent / "data" / "controllers.json"


@dataclass(frozen=True, slots=True)
class Places:
    """Addresses around one service."""

    origin: str
    issuer: str
    http_address: str
    smtp_url: str
    checkpoints: Path
    key_store: DatabaseAddresses
    deletions: Path


def service_environment(
    service: str, places: Places, keys: KeyFiles, database: DatabaseAddresses, amqp_uri: str, oidc_secret: str
) -> Mapping[str, str]:
    """Everything the service is told; a key goes only to the service that needs it."""
    return {
        "MODE": "demo",
        "DATABASE_URL": database.app_dsn,
        "MIGRATION_DATABASE_URL": database.owner_dsn,
        "AMQP_URI": amqp_uri,
        "HTTP_ADDRESS": places.http_address,
        "PUBLIC_URL": places.origin,
        "ISSUER_URL": places.issuer,
        "OIDC_CLIENT_ID": f"lotsennetz-{service}",
        "OIDC_CLIENT_SECRET": oidc_secret,
        "DEPLOYMENT_KEY_FILE": str(keys.deployment_key),
        "PARTNER_REQUESTS_PER_MINUTE": "6000",  # the stand-ins live weeks in minutes
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "INFO"),
        "OTEL_EXPORTER_OTLP_ENDPOINT": os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
        **_own(service, places, keys, database),
    }


def _own(service: str, places: Places, keys: KeyFiles, database: DatabaseAddresses) -> Mapping[str, str]:
    mail = {"SMTP_URL": places.smtp_url, "MAIL_FROM": "lotsennetz@welcome-center.example"}
    if service == "referral":
        return mail | {
            "SERVICE_KEY_FILE": str(keys.service_key),
            "KEYS_DATABASE_URL": places.key_store.app_dsn,
            "KEYS_MIGRATION_DATABASE_URL": places.key_store.owner_dsn,
            "DELETION_LEDGER_FILE": str(places.deletions),
            "PARTNER_FACING_KEY_FILE": str(keys.partner_facing),
            "DESK_LINK_PUBLIC_KEY_FILE": str(keys.desk_link_public),
            "PERSON_LINK_KEY_FILE": str(keys.person_link),
            "RECEIPT_KEY_FILE": str(keys.receipts),
            "TRUSTED_PROXY": "127.0.0.1",
            "UNDO_WINDOW_SECONDS": os.environ.get("UNDO_WINDOW_SECONDS", "1"),
            "DUPLICATE_QUESTIONS_PER_DAY": "10000",  # a sandbox sends months of referrals in a day
            "CONTROLLERS_FILE": str(CONTROLLERS),
        }
    if service == "directory":
        return {"KEY_CONFIRMATION": "none"}  # one program plays everybody; production does not start with it
    if service == "notifications":
        return mail | {"DESK_LINK_KEY_FILE": str(keys.desk_link), "WEBHOOK_ALLOW_NETS": "127.0.0.0/8"}
    if service == "audit":
        places.checkpoints.mkdir(parents=True, exist_ok=True)
        return {
            "CHECKPOINT_KEY_FILE": str(keys.checkpoint),
            "CHECKPOINT_DIR": str(places.checkpoints),
            "RETENTION_DATABASE_URL": database.retention_dsn,
        }
    return {}
