"""Referral's own settings: read once, refused by name."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from services.chassis.config import ConfigError, Environment
from services.referral import sealing
from services.referral.config import load
from services.referral.postman import make_postman
from services.referral.receipts import generate_receipt_keys
from services.referral.vault import ServiceKeys

CONTROLLERS = (Path(__file__).parents[3] / "deploy" / "demo" / "data" / "controllers.json").read_text(encoding="utf-8")
OWN_KEYS = sealing.generate_own_keys()
Settings = Callable[..., Environment]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    own, links, persons = tmp_path / "own.json", tmp_path / "links.json", tmp_path / "persons.json"
    receipts = tmp_path / "receipts.json"
    receipts.write_text(json.dumps(generate_receipt_keys()))
    own.write_text(json.dumps(OWN_KEYS))
    links.write_text(json.dumps(OKPKey.generate_key("Ed25519", auto_kid=True).as_dict(private=False)))
    persons.write_text(json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)))
    usual = {
        "PERSON_LINK_KEY_FILE": str(persons),
        "RECEIPT_KEY_FILE": str(receipts),
        "PUBLIC_URL": "https://lotsennetz.example",
        "SERVICE_KEY": base64.b64encode(bytes(32)).decode(),
        "PARTNER_FACING_KEY_FILE": str(own),
        "DESK_LINK_PUBLIC_KEY_FILE": str(links),
        "CONTROLLERS": CONTROLLERS,
        "MODE": "demo",
        "DATABASE_URL": "postgresql://referral:a@db/referral",
        "KEYS_DATABASE_URL": "postgresql://referral_keys:b@db/referral_keys?sslmode=verify-full",
        "DELETION_LEDGER_FILE": str(tmp_path / "deletions.ndjson"),
    }
    return lambda **changes: Environment({**usual, **changes})


def test_a_navigator_has_thirty_seconds_unless_said_otherwise(settings: Settings):
    assert load(settings()).undo_window == timedelta(seconds=30)
    assert load(settings(UNDO_WINDOW_SECONDS="0")).undo_window == timedelta(0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SERVICE_KEY", ""),
        ("SERVICE_KEY", "short"),
        ("KEYS_DATABASE_URL", ""),
        ("KEYS_DATABASE_URL", "mysql://a:geheim@db/keys"),
        ("DELETION_LEDGER_FILE", ""),
        ("PARTNER_FACING_KEY_FILE", "/nonexistent"),
        ("DESK_LINK_PUBLIC_KEY_FILE", "/nonexistent"),
        ("PERSON_LINK_KEY_FILE", "/nonexistent"),
        ("RECEIPT_KEY_FILE", "/nonexistent"),
        ("PERSON_LINK_DAYS", "31"),
        ("PUBLIC_URL", "lotsennetz.example"),
        ("UNDO_WINDOW_SECONDS", "soon"),
        ("UNDO_WINDOW_SECONDS", "86400"),
        ("CONTROLLERS", ""),
        ("CONTROLLERS", "Welcome Center"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(settings: Settings, name: str, value: str):
    with pytest.raises(ConfigError) as refused:
        load(settings(**{name: value}))

    assert name in refused.value.setting
    assert not value or value not in str(refused.value)


@pytest.mark.parametrize("content", ["{", "[]", '{"keys": [{"kty": "RSA"}]}'])
def test_a_key_file_that_holds_no_keys_is_refused(settings: Settings, tmp_path: Path, content: str):
    wrong = tmp_path / "wrong.json"
    wrong.write_text(content)

    with pytest.raises(ConfigError):
        load(settings(PARTNER_FACING_KEY_FILE=str(wrong)))


def test_the_postman_is_told_where_and_in_whose_name(settings: Settings):
    told = settings(SMTP_URL="smtps://user:word@mail.example", MAIL_FROM="lotsen@netz.example", LADDER_SCALE="0.01")
    postman = make_postman(told, None)  # type: ignore[arg-type]  # it works on nothing here
    assert (postman.server.host, postman.server.encrypted, postman.sender) == (
        "mail.example",
        True,
        "lotsen@netz.example",
    )
    assert postman.scale == 0.01
    with pytest.raises(ConfigError, match="MAIL_FROM"):
        make_postman(settings(SMTP_URL="smtp://mail.example"), None)  # type: ignore[arg-type]


def former(*secrets: bytes) -> str:
    return "\n".join(base64.b64encode(secret).decode() for secret in secrets)


def test_former_service_keys_are_read_one_to_a_line_or_word(settings: Settings, tmp_path: Path):
    one, other = bytes([1]) * 32, bytes([2]) * 32
    file = tmp_path / "former"
    file.write_text(former(one, other) + "\n")
    in_file = load(settings(SERVICE_KEYS_OLD_FILE=str(file))).keys.vault.service_keys
    in_words = load(settings(SERVICE_KEYS_OLD=former(one, other).replace("\n", " "))).keys.vault.service_keys
    assert list(in_file.all) == list(in_words.all) == [ServiceKeys(key).wrapping_id for key in (bytes(32), one, other)]
    assert list(load(settings()).keys.vault.service_keys.all) == [ServiceKeys(bytes(32)).wrapping_id]


@pytest.mark.parametrize("value", ["short", former(bytes(32)) + " x", former(bytes(31))])
def test_a_former_service_key_that_is_none_is_refused(settings: Settings, value: str):
    with pytest.raises(ConfigError, match="SERVICE_KEYS_OLD"):
        load(settings(SERVICE_KEYS_OLD=value))


SAFE = "?sslmode=verify-full"
DATA = f"postgresql://referral:a@db:5432/referral{SAFE}"


@pytest.mark.parametrize(
    "keys",
    [
        DATA,
        f"postgresql://referral_keys:b@db/referral{SAFE}",  # the default port is the same one
        f"postgresql://referral:a@db/referral_keys{SAFE}",
        f"postgres://referral:other@keys/referral_keys{SAFE}",
    ],
    ids=["the same", "the same database", "the same role", "the same role elsewhere"],
)
def test_production_does_not_start_with_the_keys_beside_the_data(settings: Settings, keys: str):
    with pytest.raises(ConfigError, match=r"KEYS_DATABASE_URL.*of its own in production"):
        load(settings(MODE="production", DATABASE_URL=DATA, KEYS_DATABASE_URL=keys))
    with pytest.raises(ConfigError, match="KEYS_DATABASE_URL"):  # production is what is not said to be a demo
        load(settings(MODE="", DATABASE_URL=DATA, KEYS_DATABASE_URL=keys))
    assert load(settings(DATABASE_URL=DATA, KEYS_DATABASE_URL=keys))


def test_production_fetches_no_keys_in_the_clear(settings: Settings):
    keys = "postgresql://referral_keys:b@keys/referral_keys"
    with pytest.raises(ConfigError, match="KEYS_DATABASE_URL: expected sslmode=verify-full"):
        load(settings(MODE="production", DATABASE_URL=DATA, KEYS_DATABASE_URL=keys))


def test_production_starts_with_a_database_and_a_role_for_the_keys_alone(settings: Settings):
    assert load(settings(MODE="production", DATABASE_URL=DATA))


def test_indicators_are_the_sample_unless_they_are_given(settings: Settings):
    assert load(settings()).indicators.is_sample
    with pytest.raises(ConfigError, match="INDICATORS"):
        load(settings(INDICATORS="all of them"))
