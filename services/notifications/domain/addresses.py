"""Which addresses a webhook may be sent to: the open internet, and nothing behind our own door (SSRF)."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE = IPv6Network("::/96")
MOST_ADDRESSES = 8


class RefusedAddressError(Exception):
    """The address may not be called; `cause` is a code, the address itself is not repeated."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook address taken apart once; what was checked is what is called."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.secure else 80) else f"{name}:{self.port}"


def target_of(url: str, *, plain_allowed: bool) -> Target:
    """Take a URL apart; no user name, no fragment, no plain http unless a network was opened for it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise RefusedAddressError("url-unreadable") from None
    if parts.scheme not in ("https", "http") or (parts.scheme == "http" and not plain_allowed):
        raise RefusedAddressError("url-not-https")
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment or port == 0:
        raise RefusedAddressError("url-unreadable")
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii() or any(character <= " " for character in path):
        raise RefusedAddressError("url-unreadable")
    return Target(secure, parts.hostname.rstrip("."), port or (443 if secure else 80), path)


def is_allowed(text: str, allowed: Sequence[Network] = ()) -> bool:
    """Whether one resolved address may be called; `allowed` opens networks of one's own on purpose."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    inner = _embedded(address)
    if _is_in(inner, allowed):
        return True
    return inner.is_global and not inner.is_multicast and not inner.is_reserved


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _embedded(address: Address) -> Address:
    """The IPv4 address an IPv6 one stands for; otherwise ``::ffff:127.0.0.1`` would be a way in."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (address in _IPV4_COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def pin(addresses: Sequence[str], allowed: Sequence[Network] = ()) -> str:
    """The one address to call. One refused among many refuses all: who answers so is playing games."""
    if not addresses:
        raise RefusedAddressError("name-unresolved")
    if len(addresses) > MOST_ADDRESSES or not all(is_allowed(one, allowed) for one in addresses):
        raise RefusedAddressError("address-refused")
    return addresses[0]


def check_plain(target: Target, address: str, allowed: Sequence[Network]) -> None:
    """In the clear only within a network of one's own: opening one for a test opens nothing to the world."""
    if not target.secure and not _is_in(_embedded(ip_address(address.partition("%")[0])), allowed):
        raise RefusedAddressError("url-not-https")
