"""Where listing pages and sitemaps lead."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.ports import Page
from pricewatch.scraping.links import Links, read_links, read_sitemap
from pricewatch.scraping.site import CrawlRules

NOW = datetime(2026, 3, 14, tzinfo=UTC)


def links(html: str, **rules: object) -> Links:
    page = Page("https://shop.pl/c", "https://shop.pl/cat/", 200, {}, html.encode(), NOW)
    return read_links(page, CrawlRules.model_validate(rules))


def test_addresses_are_made_whole():
    """Relative links, a base element, fragments and credentials all end as plain addresses."""
    html = '<base href="/b/"><a href="1">1</a><a href="//x.pl/2">2</a><a href="https://u:p@shop.pl/3#r">3</a>'
    assert links(html, product_links=["*"]).products == ("https://shop.pl/b/1", "https://x.pl/2", "https://shop.pl/3")


def test_what_leads_nowhere_is_left_out():
    """Scripts, mail, anchors, empty and broken addresses are no pages."""
    html = "".join(f'<a href="{h}">x</a>' for h in ("javascript:x()", "mailto:a@b", "#top", "", "http://[", "tel:1"))
    assert links(html, product_links=["*"]).products == ()


def test_a_selector_may_name_the_card_around_the_link():
    """The first link inside is the card's."""
    html = '<div class=card><img><a href="/p/1">1</a><a href="/r">reviews</a></div><a href="/x">x</a>'
    assert links(html, product_selector=".card").products == ("https://shop.pl/p/1",)


def test_selector_and_patterns_hold_together():
    """With both, a link must satisfy both."""
    html = '<a class=p href="/p/1">1</a><a class=p href="/x">2</a><a href="/p/3">3</a>'
    assert links(html, product_selector=".p", product_links=["/p/*"]).products == ("https://shop.pl/p/1",)


def test_the_next_page_is_what_says_so():
    """rel=next is understood by itself; the site's selector comes instead of it."""
    html = '<link rel=next href="?page=2"><a class=more href="?page=3">more</a>'
    assert links(html).further == ("https://shop.pl/cat/?page=2",)
    assert links(html, next_selector="a.more").further == ("https://shop.pl/cat/?page=3",)


def test_sitemaps_and_their_index_are_told_apart():
    """Pages and further sitemaps come apart, whatever the namespace, with white space trimmed."""
    entry = b"<s:sitemap><s:loc>\n https://shop.pl/a.xml </s:loc></s:sitemap>"
    index = b'\xef\xbb\xbf<?xml version="1.0"?><s:sitemapindex xmlns:s="x">' + entry + b"</s:sitemapindex>"
    pages = (
        b"<urlset><url><loc>https://shop.pl/1</loc><priority>1</priority></url><url><loc>nonsense</loc></url></urlset>"
    )
    assert read_sitemap(index) == Links((), ("https://shop.pl/a.xml",))
    assert read_sitemap(pages) == Links(("https://shop.pl/1",), ())


def test_a_picture_s_address_is_not_the_page_s():
    """Only the entry's own loc counts, not those of its images."""
    text = b"<urlset><url><image><loc>https://shop.pl/1.jpg</loc></image><loc>https://shop.pl/1</loc></url></urlset>"
    assert read_sitemap(text).products == ("https://shop.pl/1",)


def test_a_plain_list_is_a_sitemap():
    """One address a line, other lines left out."""
    assert read_sitemap(b"https://shop.pl/1\n\nnot this\nhttps://shop.pl/1\n").products == ("https://shop.pl/1",)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"<urlset><url>",
        b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><urlset>&b;</urlset>",
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><urlset/>',
        b'<?xml version="1.0" encoding="nonsense"?><urlset/>',
    ],
)
def test_what_is_no_sitemap_says_so(body):
    """Torn XML, entities, foreign files and pages without addresses are a ValueError."""
    with pytest.raises(ValueError):
        read_sitemap(body)


@given(st.binary(max_size=500))
def test_any_bytes_are_a_sitemap_or_a_value_error(body):
    """Nothing else comes out of a hostile file."""
    try:
        read_sitemap(body)
    except ValueError:
        return
