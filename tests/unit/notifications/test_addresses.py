"""Which addresses a webhook may be sent to."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain.addresses import RefusedAddressError, check_plain, is_allowed, pin, target_of

REFUSED = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.178.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "not an address",
    "",
]
ALLOWED = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_behind_our_own_door_is_refused(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_an_address_of_the_open_internet_is_allowed(address: str) -> None:
    assert is_allowed(address)


def test_a_network_of_ones_own_can_be_opened_on_purpose() -> None:
    assert is_allowed("10.1.2.3", (ip_network("10.1.0.0/16"),))
    assert is_allowed("::ffff:10.1.2.3", (ip_network("10.1.0.0/16"),))
    assert not is_allowed("10.2.2.3", (ip_network("10.1.0.0/16"), ip_network("fd00::/8")))


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="127.0.0.0/8"))
def test_no_private_address_slips_through_in_any_dress(address: object) -> None:
    assert not is_allowed(str(address))
    assert not is_allowed(f"::ffff:{address}")
    assert not is_allowed(f"64:ff9b::{address}")


def test_the_first_address_is_pinned_if_all_are_allowed() -> None:
    assert pin(["93.184.216.34", "93.184.216.35"]) == "93.184.216.34"


@pytest.mark.parametrize(
    ("addresses", "cause"),
    [
        ([], "name-unresolved"),
        (["93.184.216.34", "127.0.0.1"], "address-refused"),
        (["93.184.216.34"] * 9, "address-refused"),
    ],
)
def test_one_refused_among_many_refuses_all(addresses: list[str], cause: str) -> None:
    with pytest.raises(RefusedAddressError) as refused:
        pin(addresses)
    assert refused.value.cause == cause


def test_in_the_clear_only_within_a_network_of_ones_own() -> None:
    own = (ip_network("10.1.0.0/16"),)
    plain, secure = (target_of(f"{scheme}://kammer.example/", plain_allowed=True) for scheme in ("http", "https"))
    check_plain(plain, "10.1.2.3", own)
    check_plain(secure, "93.184.216.34", own)
    with pytest.raises(RefusedAddressError) as refused:
        check_plain(plain, "93.184.216.34", own)
    assert refused.value.cause == "url-not-https"


@pytest.mark.parametrize(
    "url",
    [
        "http://kammer.example/",
        "ftp://kammer.example/",
        "file:///etc/passwd",
        "https://",
        "https://user@kammer.example/",
        "https://user:word@kammer.example/",
        "https://kammer.example/#fragment",
        "https://kammer.example:0/",
        "https://kammer.example:99999/",
        "https://[::1/",
        "https://kammer.example/a b",
        "https://kammer.example/a\r\nX: y",
        "https://kammer.example/ä",
        "gopher://kammer.example",
        "",
    ],
)
def test_a_url_that_is_not_plainly_https_is_refused(url: str) -> None:
    with pytest.raises(RefusedAddressError):
        target_of(url, plain_allowed=False)


@pytest.mark.parametrize(
    ("url", "header", "path"),
    [
        ("https://kammer.example/hook", "kammer.example", "/hook"),
        ("https://kammer.example.:8443?a=b", "kammer.example:8443", "/?a=b"),
        ("https://[2606:2800:220:1::1]:8443/x", "[2606:2800:220:1::1]:8443", "/x"),
        ("http://127.0.0.1:8080/x", "127.0.0.1:8080", "/x"),
    ],
)
def test_a_url_is_taken_apart_once(url: str, header: str, path: str) -> None:
    target = target_of(url, plain_allowed=True)
    assert (target.host_header, target.path) == (header, path)
