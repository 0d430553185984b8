"""What a person's link says: a random number, from when and until when, and our signature. Nothing about anybody.

What the link is for and whose it is stands in the database under that number. For a screen that is photographed or read
out there is a short code to the same link, computed from its number and kept only as a keyed digest.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from services.chassis.errors import ForbiddenError

ALGORITHM = "Ed25519"
#: A type of its own (RFC 8725, 3.11): no other token signed with this key is ever taken for a link.
TYPE = "person-link"
#: No letters or digits that are mistaken for each other.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Token:
    """A genuine link; it may be used, too old or too early all the same."""

    id: UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class LinkTokens:
    """Signs with the newest key, accepts those before it; `skew` is how far clocks may be apart."""

    keys: tuple[OKPKey, ...] = field(repr=False)
    public_url: str
    skew: timedelta = timedelta(seconds=60)
    mailed_life: timedelta = timedelta(days=14)
    shown_life: timedelta = timedelta(days=1)

    def url(self, token: Token) -> str:
        """The address of the page with the button."""
        return f"{self.public_url}/referral/my/enter/{self.sign(token)}"

    def sign(self, token: Token) -> str:
        key = self.keys[0]
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.kid}
        claims = {
            "jti": urlsafe_b64encode(token.id.bytes).decode().rstrip("="),
            "nbf": int(token.starts_at.timestamp()),
            "exp": int(token.ends_at.timestamp()),
        }
        return jwt.encode(header, claims, key, algorithms=[ALGORITHM])

    def read(self, text: str) -> Token:
        """The token, if we signed it."""
        try:
            found = jwt.decode(text, KeySet(list(self.keys)), algorithms=[ALGORITHM])
            if found.header.get("typ") != TYPE or "crit" in found.header:
                raise ForbiddenError("person-link.invalid")
            claims = found.claims
            number = UUID(bytes=urlsafe_b64decode(str(claims["jti"]) + "=="))
            starts, ends = (datetime.fromtimestamp(int(claims[name]), UTC) for name in ("nbf", "exp"))
        except (JoseError, ValueError, TypeError, KeyError, OverflowError) as error:
            raise ForbiddenError("person-link.invalid") from error
        return Token(number, starts, ends)

    def code(self, link_id: UUID) -> str:
        """What can be typed instead of following the link, in two groups."""
        number = int.from_bytes(self._keyed(self.keys[0], b"code/" + link_id.bytes))
        letters = ""
        for _ in range(CODE_LENGTH):
            number, place = divmod(number, len(CODE_ALPHABET))
            letters += CODE_ALPHABET[place]
        return f"{letters[:5]}-{letters[5:]}"

    def code_digest(self, code: str) -> bytes:
        """Under which a code is kept."""
        return self.code_digests(code)[0]

    def code_digests(self, code: str) -> list[bytes]:
        """Under which a typed code may be found, whichever key was the newest when it was made."""
        typed = "".join(letter for letter in code.upper() if letter.isalnum())
        return [self._keyed(key, b"digest/" + typed.encode()) for key in self.keys]

    def _keyed(self, key: OKPKey, content: bytes) -> bytes:
        secret = hashlib.sha256(b"lotsennetz/person-link-codes" + str(key.as_dict(private=True)["d"]).encode()).digest()
        return hmac.new(secret, content, hashlib.sha256).digest()
