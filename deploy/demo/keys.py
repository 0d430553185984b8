"""The demo's keys: each made once, kept in a file only its owner may read, never printed."""

import base64
import json
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey

from deploy.demo.places import ROOT, write_private


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """Paths of the keys under one folder."""

    folder: Path

    @property
    def service_key(self) -> Path:
        """Wraps the keys of persons (referral)."""
        return self._once("referral.service.key", lambda: base64.b64encode(secrets.token_bytes(32)).decode())

    @property
    def deployment_key(self) -> Path:
        """Makes pseudonyms of staff, the same in all services."""
        return self._once("deployment.key", lambda: secrets.token_hex(32))

    @property
    def partner_facing(self) -> Path:
        """Opens what partners seal to the network (referral)."""
        return self._once("referral.partner-facing.json", lambda: json.dumps({"keys": [_private(_rsa())]}))

    @property
    def receipts(self) -> Path:
        """Signs what partners did and were given (referral)."""
        return self._once("receipts.json", lambda: json.dumps({"keys": [_private(OKPKey.generate_key("Ed25519"))]}))

    @property
    def desk_link(self) -> Path:
        """Signs the links of the light path (notifications)."""
        return self._once("desk-link.json", lambda: json.dumps(_private(OKPKey.generate_key("Ed25519"))))

    @property
    def desk_link_public(self) -> Path:
        """Checks the links of the light path (referral)."""
        private = OKPKey.import_key(json.loads(self.desk_link.read_text()))
        public = {**private.as_dict(private=False), "kid": private.thumbprint()}
        return self._once("desk-link.public.json", lambda: json.dumps({"keys": [public]}))

    @property
    def person_link(self) -> Path:
        """Signs and checks the links persons are given (referral)."""
        return self._once("person-link.json", lambda: json.dumps({"keys": [_private(OKPKey.generate_key("Ed25519"))]}))

    @property
    def certification(self) -> Path:
        """Signs what came of a partner's certification (sandbox); whoever wants to check it gets the public half."""
        return self._once("certification.json", lambda: json.dumps(_private(OKPKey.generate_key("Ed25519"))))

    @property
    def certification_public(self) -> Path:
        """Checks a certification report."""
        key = OKPKey.import_key(json.loads(self.certification.read_text()))
        public = {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig"}
        return self._once("certification.public.json", lambda: json.dumps(public))

    @property
    def checkpoint(self) -> Path:
        """Signs the audit log's tree heads; the public half lies beside it with the suffix `.pub`."""
        path = self.folder / "audit.checkpoint.key"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            make = [sys.executable, "-m", "services.audit.keys", "lotsennetz.example/demo", str(path)]
            subprocess.run(make, check=True, capture_output=True, cwd=ROOT)
        return path

    def partner(self, slug: str) -> Path:
        """A partner's own private key; in the demo we play the partner too."""
        return self._once(f"partner.{slug}.json", lambda: json.dumps(_private(_rsa())))

    def partner_public(self, slug: str) -> dict[str, Any]:
        """What the partner hands in."""
        key = RSAKey.import_key(json.loads(self.partner(slug).read_text()))
        return {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "enc", "alg": "RSA-OAEP-256"}

    def partner_client(self, slug: str) -> Path:
        """The private key a partner's system proves itself with at the issuer; it opens no dossier."""
        return self._once(f"partner.{slug}.client.json", lambda: json.dumps(_private(ECKey.generate_key("P-256"))))

    def partner_client_public(self, slug: str) -> dict[str, Any]:
        """What the issuer knows of it."""
        key = ECKey.import_key(json.loads(self.partner_client(slug).read_text()))
        return {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": "ES256"}

    def _once(self, name: str, make: Callable[[], str]) -> Path:
        path = self.folder / name
        if not path.exists():
            write_private(path, make())
        return path


def _rsa() -> RSAKey:
    return RSAKey.generate_key(3072)


def _private(key: RSAKey | OKPKey | ECKey) -> dict[str, Any]:
    return {**key.as_dict(private=True), "kid": key.thumbprint()}
