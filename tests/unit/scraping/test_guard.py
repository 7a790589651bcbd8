"""The address guard: nothing but public unicast addresses, and private ones where a site may."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.scraping.guard import AddressRefused, is_allowed, open_socket, refusal

PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "100.63.255.255", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450::1"]
PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd12::1",
]
NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "3fff::1",
    "5f00::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2606:4700::1%eth0",
    "::1%lo",
    "",
    "localhost",
    "127.1",
    "2130706433",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "127.0.0.1\n",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address):
    """The web is open to every site."""
    assert is_allowed(address)
    assert is_allowed(address, private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_pass_for_a_site_that_may(address):
    """Loopback and private networks are closed unless the definition opens them."""
    assert not is_allowed(address)
    assert is_allowed(address, private=True)


@pytest.mark.parametrize("address", NEVER)
def test_special_and_disguised_addresses_never_pass(address):
    """Link-local, multicast, reserved, mapped, translated and zoned addresses, and what is no address, are refused."""
    assert not is_allowed(address)
    assert not is_allowed(address, private=True)


@given(st.ip_addresses())
def test_what_python_calls_private_never_passes(address):
    """The guard is at least as strict as the standard library on every address."""
    if not address.is_global or address.is_multicast:
        assert not is_allowed(str(address))


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_passes_inside_an_ipv6_one(address):
    """Mapped, compatible, NAT64 and 6to4 forms are all refused, public or not."""
    number = int(address)
    for wrapped in (0xFFFF << 32 | number, number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert not is_allowed(str(ipaddress.IPv6Address(wrapped)))


def test_no_socket_is_made_for_a_refused_address():
    """The refusal comes before the socket, and says which address it was."""
    for address in (("127.0.0.1", 80), ("::1", 80, 0, 0), ("2606:4700::1", 80, 0, 3)):
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        with pytest.raises(AddressRefused) as caught:
            open_socket((family, socket.SOCK_STREAM, 6, "", address), private=False)
        assert caught.value.address == address[0]


def test_other_families_are_refused():
    """A path to a Unix socket is no address of the web."""
    with pytest.raises(AddressRefused):
        open_socket((socket.AF_UNIX, socket.SOCK_STREAM, 0, "", ("/run/docker.sock",)), private=True)


def test_a_refusal_is_found_among_the_causes():
    """Whatever a transport wraps it in, the guard's refusal is recognised."""
    try:
        try:
            raise AddressRefused("10.0.0.1")
        except OSError as inner:
            raise ConnectionError("wrapped") from inner
    except ConnectionError as outer:
        found = refusal(outer)
    assert found is not None
    assert found.address == "10.0.0.1"
    assert refusal(ValueError("x")) is None


def test_an_error_that_is_its_own_cause_is_no_refusal():
    """A circle among causes ends the search, not the process."""
    error = ValueError("x")
    error.__cause__ = error
    assert refusal(error) is None
