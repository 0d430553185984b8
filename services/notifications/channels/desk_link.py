"""The links of the light path: to the desk page of one referral, and to say whether there are places.

The first is a signed, short-lived, single-use token that names unit and referral, nobody else: referral knows the
public half of the key and burns the `jti` when the button on the page is pressed. It opens a dossier only together with
a device the unit made known. The second names the unit alone and leads to a page of the directory.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import OKPKey

from contracts import capacity_link

ISSUER = "lotsennetz/notifications"
AUDIENCE = "lotsennetz/referral/desk"
ALGORITHM = "Ed25519"
#: A type of its own (RFC 8725, 3.11), which referral asks for.
TYPE = "desk-link"


@dataclass(frozen=True, slots=True)
class DeskLinks:
    """Signs links to the desk page of one referral."""

    key: OKPKey
    public_url: str
    life: timedelta
    #: Signs links about places; without it mails carry none.
    deployment_key: bytes | None = field(default=None, repr=False)

    def capacity(self, organization_id: UUID, now: datetime) -> str | None:
        """Where the unit says in one tap whether its services have places."""
        if self.deployment_key is None:
            return None
        token = capacity_link.sign(self.deployment_key, organization_id, None, now + self.life)
        return f"{self.public_url}/directory/units/{token}"

    def issue(self, organization_id: UUID, referral_id: UUID, link_id: UUID, now: datetime) -> tuple[str, datetime]:
        """The address to put in a mail, and until when it can be used."""
        until = now + self.life
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "unit": str(organization_id),
            "organization_id": str(organization_id),
            "referral_id": str(referral_id),
            "iat": int(now.timestamp()),
            "exp": int(until.timestamp()),
            "jti": str(link_id),
        }
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": self.key.kid}
        token = jwt.encode(header, claims, self.key, algorithms=[ALGORITHM])
        return f"{self.public_url}/referral/desk/enter/{token}", until
