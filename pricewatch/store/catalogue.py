"""What we sell: products, stock, exchange rates, freezes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from types import MappingProxyType
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, exists, func, insert, select, update

from pricewatch.domain.errors import StoreError
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.product import Assortment, ExchangeRate, PriceGroup, Product, Sku
from pricewatch.ports import Freeze, ImportCount, OwnAmounts, OwnPrice, Vouch
from pricewatch.pricing.frame import MISSING, Text
from pricewatch.store.bulk import read_columns
from pricewatch.store.columns import chunks, clean, code, minor, money
from pricewatch.store.database import Database
from pricewatch.store.learning import record_costs
from pricewatch.store.ownprices import record_changes
from pricewatch.store.pricelist import newest_prices
from pricewatch.store.sales import record_outages
from pricewatch.store.tables import (
    AMOUNTS,
    exchange_rates,
    freezes,
    price_entries,
    products,
    returned,
    vouched,
    withdrawn,
)

_AMOUNTS = select(*(products.c[name] for name in (
    "sku", "price_minor", "price_currency", "cost_minor", "cost_currency", "tax",
)))  # fmt: skip


class SqlCatalogue:
    """The catalogue in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, products: Sequence[Product], *, at: datetime, group: PriceGroup) -> ImportCount:
        """Insert or update products; a first or changed catalogue price becomes a point of our price history,
        unless the price list already says what we ask.
        """
        with self._database.write() as connection:
            known = _known(connection, [product.sku for product in products])
            position = _last_position(connection)
            rows = [_row(product) for product in products]
            new = [row for row in rows if row["sku"] not in known]
            changed = [row for row in rows if row["sku"] in known and _differs(row, known[row["sku"]])]
            _insert(connection, new, position)
            _update(connection, changed)
            _bring_back(connection, [row["sku"] for row in rows], at)
            _record_prices(connection, products, known, at, group)
            record_outages(connection, {row["sku"]: row["stock"] for row in (*new, *changed)}, at)
            record_costs(connection, {row["sku"]: (row["cost_minor"], row["cost_currency"]) for row in rows}, at)
        return ImportCount(len(new), len(changed), len(rows) - len(new) - len(changed))

    def load(self, *, skus: Collection[Sku] | None = None) -> Assortment:
        """All products that the catalogue has, in its order, or some of them."""
        asked = select(products).where(offered()).order_by(products.c.position, products.c.sku)
        parts = [asked] if skus is None else [asked.where(products.c.sku.in_(part)) for part in chunks(sorted(skus))]
        with self._database.read() as connection:
            rows = (row for part in parts for row in connection.execute(part).all())
            return Assortment(MappingProxyType({row.sku: _product(row) for row in rows}))

    def skus(self) -> frozenset[Sku]:
        """The products that the catalogue has."""
        with self._database.read() as connection:
            return frozenset(connection.execute(select(products.c.sku).where(offered())).scalars())

    def count(self) -> int:
        """How many products the catalogue has."""
        with self._database.read() as connection:
            return count_offered(connection)

    def amounts(self, group: str, skus: Sequence[Sku] | None = None) -> OwnAmounts:
        """What we ask and pay for the products of the catalogue, or for some of them: the newest price of the price
        list, or else the catalogue's.
        """
        wanted, entry = None if skus is None else list(dict.fromkeys(skus)), price_entries.c
        with self._database.read() as connection:
            ours = read_columns(connection, _AMOUNTS.where(offered()), "oititi", products.c.sku, wanted)
            asked = newest_prices(group, entry.sku, entry.gross_minor, entry.currency, few=wanted is not None)
            listed = read_columns(connection, asked, "oit", entry.sku, wanted)
        sku, price, currency, cost, cost_currency, tax = ours
        rows = {one: row for row, one in enumerate(sku)}
        place = np.fromiter(map(rows.get, listed[0], repeat(MISSING)), dtype=np.int64)
        theirs = np.flatnonzero(place != MISSING)
        mine = place[theirs]
        price[mine] = listed[1][theirs]
        codes = currency.codes.copy()
        codes[mine] = listed[2].codes[theirs] + len(currency.values)
        return OwnAmounts(sku, price, Text(codes, currency.values + listed[2].values), cost, cost_currency, tax)

    def get(self, sku: Sku) -> Product | None:
        """One product, if the catalogue has it."""
        asked = select(products).where(products.c.sku == sku, offered())
        with self._database.read() as connection:
            row = connection.execute(asked).one_or_none()
        return None if row is None else _product(row)

    def withdraw(self, skus: Collection[Sku], *, at: datetime) -> int:
        """Note that the catalogue no longer has these; the next `save` of one brings it back. Returns how many."""
        with self._database.write() as connection:
            known = _known(connection, skus)
            gone = set().union(*(connection.execute(_among(part)).scalars() for part in chunks(known)))
            rows = [{"sku": sku, "since": at} for sku in known if sku not in gone]
            if rows:
                connection.execute(insert(withdrawn), rows)
        return len(rows)

    def withdrawn(self) -> frozenset[Sku]:
        """What was once in the catalogue and no longer is."""
        with self._database.read() as connection:
            return frozenset(connection.execute(select(withdrawn.c.sku)).scalars())

    def moves(self, since: datetime) -> tuple[frozenset[Sku], frozenset[Sku]]:
        """What was withdrawn, and what came back, since then."""
        with self._database.read() as connection:
            gone = connection.execute(select(withdrawn.c.sku).where(withdrawn.c.since >= since)).scalars().all()
            back = connection.execute(select(returned.c.sku).where(returned.c.since >= since)).scalars().all()
        return frozenset(gone), frozenset(back) - frozenset(gone)

    def set_stock(self, stock: Mapping[Sku, int], *, at: datetime) -> tuple[int, tuple[Sku, ...]]:
        """Set stock counts; returns how many changed and the SKUs that are not in the catalogue."""
        with self._database.write() as connection:
            known = _stock(connection, stock)
            changed = [{"_sku": sku, "stock": stock[sku]} for sku in known if known[sku] != stock[sku]]
            if changed:
                connection.execute(update(products).where(products.c.sku == bindparam("_sku")), changed)
                record_outages(connection, {str(row["_sku"]): stock[str(row["_sku"])] for row in changed}, at)
        return len(changed), tuple(sku for sku in stock if sku not in known)

    def save_rates(self, rates: Sequence[ExchangeRate]) -> int:
        """Keep rates, one a pair and day; returns how many are new or changed."""
        with self._database.write() as connection:
            return sum(_save_rate(connection, rate) for rate in rates)

    def rates(self) -> tuple[ExchangeRate, ...]:
        """The newest rate of every currency pair."""
        with self._database.read() as connection:
            return newest_rates(connection)

    def vouch(self, words: Sequence[Vouch], *, at: datetime) -> None:
        """Keep what people said of prices; the newest word of each on a product counts."""
        rows = {(word.sku, word.by): _word(word, at) for word in words}
        table = vouched.c
        with self._database.write() as connection:
            known = _known(connection, {sku for sku, _ in rows})
            mine = [row for (sku, _), row in rows.items() if sku in known]
            for row in mine:
                connection.execute(delete(vouched).where(table.sku == row["sku"], table.by == row["by"]))
            if mine:
                connection.execute(insert(vouched), mine)

    def vouched(self, skus: Collection[Sku]) -> Sequence[Vouch]:
        """What people said of these products' prices."""
        asked = select(vouched).order_by(vouched.c.sku, vouched.c.at)
        with self._database.read() as connection:
            rows = [row for part in chunks(skus) for row in connection.execute(asked.where(vouched.c.sku.in_(part)))]
        return [Vouch(r.sku, Money(r.price_minor, Currency.of(r.price_currency)), r.by, r.beyond_limits) for r in rows]

    def freeze(self, freeze: Freeze) -> None:
        """Keep a product's price as it is; a second freeze replaces the first."""
        with self._database.write() as connection:
            if not _known(connection, [freeze.sku]):
                raise StoreError(f"no product {freeze.sku!r} in the catalogue", hint="import the catalogue first")
            connection.execute(delete(freezes).where(freezes.c.sku == freeze.sku))
            values = {"sku": freeze.sku, "reason": freeze.reason, "by": freeze.by, "until": freeze.until}
            connection.execute(insert(freezes).values(values))

    def unfreeze(self, sku: Sku) -> bool:
        """Let a product be repriced again; False when it was not frozen."""
        with self._database.write() as connection:
            return connection.execute(delete(freezes).where(freezes.c.sku == sku)).rowcount > 0

    def frozen(self, at: datetime) -> tuple[Freeze, ...]:
        """The freezes that hold at `at`."""
        with self._database.read() as connection:
            rows = connection.execute(select(freezes).where(holds(at)).order_by(freezes.c.sku))
            return tuple(Freeze(row.sku, row.reason, row.by, row.until) for row in rows)


