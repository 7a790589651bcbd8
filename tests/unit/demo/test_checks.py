"""The demo's own checks find what they are there to find."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from pricewatch.demo.checks import parity, readings
from pricewatch.demo.market import RIVALS, Ask, Market, MarketPage, open_market
from pricewatch.domain.decision import PriceEntry
from pricewatch.domain.errors import SetAside
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.offer import Evidence, Item, ItemKey, Observation, Offer
from pricewatch.ports import StoredObservation

OPENED = datetime(2026, 11, 22, 8, tzinfo=UTC)
ADDRESSES = {rival.name: f"http://{rival.name}" for rival in RIVALS}


def entry(price: str, floor: str | None = "80.00") -> PriceEntry:
    return PriceEntry(
        version=1, sku="A", group="default", gross=Money.parse(price, "PLN"), tax=TaxRate(2300),
        floor=Money.parse(floor, "PLN") if floor else None, ceiling=None, plan=1, reason="", approved_by="",
        valid_from=OPENED,
    )  # fmt: skip


def test_a_channel_in_step_has_no_complaints() -> None:
    """The same price to the last grosz, at or above the floor."""
    found = parity("shop", {"A": Decimal("99.99")}, {"A": entry("99.99")})
    assert (found.wrong, found.below_floor, found.listings) == ((), (), 1)


@pytest.mark.parametrize("shown", ["99.98", "9.99", "100"])
def test_another_price_is_wrong(shown: str) -> None:
    """By however little."""
    assert len(parity("shop", {"A": Decimal(shown)}, {"A": entry("99.99")}).wrong) == 1


def test_a_price_that_the_price_list_does_not_know_is_wrong() -> None:
    """A listing must have a price there."""
    assert len(parity("shop", {"B": Decimal(1)}, {"A": entry("99.99")}).wrong) == 1


def test_a_price_below_its_floor_is_found_though_the_price_list_agrees() -> None:
    """The floor is compared with what the channel shows."""
    assert len(parity("shop", {"A": Decimal("79.99")}, {"A": entry("79.99")}).below_floor) == 1


# --- readings -----------------------------------------------------------------------------------------------------


def stored(page: MarketPage, ask: Ask) -> StoredObservation:
    """What the store holds when the page was read rightly."""
    several = page.site == "elektroport" and len(page.asks) > 1
    key = ItemKey(page.site, page.path, ask.article.sku if several else "")
    price = None if ask.price is None else Money.parse(f"{ask.price // 100}.{ask.price % 100:02d}", ask.currency)
    url = ADDRESSES[page.site] + page.path
    offer = Offer(Item(key, url, gtin=ask.article.gtin), ask.seller, price, condition=ask.condition)
    return StoredObservation(1, Observation(offer, OPENED, Evidence("", ""), target=url), OPENED)


@pytest.fixture(scope="module")
def market() -> Market:
    return open_market(OPENED)


@pytest.fixture
def right(market: Market) -> list[StoredObservation]:
    return [stored(page, ask) for page in market.pages for ask in page.asks]


def store(observations: list[StoredObservation], *aside: str) -> Any:
    run = SimpleNamespace(set_aside=[SetAside("scrape", url, "blocked") for url in aside])
    return SimpleNamespace(
        sightings=SimpleNamespace(current=lambda: tuple(observations)),
        runs=SimpleNamespace(recent=lambda *, stage, limit: [run]),
    )


def test_a_market_that_was_read_rightly_has_no_complaints(market: Market, right: list[StoredObservation]) -> None:
    """Every offer is found again."""
    found = readings(market, store(right), ADDRESSES)
    assert (found.wrong, found.missed, found.held, found.right) == ((), (), 0, len(right))


def test_one_grosz_too_little_is_found(market: Market, right: list[StoredObservation]) -> None:
    """A misread price is named with its page."""
    seen = right[0]
    assert seen.observation.offer.price is not None
    less = seen.observation.offer.price - Money.parse("0.01", "PLN")
    right[0] = replace(seen, observation=replace(seen.observation, offer=replace(seen.observation.offer, price=less)))
    found = readings(market, store(right), ADDRESSES)
    assert len(found.wrong) == 1
    assert market.pages[0].path in found.wrong[0]


def test_an_offer_that_was_not_read_is_found(market: Market, right: list[StoredObservation]) -> None:
    """It is missed, not forgotten."""
    assert len(readings(market, store(right[1:]), ADDRESSES).missed) == 1


def test_an_offer_on_a_page_that_was_set_aside_is_counted_apart(market: Market, right: list[StoredObservation]) -> None:
    """Somebody was told about it."""
    url = right[0].observation.target
    found = readings(market, store(right[1:], url), ADDRESSES)
    assert (found.aside, found.missed) == (1, ())


@pytest.mark.parametrize("start", ["/sitemap.xml", "/lista"])
def test_offers_whose_sites_first_page_was_set_aside_are_counted_apart(
    market: Market, right: list[StoredObservation], start: str
) -> None:
    """A slow machine may not answer in time: that was said, and other sites' pages are still looked for."""
    site = market.pages[0].site
    rest = [seen for seen in right if seen.observation.offer.item.key.site != site]
    found = readings(market, store(rest[1:], ADDRESSES[site] + start), ADDRESSES)
    assert (found.aside, len(found.missed)) == (len(right) - len(rest), 1)


def test_a_reading_that_is_held_back_may_be_wrong(market: Market, right: list[StoredObservation]) -> None:
    """It is counted and nobody uses it."""
    seen = right[0]
    held = replace(seen.observation, quarantine="slip", offer=replace(seen.observation.offer, price=None))
    right[0] = replace(seen, observation=held)
    found = readings(market, store(right), ADDRESSES)
    assert (found.held, found.wrong) == (1, ())
