"""The buy box from a marketplace's page to a planned price."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from pricewatch.domain.offer import SiteKind
from pricewatch.located import parse
from pricewatch.pipeline.match import match
from pricewatch.pipeline.plan import plan
from pricewatch.pipeline.scrape import scrape
from pricewatch.ports import Page, SiteInfo
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.extract.page import extract_page

GTIN = "5901234123457"
RULES = """
[[guardrails]]
name = "every product"
min_margin = "10%"

[[rule]]
name = "the buy box, else stay"
target = { kind = "first_of", of = ["buy_box", "keep"] }
"""
OFFER = """<div class="offer{mark}"><a class="offer-seller">{seller}</a><span class="offer-price">{price} zł</span>
<span class="offer-stock">dostępny</span> <span class="offer-delivery">darmowa dostawa</span></div>"""


def page_of(first: str) -> Page:
    """A marketplace's page with two sellers, the first one named in the buy box."""
    rows = "".join(
        OFFER.format(mark=" offer--buybox" if seller == first else "", seller=seller, price=price)
        for seller, price in (("Tani Sklep", "98,00"), ("Szybki Sklep", "104,00"))
    )
    url = f"https://alfa.example/{GTIN}"
    html = f"""<html lang="pl"><title>Czajnik</title><body><h1>Czajnik elektryczny</h1>
    <p>EAN: {GTIN}</p><meta itemprop="gtin13" content="{GTIN}"><div class="offers">{rows}</div></body></html>"""
    return Page(url, url, 200, {}, html.encode(), datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def market(bench, rivals):
    """The bench with one marketplace, and rules that follow the buy box."""
    site = SiteInfo("alfa", SiteKind.MARKETPLACE, enabled=True)

    def read(first: str):
        found = extract_page(page_of(first), SiteContext("alfa", SiteKind.MARKETPLACE, currency="PLN"))
        offers = [replace(f.offer, item=replace(f.offer.item, gtin=GTIN)) for f in found.findings]
        rivals.shown["alfa", f"https://alfa.example/{GTIN}"] = offers
        asyncio.run(scrape(made))
        match(made)
        return next(d.proposal for d in plan(made).decisions if d.proposal.sku == "S-1")

    rules = compile_rulebook([parse(RULES, "rules/test.toml")])
    made = replace(bench, sites=MappingProxyType({"alfa": site}), rulebook=rules)
    return read


def test_the_offer_in_the_buy_box_is_what_the_rule_aims_at(market) -> None:
    """A dearer seller in the buy box is followed, and not the cheapest one of the page."""
    assert str(market("Szybki Sklep").proposed) == "104.00 PLN"


def test_a_buy_box_that_changes_hands_is_a_change(market) -> None:
    """The same prices with another seller in front are stored as new readings and lead to another price."""
    market("Szybki Sklep")
    assert str(market("Tani Sklep").proposed) == "98.00 PLN"


def test_without_a_mark_nobody_has_the_buy_box(market) -> None:
    """Where the page says nothing of it, the rule takes its second choice."""
    assert str(market("").proposed or "119.99 PLN") == "119.99 PLN"