def _word(word: Vouch, at: datetime) -> dict[str, Any]:
    price = {"price_minor": word.price.minor, "price_currency": word.price.currency.code}
    return {"sku": clean(word.sku), "by": clean(word.by), "beyond_limits": word.beyond_limits, "at": at, **price}


def holds(at: datetime) -> Any:
    """The condition that a freeze holds at `at`."""
    return freezes.c.until.is_(None) | (freezes.c.until > at)


def offered() -> ColumnElement[bool]:
    """The condition that the catalogue has a product now."""
    return ~exists().where(withdrawn.c.sku == products.c.sku)


def count_offered(connection: Connection) -> int:
    """How many products the catalogue has now: all without the withdrawn ones, which are fewer to look at."""
    every = select(func.count()).select_from(products).scalar_subquery()
    gone = select(func.count()).select_from(withdrawn.join(products, products.c.sku == withdrawn.c.sku))
    return int(connection.execute(select(every - gone.scalar_subquery())).scalar_one())


def _among(skus: Sequence[Sku]) -> Any:
    return select(withdrawn.c.sku).where(withdrawn.c.sku.in_(skus))


def _bring_back(connection: Connection, skus: Iterable[Sku], at: datetime) -> None:
    for part in chunks(skus):
        back = list(connection.execute(_among(part)).scalars())
        if back:
            connection.execute(delete(withdrawn).where(withdrawn.c.sku.in_(back)))
            connection.execute(delete(returned).where(returned.c.sku.in_(back)))
            connection.execute(insert(returned), [{"sku": sku, "since": at} for sku in back])


