"""The same plan by other means: data frames, databases and rule engines, checked to give the same answers."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from types import MappingProxyType
from typing import Any

import numpy as np

from pricewatch.pricing.frame import MarketFrame

DAY = 86_400
OFFER_COLUMNS = ("product", "price", "shipping", "seen_at", "availability", "own")
PRODUCT_COLUMNS = ("current", "cost", "day_start", "frozen")

# What the kernel does, in SQL; `{disc}` is the lower median, `{second}` the second lowest.
QUERY = """
WITH counting AS (
    SELECT product, price + shipping - 999 AS p FROM offers
    WHERE availability = 0 AND seen_at >= {since} AND NOT own AND seller NOT IN (7, 11) AND price + shipping > 999
), market AS (
    {market}
), aimed AS (
    SELECT o.*, m.n, CASE WHEN m.rank > 3 THEN m.second WHEN m.n >= 5 THEN m.lowest ELSE m.median END - 1 AS target,
        (o.cost * 12300 + 9499) {div} 9500 AS floor
    FROM ours o LEFT JOIN market m USING (product)
), stepped AS (
    SELECT *, {greatest}({least}(target, day_start * 120 {div} 100), day_start * 85 {div} 100) AS price FROM aimed
)
SELECT sum(CASE WHEN n IS NULL OR frozen THEN current
    ELSE {greatest}(price - (price - 99) % 100, floor + ((99 - floor) % 100 + 100) % 100) END) FROM stepped
"""
DUCK_MARKET = """
    SELECT product, count(*) AS n, min(p) AS lowest, list_extract(min(p, 2), -1) AS second,
        quantile_disc(p, 0.5) AS median, 1 + count(*) FILTER (p < current) AS rank
    FROM counting JOIN ours USING (product) GROUP BY product
"""
LITE_MARKET = """
    SELECT product, max(c) AS n, min(p) AS lowest, max(CASE WHEN place = min(c, 2) THEN p END) AS second,
        max(CASE WHEN place = (c - 1) / 2 + 1 THEN p END) AS median, 1 + sum(p < current) AS rank
    FROM (SELECT *, row_number() OVER w AS place, count(*) OVER (PARTITION BY product) AS c
          FROM counting WINDOW w AS (PARTITION BY product ORDER BY p)) JOIN ours USING (product) GROUP BY product
