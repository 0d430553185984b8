"""What the first container makes: the same again, each secret only where it is used, and production starts with it."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography import x509

from contracts.topology import core
from deploy.demo.databases import DATABASES
from deploy.stack import authority as making
from deploy.stack.authority import Authority
from deploy.stack.definitions import definitions
from deploy.stack.rooms import Rooms
from deploy.stack.store import Room, Store
from services.audit import config as audit
from services.chassis import config
from services.chassis.config import ConfigError, Environment
from services.notifications import config as notifications
from services.referral import config as referral
from services.referral import postman
from tests.stack.composed import SERVICES
from tests.stack.filled import ADDRESSES, environment


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_made_again_nothing_changes(folder: Path) -> None:
    before = contents(folder)
    for name, room in Rooms(Store(folder / "own"), ADDRESSES).all().items():
        Room(0, room.files, room.is_kept_by_owner).fill(folder / name)
    assert contents(folder) == before


def test_what_nobody_is_given_any_more_goes(folder: Path) -> None:
    room = folder / "mailbox"
    room.chmod(0o700)
    (room / "former").write_text("a secret of yesterday")
    files = Rooms(Store(folder / "own"), ADDRESSES).all()["mailbox"].files
    Room(0, files).fill(room)
    assert {path.name for path in room.iterdir()} == set(files)


#: A password's owner, and the rooms that may know it besides the two that hold everything of their server.
def holders(folder: Path, secret: str) -> set[str]:
    return {name.partition("/")[0] for name, text in contents(folder).items() if secret in text} - {"own"}


@pytest.mark.parametrize("name", sorted(DATABASES))
def test_a_database_is_opened_by_its_service_alone_and_its_owner_is_who_migrates_it_or_puts_it_aside(
    folder: Path, name: str
) -> None:
    passwords = Store(folder / "own").passwords()
    service = "referral" if name == "referral_keys" else name
    assert holders(folder, passwords[name]) == {service}
    assert holders(folder, passwords[f"{name}_owner"]) == {"migrate", "backup"}


def test_administrators_of_the_servers_are_known_to_who_operates_them(folder: Path) -> None:
    passwords = Store(folder / "own").passwords()
    assert holders(folder, passwords["postgres"]) == {"postgres"}
    assert holders(folder, passwords["amqp-admin"]) == {"operator", "backup"}
    assert holders(folder, passwords["lotse"]) == {"operator", "oidc", "keycloak"}
    assert holders(folder, passwords["audit_retention"]) == {"retention"}


def test_keys_lie_with_the_one_service_that_uses_them(folder: Path) -> None:
    keys = Store(folder / "own").keys
    assert holders(folder, keys.service_key.read_text()) == {"referral"}
    assert holders(folder, keys.checkpoint.read_text().strip()) == {"audit"}
    assert holders(folder, keys.desk_link.read_text()) == {"notifications"}


PRODUCTION = {"MODE": "production", "KEY_CONFIRMATION": "", "WEBHOOK_ALLOW_NETS": "", "UNDO_WINDOW_SECONDS": ""}


@pytest.mark.parametrize("changes", [{}, PRODUCTION], ids=["demo", "production"])
@pytest.mark.parametrize("service", SERVICES)
def test_every_service_takes_its_settings_as_the_stack_tells_them(
    folder: Path, service: str, changes: Mapping[str, str]
) -> None:
    told = environment(folder, service, "web", **changes)
    settings = config.load(service, told)
    assert settings.mode == (changes.get("MODE") or "demo")
    assert "sslmode=verify-full" in settings.database_url
    assert settings.amqp_uri.startswith("amqps://") and "ssl_ca_certs=" in settings.amqp_uri
    assert settings.secure_cookies


@pytest.mark.parametrize("changes", [{}, PRODUCTION], ids=["demo", "production"])
def test_what_one_service_alone_is_told_is_taken_too(folder: Path, changes: Mapping[str, str]) -> None:
    audit.check(Environment(environment(folder, "audit", "clock", **changes)), "all")
    notifications.check(Environment(environment(folder, "notifications", "dispatcher", **changes)), "all")
    told = environment(folder, "referral", "postman", **changes)
    assert postman.told(Environment(told))[0].host == "mailbox"
    if not changes:  # sample consent texts are agreed to in a demonstration alone
        assert referral.load(Environment(told)).keys


def test_a_key_that_was_exchanged_still_opens_where_the_operator_put_it(folder: Path) -> None:
    former = "ab" * 31 + "cd"
    place = Store(folder / "own").keys.folder / "deployment.keys-old"
    place.write_text(former)
    try:
        files = Rooms(Store(folder / "own"), ADDRESSES).all()
        assert all(files[service].files["deployment-keys-old"] == former for service in SERVICES)
        assert all(files[service].files["pseudonym-key"] for service in SERVICES)
    finally:
        place.unlink()


def test_production_refuses_what_the_example_takes_for_a_demonstration(folder: Path) -> None:
    told = environment(folder, "notifications", "web", MODE="production")
    with pytest.raises(ConfigError, match="WEBHOOK_ALLOW_NETS"):
        notifications.check(Environment(told), "web")


def test_the_brokers_definitions_hold_the_whole_topology_and_no_password(folder: Path) -> None:
    passwords = {one.user: f"password-of-{one.user}" for one in core().permissions} | {"admin": "password-of-admin"}
    made = definitions("lotsennetz", passwords)
    assert {one["name"] for one in made["queues"]} == {one.name for one in core().queues}
    assert {one["name"] for one in made["exchanges"]} == {one.name for one in core().exchanges}
    assert len(made["bindings"]) == len(core().bindings)
    rights = {one["user"]: (one["configure"], one["write"], one["read"]) for one in made["permissions"]}
    for one in core().permissions:
        assert rights[one.user] == (one.configure, one.write, one.read)
    assert [one["name"] for one in made["users"] if one["tags"]] == ["admin"]
    assert "password-of-" not in str(made)
    assert made == definitions("lotsennetz", passwords)


def test_a_server_is_vouched_for_by_the_stacks_own_authority_and_for_its_name_alone(tmp_path: Path) -> None:
    made = Authority(tmp_path)
    certificate, _ = made.server("postgres", ["postgres"])
    context = ssl.create_default_context(cadata=made.certificate)
    assert context.get_ca_certs()[0]["subject"]
    read = x509.load_pem_x509_certificate(certificate.encode())
    read.verify_directly_issued_by(x509.load_pem_x509_certificate(made.certificate.encode()))
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["postgres"]


def test_a_certificate_is_made_anew_for_another_name_or_when_its_time_is_nearly_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Authority(tmp_path)
    first = made.server("proxy", ["a.example"])
    assert made.server("proxy", ["a.example"]) == first
    other = made.server("proxy", ["b.example"])
    assert other != first
    monkeypatch.setattr(making, "RENEW_DAYS", making.SERVER_DAYS)
    assert made.server("proxy", ["b.example"]) != other


def test_a_certificate_of_the_operators_own_is_shown_at_the_door(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "certificate.pem").write_text("from an authority everybody knows")
    (tmp_path / "key.pem").write_text("and its key")
    files = Rooms(Store(folder / "own"), ADDRESSES, tmp_path).all()["proxy"].files
    assert files["certificate.pem"] == "from an authority everybody knows"
    assert files["key.pem"] == "and its key"
