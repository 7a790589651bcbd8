"""Slips in files of our own side change nothing before a person has said that they are right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pricewatch.domain.money import Money
from pricewatch.domain.product import ExchangeRate
from pricewatch.pipeline.catalogue import import_catalogue, import_rates


def one(bench):
    """A product with a cost and a price."""
    return next(each for each in bench.store.catalogue.load().products.values() if each.cost and each.price)


def times(money, top, bottom=1):
    """An amount some times as large."""
    return Money(money.minor * top // bottom, money.currency)


def test_amounts_ten_times_off_stay_as_they_were(bench) -> None:
    """Cost and price are reported and keep their old amounts; what else the row says is taken."""
    product = one(bench)
    slip = replace(product, cost=times(product.cost, 1, 10), price=times(product.price, 100), stock=77)
    report = import_catalogue(bench, [slip], source="test")
    assert [aside.reason.split()[0] for aside in report.set_aside if aside.item == product.sku] == ["price", "cost"]
    assert bench.store.catalogue.get(product.sku) == replace(product, stock=77)


def test_a_person_may_say_that_they_are_right(bench) -> None:
    """Then they are taken as they stand."""
    product = one(bench)
    dear = replace(product, cost=times(product.cost, 10), floor=None)
    import_catalogue(bench, [dear], source="test", jumps=True)
    assert bench.store.catalogue.get(product.sku).cost == dear.cost


def test_small_moves_are_no_slips(bench) -> None:
    """A cost that doubles is taken without a word."""
    product = one(bench)
    dear = replace(product, cost=times(product.cost, 2))
    report = import_catalogue(bench, [dear], source="test")
    assert not [aside for aside in report.set_aside if aside.item == product.sku]
    assert bench.store.catalogue.get(product.sku).cost == dear.cost


def test_products_under_one_gtin_are_counted(bench) -> None:
    """Whoever made the file may look which is which."""
    products = list(bench.store.catalogue.load().products.values())
    twins = [replace(products[0], gtin="5901234123457"), replace(products[1], gtin="5901234123457"), *products[2:]]
    assert import_catalogue(bench, twins, source="test").counts["of_shared_gtins"] == 2


def test_a_rate_of_a_day_that_has_not_come_is_set_aside(bench) -> None:
    """It would be the newest one for as long as that day is away."""
    today = bench.clock.now().date()
    rates = [
        ExchangeRate("EUR", "PLN", 4_300_000, today.isoformat(), "file"),
        ExchangeRate("EUR", "CZK", 24_500_000, (today + timedelta(days=2)).isoformat(), "file"),
        ExchangeRate("USD", "PLN", 3_900_000, "3026-01-01", "file"),
    ]
    report = import_rates(bench, rates)
    assert report.counts["rates"] == 1
    assert [aside.item for aside in report.set_aside] == ["EUR/CZK", "USD/PLN"]
