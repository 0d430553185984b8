"""Backups as operations take them: pg_dump of each database by itself, pg_restore into a fresh one."""

import json
import secrets
import subprocess
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from joserfc.jwk import OKPKey

from deploy.demo import databases
from deploy.demo.databases import DatabaseAddresses, at_database
from deploy.demo.postgres_server import binaries_of_wheel
from services.referral import sealing
from tests.chassis.rig import Room, settings_of
from tests.conftest import MADE, ROLE_PASSWORDS, ROOT
from tests.integration.referral.scene import SERVICE_KEY

NOWHERE = "amqp://nobody:nothing@127.0.0.1:9/none"


def dump(postgres: str, dsn: str, path: Path, *, form: str = "custom") -> Path:
    """Everything in the database that this DSN leads to, as a superuser backs it up."""
    _run("pg_dump", f"--format={form}", f"--file={path}", at_database(postgres, _name(dsn)))
    return path


def restore(postgres: str, path: Path, service: str) -> DatabaseAddresses:
    """Put a backup into a new database of the same service."""
    name = f"test_restored_{service}_{secrets.token_hex(4)}"
    made = databases.create_database(postgres, service, ROLE_PASSWORDS, name=name)
    MADE.append(lambda: databases.drop_database(postgres, name))
    _run("pg_restore", "--exit-on-error", f"--dbname={at_database(postgres, name)}", str(path))
    return made


def environment(data: DatabaseAddresses, keys: DatabaseAddresses, ledger: Path, folder: Path) -> Mapping[str, str]:
    """What a process of referral is started with; it reaches its databases and no broker."""
    link = OKPKey.generate_key("Ed25519", auto_kid=True)
    files = {
        "PARTNER_FACING_KEY_FILE": sealing.generate_own_keys(),
        "DESK_LINK_PUBLIC_KEY_FILE": link.as_dict(private=False),
        "PERSON_LINK_KEY_FILE": link.as_dict(private=True),
        "RECEIPT_KEY_FILE": link.as_dict(private=True),
    }
    for name, document in files.items():
        (folder / name).write_text(json.dumps(document))
    return {
        **settings_of(Room("referral", data.app_dsn, data.owner_dsn), NOWHERE),
        **{name: str(folder / name) for name in files},
        "HTTP_ADDRESS": "127.0.0.1:0",
        "SERVICE_KEY": b64encode(SERVICE_KEY).decode(),
        "KEYS_DATABASE_URL": keys.app_dsn,
        "KEYS_MIGRATION_DATABASE_URL": keys.owner_dsn,
        "DELETION_LEDGER_FILE": str(ledger),
        "CONTROLLERS_FILE": str(ROOT / "deploy" / "demo" / "data" / "controllers.json"),
        "SMTP_URL": "smtp://127.0.0.1:9",
        "MAIL_FROM": "lotsennetz@welcome-center.example",
    }


def _run(program: str, *arguments: str) -> None:
    done = subprocess.run(
        [str(binaries_of_wheel() / program), *arguments], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr


def _name(dsn: str) -> str:
    return urlsplit(dsn).path.removeprefix("/")
