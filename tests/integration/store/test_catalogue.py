"""What we sell comes back exactly as it was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pricewatch.domain.errors import StoreError
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import ExchangeRate, Product
from pricewatch.ports import Freeze, ImportCount

FULL = Product(
    sku="Ż-1",
    name="Wiertarka „udarowa” 🛠",
    tax=TaxRate(2300),
    price=Money.parse("1299.00", "PLN"),
    cost=Money.parse("210.35", "EUR"),
    floor=Money.parse("1100.00", "PLN"),
    ceiling=Money.parse("1999.00", "PLN"),
    rrp=Money.parse("1499.00", "PLN"),
    map_price=Money.parse("1200.00", "PLN"),
    stock=-2,
    brand="Bosch",
    gtin="4006381333931",
    mpn="GSB 18",
    category="Narzędzia > Wiertarki",
    supplier="Hurt",
    tags=("new", "tool|s"),
    kvi=True,
    url="https://shop.example/1",
    image_url="https://shop.example/1.jpg",
    description="Opis",
    custom={"colour": "blau", "season": ""},
)


def test_every_field_of_a_product_comes_back(given):
    """Text in any script, each amount in its own currency, a negative stock, tags and custom columns."""
    given.store.catalogue.save([FULL], at=given.clock.now(), group=given.group)
    assert given.store.catalogue.get("Ż-1") == FULL
    assert list(given.store.catalogue.load().products.values()) == [FULL]


def test_unknown_fields_stay_unknown(given):
    """None never becomes 0."""
    bare = Product("A", "Thing", TaxRate(800))
    given.store.catalogue.save([bare], at=given.clock.now(), group=given.group)
    assert given.store.catalogue.get("A") == bare
    assert given.store.catalogue.get("B") is None


def test_an_import_counts_what_it_added_changed_and_left(given):
    """The second import of a file changes only what differs."""
    given.product("A")
    given.product("B")
    again = [given.store.catalogue.get("A"), replace(given.store.catalogue.get("B"), name="New"), replace(FULL)]
    count = given.store.catalogue.save(again, at=given.clock.now(), group=given.group)
    assert count == ImportCount(added=1, changed=1, unchanged=1)
    assert given.store.catalogue.get("B").name == "New"


def test_products_keep_the_order_in_which_they_came(given):
    """Catalogue order, not the alphabet's; a later import appends."""
    for sku in ("C", "A", "B"):
        given.product(sku)
    given.product("A", name="changed")
    assert list(given.store.catalogue.load().products) == ["C", "A", "B"]


@pytest.mark.parametrize(
    "wrong",
    [{"price": Money.parse("0", "PLN")}, {"cost": Money.parse("-1", "PLN")}, {"floor": Money.parse("0", "PLN")}],
)
def test_the_tables_refuse_amounts_that_mean_nothing(given, wrong):
    """A price or floor of 0 and a negative cost end as StoreError, and nothing of the batch is saved."""
    with pytest.raises(StoreError, match="refuses a row"):
        given.store.catalogue.save(
            [Product("OK", "Fine", TaxRate(0)), replace(FULL, **wrong)], at=given.clock.now(), group=given.group
        )
    assert given.store.catalogue.load().products == {}


def test_stock_is_set_and_unknown_products_are_named(given):
    """An unchanged count is no change; what is not in the catalogue comes back by name."""
    given.product("A", stock=5)
    given.product("B")
    assert given.store.catalogue.set_stock({"A": 5, "B": 0, "X": 1}, at=given.clock.now()) == (1, ("X",))
    assert given.store.catalogue.get("B").stock == 0


def test_the_newest_rate_of_each_pair_counts(given):
    """By the day it is for, whenever it was imported."""
    newer = ExchangeRate("EUR", "PLN", 4_250_000, "2026-11-20", "nbp")
    older = ExchangeRate("EUR", "PLN", 4_300_000, "2026-11-19", "nbp")
    other = ExchangeRate("CZK", "PLN", 173_000, "2026-11-18", "nbp")
    assert given.store.catalogue.save_rates([newer, older, other]) == 3
    assert given.store.catalogue.rates() == (other, newer)


def test_a_corrected_rate_replaces_the_one_of_its_day(given):
    """Saved again unchanged is no change; another value of the same day wins."""
    rate = ExchangeRate("EUR", "PLN", 4_250_000, "2026-11-20", "nbp")
    given.store.catalogue.save_rates([rate])
    assert given.store.catalogue.save_rates([rate]) == 0
    assert given.store.catalogue.save_rates([replace(rate, rate_micros=4_260_000)]) == 1
    assert [known.rate_micros for known in given.store.catalogue.rates()] == [4_260_000]


def test_a_freeze_holds_until_its_time(given):
    """It ends by itself, and shows in the market while it holds."""
    given.product("A")
    freeze = Freeze("A", "season start", "anna", given.clock.now() + timedelta(days=1))
    given.store.catalogue.freeze(freeze)
    assert given.store.catalogue.frozen(given.clock.now()) == (freeze,)
    assert given.market().products.frozen.tolist() == [True]
    given.clock.advance(days=1)
    assert given.store.catalogue.frozen(given.clock.now()) == ()
    assert given.market().products.frozen.tolist() == [False]


def test_a_freeze_without_end_holds_until_it_is_lifted(given):
    """Frozen again replaces the first freeze; lifting says whether there was one."""
    given.product("A")
    given.store.catalogue.freeze(Freeze("A", "one", "anna"))
    given.store.catalogue.freeze(Freeze("A", "two", "jan"))
    given.clock.advance(days=10_000)
    assert [freeze.reason for freeze in given.store.catalogue.frozen(given.clock.now())] == ["two"]
    assert given.store.catalogue.unfreeze("A")
    assert not given.store.catalogue.unfreeze("A")


def test_freezing_what_we_do_not_sell_is_an_error(given):
    """A mistyped SKU must not look frozen."""
    with pytest.raises(StoreError, match="no product 'X'"):
        given.store.catalogue.freeze(Freeze("X", "", "anna"))
