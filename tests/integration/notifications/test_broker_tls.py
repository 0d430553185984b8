"""The broker by TLS: services and a partner's system speak to the host they mean, or to nobody."""

import datetime as dt
import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from contracts.codes import ChannelKind
from contracts.topology import partner_user
from deploy.demo.partners.hwk_amqp import Queue
from deploy.demo.rabbitmq_install import NoBrokerError
from deploy.demo.rabbitmq_server import RabbitServer
from lotse import topology
from lotse.broker import Broker as Manager
from services.chassis import broker as services_broker
from tests.architecture.sizes import ROOT
from tests.brokers import PASSWORDS
from tests.conftest import Broker
from tests.integration.notifications.conftest import listing, requested
from tests.integration.notifications.test_processes import Outside, processes, settings_of
from tests.partner_kit import conftest  # noqa: F401 - the kit is found by its folder
from tests.waiting import eventually

from lotsennetz_partner.errors import AwayError  # isort: skip
from lotsennetz_partner.queue import Queue as KitsQueue  # isort: skip
from lotsennetz_partner.settings import Settings as KitsSettings  # isort: skip

VHOST = "tls"
#: What the certificate is for; the same machine by its number is another host.
HOST, ANOTHER_NAME = "localhost", "127.0.0.1"
PASSWORD = "secret"


@dataclass(frozen=True)
class Authority:
    """Vouches for hosts; one of its own for every test run."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def new(cls, name: str) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = certificate_for(subject, subject, key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        return cls(key, made.sign(key, hashes.SHA256()))

    def vouch(self, host: str, folder: Path) -> None:
        """Put key and certificate of a host into a folder, as a server wants them."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        made = certificate_for(subject, self.certificate.subject, key.public_key()).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False
        )
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
        (folder / "certificate.pem").write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(pem))

    def write(self, path: Path) -> Path:
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path


def certificate_for(subject: x509.Name, issuer: x509.Name, key: Any) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
    )


@dataclass(frozen=True)
class Secure:
    """A broker of this test's own that listens by TLS, its authority, and one that knows nothing of it."""

    rabbit: RabbitServer
    own: Path
    stranger: Path

    def uri(self, user: str, password: str, host: str = HOST, **query: object) -> str:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        login = f"{quote(user)}:{quote(password, safe='')}"
        return f"amqps://{login}@{host}:{self.rabbit.ports['amqps']}/{VHOST}{'?' + asked if asked else ''}"

    def admin_uri(self, host: str = HOST, **query: object) -> str:
        return self.uri("admin", self.rabbit.password, host, **query)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    folder = tmp_path_factory.mktemp("tls")
    own = Authority.new("authority of this test")
    own.vouch(HOST, folder)
    rabbit = RabbitServer(folder, certificates=folder)
    found = Secure(rabbit, own.write(folder / "ca.pem"), Authority.new("a stranger").write(folder / "stranger.pem"))
    try:
        rabbit.start()
    except NoBrokerError as error:
        pytest.skip(f"no broker of our own can be started here: {error}")
    topology.apply(rabbit.management_url, VHOST, PASSWORDS)
    yield found
    rabbit.stop()


def test_a_service_speaks_to_the_host_its_authority_vouches_for(secure: Secure) -> None:
    link = services_broker.connect(secure.admin_uri(ssl_ca_certs=secure.own), "test")
    assert link.transport.sock.version() in {"TLSv1.2", "TLSv1.3"}
    link.close()


def refuses(connect: Callable[[], object]) -> str:
    with pytest.raises(ssl.SSLCertVerificationError) as refused:
        connect()
    return refused.value.verify_message


def test_a_service_refuses_whom_nobody_or_another_vouches_for(secure: Secure) -> None:
    for query in ({}, {"ssl_ca_certs": secure.stranger}):
        refuses(lambda query=query: services_broker.connect(secure.admin_uri(**query), "test"))


def test_a_service_refuses_another_hosts_certificate(secure: Secure) -> None:
    uri = secure.admin_uri(ANOTHER_NAME, ssl_ca_certs=secure.own)
    assert ANOTHER_NAME in refuses(lambda: services_broker.connect(uri, "test"))


def test_no_address_can_ask_a_service_to_look_less_closely(secure: Secure) -> None:
    for lax in ("none", "optional"):
        uri = secure.admin_uri(ssl_cert_reqs=lax, ssl_check_hostname="false")
        refuses(lambda uri=uri: services_broker.connect(uri, "test"))


def a_partner(secure: Secure) -> UUID:
    partner = uuid4()
    topology.onboard(Manager(secure.rabbit.management_url, VHOST), partner, PASSWORD)
    return partner


def test_a_partners_system_looks_as_closely(secure: Secure) -> None:
    partner = a_partner(secure)
    user = partner_user(partner)
    queue = Queue(secure.uri(user, PASSWORD), str(partner), str(secure.own))
    assert queue.next() is None
    for uri, authority in (
        (secure.uri(user, PASSWORD), None),
        (secure.uri(user, PASSWORD), str(secure.stranger)),
        (secure.uri(user, PASSWORD, ANOTHER_NAME), str(secure.own)),
    ):
        refuses(lambda uri=uri, authority=authority: Queue(uri, str(partner), authority))


