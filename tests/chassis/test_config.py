"""Settings: each wrong one is named together with what was expected; production refuses what everybody knows."""

from pathlib import Path

import pytest

from services.chassis.config import DEMO_DEPLOYMENT_KEY, ConfigError, Settings, load

GOOD = {
    "MODE": "demo",
    "DATABASE_URL": "postgresql://referral@db/referral",
    "AMQP_URI": "amqp://referral@broker",
    "PUBLIC_URL": "http://127.0.0.1:8100/",
    "ISSUER_URL": "http://127.0.0.1:8190",
    "OIDC_CLIENT_SECRET": "demo-secret",
    "DEPLOYMENT_KEY": DEMO_DEPLOYMENT_KEY,
}
PRODUCTION = GOOD | {
    "MODE": "production",
    "PUBLIC_URL": "https://netz.example",
    "ISSUER_URL": "https://login.example",
    "OIDC_CLIENT_SECRET": "r4nd0m",
    "DEPLOYMENT_KEY": bytes(range(32)).hex(),
    "DATABASE_URL": "postgresql://referral:s3cret@db/referral?sslmode=verify-full",
    "AMQP_URI": "amqps://referral:s3cret@broker",
}


def settings(**changes: str) -> Settings:
    return load("referral", GOOD | changes)


def test_the_demo_starts_with_the_demo_values() -> None:
    assert settings().is_demo
    assert settings().public_url == "http://127.0.0.1:8100"


def test_without_a_mode_it_is_production() -> None:
    with pytest.raises(ConfigError):
        load("referral", {name: value for name, value in GOOD.items() if name != "MODE"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODE", "prod"),
        ("DATABASE_URL", "mysql://x"),
        ("AMQP_URI", "localhost:5672"),
        ("PUBLIC_URL", "netz.example"),
        ("AMQP_URI", "amqp://one@broker;http://two@broker"),
        ("INBOX_PARTITIONS", "9"),
        ("HTTP_ADDRESS", "8101"),
        ("HTTP_THREADS", "0"),
        ("HTTP_THREADS", "many"),
        ("DEPLOYMENT_KEY", "short"),
        ("LOG_LEVEL", "loud"),
        ("OIDC_CLIENT_SECRET", ""),
        ("OIDC_CLIENT_SECRET_FILE", "/nonexistent/secret"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_shown(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as refused:
        settings(**{name: value})
    assert refused.value.setting == name
    assert len(value) < 6 or value not in str(refused.value)


@pytest.mark.parametrize("name", ["PUBLIC_URL", "ISSUER_URL", "OIDC_CLIENT_SECRET", "DEPLOYMENT_KEY"])
def test_production_refuses_a_demo_value(name: str) -> None:
    load("referral", PRODUCTION)
    with pytest.raises(ConfigError, match=name):
        load("referral", PRODUCTION | {name: GOOD[name]})


def test_of_a_cluster_every_node_is_told_and_each_is_looked_at() -> None:
    nodes = "amqps://referral:s3cret@one;amqps://referral:s3cret@two"
    assert load("referral", PRODUCTION | {"AMQP_URI": nodes}).amqp_uri == nodes
    for weak in ("amqp://referral:s3cret@two", "amqps://referral@two", "amqps://referral:guest@two"):
        with pytest.raises(ConfigError, match="AMQP_URI"):
            load("referral", PRODUCTION | {"AMQP_URI": f"amqps://referral:s3cret@one;{weak}"})


def test_of_a_database_with_a_second_server_both_are_told() -> None:
    both = "postgresql://referral:s3cret@one:5432,two:5432/referral?sslmode=verify-full&target_session_attrs=primary"
    assert load("referral", PRODUCTION | {"DATABASE_URL": both}).database_url == both


def test_production_fetches_no_keys_in_the_clear() -> None:
    with pytest.raises(ConfigError, match="ISSUER_JWKS_URL"):
        load("referral", PRODUCTION | {"ISSUER_JWKS_URL": "http://login.example/jwks"})


@pytest.mark.parametrize("password", ["", ":guest", ":postgres", ":demo"])
def test_production_refuses_a_well_known_password(password: str) -> None:
    with pytest.raises(ConfigError, match="AMQP_URI"):
        load("referral", PRODUCTION | {"AMQP_URI": f"amqps://referral{password}@broker"})


@pytest.mark.parametrize(
    "address",
    ["postgresql://referral:s3cret@db/referral" + rest for rest in ("", "?sslmode=require", "?sslmode=disable")],
)
@pytest.mark.parametrize("name", ["DATABASE_URL", "MIGRATION_DATABASE_URL"])
def test_production_speaks_to_no_database_that_others_may_hear_or_play(name: str, address: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}: expected sslmode=verify-full, or a socket"):
        load("referral", PRODUCTION | {name: address})


def test_production_may_use_a_socket_of_its_own_machine() -> None:
    socket = "postgresql://referral@%2Frun%2Fpostgresql/referral"
    assert load("referral", PRODUCTION | {"DATABASE_URL": socket}).database_url == socket


def test_production_speaks_to_no_broker_in_the_clear() -> None:
    with pytest.raises(ConfigError, match="AMQP_URI: expected an address beginning with amqps://"):
        load("referral", PRODUCTION | {"AMQP_URI": "amqp://referral:s3cret@broker"})


OLD, OLDER = bytes(range(1, 33)).hex(), bytes(range(2, 34)).hex()


def test_an_exchanged_deployment_key_leaves_the_former_ones_beside_it_and_everybodys_name() -> None:
    before, after = load("referral", PRODUCTION), PRODUCTION | {"DEPLOYMENT_KEY": OLD}
    named = {"DEPLOYMENT_KEYS_OLD": f"{PRODUCTION['DEPLOYMENT_KEY']}\n{OLDER}", "PSEUDONYM_KEY": OLDER}
    exchanged = load("referral", after | named)
    assert [key.hex() for key in exchanged.deployment_keys] == [OLD, PRODUCTION["DEPLOYMENT_KEY"], OLDER]
    assert exchanged.pseudonym_key.hex() == OLDER
    assert before.deployment_keys == (before.pseudonym_key,), "and as long as there was one, it is one"


def test_no_deployment_key_is_exchanged_without_saying_by_which_staff_are_named() -> None:
    with pytest.raises(ConfigError, match="PSEUDONYM_KEY: expected 64 hexadecimal digits: the deployment key that was"):
        load("referral", PRODUCTION | {"DEPLOYMENT_KEYS_OLD": OLD})
    with pytest.raises(ConfigError, match="DEPLOYMENT_KEYS_OLD"):
        load("referral", PRODUCTION | {"DEPLOYMENT_KEYS_OLD": "short", "PSEUDONYM_KEY": OLD})


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-the-file\n")
    assert settings(OIDC_CLIENT_SECRET_FILE=str(tmp_path / "secret")).oidc_client_secret == "from-the-file"


def test_secrets_do_not_appear_when_settings_are_printed() -> None:
    shown = repr(load("referral", PRODUCTION))
    assert "s3cret" not in shown
    assert "r4nd0m" not in shown


def test_a_service_asks_for_its_own_settings_by_name() -> None:
    assert settings(SMTP_URL="smtp://127.0.0.1:2525").url("SMTP_URL", ("smtp", "smtps")) == "smtp://127.0.0.1:2525"
    with pytest.raises(ConfigError, match="SERVICE_KEY"):
        settings().secret("SERVICE_KEY", "32 bytes in base64")
