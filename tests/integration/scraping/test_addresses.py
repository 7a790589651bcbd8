"""The address guard where it counts: on the sockets that are really opened."""

from __future__ import annotations

import pytest

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.ports import Target

pytestmark = pytest.mark.anyio

LOOPBACK = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "0177.0.0.1",
    "0177.1",
    "017700000001",
    "127.0.0.1.",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "0",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[fe80::1%25lo]",
    "[::1%25lo]",
    "１２７.０.０.１",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
]


@pytest.mark.parametrize("host", LOOPBACK)
async def test_no_spelling_of_loopback_is_connected_to(lab, host):
    """However the address is written, a site without allow_private never reaches this machine."""
    async with lab.serve() as server:
        with pytest.raises(FetchError) as caught:
            await lab.fetcher(retries=0, respect_robots=False).fetch(Target("", server.url("/p", host)))
        assert server.connections == 0
    assert caught.value.kind in (FetchErrorKind.ADDRESS, FetchErrorKind.CONNECTION)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "fd00::1", "64:ff9b::a00:1"])
async def test_a_public_name_with_a_private_address_is_refused(lab, address):
    """What a name resolves to is what counts, and the refusal is an error of kind address that names it."""
    resolver = lab.Everywhere({"shop.example": [address]})
    async with lab.serve() as server:
        with pytest.raises(FetchError) as caught:
            await lab.fetcher(resolver=resolver).fetch(Target("", server.url("/p", "shop.example")))
        assert server.connections == 0
    assert caught.value.kind is FetchErrorKind.ADDRESS
    assert address in caught.value.message


async def test_a_name_that_hides_loopback_among_others_is_refused(lab):
    """Several private answers are still a refusal, not a failed connection."""
    resolver = lab.Everywhere({"shop.example": ["10.0.0.1", "127.0.0.1", "::1"]})
    with pytest.raises(FetchError) as caught:
        await lab.fetcher(resolver=resolver).fetch(Target("", "http://shop.example/p"))
    assert caught.value.kind is FetchErrorKind.ADDRESS


async def test_a_name_that_changes_its_address_is_checked_on_each_connection(lab):
    """DNS rebinding: what was allowed for one connection says nothing for the next."""

    class Rebinding(lab.Everywhere):
        async def resolve(self, host, port=0, family=0):
            self.addresses = {host: ["192.0.2.1"] if not self.asked else ["127.0.0.1"]}
            return await super().resolve(host, port, family)

    async with lab.serve({"/p": lab.Answer()}) as server:
        f = lab.fetcher(resolver=Rebinding(), retries=0)
        for _ in range(2):
            with pytest.raises(FetchError) as caught:
                await f.fetch(Target("", server.url("/p", "shop.example")))
            assert caught.value.kind is FetchErrorKind.ADDRESS
        assert server.connections == 0


async def test_a_redirect_to_a_private_address_is_refused(lab):
    """Every hop passes the guard: a page of an allowed site cannot send us into the network behind us."""
    async with lab.serve() as inner, lab.serve() as server:
        server.routes["/p"] = lab.Answer(302, headers={"location": inner.url("/admin", "intranet.example")})
        shop = lab.site(domains=[f"127.0.0.1:{server.port}", "intranet.example"], allow_private=False)
        allowed = lab.site(domains=[f"127.0.0.1:{server.port}"])
        resolver = lab.Everywhere({"intranet.example": ["127.0.0.1"]})
        for definition, kind in ((shop, FetchErrorKind.ADDRESS), (allowed, FetchErrorKind.REDIRECT)):
            with pytest.raises(FetchError) as caught:
                await lab.fetcher(definition, resolver=resolver).fetch(Target("shop", server.url("/p")))
            assert caught.value.kind is kind
        assert inner.connections == 0


async def test_a_redirect_of_robots_to_a_private_address_is_refused(lab):
    """robots.txt passes the guard like every page."""
    async with lab.serve() as inner, lab.serve() as server:
        server.routes["/robots.txt"] = lab.Answer(301, headers={"location": inner.url("/robots.txt", "10.0.0.1")})
        shop = lab.site(domains=[f"127.0.0.1:{server.port}"])
        with pytest.raises(FetchError) as caught:
            await lab.fetcher(shop).fetch(Target("shop", server.url("/p")))
        assert caught.value.kind is FetchErrorKind.ADDRESS
        assert not server.asked("/p")


async def test_allow_private_holds_for_the_site_s_own_domains_only(lab):
    """A definition that may be on loopback opens nothing for another site or an unknown one."""
    async with lab.serve({"/p": lab.Answer()}) as server, lab.serve({"/p": lab.Answer()}) as other:
        mine = lab.site("mine", domains=[f"127.0.0.1:{server.port}"])
        theirs = lab.site("theirs", domains=[f"127.0.0.1:{other.port}"], allow_private=False)
        f = lab.fetcher(mine, theirs)
        assert (await f.fetch(Target("mine", server.url("/p")))).status == 200
        for target in (
            Target("theirs", other.url("/p")),
            Target("", server.url("/p")),
            Target("mine", other.url("/p")),
        ):
            with pytest.raises(FetchError) as caught:
                await f.fetch(target)
            assert caught.value.kind is FetchErrorKind.ADDRESS
        assert other.connections == 0


async def test_an_open_connection_of_an_allowed_site_is_not_lent_to_others(lab):
    """Kept-alive connections belong to their guard: a strict request never rides on a permitted one."""
    alive = b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\nok"
    async with lab.serve({"/p": lab.Answer(raw=alive)}) as server:
        f = lab.fetcher(lab.site(domains=[f"127.0.0.1:{server.port}"]), respect_robots=False)
        async with f.opened():
            await f.fetch(Target("shop", server.url("/p")))
            with pytest.raises(FetchError) as caught:
                await f.fetch(Target("", server.url("/p")))
    assert caught.value.kind is FetchErrorKind.ADDRESS
