"""A whole market in columns, straight from the tables: rows never become objects on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import orjson
from sqlalchemy import Connection, Select, case, select

from pricewatch.domain.match import MatchKind
from pricewatch.domain.money import Currency, Rounding
from pricewatch.domain.offer import SiteKind
from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.pricing.exact import gross_of
from pricewatch.pricing.exchange import Factor, in_currency
from pricewatch.pricing.frame import (
    AVAILABILITIES,
    CONDITIONS,
    MISSING,
    ROLES,
    SITE_KINDS,
    Ints,
    MarketFrame,
    OfferColumns,
    ProductColumns,
    Text,
    ints,
)
from pricewatch.pricing.readings import PricedReadings
from pricewatch.store.bulk import Query, read_together
from pricewatch.store.catalogue import holds, offered
from pricewatch.store.columns import chunks, plain, to_micros
from pricewatch.store.offered import KINDS, LAST_SEEN, compact, read_offered
from pricewatch.store.ownwindow import own_columns, points
from pricewatch.store.pricelist import first_steps, newest_prices
from pricewatch.store.rateuse import Rates
from pricewatch.store.sales import sold_column
from pricewatch.store.sightings import held_now
from pricewatch.store.tables import (
    AMOUNTS,
    freezes,
    items,
    matches,
    observations,
    offers,
    price_entries,
    products,
)
from pricewatch.store.trend import with_trend

_SECOND = 1_000_000  # in microseconds

# A limit that is converted stays on the safe side of what was meant.
_ROUNDINGS = {"floor": Rounding.UP, "ceiling": Rounding.DOWN}


class SiteBook:
    """What the configuration says of sites and sellers."""

    def __init__(self, kinds: Mapping[str, SiteKind], own_sites: frozenset[str], own_sellers: frozenset[str]) -> None:
        self._kinds = kinds
        self._own_sites = own_sites
        self._own_sellers = frozenset(seller.strip().casefold() for seller in own_sellers)

    def kind(self, site: str) -> int:
        """The code of a site's kind; an unknown site is a shop."""
        return SITE_KINDS.index(self._kinds.get(site, SiteKind.SHOP))

    def own_site(self, site: str) -> bool:
        """Whether the site is ours."""
        return site in self._own_sites

    def own_seller(self, seller: str) -> bool:
        """Whether the seller is us or a sister."""
        return seller.strip().casefold() in self._own_sellers


def market_frame(
    connection: Connection,
    group: PriceGroup,
    at: datetime,
    skus: Sequence[Sku] | None,
    book: SiteBook,
    *,
    rates_since: str = "",
    trend: bool = False,
    readings: PricedReadings | None = None,
    equivalents: bool = False,
) -> MarketFrame:
    """Read one price group's market as it is at `at`; `readings` are its offers, where they were read before."""
    wanted = None if skus is None else list(dict.fromkeys(skus))
    rates = Rates.read(connection, group.currency, rates_since)
    ours = _products(connection, group, at, wanted, rates)
    rows = {sku: row for row, sku in enumerate(ours.sku)}
    found = read_offered(connection, wanted) if readings is None else readings
    offers = offer_columns(_usable(connection, found, rows, equivalents), rows, ours, rates, book)
    if trend:
        offers = with_trend(connection, offers, at, rates)
    return MarketFrame(
        group=group.name,
        currency=group.currency,
        exponent=Currency.of(group.currency).exponent,
        timezone=group.timezone,
        taken_at=to_micros(at) // _SECOND,
        products=ours,
        offers=offers,
        rates=rates.used(),
        stale_rates=rates.stale(),
        country=group.country,
    )


def fetch(connection: Connection, asked: Select[Any], sku: Any, wanted: Sequence[Sku] | None) -> list[tuple[Any, ...]]:
    """All rows, or those of the wanted SKUs, as the driver hands them over."""
    parts = [asked] if wanted is None else [asked.where(sku.in_(part)) for part in chunks(wanted)]
    found: list[tuple[Any, ...]] = []
    for part in parts:
        cursor: Any = connection.execute(part).cursor  # SQLAlchemy's rows would cost as much again
        found += cursor.fetchall()
    return found


# --- our side --------------------------------------------------------------------------------------------------

_NUMBERS = ("position", "tax", "stock")
_TEXTS = ("brand", "category", "supplier", "tags", "custom")
_PRODUCT = (
    *(products.c[name] for name in ("sku", "name", *_NUMBERS)),
    case((products.c.kvi, 1), else_=0).label("kvi"),
    *(plain(products.c[name]).label(name) for name in _TEXTS),
    *(products.c[f"{name}_{part}"] for part in ("minor", "currency") for name in AMOUNTS),
)
_KINDS = "oo" + "iii" + "i" + "ttttt" + "i" * len(AMOUNTS) + "t" * len(AMOUNTS)  # see Columns

_CATALOGUE = Query(select(*_PRODUCT).where(offered()), _KINDS, products.c.sku)

