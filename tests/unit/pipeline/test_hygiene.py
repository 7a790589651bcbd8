"""A market is looked through some products at a time, and nothing of it depends on where it is cut."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from pricewatch.domain.offer import Condition
from pricewatch.domain.product import ExchangeRate
from pricewatch.pipeline.hygiene import WORN, Asked
from pricewatch.pricing.exact import AMOUNT_LIMIT
from pricewatch.pricing.exchange import factors_to, in_currency
from pricewatch.pricing.frame import CONDITIONS, MISSING, Text
from pricewatch.pricing.hygiene import Readings, doubtful, others, suspicious
from pricewatch.pricing.readings import PricedReadings

PRICES = (0, -5, 1, 100, 999_999, 9_999_999, 950, 1_000, 1_050, 1_900, 2_100, 9_800, 10_400, 99_900, AMOUNT_LIMIT + 1)
NEW = CONDITIONS.index(Condition.NEW)
FACTORS = factors_to("PLN", [ExchangeRate("EUR", "PLN", 4_300_000, "2026-11-20", "ECB")])


def market(seed: int, rows: int = 400, prices: tuple[int, ...] = PRICES, worn: float = 0.4) -> PricedReadings:
    """Readings of some products at likely and absurd prices, worn ones and those of items with two products too."""
    random = np.random.default_rng(seed)
    first = random.integers(0, 100_000, rows)
    waited = (
        [0, 7_199, 7_200, 90_000] if prices is PRICES else [7_200, 7_200, 90_000, 90_000, 90_000, 90_000, 90_000, 0]
    )
    sku = np.sort(random.integers(0, 40, rows)).astype(np.int32)
    nothing = np.full(rows, MISSING)
    return PricedReadings(
        observation=np.arange(rows),
        sku=Text(sku, tuple(map(str, range(40)))),
        site=Text(random.integers(0, 3, rows).astype(np.int32), ("a", "b", "c")),
        factor=np.ones(rows, dtype=np.int32),
        kind=np.zeros(rows, dtype=np.int8),
        foremost=random.random(rows) < 0.9,
        price=random.choice(prices, rows),
        currency=Text((random.random(rows) < 0.2).astype(np.int32), ("PLN", "EUR")),
        shipping=nothing,
        first_seen=first,
        last_seen=first + random.choice(waited, rows),
        rating=nothing,
        pieces=nothing,
        availability=np.zeros(rows, dtype=np.int8),
        condition=np.where(random.random(rows) < worn, random.integers(0, 5, rows), NEW).astype(np.int8),
        role=np.zeros(rows, dtype=np.int8),
        net=np.zeros(rows, dtype=np.bool_),
        featured=np.zeros(rows, dtype=np.bool_),
        seller=Text(random.integers(0, 4, rows).astype(np.int32), ("Ann", "ann ", "bob", "carl")),
    )


@pytest.mark.parametrize("size", [1, 13, 100])
@pytest.mark.parametrize("seed", range(5))
def test_what_needs_a_closer_look_does_not_depend_on_the_cuts(seed: int, size: int) -> None:
    """The same readings are asked about, with the same markets beside them, in runs of any size."""
    whole, cut = (Asked.of(FACTORS, market(seed), each) for each in (10_000, size))
    assert len(whole.rows) > 100
    assert cut.rows.tolist() == whole.rows.tolist()
    assert [column.tolist() for column in cut.market] == [column.tolist() for column in whole.market]
    assert cut.history.tolist() == whole.history.tolist()


@pytest.mark.parametrize("prices", [PRICES, (1_000, 1_200, 1_900), (950, 1_000, 1_050, 2_100)])
@pytest.mark.parametrize("worn", [0, 0.02, 0.4])
@pytest.mark.parametrize("seed", range(5))
def test_calm_markets_are_passed_over_only_where_nothing_can_be_doubted(seed: int, worn: float, prices) -> None:
    """Every reading that its whole market makes doubtful is asked about, however calm the rest is."""
    offered = market(seed, 150, prices, worn)
    plain = Asked.of(FACTORS, offered)
    rows = np.flatnonzero(offered.foremost)
    stored = offered.take(rows)
    apart = np.isin(stored.condition, [CONDITIONS.index(each) for each in WORN])
    sellers = Text.of(f"{stored.site[row]}:{stored.seller[row].strip().casefold()}" for row in range(len(rows)))
    nothing = np.full(len(rows), MISSING)
    readings = Readings(
        observation=stored.observation,
        product=stored.sku.codes.astype(np.int64) * 2 + apart,
        price=stored.price,
        currency=stored.currency,
        unit=np.full(len(rows), 100),
        converted=in_currency(stored.price, stored.currency, FACTORS),
        previous=nothing,
        previous_currency=Text(np.zeros(len(rows), dtype=np.int32), ("",)),
        seller=sellers,
        first_seen=stored.first_seen,
        last_seen=stored.last_seen,
        agreed=apart & False,
    )
    rest, count = others(readings)
    asked = doubtful(readings, rest)
    assert plain.rows.tolist() == rows[asked].tolist()
    assert [column.tolist() for column in plain.market] == [rest[asked].tolist(), count[asked].tolist()]


@pytest.mark.parametrize("size", [1, 7, 399, 400, 5_000])
def test_runs_hold_products_whole(size: int) -> None:
    """Every row is in one run, and no product in two."""
    readings = market(0)
    runs = list(readings.runs(size))
    assert [row for run in runs for row in range(run.start, run.stop)] == list(range(len(readings)))
    products = [set(readings.sku.codes[run].tolist()) for run in runs]
    assert sum(map(len, products)) == len(set().union(*products))


def test_an_empty_market_has_no_runs() -> None:
    """Nothing is looked at where nothing is offered."""
    nothing = market(0).take(slice(0, 0))
    assert list(nothing.runs(10)) == []
    assert len(Asked.of(FACTORS, nothing).rows) == 0


@pytest.mark.parametrize("seed", range(20))
def test_only_doubtful_readings_are_ever_held_back(seed: int) -> None:
    """Whatever their history and our own amounts: what is not looked at closer would not have been named."""
    random, rows = np.random.default_rng(seed), 2_000
    first = random.integers(0, 100_000, rows)
    price = random.choice(PRICES, rows)
    codes = Text(random.integers(0, 2, rows).astype(np.int32), ("PLN", "EUR"))
    before = random.choice([MISSING, 95, 1_000, 9_900, 100_000], rows)
    readings = Readings(
        observation=np.arange(rows),
        product=random.integers(0, 300, rows),
        price=price,
        currency=codes,
        unit=np.full(rows, 100),
        converted=np.where(codes.codes == 0, price, random.choice([MISSING, 4_000, 1_000], rows)),
        previous=before,
        previous_currency=Text(np.where(before == MISSING, 0, 1 + random.integers(0, 2, rows)), ("", "PLN", "EUR")),
        seller=Text(random.integers(0, 5, rows).astype(np.int32), tuple("abcde")),
        first_seen=first,
        last_seen=first + random.choice([0, 7_199, 7_200, 90_000], rows),
        agreed=random.random(rows) < 0.1,
    )
    ours = [random.choice([MISSING, 900, 10_000], 300) for _ in range(2)]
    around = others(readings)
    asked = doubtful(readings, around[0])
    named = suspicious(readings, *ours, around)
    assert 0 < len(named) <= asked.sum() < rows
    assert set(named) <= set(readings.observation[asked].tolist())
    some = Readings(**{
        each.name: column.take(asked) if isinstance(column := getattr(readings, each.name), Text) else column[asked]
        for each in fields(Readings)
    })  # fmt: skip
    assert suspicious(some, *ours, (around[0][asked], around[1][asked])) == named
