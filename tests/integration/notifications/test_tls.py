"""TLS: the name is verified although the address was pinned, and mail never leaves in the clear."""

import datetime as dt
import http.server
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from contracts.codes import NoticeKind
from services.chassis import broker
from services.chassis.mail import MailServer
from services.notifications.channels.mail import MailSender
from services.notifications.channels.webhook import WebhookSender, resolve
from services.notifications.domain.addresses import RefusedAddressError
from tests.integration.notifications.conftest import LOOPBACK, NOW, SECRET, Notifications
from tests.integration.notifications.receiver import Receiver, handler_for
from tests.integration.notifications.test_mail import Mailbox, mailbox, smtp

__all__ = ["mailbox", "smtp"]
NAME = "kammer.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_certificate(tmp_path_factory.mktemp("tls"), dt.timedelta(days=1))


def a_certificate(folder: Path, left: dt.timedelta) -> Path:
    """Vouches for itself, since the day before yesterday and for as long as is left."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=2))
        .not_valid_after(today + left)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME), x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "kammer.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def receiver(certificate: Path) -> Iterator[Receiver]:
    with listening(certificate) as receiver:
        yield receiver


@contextmanager
def listening(certificate: Path) -> Iterator[Receiver]:
    receiver = Receiver()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_for(receiver))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    receiver.url = f":{server.server_address[1]}/hook"
    yield receiver
    server.shutdown()
    server.server_close()


def sender(certificate: Path | None) -> WebhookSender:
    """Every name leads to this machine."""
    context = ssl.create_default_context(cafile=None if certificate is None else str(certificate))
    return WebhookSender(LOOPBACK, 2.0, 5.0, resolve=lambda host, port: ["127.0.0.1"], tls=context)


def test_the_call_goes_to_the_pinned_address_under_the_verified_name(receiver: Receiver, certificate: Path) -> None:
    result = sender(certificate).send(f"https://{NAME}{receiver.url}", [SECRET], uuid4(), b"{}", NOW)
    assert (result.confirmed, result.cause) == (True, None)
    assert receiver.got[0][0]["host"] == NAME + receiver.url.removesuffix("/hook")


def test_another_name_on_the_certificate_is_refused(receiver: Receiver, certificate: Path) -> None:
    result = sender(certificate).send(f"https://other.example{receiver.url}", [SECRET], uuid4(), b"{}", NOW)
    assert (result.cause, receiver.got) == ("tls-failed", [])


def test_a_certificate_nobody_vouches_for_is_refused(receiver: Receiver) -> None:
    result = sender(None).send(f"https://{NAME}{receiver.url}", [SECRET], uuid4(), b"{}", NOW)
    assert (result.cause, receiver.got) == ("tls-failed", [])


def test_a_certificate_that_has_expired_is_refused_by_webhook_and_broker(tmp_path: Path) -> None:
    expired = a_certificate(tmp_path, -dt.timedelta(hours=1))
    with listening(expired) as receiver:
        result = sender(expired).send(f"https://{NAME}{receiver.url}", [SECRET], uuid4(), b"{}", NOW)
        assert (result.cause, receiver.got) == ("tls-failed", [])
        port = receiver.url.split("/")[0]
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            broker.connect(f"amqps://nobody:nothing@localhost{port}/x?ssl_ca_certs={expired}", "test")


def test_a_name_that_leads_nowhere_may_lead_somewhere_later() -> None:
    result = WebhookSender().send("https://nowhere.invalid/", [SECRET], uuid4(), b"{}", NOW)
    assert (result.cause, result.final) == ("name-unresolved", False)


def test_without_an_address_nothing_can_be_sent() -> None:
    result = WebhookSender().send(None, [SECRET], uuid4(), b"{}", NOW)
    assert (result.cause, result.final) == ("webhook-url-missing", True)


def test_names_are_resolved_to_addresses() -> None:
    assert all(ipaddress.ip_address(address).is_loopback for address in resolve("localhost", 443))
    with pytest.raises(RefusedAddressError):
        resolve("a" * 70 + ".example", 443)


def a_mail(notifications: Notifications, server: MailServer) -> str | None:
    mails = notifications.dispatcher().mails
    mine = MailSender(server, mails.sender, mails.links, mails.new_id)
    result = mine.send("unit@amt.example", uuid4(), uuid4(), None, NoticeKind.REMINDER, NOW)
    return result.cause


def test_mail_is_not_sent_in_the_clear_to_another_machine(
    notifications: Notifications, smtp: tuple[str, int], mailbox: Mailbox
) -> None:
    # 127.0.0.1 by another name: not one of those that count as this machine.
    assert a_mail(notifications, MailServer("127.1", smtp[1], encrypted=False)) == "connection-failed"
    assert mailbox.mails == []


def test_a_server_that_speaks_no_tls_gets_no_mail(
    notifications: Notifications, smtp: tuple[str, int], mailbox: Mailbox
) -> None:
    assert a_mail(notifications, MailServer(*smtp, encrypted=True)) == "tls-failed"
    assert mailbox.mails == []


def test_a_login_that_fails_is_a_failure(notifications: Notifications, smtp: tuple[str, int], mailbox: Mailbox) -> None:
    server = MailServer(*smtp, encrypted=False, user="user", password="word")
    assert a_mail(notifications, server) == "connection-failed"
    assert mailbox.mails == []


def test_a_mailbox_with_a_line_break_is_none(notifications: Notifications) -> None:
    result = notifications.dispatcher().mails.send("a@b\nBcc: c@d", uuid4(), uuid4(), None, NoticeKind.TEST, NOW)
    assert (result.cause, result.final) == ("mailbox-missing", True)
