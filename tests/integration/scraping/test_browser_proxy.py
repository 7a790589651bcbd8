"""The guarding proxy: the only way out for a browser, tried with plain sockets."""

from __future__ import annotations

import asyncio
import base64

import pytest

from pricewatch.scraping.browser_proxy import GuardingProxy, Pass

pytestmark = pytest.mark.anyio


async def say(proxy: GuardingProxy, text: str, holder: Pass | None = None) -> bytes:
    """Send one request as it is, with a pass, and read to the end."""
    port = int(proxy.address.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    pair = base64.b64encode(f"{holder.name}:{holder.word}".encode()).decode() if holder else ""
    lines = [text, *([f"Proxy-Authorization: Basic {pair}"] if holder else []), "", ""]
    try:
        writer.write("\r\n".join(lines).encode())
        async with asyncio.timeout(30):
            return await reader.read()
    finally:
        writer.close()


def pass_for(lab, server, bytes_left: int = 1_000_000, **keys) -> Pass:
    usual = {"domains": [f"127.0.0.1:{server.port}", f"shop.example:{server.port}"]}
    return Pass(lab.site(**usual | keys), bytes_left)


async def test_only_holders_of_a_pass_get_through(lab):
    """Another program on the machine gets 407, also with a pass that is over."""
    async with lab.serve({"/x": lab.Answer(body=b"hello")}) as server, GuardingProxy().opened() as proxy:
        request = f"GET {server.url('/x')} HTTP/1.1\r\nHost: 127.0.0.1"
        holder = pass_for(lab, server)
        assert b" 407 " in await say(proxy, request)
        assert b" 407 " in await say(proxy, request, holder)
        proxy.admit(holder)
        assert (await say(proxy, request, holder)).endswith(b"hello")
        proxy.dismiss(holder)
        assert b" 407 " in await say(proxy, request, holder)


PRIVATE = [
    "127.0.0.1",
    "localhost",
    "0x7f000001",
    "2130706433",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "10.0.0.1",
    "169.254.169.254",
]


@pytest.mark.parametrize("host", PRIVATE)
@pytest.mark.parametrize("method", ["GET", "CONNECT"])
async def test_private_addresses_are_refused_in_every_notation(lab, host, method):
    """Only the site's own domain may be private; everything else on this machine or network is not connected to."""
    async with lab.serve({"/x": lab.Answer()}) as server, lab.serve() as other, GuardingProxy().opened() as proxy:
        holder = pass_for(lab, server)
        proxy.admit(holder)
        target = f"{host}:{other.port}" if method == "CONNECT" else f"http://{host}:{other.port}/secret"
        assert b" 502 " in await say(proxy, f"{method} {target} HTTP/1.1\r\nHost: x", holder)
        assert (other.connections, len(holder.refused)) == (0, 1)


async def test_a_name_that_turns_private_is_refused(lab):
    """The address that is checked is the one that is connected to, at every connection anew."""
    names = lab.Everywhere({"shop.example": ["127.0.0.1"], "rebound.example": ["127.0.0.1"]})
    async with lab.serve({"/x": lab.Answer(body=b"own")}) as server, GuardingProxy(lambda: names).opened() as proxy:
        holder = pass_for(lab, server)
        proxy.admit(holder)
        own = f"GET http://shop.example:{server.port}/x HTTP/1.1\r\nHost: shop.example"
        assert (await say(proxy, own, holder)).endswith(b"own")
        for line in ("GET http://rebound.example:{}/x HTTP/1.1", "CONNECT rebound.example:{} HTTP/1.1"):
            assert b" 502 " in await say(proxy, line.format(server.port) + "\r\nHost: rebound.example", holder)
        strict = pass_for(lab, server, allow_private=False)
        proxy.admit(strict)
        assert b" 502 " in await say(proxy, own, strict)


async def test_a_page_gets_no_more_bytes_than_allowed(lab):
    """The allowance is for all connections together."""
    async with lab.serve({"/x": lab.Answer(body=b"x" * 500_000)}) as server, GuardingProxy().opened() as proxy:
        holder = pass_for(lab, server, bytes_left=100_000)
        proxy.admit(holder)
        got = await say(proxy, f"GET {server.url('/x')} HTTP/1.1\r\nHost: x", holder)
        assert len(got) <= 100_000
        assert not await say(proxy, f"GET {server.url('/x')} HTTP/1.1\r\nHost: x", holder)


@pytest.mark.parametrize(
    "line", ["nonsense", "GET /path HTTP/1.1", "GET file:///etc/passwd HTTP/1.1", "CONNECT : HTTP/1.1"]
)
async def test_what_is_no_proxy_request_goes_nowhere(lab, line):
    """Broken requests end with an error or a closed connection."""
    async with lab.serve() as server, GuardingProxy().opened() as proxy:
        holder = pass_for(lab, server)
        proxy.admit(holder)
        got = await say(proxy, line, holder)
        assert not got or b" 400 " in got
        assert server.connections == 0