SOLD_WINDOW = timedelta(days=28)


def _products(
    connection: Connection,
    group: PriceGroup,
    at: datetime,
    wanted: Sequence[Sku] | None,
    rates: Rates,
) -> ProductColumns:
    queries = (_CATALOGUE, _listed(group, at, few=wanted is not None), points(group, at))
    catalogue, listed, history = read_together(connection, queries, wanted)
    column = _in_order(catalogue)
    rows = {sku: row for row, sku in enumerate(column["sku"])}
    current, announced = _current(group, rows, column, listed)
    began = _began(connection, group, rows, announced)
    own = own_columns(group, at, rows, history)
    return ProductColumns(
        sku=column["sku"],
        name=column["name"],
        current=current,
        cost=_converted("cost", column, rates),
        floor=_converted("floor", column, rates),
        ceiling=_converted("ceiling", column, rates),
        rrp=_converted("rrp", column, rates),
        map_price=_converted("map_price", column, rates),
        vat=_taxes(group, column["tax"]),
        stock=column["stock"],
        kvi=column["kvi"] == 1,
        frozen=_frozen(connection, at, rows),
        sold=sold_column(connection, rows, at - SOLD_WINDOW, at, narrow=wanted is not None),
        changed_at=own.changed_at,
        changes_today=own.changes_today,
        day_start=own.day_start,
        prior=own.prior,
        streak=own.streak,
        announced=announced,
        began=began,
        regular=own.regular,
        over=_over(connection, group, rows, announced, at),
        brand=column["brand"],
        category=column["category"],
        supplier=column["supplier"],
        tags=_each(column["tags"], _joined),
        custom=_custom(column["custom"]),
    )


def _in_order(found: Sequence[Any]) -> dict[str, Any]:
    """The columns of the catalogue by name, in its order."""
    column: dict[str, Any] = dict(zip((each.name for each in _PRODUCT), found, strict=True))
    sku, position = column["sku"], column["position"]
    order = np.argsort(position, kind="stable")
    if (np.diff(position[order]) == 0).any():
        order = np.array(sorted(range(len(sku)), key=lambda row: (position[row], sku[row])))
    if (np.diff(order) == 1).all():
        return column
    return {name: _taken(values, order) for name, values in column.items()}


def _taken(values: Any, order: Any) -> Any:
    if isinstance(values, list):
        return [values[row] for row in order.tolist()]
    return values.take(order)


def _taxes(group: PriceGroup, home: Ints) -> Ints:
    """The VAT rates of the group's country."""
    rates = home.copy()
    for there, here in group.vat:
        rates[home == there] = here
    return rates


def _converted(name: str, column: Mapping[str, Any], rates: Rates) -> Ints:
    rounding = _ROUNDINGS.get(name, Rounding.HALF_UP)
    return rates.convert(column[f"{name}_minor"], column[f"{name}_currency"], rounding)


def _listed(group: PriceGroup, at: datetime, *, few: bool) -> Query:
    entry = price_entries.c
    asked = newest_prices(group.name, entry.sku, entry.gross_minor, entry.prior_minor, at=at, few=few)
    return Query(asked.where(entry.currency == group.currency), "oii", entry.sku)


def _current(
    group: PriceGroup, rows: Mapping[Sku, int], column: Mapping[str, Any], listed: Sequence[Any]
) -> tuple[Ints, Ints]:
    """The price list's price; else the catalogue's, if it is in this currency: a converted price is nobody's.
    And the prior price that it names, where it is an announced reduction.
    """
    current = in_currency(column["price_minor"], column["price_currency"], {group.currency: Factor(1, 1)}).copy()
    announced = np.full(len(current), MISSING)
    sku, gross, prior = listed
    place = ints(rows.get(one) for one in sku)
    known = place != MISSING
    current[place[known]], announced[place[known]] = gross[known], prior[known]
    return current, announced


def _began(connection: Connection, group: PriceGroup, rows: Mapping[Sku, int], announced: Ints) -> Ints | None:
    """The prior price of the first of a run of announced reductions without a break, for those that run now."""
    if (announced == MISSING).all():
        return None
    running = [sku for sku, row in rows.items() if announced[row] != MISSING]
    found = np.full(len(announced), MISSING)
    for sku, prior in fetch(connection, first_steps(group.name), price_entries.c.sku, running):
        found[rows[sku]] = prior
    return found


def _over(connection: Connection, group: PriceGroup, rows: Mapping[Sku, int], announced: Ints, at: datetime) -> Any:
    """Whose announced reduction has come to its stated end; None where none runs."""
    if (announced == MISSING).all():
        return None
    over = np.zeros(len(announced), dtype=np.bool_)
    running = [sku for sku, row in rows.items() if announced[row] != MISSING]
    ended = price_entries.c.announced_until <= at
    asked = newest_prices(group.name, price_entries.c.sku, at=at, few=True).where(ended)
    for (sku,) in fetch(connection, asked, price_entries.c.sku, running):
        over[rows[sku]] = True
    return over


