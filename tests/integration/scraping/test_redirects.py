"""Redirects are followed by hand, and every hop is a request like the first."""

from __future__ import annotations

import pytest

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.ports import Target

pytestmark = pytest.mark.anyio


def to(lab, place: str, status: int = 302):
    return lab.Answer(status, b"", {"location": place})


async def kind_of(fetcher, url: str) -> FetchErrorKind:
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(Target("shop", url))
    return caught.value.kind


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_the_page_is_where_the_redirect_leads(lab, status):
    """The final address is the last hop's; the asked one stays the target's."""
    async with lab.serve({"/old": to(lab, "/new?a=1#x", status), "/new?a=1": lab.Answer(body=b"here")}) as server:
        page = await lab.fetcher().fetch(Target("shop", server.url("/old")))
    assert (page.url, page.final_url, page.body) == (server.url("/old"), server.url("/new?a=1"), b"here")


async def test_a_circle_ends_at_once(lab):
    """The same address twice is an error, not a wait for the hop limit."""
    async with lab.serve({"/a": to(lab, "/b"), "/b": to(lab, "/a")}) as server:
        assert await kind_of(lab.fetcher(), server.url("/a")) is FetchErrorKind.REDIRECT
    assert [r.path for r in server.log] == ["/robots.txt", "/a", "/b"]


async def test_a_shop_that_asks_for_its_cookie_back_gets_it_on_the_way(lab):
    """Who is sent round until a cookie comes back arrives; the cookie is forgotten with the page, and stays at home."""

    def wall(request):
        if request.headers.get("cookie") == "seen=1; lang=pl":
            return lab.Answer(body=b"here")
        given = "seen=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT; Path=/, lang=pl; HttpOnly"
        return lab.Answer(302, b"", {"location": "/p", "set-cookie": given})

    async with lab.serve({"/p": wall}) as server, lab.serve({"/q": lab.Answer(body=b"elsewhere")}) as other:
        server.routes["/away"] = lab.Answer(302, b"", {"location": other.url("/q"), "set-cookie": "seen=1"})
        fetcher = lab.fetcher()
        for _ in range(2):
            assert (await fetcher.fetch(Target("shop", server.url("/p")))).body == b"here"
        assert (await fetcher.fetch(Target("shop", server.url("/away")))).body == b"elsewhere"
    assert ["cookie" in r.headers for r in server.asked("/p")] == [False, True, False, True]
    assert not any("cookie" in r.headers for r in other.log)


async def test_a_circle_with_ever_new_cookies_ends_at_the_limit(lab):
    """A server that never has enough is left."""
    count = iter(range(100))

    def wall(_):
        return lab.Answer(302, b"", {"location": "/p", "set-cookie": f"n={next(count)}"})

    async with lab.serve({"/p": wall}) as server:
        assert await kind_of(lab.fetcher(max_redirects=3), server.url("/p")) is FetchErrorKind.REDIRECT
    assert len(server.asked("/p")) == 4


async def test_an_endless_chain_ends_at_the_limit(lab):
    """No more hops are followed than configured."""
    async with lab.serve({f"/{n}": to(lab, f"/{n + 1}") for n in range(20)}) as server:
        assert await kind_of(lab.fetcher(max_redirects=3), server.url("/0")) is FetchErrorKind.REDIRECT
    assert [r.path for r in server.log] == ["/robots.txt", "/0", "/1", "/2", "/3"]


@pytest.mark.parametrize(
    "place", ["ftp://127.0.0.1/x", "javascript:alert(1)", "http://[::1", "//", "file:///etc/passwd"]
)
async def test_a_redirect_to_nowhere_is_an_error_of_its_own(lab, place):
    """Locations that are no web address are never followed."""
    async with lab.serve({"/p": to(lab, place)}) as server:
        assert await kind_of(lab.fetcher(), server.url("/p")) is FetchErrorKind.REDIRECT


async def test_a_redirect_away_from_the_site_is_not_followed(lab):
    """Another site's page is not this site's product."""
    async with lab.serve({"/p": lab.Answer()}) as other, lab.serve() as server:
        server.routes["/p"] = to(lab, other.url("/p"))
        shop = lab.site(domains=[f"127.0.0.1:{server.port}"])
        assert await kind_of(lab.fetcher(shop), server.url("/p")) is FetchErrorKind.REDIRECT
        assert not other.log


async def test_every_hop_keeps_to_the_robots_of_its_host(lab):
    """A redirect cannot lead to what robots.txt keeps closed, on this host or the next."""
    closed = lab.Answer(body=b"User-agent: *\nDisallow: /closed")
    async with lab.serve({"/robots.txt": closed, "/closed": lab.Answer()}) as other, lab.serve() as server:
        server.routes["/p"] = to(lab, other.url("/closed"))
        assert await kind_of(lab.fetcher(), server.url("/p")) is FetchErrorKind.ROBOTS
        assert [r.path for r in other.log] == ["/robots.txt"]


async def test_credentials_stay_with_their_origin(lab):
    """Another host, or another port, never gets the password; nor do the ones a Location brings along count."""
    async with lab.serve({"/p": lab.Answer()}) as other, lab.serve() as server:
        server.routes |= {"/home": to(lab, "/near"), "/near": to(lab, other.url("/p").replace("//", "//they:x@"))}
        await lab.fetcher().fetch(Target("shop", server.url("/home").replace("//", "//me:geheim@")))
    assert [r.headers.get("authorization") for r in server.log] == [None, "Basic bWU6Z2VoZWlt", "Basic bWU6Z2VoZWlt"]
    assert [r.headers.get("authorization") for r in other.log] == [None, None]
