"""A market in a currency of its own starts from prices that a person brings."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from publishing_scene import pln

from pricewatch.domain.errors import SetAside, UsageError
from pricewatch.domain.money import Money
from pricewatch.domain.product import ExchangeRate, PriceGroup
from pricewatch.pipeline.market_prices import import_prices

CZECH = PriceGroup("cz", "CZ", "CZK", "Europe/Prague")


def czk(text):
    return Money.parse(text, "CZK")


@pytest.fixture
def here(scene):
    """A shop with a Czech market that no channel serves yet."""
    made = scene()
    made.bench = replace(made.bench, groups=(*made.bench.groups, CZECH))
    made.store.catalogue.save_rates([ExchangeRate("PLN", "CZK", 6_000_000, "2026-03-02", "test")])
    return made


def taken(here, *rows, **keys):
    here.clock.advance(minutes=1)
    return asyncio.run(import_prices(here.bench, CZECH, rows, **keys))


def asked(here):
    return {sku: str(entry.gross) for sku, entry in here.store.prices.current("cz").items()}


def test_imported_prices_are_where_the_market_starts(here):
    """They stand in the price list as found; what is unknown, doubled or unreadable is set aside."""
    here.apply({"A": "99.00"})
    odd = SetAside("prices", "C", "no amount")
    report = taken(here, ("A", czk("599.00")), ("B", czk("649.00")), ("B", czk("1.00")), ("Z", czk("5.00")), odd)
    assert asked(here) == {"A": "599.00 CZK", "B": "649.00 CZK"}
    assert all(entry.found for entry in here.store.prices.current("cz").values())
    assert [aside.item for aside in report.set_aside] == ["B", "Z", "C"]
    assert not here.store.prices.verify_chain()


def test_a_slip_in_a_second_file_changes_nothing_until_a_person_says_so(here):
    """What was found before stays; the same price again says nothing new."""
    here.apply({"A": "99.00"})
    taken(here, ("A", czk("599.00")), ("B", czk("649.00")))
    report = taken(here, ("A", czk("59.90")), ("B", czk("649.00")))
    assert (report.counts["prices"], report.counts["unchanged"]) == (0, 1)
    assert "jump" in report.set_aside[0].reason
    taken(here, ("A", czk("59.90")), jumps=True)
    assert asked(here)["A"] == "59.90 CZK"


@pytest.mark.parametrize(
    ("price", "words"),
    [
        ("550.00", "below the cost of 480.00 CZK"),
        ("99999.00", "a jump by a factor of 3 or more away from the catalogue's price of 600.00 CZK"),
        ("400.00", "below the floor of 420.00 CZK"),
    ],
)
def test_a_slip_in_the_first_file_is_measured_by_the_catalogue(here, price, words):
    """Its price, cost and floor count at the rate of the day, until a person says that the file is right."""
    goods = here.product("A", cost=pln("80.00"), floor=pln("70.00"))
    here.store.catalogue.save([goods], at=here.clock.now(), group=here.group)
    here.apply({"B": "99.00"})
    assert [words in aside.reason for aside in taken(here, ("A", czk(price))).set_aside] == [True]
    assert asked(here) == {}
    taken(here, ("A", czk(price)), jumps=True)
    assert asked(here) == {"A": f"{price} CZK"}


def test_without_a_rate_of_these_days_nothing_is_taken_unseen(here):
    """Nobody can say whether such a price is a slip, but a person."""
    here.apply({"B": "99.00"})
    here.clock.advance(days=9)
    report = taken(here, ("A", czk("599.00")))
    assert "no exchange rate of these days from PLN to CZK" in report.set_aside[0].reason
    assert asked(here) == {}
    taken(here, ("A", czk("599.00")), jumps=True)
    assert asked(here) == {"A": "599.00 CZK"}


def test_the_catalogues_own_group_takes_no_other_prices(here):
    """What the catalogue says holds there, and would come back with the next sending."""
    here.apply({"A": "99.00"})
    with pytest.raises(UsageError, match="the catalogue's own prices hold"):
        asyncio.run(import_prices(here.bench, here.group, [("B", pln("140.00"))]))


def test_before_the_first_plan_nothing_is_taken(here):
    """The price list belongs to plans."""
    with pytest.raises(UsageError, match="no plan yet"):
        taken(here, ("A", czk("599.00")))