def test_the_kit_looks_as_closely(secure: Secure) -> None:
    partner = a_partner(secure)
    user = partner_user(partner)

    def queue(uri: str, authority: Path | None) -> KitsQueue:
        network, issuer = "https://network.example", "https://issuer.example/token"
        own = KitsSettings(network, partner, issuer, "ours", amqp_uri=uri, amqp_ca_file=authority)
        return KitsQueue(own)

    heard = queue(secure.uri(user, PASSWORD), secure.own)
    assert heard.next() is None
    heard.close()
    for uri, authority in (
        (secure.uri(user, PASSWORD), None),
        (secure.uri(user, PASSWORD), secure.stranger),
        (secure.uri(user, PASSWORD, ANOTHER_NAME), secure.own),
    ):
        with pytest.raises(AwayError, match="SSLCertVerificationError"):
            queue(uri, authority)


def by_queue(program: str, folder: Path, **told: str) -> subprocess.CompletedProcess[str]:
    """One of the programs on the partners' pages, where it lies beside its library."""
    if (runs := shutil.which("node") if program.endswith(".mjs") else sys.executable) is None:
        pytest.skip("no Node here")
    shutil.copy(ROOT / "docs" / "partners" / "examples" / program, folder)
    shutil.copytree(ROOT / "tests" / "vendor" / "node" / "amqplib", folder / "node_modules" / "amqplib")
    given = {"PATH": os.environ["PATH"], "AMQP_VHOST": VHOST, "AMQP_PASSWORD": PASSWORD, **told}
    return subprocess.run(
        [runs, program, "read"], cwd=folder, env=given, capture_output=True, text=True, timeout=60, check=False
    )


PROGRAMS = pytest.mark.parametrize("program", ["by_queue.py", "by_queue.mjs"])


@PROGRAMS
@pytest.mark.parametrize("host", [HOST, ANOTHER_NAME])
def test_the_programs_on_the_pages_speak_to_the_host_they_mean_alone(
    secure: Secure, tmp_path: Path, program: str, host: str
) -> None:
    partner = a_partner(secure)
    address = {"AMQP_HOST": f"{host}:{secure.rabbit.ports['amqps']}", "AMQP_CA_FILE": str(secure.own)}
    told = by_queue(program, tmp_path, **address, AMQP_USER=partner_user(partner), ORGANIZATION_ID=str(partner))
    assert (told.returncode == 0) == (host == HOST), told.stderr
    assert host == HOST or ANOTHER_NAME in told.stderr


@PROGRAMS
def test_the_programs_on_the_pages_send_no_password_in_the_clear(tmp_path: Path, program: str) -> None:
    told = by_queue(program, tmp_path, AMQP_HOST="broker.invalid:5672", AMQP_USER="a", ORGANIZATION_ID="b")
    assert told.returncode == 1 and "only by TLS" in told.stderr, told.stderr


@pytest.fixture
def environment(make_database: Callable[[str], Any], secure: Secure, tmp_path: Path) -> dict[str, str]:
    return settings_of(make_database("notifications").app_dsn, secure.admin_uri(ssl_ca_certs=secure.own), tmp_path)


@pytest.mark.long
@pytest.mark.timeout(180)
@pytest.mark.parametrize("role", ["worker", "relay"])
def test_a_role_that_is_told_another_authority_says_so_and_hears_nothing(
    secure: Secure, make_database: Callable[[str], Any], tmp_path: Path, role: str
) -> None:
    """In the worker every socket is a green one; its certificates are looked at all the same."""
    log = tmp_path / "role.log"
    wrong = settings_of(
        make_database("notifications").app_dsn, secure.admin_uri(ssl_ca_certs=secure.stranger), tmp_path
    )
    with processes(wrong, log, (role,)):
        eventually(lambda: "SSLCertVerificationError" in log.read_text(), 40)


@pytest.mark.long
@pytest.mark.timeout(180)
def test_worker_and_relay_do_their_work_by_tls_and_the_broker_may_restart_meanwhile(
    secure: Secure, environment: dict[str, str], tmp_path: Path
) -> None:
    """The partner holds a notice it has not acknowledged when the broker goes: it comes again, and so does the next."""
    rabbit = secure.rabbit
    outside = Outside(Broker(rabbit.amqp_uri, rabbit.management_url, VHOST))
    partner = listing(ChannelKind.AMQP, a_partner(secure))
    user, identity = partner_user(partner.organization_id), str(partner.organization_id)
    with processes(environment, tmp_path / "roles.log", ("worker", "relay")):
        outside.say("directory", partner)
        outside.say("referral", requested(uuid4(), partner.organization_id))
        queue = Queue(secure.uri(user, PASSWORD), identity, str(secure.own))
        held = taken(queue)
        rabbit.restart()
        again = Outside(Broker(rabbit.amqp_uri, rabbit.management_url, VHOST))
        queue = Queue(secure.uri(user, PASSWORD), identity, str(secure.own))
        assert taken(queue)["id"] == held["id"]
        again.say("referral", requested(uuid4(), partner.organization_id))
        assert taken(queue)["id"] != held["id"]


def taken(queue: Queue) -> dict[str, Any]:
    message = eventually(queue.next, 40)
    found: dict[str, Any] = json.loads(message.body)
    return found
