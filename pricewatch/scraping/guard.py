"""The address guard: which network addresses may be connected to, asked at the one place where sockets are opened.

Names, redirects and every notation of an address end here as the address that the kernel would connect to, so
nothing that a text check could miss gets past. Sources: the IANA IPv4 and IPv6 special-purpose registries.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, TypeAlias

import aiohttp
from aiohttp.abc import AbstractResolver

from pricewatch.wire import causes, open_session, tls

Network: TypeAlias = IPv4Network | IPv6Network


def _networks(texts: Iterable[str]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


PRIVATE = _networks(
    ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1", "fc00::/7")
)
RESERVED = _networks(
    (
        "0.0.0.0/8",  # this network
        "169.254.0.0/16",  # link-local, cloud metadata
        "192.0.0.0/24",  # IETF protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "2001::/23",  # IETF protocol assignments, Teredo, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # 6bone
        "3fff::/20",  # documentation
    )
)
GLOBAL_UNICAST = IPv6Network("2000::/3")  # all else in IPv6, mapped and NAT64 addresses too, is refused


class AddressRefused(OSError):
    """The address is not one that pages may be read from."""

    def __init__(self, address: str) -> None:
        # One text for all addresses: the transport then raises the first of several refusals as it is.
        super().__init__(errno.EACCES, "the address is private or reserved")
        self.address = address


@lru_cache(maxsize=4096)
def is_allowed(address: str, *, private: bool = False) -> bool:
    """Say whether a numeric address may be connected to; `private` lets private and loopback ones pass."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if any(ip in network for network in PRIVATE):
        return private and not _has_zone(address)
    if any(ip in network for network in RESERVED) or _has_zone(address):
        return False
    return not isinstance(ip, IPv6Address) or ip in GLOBAL_UNICAST


def _has_zone(address: str) -> bool:
    return "%" in address


def open_socket(
    info: tuple[socket.AddressFamily | int, socket.SocketKind | int, int, str, tuple[Any, ...]], *, private: bool
) -> socket.socket:
    """Open a socket for the address that is about to be connected to; raises AddressRefused before it exists."""
    family, kind, protocol, _, address = info
    zoned = len(address) > 3 and address[3] != 0
    if family not in (socket.AF_INET, socket.AF_INET6) or zoned or not is_allowed(str(address[0]), private=private):
        raise AddressRefused(str(address[0]))
    return socket.socket(family=family, type=kind, proto=protocol)


def guarded_session(
    *, private: bool, connections: int, resolver: AbstractResolver | None = None
) -> aiohttp.ClientSession:
    """Make a session all of whose sockets pass the guard; needs a running loop."""
    connector = aiohttp.TCPConnector(
        ssl=tls(),
        limit=connections,
        resolver=resolver,
        socket_factory=lambda info: open_socket(info, private=private),
    )
    return open_session(connector)


def refusal(error: BaseException | None) -> AddressRefused | None:
    """Find the guard's refusal among the causes of a transport error."""
    return next((cause for cause in causes(error) if isinstance(cause, AddressRefused)), None)