def _frozen(connection: Connection, at: datetime, rows: Mapping[Sku, int]) -> Any:
    frozen = np.zeros(len(rows), dtype=np.bool_)
    for sku in connection.execute(select(freezes.c.sku).where(holds(at))).scalars():
        if sku in rows:
            frozen[rows[sku]] = True
    return frozen


def _joined(tags: str) -> str:
    names = orjson.loads(tags)
    return f"|{'|'.join(names)}|" if names else ""


def _each(rows: Text, read: Callable[[str], str]) -> Text:
    """Read each distinct text once."""
    values = Text.of(map(read, rows.values))
    return Text(values.codes[rows.codes], values.values)


def _custom(rows: Text) -> dict[str, Text]:
    read = [orjson.loads(text) for text in rows.values]
    named = {
        name: Text.of(row.get(name, "") for row in read) for name in sorted({name for row in read for name in row})
    }
    return {name: Text(column.codes[rows.codes], column.values) for name, column in named.items()}


# --- everybody's offers ----------------------------------------------------------------------------------------

OFFER = (
    matches.c.sku,
    matches.c.factor,
    observations.c.id,
    observations.c.currency,
    observations.c.price_minor,
    observations.c.shipping_minor,
    LAST_SEEN,
    observations.c.rating,
    observations.c.pieces,
    plain(observations.c.availability),
    plain(observations.c.condition),
    plain(observations.c.role),
    offers.c.seller,
    items.c.site,
    observations.c.tax_included,
    observations.c.featured,
)


LETTERS = "tiitiiiiitttttii"  # of the columns of OFFER, see Columns


_SURE = [KINDS.index(kind) for kind in (MatchKind.EXACT, MatchKind.PACK)]


_ALIKE = KINDS.index(MatchKind.EQUIVALENT)


def _usable(connection: Connection, found: PricedReadings, rows: Mapping[Sku, int], equivalents: bool) -> list[Any]:
    """The readings that are surely our product, or an equivalent where these are asked for, and are not held back."""
    usable = np.isin(found.kind, [*_SURE, _ALIKE] if equivalents else _SURE)
    usable &= (_places(found.sku, rows) != MISSING) & (found.price > 0)
    held = held_now(connection)
    if len(held):
        usable &= ~np.isin(found.observation, held)
    read = found if usable.all() else found.take(usable)
    columns = [read.sku, read.factor, read.observation, compact(read.currency), read.price, read.shipping,
               read.last_seen, read.rating, read.pieces, read.availability, read.condition, read.role, read.seller,
               read.site, ~read.net, read.featured]  # fmt: skip
    return [*columns, read.kind == _ALIKE] if equivalents else columns


def offer_columns(
    found: Sequence[Any], rows: Mapping[Sku, int], ours: ProductColumns, rates: Rates, book: SiteBook
) -> OfferColumns:
    """Columns of `OFFER` as the engine has them, times in seconds: rows of known products that have a price in the
    group's currency. A column more says which are offers of an equivalent.
    """
    place, price = _places(found[0], rows), rates.convert(found[4], found[3])
    kept = (place != MISSING) & (price > 0)
    column: list[Any] = list(found)
    if not kept.all():
        place, price = place[kept], price[kept]
        column = [each.take(kept) if isinstance(each, Text) else each[kept] for each in found]
    (_, factor, key, currency, _, shipping, seen, rating, pieces, stock, condition, role, seller, site, taxed,
     first, *alike) = column  # fmt: skip
    product, net = place, taxed == 0
    return OfferColumns(
        product=product,
        price=np.where(net, gross_of(price, ours.vat[product]), price) if net.any() else price,
        shipping=rates.convert(shipping, currency),
        seen_at=seen,
        factor=factor,
        observation=key,
        rating=rating,
        pieces=pieces,
        availability=_codes(stock, AVAILABILITIES),
        condition=_codes(condition, CONDITIONS),
        role=_codes(role, ROLES),
        kind=_per_value(site, book.kind, np.int8),
        featured=first == 1,
        own=_per_value(site, book.own_site, np.bool_) | _per_value(seller, book.own_seller, np.bool_),
        seller=seller,
        site=site,
        alike=alike[0] if alike else None,
    )


def _places(sku: Text, rows: Mapping[Sku, int]) -> Ints:
    """The row of each offer's product; MISSING where it is not one of them."""
    return np.array([rows.get(value, MISSING) for value in sku.values] or [MISSING], dtype=np.int64)[sku.codes]


def _codes(names: Any, members: Sequence[str]) -> Any:
    if not isinstance(names, Text):
        return names
    places = {str(member): place for place, member in enumerate(members)}
    return _per_value(names, places.__getitem__, np.int8)


def _per_value(text: Text, value: Any, kind: Any) -> Any:
    """Work a property out once for every distinct text."""
    return np.array([value(one) for one in text.values], dtype=kind)[text.codes] if len(text) else np.zeros(0, kind)
