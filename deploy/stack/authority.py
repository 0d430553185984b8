"""The stack's own certificate authority: whoever speaks to the broker, the database or the door can tell who answers.

It signs for names of this stack alone, its key never leaves the folder only the first container sees, and what it
signed is made anew in time, without anybody asking.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.demo.places import write_private

AUTHORITY_DAYS = 3650
SERVER_DAYS = 397
#: With so many days left a certificate is made anew at the next start.
RENEW_DAYS = 60


@dataclass(frozen=True, slots=True)
class Authority:
    """Key and certificate of the authority in one folder."""

    folder: Path

    @property
    def certificate(self) -> str:
        """The authority's certificate, which is no secret."""
        return self._made()[1].public_bytes(serialization.Encoding.PEM).decode()

    def server(self, name: str, hosts: Sequence[str]) -> tuple[str, str]:
        """Certificate (with the authority's below it) and key of one server; the same until its time is nearly up."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        if not (certificate.exists() and key.exists() and _is_good(certificate.read_bytes(), hosts)):
            made, secret = self._sign(hosts)
            write_private(key, secret)
            write_private(certificate, made + self.certificate)
        return certificate.read_text(), key.read_text()

    def _made(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        certificate, key = self.folder / "authority.pem", self.folder / "authority.key"
        if not certificate.exists():
            secret = ec.generate_private_key(ec.SECP256R1())
            write_private(key, _pem(secret))
            write_private(certificate, _root(secret).public_bytes(serialization.Encoding.PEM).decode())
        secret_read = serialization.load_pem_private_key(key.read_bytes(), None)
        assert isinstance(secret_read, ec.EllipticCurvePrivateKey)
        return secret_read, x509.load_pem_x509_certificate(certificate.read_bytes())

    def _sign(self, hosts: Sequence[str]) -> tuple[str, str]:
        secret, root = self._made()
        own = ec.generate_private_key(ec.SECP256R1())
        made = (
            _beginning(_named(hosts[0]), root.subject, own, SERVER_DAYS)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_others=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(secret.public_key()), critical=False)
            .sign(secret, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM).decode(), _pem(own)


def _root(secret: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _named("Lotsennetz: this stack's own authority")
    return (
        _beginning(name, name, secret, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_others=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(secret.public_key()), critical=False)
        .sign(secret, hashes.SHA256())
    )


def _beginning(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=days))
    )


def _usage(*, signs_others: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=signs_others, crl_sign=signs_others, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _is_good(pem: bytes, hosts: Sequence[str]) -> bool:
    certificate = x509.load_pem_x509_certificate(pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    left = certificate.not_valid_after_utc - dt.datetime.now(dt.UTC)
    return set(names.get_values_for_type(x509.DNSName)) == set(hosts) and left.days > RENEW_DAYS