def newest_rates(connection: Connection) -> tuple[ExchangeRate, ...]:
    """The newest rate of every currency pair."""
    return rates_by_place(connection, 1)


def rates_by_place(connection: Connection, wanted: int) -> tuple[ExchangeRate, ...]:
    """The newest rate of every currency pair (1), or the one of the day before it (2)."""
    pair = (exchange_rates.c.base, exchange_rates.c.quote)
    place = func.row_number().over(partition_by=pair, order_by=exchange_rates.c.day.desc()).label("place")
    ranked = select(exchange_rates, place).subquery()
    rows = connection.execute(select(ranked).where(ranked.c.place == wanted).order_by(ranked.c.base, ranked.c.quote))
    return tuple(ExchangeRate(row.base, row.quote, row.rate_micros, row.day, row.source) for row in rows)


def _row(product: Product) -> dict[str, Any]:
    row = {
        "sku": clean(product.sku),
        "name": clean(product.name),
        "tax": product.tax.basis_points,
        "stock": product.stock,
        "brand": clean(product.brand),
        "gtin": clean(product.gtin),
        "mpn": clean(product.mpn),
        "category": clean(product.category),
        "supplier": clean(product.supplier),
        "tags": [clean(tag) for tag in product.tags],
        "kvi": product.kvi,
        "url": clean(product.url),
        "image_url": clean(product.image_url),
        "description": clean(product.description),
        "custom": {clean(key): clean(value) for key, value in product.custom.items()},
    }
    for name in AMOUNTS:
        amount = getattr(product, name)
        row |= {f"{name}_minor": minor(amount), f"{name}_currency": code(amount)}
    return row


