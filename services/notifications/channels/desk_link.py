"""The link of the light path: a signed, short-lived, single-use token that names unit and referral, nobody else.

Referral knows the public half of the key and burns the `jti` when the button on the page is pressed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import OKPKey

ISSUER = "lotsennetz/notifications"
AUDIENCE = "lotsennetz/referral/desk"
ALGORITHM = "Ed25519"


@dataclass(frozen=True, slots=True)
class DeskLinks:
    """Signs links to the desk page of one referral."""

    key: OKPKey
    public_url: str
    life: timedelta

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
        header = {"alg": ALGORITHM, "typ": "JWT", "kid": self.key.kid}
        token = jwt.encode(header, claims, self.key, algorithms=[ALGORITHM])
        return f"{self.public_url}/referral/desk/enter/{token}", until