"""


@dataclass(frozen=True)
class Timed:
    """CPU seconds and what came out."""

    name: str
    seconds: float
    checksum: int
    note: str = ""


def timed(name: str, work: Callable[[], int], note: str = "") -> Timed:
    start = time.process_time()
    checksum = work()
    return Timed(name, time.process_time() - start, checksum, note)


def columns(frame: MarketFrame) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    ours = {name: getattr(frame.products, name) for name in PRODUCT_COLUMNS}
    theirs = {name: getattr(frame.offers, name) for name in OFFER_COLUMNS}
    rows = np.arange(len(frame.products))
    return {"product": rows, **ours}, {**theirs, "seller": frame.offers.seller.codes.astype(np.int64)}


def peers(frame: MarketFrame, some: MarketFrame) -> Iterator[Timed]:
    """All that is installed, on the frame; those that take too long on `some` of its products."""
    for peer in (_duckdb, _polars):
        try:
            yield peer(frame)
        except ImportError as error:
            print(f"{peer.__name__.strip('_'):<20}not installed ({error.name}): pip install duckdb polars pyarrow")
    for slow in (_sqlite, _objects):
        yield slow(some)


def _duckdb(frame: MarketFrame) -> Timed:
    import duckdb
    import pyarrow as pa

    ours, offers = (pa.table(part) for part in columns(frame))
    words = {"div": "//", "greatest": "greatest", "least": "least", "market": DUCK_MARKET}
    query = QUERY.format(since=frame.taken_at - 2 * DAY, **words)
    connection = duckdb.connect()
    connection.register("ours", ours)
    connection.register("offers", offers)
    connection.execute("SET threads = 1")
    return timed("DuckDB", lambda: int(connection.execute(query).fetchone()[0]))


def _polars(frame: MarketFrame) -> Timed:
    import polars as pl

    ours, offers = (pl.DataFrame(part).lazy() for part in columns(frame))
    p, col = pl.col("p"), pl.col
    counting = offers.filter(
        (col("availability") == 0)
        & (col("seen_at") >= frame.taken_at - 2 * DAY)
        & ~col("own")
        & ~col("seller").is_in([7, 11])
        & (col("price") + col("shipping") > 999)
    ).select("product", p=col("price") + col("shipping") - 999)
    market = (
        counting.join(ours.select("product", "current"), on="product")
        .group_by("product")
        .agg(
            n=pl.len(),
            lowest=p.min(),
            second=p.bottom_k(2).max(),
            median=p.sort().get((pl.len() - 1) // 2),
            rank=1 + (p < col("current")).sum(),
        )
    )
    target = pl.when(col("rank") > 3).then(col("second")).when(col("n") >= 5).then(col("lowest"))
    stepped = (
        ours.join(market, on="product", how="left")
        .with_columns(target=target.otherwise(col("median")) - 1, floor=(col("cost") * 12_300 + 9_499) // 9_500)
        .with_columns(step=pl.min_horizontal(col("target"), col("day_start") * 120 // 100))
        .with_columns(step=pl.max_horizontal(col("step"), col("day_start") * 85 // 100))
    )
    ended = pl.max_horizontal(
        col("step") - (col("step") - 99) % 100, col("floor") + ((99 - col("floor")) % 100 + 100) % 100
    )
    plan = stepped.select(pl.when(col("n").is_null() | col("frozen")).then(col("current")).otherwise(ended).sum())
    return timed("Polars", lambda: int(plan.collect().item()))


def _sqlite(frame: MarketFrame) -> Timed:
    ours, offers = columns(frame)
    connection = sqlite3.connect(":memory:")
    for name, part in (("ours", ours), ("offers", offers)):
        connection.execute(f"CREATE TABLE {name} ({', '.join(f'{column} INTEGER' for column in part)})")
        marks = ", ".join("?" * len(part))
        connection.executemany(
            f"INSERT INTO {name} VALUES ({marks})", zip(*(values.tolist() for values in part.values()), strict=True)
        )
    words = {"div": "/", "greatest": "max", "least": "min", "market": LITE_MARKET}
    query = QUERY.format(since=frame.taken_at - 2 * DAY, **words)
    return timed("SQLite window query", lambda: int(connection.execute(query).fetchone()[0]))


@dataclass(frozen=True, slots=True)
class _Offer:
    price: Decimal
    shipping: Decimal
    seen_at: int
    availability: int
    own: bool
    seller: int


def _objects(frame: MarketFrame) -> Timed:
    ours, offers = columns(frame)
    product = offers.pop("product")
    rows = list(zip(*(offers[name].tolist() for name in ("price", "shipping")), strict=True))
    rest = zip(*(offers[name].tolist() for name in ("seen_at", "availability", "own", "seller")), strict=True)
    start = time.process_time()
    made = [_Offer(Decimal(a) / 100, Decimal(b) / 100, *more) for (a, b), more in zip(rows, rest, strict=True)]
    loading = time.process_time() - start
    cuts = np.searchsorted(product, np.arange(len(frame.products) + 1)).tolist()
    fields = [ours[name].tolist() for name in PRODUCT_COLUMNS]

    def work() -> int:
        since = frame.taken_at - 2 * DAY
        return sum(
            _by_hand(made[cuts[row] : cuts[row + 1]], since, *(column[row] for column in fields))
            for row in range(len(frame.products))
        )

    return timed("Decimal objects", work, f"and {loading:.1f} s to make the objects")


def _by_hand(offers: list[_Offer], since: int, current: int, cost: int, day_start: int, frozen: bool) -> int:
    now = Decimal(current) / 100
    prices = sorted(
        landed
        for each in offers
        if each.availability == 0 and each.seen_at >= since and not each.own and each.seller not in (7, 11)
        and (landed := each.price + each.shipping - Decimal("9.99")) > 0
    )  # fmt: skip
    if not prices or frozen:
        return current
    rank = 1 + sum(price < now for price in prices)
    count = len(prices)
    best = prices[min(count, 2) - 1] if rank > 3 else prices[0] if count >= 5 else prices[(count - 1) // 2]
    target = best - Decimal("0.01")
    floor = int((Decimal(cost) * 12_300 / 9_500).to_integral_value(rounding=ROUND_CEILING))
    price = max(min(int(target * 100), day_start * 120 // 100), day_start * 85 // 100)
    return max(price - (price - 99) % 100, floor + (99 - floor) % 100)


# --- rule engines ------------------------------------------------------------------------------------------------

# The ten conditions of the benchmark's rules, as each engine writes them.
CONDITIONS = MappingProxyType(
    {
        "rule-engine": (
            "brand == 'brand 3' and margin < 5", "kvi and offers >= 3", "kvi", "stock > 45 and days_unchanged > 20",
            "tags =~ '.*sale.*' and stock > 10", "brand in ['brand 1', 'brand 2']", "group == 'group 2' and rank > 4",
            "margin > 35 and lowest < current", "offers >= 5", "true",
        ),
        "zen": (
            "brand == 'brand 3' and margin < 5", "kvi and offers >= 3", "kvi", "stock > 45 and days_unchanged > 20",
            "contains(tags, 'sale') and stock > 10", "brand in ['brand 1', 'brand 2']",
            "group == 'group 2' and rank > 4", "margin > 35 and lowest < current", "offers >= 5", "true",
        ),
    }
)  # fmt: skip
Facts = dict[str, Any]


def facts(frame: MarketFrame, offers: np.ndarray, lowest: np.ndarray, rank: np.ndarray) -> list[Facts]:
    """What the rules read of each product, with the market as it was surveyed; no offers are no lowest."""
    ours = frame.products
    net = ours.current * 10_000 / 12_300
    return [
        {
            "brand": ours.brand[row], "group": ours.category[row].partition(" > ")[0], "tags": ours.tags[row],
            "kvi": bool(ours.kvi[row]), "stock": int(ours.stock[row]), "offers": int(offers[row]),
            "days_unchanged": int((frame.taken_at - ours.changed_at[row]) // DAY),
            "margin": float((net[row] - ours.cost[row]) * 100 / net[row]), "current": int(ours.current[row]),
            "lowest": int(lowest[row]) if offers[row] else 10**12, "rank": int(rank[row]) if offers[row] else 0,
        }
        for row in range(len(ours))
    ]  # fmt: skip


def engines() -> dict[str, Callable[[Facts], int]]:
    """A function for each installed engine: the number of the first rule that holds."""
    found: dict[str, Callable[[Facts], int]] = {"a plain function": _plain}
    for name, make in (("rule-engine", _rule_engine), ("business-rules", _business_rules), ("zen", _zen)):
        try:
            found[name] = make()
        except ImportError as error:
            print(f"{name:<20}not installed ({error.name}): pip install rule-engine business-rules zen-engine")
    return found


def _plain(it: Facts) -> int:
    tests = (
        lambda: it["brand"] == "brand 3" and it["margin"] < 5, lambda: it["kvi"] and it["offers"] >= 3,
        lambda: it["kvi"], lambda: it["stock"] > 45 and it["days_unchanged"] > 20,
        lambda: "sale" in it["tags"] and it["stock"] > 10, lambda: it["brand"] in ("brand 1", "brand 2"),
        lambda: it["group"] == "group 2" and it["rank"] > 4,
        lambda: it["margin"] > 35 and it["lowest"] < it["current"], lambda: it["offers"] >= 5, lambda: True,
    )  # fmt: skip
    return next(number for number, test in enumerate(tests) if test())


def _rule_engine() -> Callable[[Facts], int]:
    import rule_engine

    rules = [rule_engine.Rule(text) for text in CONDITIONS["rule-engine"]]
    return lambda it: next(number for number, each in enumerate(rules) if each.matches(it))


def _zen() -> Callable[[Facts], int]:
    import zen

    rules = [zen.compile_expression(text) for text in CONDITIONS["zen"]]
    return lambda it: next(number for number, each in enumerate(rules) if each.evaluate(it))


def _business_rules() -> Callable[[Facts], int]:
    from business_rules import run_all
    from business_rules.actions import BaseActions, rule_action
    from business_rules.fields import FIELD_NUMERIC
    from business_rules.variables import (
        BaseVariables,
        boolean_rule_variable,
        numeric_rule_variable,
        string_rule_variable,
    )

    kinds = {bool: boolean_rule_variable, float: numeric_rule_variable, str: string_rule_variable}
    types = {"kvi": bool, "brand": str, "group": str, "tags": str}
    names = ("brand", "group", "tags", "kvi", "stock", "offers", "days_unchanged", "margin", "rank", "room")

    def reader(name: str) -> Any:
        def read(self: Any) -> Any:
            return self.it["current"] - self.it["lowest"] if name == "room" else self.it[name]

        read.__name__ = name
        return kinds[types.get(name, float)]()(read)

    def keep(self: Any, it: Facts) -> None:
        self.it = it

    variables = type("Variables", (BaseVariables,), {name: reader(name) for name in names} | {"__init__": keep})

    class Actions(BaseActions):
        chosen = -1

        @rule_action(params={"number": FIELD_NUMERIC})
        def take(self, number: float) -> None:
            self.chosen = int(number)

    def one(name: str, operator: str, value: Any = True) -> Facts:
        return {"name": name, "operator": operator, "value": value}

    conditions = (
        [one("brand", "equal_to", "brand 3"), one("margin", "less_than", 5)],
        [one("kvi", "is_true"), one("offers", "greater_than_or_equal_to", 3)], [one("kvi", "is_true")],
        [one("stock", "greater_than", 45), one("days_unchanged", "greater_than", 20)],
        [one("tags", "contains", "sale"), one("stock", "greater_than", 10)],
        [{"any": [one("brand", "equal_to", "brand 1"), one("brand", "equal_to", "brand 2")]}],
        [one("group", "equal_to", "group 2"), one("rank", "greater_than", 4)],
        [one("margin", "greater_than", 35), one("room", "greater_than", 0)],
        [one("offers", "greater_than_or_equal_to", 5)], [one("stock", "greater_than_or_equal_to", 0)],
    )  # fmt: skip
    rules = [
        {"conditions": {"all": each}, "actions": [{"name": "take", "params": {"number": number}}]}
        for number, each in enumerate(conditions)
    ]

    def decide(it: Facts) -> int:
        actions = Actions()
        run_all(rules, variables(it), actions, stop_on_first_trigger=True)
        return actions.chosen

    return decide