def _product(row: Row[Any]) -> Product:
    known = row._mapping  # noqa: SLF001
    return Product(
        sku=row.sku,
        name=row.name,
        tax=TaxRate(row.tax),
        stock=row.stock,
        brand=row.brand,
        gtin=row.gtin,
        mpn=row.mpn,
        category=row.category,
        supplier=row.supplier,
        tags=tuple(row.tags),
        kvi=row.kvi,
        url=row.url,
        image_url=row.image_url,
        description=row.description,
        custom=MappingProxyType(row.custom),
        **{name: money(known[f"{name}_minor"], known[f"{name}_currency"]) for name in AMOUNTS},
    )


def _known(connection: Connection, skus: Iterable[Sku]) -> dict[Sku, Mapping[str, Any]]:
    found: dict[Sku, Mapping[str, Any]] = {}
    for part in chunks(skus):
        rows = connection.execute(select(products).where(products.c.sku.in_(part))).mappings()
        found |= {row["sku"]: row for row in rows}
    return found


def _differs(row: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    return any(known[name] != value for name, value in row.items())


def _last_position(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(products.c.position), 0))).scalar_one())


def _insert(connection: Connection, rows: Sequence[dict[str, Any]], last: int) -> None:
    if rows:
        placed = [row | {"position": position} for position, row in enumerate(rows, start=last + 1)]
        connection.execute(insert(products), placed)


def _update(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(
            update(products).where(products.c.sku == bindparam("_sku")), [{**row, "_sku": row["sku"]} for row in rows]
        )


def _record_prices(
    connection: Connection,
    saved: Sequence[Product],
    known: Mapping[Sku, Mapping[str, Any]],
    at: datetime,
    group: PriceGroup,
) -> None:
    changed = [product for product in saved if product.price is not None and _price_differs(product, known)]
    listed = _listed(connection, [product.sku for product in changed], group)
    record_changes(
        connection,
        [
            OwnPrice(clean(product.sku), group.name, product.price, at, "catalogue")
            for product in changed
            if product.price is not None and product.sku not in listed
        ],
    )


def _price_differs(product: Product, known: Mapping[Sku, Mapping[str, Any]]) -> bool:
    before = known.get(clean(product.sku))
    now = (minor(product.price), code(product.price))
    return before is None or (before["price_minor"], before["price_currency"]) != now


def _listed(connection: Connection, skus: Iterable[Sku], group: PriceGroup) -> set[Sku]:
    entries = price_entries.c
    found: set[Sku] = set()
    for part in chunks(skus):
        asked = select(entries.sku).where(entries.price_group == group.name, entries.sku.in_(part)).distinct()
        found.update(connection.execute(asked).scalars())
    return found


def _stock(connection: Connection, skus: Iterable[Sku]) -> dict[Sku, int | None]:
    found: dict[Sku, int | None] = {}
    for part in chunks(skus):
        rows = connection.execute(select(products.c.sku, products.c.stock).where(products.c.sku.in_(part)))
        found |= {row.sku: row.stock for row in rows}
    return found


def _save_rate(connection: Connection, rate: ExchangeRate) -> bool:
    table = exchange_rates.c
    same = (table.base == rate.base) & (table.quote == rate.quote) & (table.day == rate.day)
    known = connection.execute(select(table.rate_micros, table.source).where(same)).one_or_none()
    if known is not None and tuple(known) == (rate.rate_micros, rate.source):
        return False
    connection.execute(delete(exchange_rates).where(same))
    row = {"base": rate.base, "quote": rate.quote, "day": rate.day}
    connection.execute(insert(exchange_rates).values({**row, "rate_micros": rate.rate_micros, "source": rate.source}))
    return True
