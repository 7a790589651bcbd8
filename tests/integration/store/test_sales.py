"""Sales in both databases: no line is lost or doubled, and rules know how fast a product sells."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import PriceGroup, Product
from pricewatch.domain.sale import Sale

GROUP = PriceGroup("default", "PL", "PLN", "Europe/Warsaw")


@pytest.fixture
def shop(store, clock):
    goods = [Product(sku, sku, TaxRate(2300), price=Money.parse("9.99", "PLN"), stock=5) for sku in ("A", "B", "C")]
    store.catalogue.save(goods, at=clock.now(), group=GROUP)
    return store


def line(clock, sku: str, units: int = 1, *, days: float = 1, name: str = "", paid: str = "9.99") -> Sale:
    at = clock.now() - timedelta(days=days)
    return Sale("shop", name or f"{sku}/{units}/{days}", sku, at, units, Money.parse(paid, "PLN") if paid else None)


def velocity(store, clock, skus=None) -> dict[str, int] | None:
    market = store.plans.market(GROUP, at=clock.now(), skus=skus, rates_since="2026-01-01")
    sold = market.products.sold
    return None if sold is None else dict(zip(market.products.sku, map(int, sold), strict=True))


def test_the_same_line_again_replaces_itself(shop, clock) -> None:
    """Importing twice, or a line that was corrected, never counts twice."""
    lines = [line(clock, "A", 2), line(clock, "B", 1, name="1/1")]
    assert shop.sales.save(lines).added == 2
    assert shop.sales.save(lines).unchanged == 2
    assert shop.sales.save([line(clock, "B", 3, name="1/1"), line(clock, "B", 3, name="1/1")]).changed == 1
    begins, ends = clock.now() - timedelta(days=400), clock.now()
    assert [(sale.sku, sale.units) for sale in shop.sales.between(begins, ends)] == [("A", 2), ("B", 3)]
    (summary,) = shop.sales.summary()
    assert (summary.source, summary.lines, summary.units, summary.products) == ("shop", 2, 5, 2)


def test_rules_know_how_much_was_sold(shop, clock) -> None:
    """In 28 days, returns taken off; what was never sold is 0 when the sales go back far enough, else unknown."""
    assert velocity(shop, clock) is None
    shop.sales.save([line(clock, "A", 5), line(clock, "A", -2, days=0.5), line(clock, "B", 7, days=30)])
    assert velocity(shop, clock) == {"A": 3, "B": 0, "C": 0}
    assert velocity(shop, clock, ["C", "A"]) == {"A": 3, "C": 0}


def test_a_young_history_says_nothing_of_the_unsold(shop, clock) -> None:
    """Two days of sales are no proof that nothing sells."""
    shop.sales.save([line(clock, "A", 5, days=2)])
    found = velocity(shop, clock)
    assert found["A"] == 5
    assert found["B"] < 0


def test_days_without_stock_are_remembered(shop, clock) -> None:
    """They say nothing of demand: when it ran out and when it came back, from imports of either kind."""
    begins = clock.now()
    clock.advance(days=1)
    shop.catalogue.set_stock({"A": 0, "B": 3}, at=clock.now())
    out = clock.now()
    clock.advance(days=2)
    shop.catalogue.set_stock({"A": 0}, at=clock.now())
    shop.catalogue.save(
        [Product("A", "A", TaxRate(2300), price=Money.parse("9.99", "PLN"), stock=9)], at=clock.now(), group=GROUP
    )
    back = clock.now()
    assert shop.sales.outages(begins)["A"] == ((begins, False), (out, True), (back, False))
    assert shop.sales.outages(back)["A"] == ((back, False),)
    assert shop.sales.outages(begins)["B"] == ((begins, False),)
