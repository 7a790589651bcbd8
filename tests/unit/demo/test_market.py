"""The demo's market: believable, the same everywhere, and moving only where it says so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from stdnum import ean

from pricewatch.demo.catalogue import catalogue
from pricewatch.demo.market import OWN_SHOP, RIVALS, SLIP, Market, Trap, open_market
from pricewatch.demo.sites import render
from pricewatch.domain.offer import Condition, SiteKind

OPENED = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def market() -> Market:
    return open_market(OPENED)


def test_the_catalogue_has_valid_and_nearly_unique_gtins() -> None:
    """Every EAN-13 has a right check digit; exactly one is used twice."""
    articles = catalogue()
    assert len(articles) >= 220
    assert all(ean.is_valid(article.gtin) for article in articles)
    assert len({article.gtin for article in articles}) == len(articles) - 1


def test_skus_and_makers_codes_are_unique() -> None:
    """No two products share a SKU, a maker's code or a name."""
    articles = catalogue()
    for names in ([a.sku for a in articles], [a.mpn for a in articles], [a.name for a in articles]):
        assert len(set(names)) == len(names)


def test_some_products_have_no_cost_and_three_vat_rates_occur() -> None:
    """The catalogue holds what a rule must cope with."""
    articles = catalogue()
    assert {article.vat for article in articles} == {23, 8, 5}
    assert 3 <= sum(article.cost is None for article in articles) <= 20
    assert all(a.floor is None or a.cost is not None for a in articles)


def test_the_same_seed_gives_the_same_market(market: Market) -> None:
    """Nothing depends on the machine or on the moment but the auctions' ends."""
    assert open_market(OPENED).pages == market.pages
    assert open_market(OPENED, seed=8).pages != market.pages


def test_paths_are_unique_on_every_site(market: Market) -> None:
    """A path leads to one page."""
    for rival in RIVALS:
        paths = [page.path for page in market.of(rival.name)]
        assert len(set(paths)) == len(paths) > 40


def test_every_trap_is_set_once(market: Market) -> None:
    """One page for each thing that goes wrong on real sites."""
    traps = [page.trap for page in market.pages if page.trap]
    assert sorted(traps) == sorted(set(Trap) - {Trap.NONE})


def test_only_a_share_of_the_asks_moves(market: Market) -> None:
    """Between two rounds some prices and bids change; sellers, terms and the other asks stay."""
    before = [ask for page in market.pages for ask in page.asks]
    after = [ask for page in market.moved().pages for ask in page.asks]
    moved = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert 0.05 < len(moved) / len(before) < 0.25
    assert all((a.seller, a.shipping, a.condition) == (b.seller, b.shipping, b.condition) for a, b in moved)
    assert not any(a.seller == OWN_SHOP for a, _ in moved)


def test_the_slip_is_a_hundredth_of_the_price(market: Market) -> None:
    """A lost decimal comma in the second round."""
    before, after = (
        next(page for page in each.pages if page.trap is Trap.SLIP).asks[0].price or 0
        for each in (market, market.moved())
    )
    assert 0 < after < before
    assert abs(after * SLIP - before) < before // 10


def test_a_page_whose_asks_stay_is_the_same_to_the_last_byte(market: Market) -> None:
    """So that a conditional request is answered with 304."""
    articles = catalogue()
    later = market.moved().pages
    for old, new in zip(market.pages, later, strict=True):
        if old == new:
            assert render(old, "http://shop", articles) == render(new, "http://shop", articles)


def test_the_portals_have_many_sellers_and_the_auctions_all_kinds_of_offers(market: Market) -> None:
    """Our own shop is among the sellers compared; bids, used and new items stand beside each other."""
    kinds = {rival.name: rival.kind for rival in RIVALS}
    compared = [page for page in market.pages if kinds[page.site] is SiteKind.COMPARISON]
    auctions = [ask for page in market.pages if kinds[page.site] is SiteKind.AUCTION for ask in page.asks]
    assert all(len({ask.seller for ask in page.asks}) >= 4 for page in compared)
    assert all(any(ask.seller == OWN_SHOP for ask in page.asks) for page in compared)
    assert {ask.condition for ask in auctions} == set(Condition) - {Condition.UNKNOWN}
    assert all((ask.price is None) == (ask.bid is not None) == (ask.ends_at is not None) for ask in auctions)
    assert any(ask.bid is None for ask in auctions)
    assert any(ask.bid is not None for ask in auctions)
