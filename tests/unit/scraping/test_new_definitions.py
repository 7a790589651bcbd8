"""A definition as it is written: always valid, and saying no more than what was seen and answered."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewatch.domain.offer import PriceRole, SiteKind, Verdict
from pricewatch.located import build, parse
from pricewatch.ports import Page
from pricewatch.scraping.extract.hints import ReadHints, SiteContext
from pricewatch.scraping.learn import Example, learn
from pricewatch.scraping.learn_site import (
    Draft,
    country_of,
    definition_text,
    domain_of,
    name_of,
    product_patterns,
    quoted,
    survey,
)
from pricewatch.scraping.site import SiteDefinition

ADDRESS = "https://www.tools.com.pl/produkt/17"


def draft(**more: object) -> Draft:
    base = {"name": "tools", "kind": SiteKind.SHOP, "domain": "tools.com.pl", "targets": (ADDRESS,)}
    return Draft(**(base | more))  # type: ignore[arg-type]


def written(made: Draft) -> SiteDefinition:
    return build(SiteDefinition, parse(definition_text(made), "new.toml"))


def page(body: bytes, path: str = "/produkt/17") -> Page:
    url = f"https://www.tools.com.pl{path}"
    return Page(url, url, 200, {}, body, datetime(2026, 11, 22, tzinfo=UTC))


def test_a_new_definition_is_off_until_a_person_says_so() -> None:
    """Neither switched on nor verified, with an unchecked verdict."""
    site = written(draft())
    assert (site.enabled, site.terms.verified, site.terms.verdict) == (False, False, "unchecked")
    assert site.match(ADDRESS)


def test_what_was_learned_and_answered_is_in_it() -> None:
    """Hints, terms with their date, tax and currency come out as they went in."""
    hints = ReadHints.model_validate(
        {"prices": {"sale": ['[data-testid="total"] > b', "p'x"]}, "decimal": ",", "prefer": "structured",
         "offers": {"row": ".line", "seller": ["img@alt"], "price": ["b"]}}
    )  # fmt: skip
    site = written(
        draft(hints=hints, currency="PLN", tax="net", locale="pl-PL", country="PL", verdict="allowed", sitemap=True,
              terms_note='They said "yes".\nIn May.', looked=date(2026, 11, 22), notes=("it moved",))
    )  # fmt: skip
    assert site.read == hints
    assert (site.currency, site.tax, site.terms.checked) == ("PLN", "net", date(2026, 11, 22))
    assert site.terms.note == 'They said "yes".\nIn May.'


@given(st.text(max_size=60))
def test_any_text_is_written_so_that_it_reads_back(text: str) -> None:
    """Outside text can neither break the file nor add keys to it."""
    assert parse(f"x = {quoted(text.encode('utf-8', 'ignore').decode())}\n", "t").data == {
        "x": text.encode("utf-8", "ignore").decode()
    }


def test_notes_cannot_break_out_of_their_comment() -> None:
    """A line break in a note does not start a line of its own."""
    text = definition_text(draft(notes=("seen\nenabled = true",), hints=ReadHints(decimal=",")))
    assert not written(draft(notes=("seen\nenabled = true",), hints=ReadHints(decimal=","))).enabled
    assert "\nenabled = true" not in text


@pytest.mark.parametrize(
    ("urls", "patterns"),
    [
        (("https://a.pl/produkt/x-17",), ("/produkt/*",)),
        (("https://a.pl/p/tools/drills/17", "https://a.pl/p/tools/saws/18"), ("/p/tools/*",)),
        (("https://a.pl/17",), ()),
        (("https://a.pl/",), ()),
        (("https://a.pl/123/x",), ()),
        (("https://a.pl/x/1", "https://a.pl/y/2"), ()),
    ],
)
def test_the_pattern_of_product_addresses(urls: tuple[str, ...], patterns: tuple[str, ...]) -> None:
    """What addresses share becomes a pattern that all of them fit; numbers are no pattern."""
    assert product_patterns(urls) == patterns
    rules = written(draft(domain="a.pl", targets=urls)).crawl
    assert all(rules.is_product(url) for url in urls)


def test_names_domains_and_countries_come_from_the_address() -> None:
    """The name without www. and endings, the port where it is not usual, the country by domain, else by locale."""
    assert (domain_of(ADDRESS), name_of("tools.com.pl"), name_of("shop.tools.de")) == ("tools.com.pl", "tools", "tools")
    assert (domain_of("http://127.0.0.1:8080/x"), name_of("127.0.0.1:8080")) == ("127.0.0.1:8080", "127-0-0-1")
    assert (country_of(ADDRESS, ""), country_of("https://a.com", "de-AT"), country_of("https://a.co.uk", "")) == (
        "PL", "AT", "GB",
    )  # fmt: skip
    assert country_of("https://a.com", "") == ""


def test_a_survey_says_what_the_page_is() -> None:
    """Name, price, currency and locale of a product; several sellers make a comparison of it; rubbish is a verdict."""
    html = '<html lang="pl"><h1>Wiertarka Bosch GSB 13</h1><p class="price">129,00 zł</p></html>'.encode()
    seen = survey(page(html), SiteContext())
    assert (seen.name, str(seen.price), seen.currency, seen.locale, seen.kind) == (
        "Wiertarka Bosch GSB 13", "129.00 PLN", "PLN", "pl-PL", SiteKind.SHOP,
    )  # fmt: skip
    rows = "".join(f'<li class="offer"><span class="shop-name">{n}</span><b class="price">{p} zł</b></li>'
                   for n, p in (("Alfa", "129,00"), ("Beta", "135,00"), ("Gamma", "140,00")))  # fmt: skip
    many = survey(
        page(f'<html lang="pl"><h1>Wiertarka Bosch GSB 13</h1><ul>{rows}</ul></html>'.encode()), SiteContext()
    )
    assert (many.kind, [row.seller for row in many.rows]) == (SiteKind.COMPARISON, ["Alfa", "Beta", "Gamma"])
    assert survey(page(b"\x00\x01" * 999), SiteContext()).verdict is Verdict.UNREADABLE


PIECES = st.sampled_from(
    [
        "<div class='price'>", "</div>", "<b>", "</b>", "129,00 zł", "129", ",00", "<li class=offer>", "</li>",
        "<table><tr><td>", "<a href='/x'>", "</a>", "<h1>Drill</h1>", "<img alt='Shop' src=x>", "<del>", "</del>",
        "\x00", "&nbsp;", "<p id='", "'>", "<script type='application/ld+json'>", "</script>", "<svg>", "<!--", "-->",
        '{"@type":"Product","offers":{"price":129}}', "<meta content='129'>", "<![CDATA[", "é",
        "<select><option>129 zł",
    ]
)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(PIECES, max_size=40), st.sampled_from(list(SiteKind)))
def test_no_page_makes_learning_fail(pieces: list[str], kind: SiteKind) -> None:
    """Whatever the markup: hints that read the price, or a reason; never an exception."""
    body = "".join(pieces).encode("utf-8", "replace")
    lesson = learn([Example(page(body), Decimal(129))], SiteContext(kind=kind, currency="PLN"))
    assert lesson.reason or lesson.hints is not None
    if lesson.reason:
        assert PriceRole.REGULAR not in lesson.hints.prices
