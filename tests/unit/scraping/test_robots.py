"""robots.txt as RFC 9309 has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.scraping.robots import parse_robots, robots_of

CASES = Path(__file__).parents[4] / "shared" / "robots" / "cases.jsonl"


@pytest.mark.skipif(not CASES.exists(), reason="the published robots.txt expectations are not beside the checkout")
def test_the_published_expectations_hold():
    """Of 400 public expectations at least 381 hold; the rest are Google's own exceptions and contradictions."""
    cases = [json.loads(line) for line in CASES.read_text().splitlines()]
    bodies = [(case, case["robotstxt"].encode("utf-8", "surrogateescape")) for case in cases]
    assert len(cases) == 400
    assert sum(parse_robots(body).allows(c["url"], c["ua"]) == c["allowed"] for c, body in bodies) >= 381


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\xef\xbb", b"\xef"])
def test_a_byte_order_mark_hides_no_rule(mark):
    """Whole or cut, the mark is dropped."""
    assert not parse_robots(mark + b"User-agent: *\nDisallow: /p").allows("https://shop.pl/p", "pricewatch")


def test_the_longest_rule_wins():
    """Allow and Disallow are weighed by length, as the RFC says."""
    robots = parse_robots(b"User-agent: *\nDisallow: /\nAllow: /p/\nDisallow: /p/secret")
    assert robots.allows("https://shop.pl/p/1", "pricewatch")
    assert not robots.allows("https://shop.pl/p/secret/1", "pricewatch")
    assert not robots.allows("https://shop.pl/x", "pricewatch")


@pytest.mark.parametrize(
    ("line", "delay"),
    [
        ("Crawl-delay: 10", 10.0),
        ("Crawl-delay: 0.5", 0.5),
        ("Crawl-delay: nan", 0.0),
        ("Crawl-delay: -3", 0.0),
        ("", 0.0),
    ],
)
def test_crawl_delay_is_seconds(line, delay):
    """Nonsense counts as silence."""
    assert parse_robots(f"User-agent: *\n{line}".encode()).crawl_delay("pricewatch") == delay


def test_sitemaps_are_handed_on():
    """Each once, in their order."""
    text = (
        b"Sitemap: https://shop.pl/a.xml\nUser-agent: *\nSitemap: https://shop.pl/b.xml\nSitemap: https://shop.pl/a.xml"
    )
    assert parse_robots(text).sitemaps == ("https://shop.pl/a.xml", "https://shop.pl/b.xml")


@pytest.mark.parametrize(
    ("status", "allowed"), [(200, True), (404, True), (401, True), (429, False), (500, False), (304, False)]
)
def test_what_an_answer_means(status, allowed):
    """Only a real answer or a clear absence lets pages be read."""
    assert robots_of(status, b"").allows("https://shop.pl/p", "pricewatch") is allowed


@given(st.binary(max_size=2_000))
def test_any_bytes_are_rules_of_some_kind(body):
    """No robots.txt raises."""
    robots = parse_robots(body)
    assert robots.allows("https://shop.pl/p?q=1", "pricewatch") in (True, False)
    assert robots.crawl_delay("pricewatch") >= 0


def test_a_hostile_pattern_does_not_hang():
    """Thousands of stars are matched in linear time; a backtracking matcher would take years."""
    robots = parse_robots(b"User-agent: *\nDisallow: /" + b"*a" * 5_000 + b"*b\n")
    assert robots.allows("https://shop.pl/" + "a" * 2_000, "pricewatch")
