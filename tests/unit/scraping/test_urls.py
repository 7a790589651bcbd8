"""One spelling for each page, and patterns that cannot hang."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.scraping.urls import canonical_url, glob_matches, host_key, is_web_address, on_domain, origin


@pytest.mark.parametrize(
    ("url", "one"),
    [
        ("HTTPS://Shop.PL/P/1#reviews", "https://shop.pl/P/1"),
        ("https://shop.pl:443/p", "https://shop.pl/p"),
        ("http://shop.pl:80/p", "http://shop.pl/p"),
        ("http://shop.pl:8080/p", "http://shop.pl:8080/p"),
        ("https://me:pw@shop.pl/p", "https://shop.pl/p"),
        ("https://shop.pl/p?b=2&a=1", "https://shop.pl/p?a=1&b=2"),
        ("https://shop.pl/p?utm_source=x&id=7&gclid=y&fbclid=z&srsltid=q", "https://shop.pl/p?id=7"),
        ("https://shop.pl/p?", "https://shop.pl/p"),
        ("https://shop.pl", "https://shop.pl/"),
        ("https://shop.pl/młotek", "https://shop.pl/m%C5%82otek"),
        ("https://shop.pl/p?sid=12&variant=3", "https://shop.pl/p?sid=12&variant=3"),
    ],
)
def test_spellings_of_one_page_become_one(url, one):
    """What does not change the page is dropped; what may is kept."""
    assert canonical_url(url) == one
    assert canonical_url(one) == one


@given(st.from_regex(r"https?://[a-z]{1,8}\.pl(:[1-9][0-9]{0,3})?/[ -~]{0,30}", fullmatch=True).filter(is_web_address))
def test_the_one_spelling_is_stable(url):
    """Spelling a canonical address again changes nothing."""
    assert canonical_url(canonical_url(url)) == canonical_url(url)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shop.pl",
        "//shop.pl/p",
        "ftp://shop.pl",
        "javascript:alert(1)",
        "http://",
        "http://a:x/",
        "http://a:70000/",
        "http://[::1",
        "https://shop.pl/a b",
        "https://shop.pl/\n",
        "https://shop.pl/" + "x" * 3_000,
    ],
)
def test_what_is_no_web_address(text):
    """Only absolute http and https addresses of a sane length count."""
    assert not is_web_address(text)


def test_politeness_counts_by_host_and_port():
    """The scheme's own port is the host's, spelling does not matter, and other ports are other hosts."""
    assert host_key("HTTPS://Shop.pl./p") == host_key("https://shop.pl:443") == "shop.pl:443"
    assert host_key("http://shop.pl/") != host_key("https://shop.pl/")
    assert origin("http://shop.pl/") == "http://shop.pl:80"
    assert origin("http://[2606:4700::1]/x") == "http://[2606:4700::1]:80"


@pytest.mark.parametrize(
    ("url", "domain", "belongs"),
    [
        ("https://shop.pl/p", "shop.pl", True),
        ("https://www.shop.pl/p", "shop.pl", True),
        ("https://www.shop.pl/p", "www.shop.pl", True),
        ("https://shop.pl/p", "www.shop.pl", False),
        ("https://notshop.pl/p", "shop.pl", False),
        ("https://shop.pl.evil.example/p", "shop.pl", False),
        ("https://shop.pl@evil.example/p", "shop.pl", False),
        ("http://127.0.0.1:8001/p", "127.0.0.1:8001", True),
        ("http://127.0.0.1:8002/p", "127.0.0.1:8001", False),
    ],
)
def test_an_address_belongs_to_its_domain(url, domain, belongs):
    """Subdomains belong, look-alikes do not, and a named port must fit."""
    assert on_domain(url, domain) is belongs


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("/p/*", "/p/1", True),
        ("/p/*", "/x/p/1", False),
        ("/p/*.html", "/p/a/b.html", True),
        ("/p/*.html", "/p/b.html?x", False),
        ("*/p/*", "https://shop.pl/p/1", True),
        ("/p", "/p", True),
        ("/p", "/p/", False),
        ("*", "", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("a?c[d]", "a?c[d]", True),
        ("*ab*ab", "abab", True),
        ("*ab*ab", "ab", False),
    ],
)
def test_only_the_star_is_special(pattern, text, fits):
    """Patterns fit from beginning to end; question marks and brackets mean themselves."""
    assert glob_matches(pattern, text) is fits


@given(st.text("ab*", max_size=12), st.text("ab", max_size=14))
def test_patterns_agree_with_their_definition(pattern, text):
    """The linear matcher says what the obvious recursive one says."""

    def obvious(p: str, t: str) -> bool:
        if not p:
            return not t
        if p[0] == "*":
            return any(obvious(p[1:], t[n:]) for n in range(len(t) + 1))
        return bool(t) and t[0] == p[0] and obvious(p[1:], t[1:])

    assert glob_matches(pattern, text) is obvious("".join(pattern), text)
