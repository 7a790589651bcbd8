"""Everybody's current offers of our products, read once for whoever judges or prices them.

What an offer says in few words (stock, condition, kind of price, tax, place, currency, rating, pieces) comes as one
number: a column that a driver hands over costs as much as the database needs to find the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, ColumnElement, Connection, Select, case, cast, func, literal_column, select

from pricewatch.domain.match import MatchKind, MatchStatus
from pricewatch.domain.money import CURRENCIES
from pricewatch.domain.product import Sku
from pricewatch.pricing.frame import AVAILABILITIES, CONDITIONS, MISSING, ROLES, Bools, Codes, Ints, Text
from pricewatch.pricing.readings import PricedReadings
from pricewatch.store.bulk import Query, read_columns, read_together
from pricewatch.store.columns import plain
from pricewatch.store.tables import items, matches, observations, offers, targets

_SECOND = 1_000_000  # in microseconds
LAST_SEEN = func.coalesce(plain(offers.c.seen_at), plain(targets.c.seen_at), plain(observations.c.seen_at))

_RATING_BITS, _PIECES_BITS = 15, 25
_SMALL = 4  # bits of a word out of a short list
_CURRENCY_BITS = 8
_FREQUENT = ("PLN", "EUR", "CZK", "USD", "HUF", "RON")  # a database compares one after the other
_CODES = (*_FREQUENT, *sorted(set(CURRENCIES).difference(_FREQUENT)))
_WORDS = (("availability", AVAILABILITIES), ("condition", CONDITIONS), ("role", ROLES))


def _number(column: ColumnElement[Any], bits: int) -> ColumnElement[int]:
    """A number that may be unknown (0), and is cut off where nobody can mean it."""
    most = 2**bits - 2
    told = case((column > most, most), else_=column)
    return func.coalesce(told, -1) + 1


def _word(column: ColumnElement[Any], members: Iterable[str]) -> ColumnElement[int]:
    places: dict[Any, Any] = {str(member): literal_column(str(place)) for place, member in enumerate(members)}
    return case(places, value=plain(column), else_=literal_column(str(len(places))))


def _facts() -> ColumnElement[Any]:
    said = observations.c
    parts: list[tuple[ColumnElement[Any], int]] = [(_word(said[name], members), _SMALL) for name, members in _WORDS]
    parts += [
        (case((said.tax_included.is_(False), literal_column("1")), else_=literal_column("0")), 1),
        (case((said.featured.is_(True), literal_column("1")), else_=literal_column("0")), 1),
        (_word(said.currency, _CODES), _CURRENCY_BITS),
        (_number(said.rating, _RATING_BITS), _RATING_BITS),
        (_number(said.pieces, _PIECES_BITS), _PIECES_BITS),
    ]
    total: ColumnElement[Any] = cast(parts[-1][0], BigInteger)
    for part, bits in reversed(parts[:-1]):
        total = total * literal_column(str(2**bits)) + part
    return total


_ACCEPTED = matches.c.status == MatchStatus.ACCEPTED
KINDS = tuple(MatchKind)


def read_offered(connection: Connection, wanted: Sequence[Sku] | None) -> PricedReadings:
    """The current readings of all accepted matches' offers that are shown and have a price, product by product, of each
    the oldest first.

    What a match says is read once, not once an offer: a page shows the offers of many sellers. Columns take as many
    bytes as they need, and next to none where all rows say the same.
    """
    queries = (
        Query(_matched(), "iiiitt", matches.c.sku),
        Query(_shown(), "iiiiiiic", matches.c.sku, _apart),
    )
    matched, shown = read_together(connection, queries, wanted)
    number, item, factor, kind, sku, site = matched
    names = (*_APART, "seller")
    column: dict[str, Any] = dict(zip(names, shown, strict=True))
    at = _places(number)[column.pop("match")]
    order = _by_product(sku.codes[at], column["observation"])
    if order is not None:
        at = at[order]
        for name in names[1:]:
            column[name] = _taken(column[name], order)
    return PricedReadings(
        sku=sku.take(at),
        site=site.take(at),
        factor=_slim(factor[at]),
        kind=_slim(kind.astype(np.int8)[at]),
        foremost=_slim(_foremost(connection, item, sku, wanted)[at]),
        currency=compact(Text(column.pop("currency"), (*_CODES, ""))),
        rating=_known(column.pop("rating")),
        pieces=_known(column.pop("pieces")),
        seller=column.pop("seller"),
        **{name: _slim(values) for name, values in column.items()},
    )


_APART = ("match", "observation", "price", "shipping", "first_seen", "last_seen", *(name for name, _ in _WORDS),
          "net", "featured", "currency", "rating", "pieces")  # fmt: skip


def _apart(numbers: Sequence[Ints]) -> list[Any]:
    """The columns of _APART of a slice."""
    match, key, price, shipping, first, last, codes = numbers
    words = []
    for _ in _WORDS:
        words.append((codes & (2**_SMALL - 1)).astype(np.int8))
        codes = codes >> _SMALL
    net, featured = (codes & 1).astype(np.bool_), (codes & 2).astype(np.bool_)
    codes = codes >> 2
    currency = (codes & (2**_CURRENCY_BITS - 1)).astype(np.int16)
    codes = codes >> _CURRENCY_BITS
    rating, pieces = (codes & (2**_RATING_BITS - 1)).astype(np.int16), (codes >> _RATING_BITS).astype(np.int32)
    return [match, key, price, shipping, first // _SECOND, last // _SECOND, *words, net, featured, currency, rating,
            pieces]  # fmt: skip


def _by_product(sku: Codes, key: Ints) -> Ints | None:
    """The order of products, and of the readings of each; None where they stand in it."""
    behind = sku[1:] < sku[:-1]
    behind |= (sku[1:] == sku[:-1]) & (key[1:] < key[:-1])
    return np.lexsort((key, sku)) if behind.any() else None


def _taken(column: Any, order: Ints) -> Any:
    return column.take(order) if isinstance(column, Text) else column[order]


def _slim(column: Any) -> Any:
    """The column; where all rows say the same, a view of one of them."""
    return np.broadcast_to(column[:1], len(column)) if len(column) and (column == column[0]).all() else column


@cache
def _matched() -> Select[Any]:
    kind = _word(matches.c.kind, KINDS)
    asked = select(matches.c.id, matches.c.item, matches.c.factor, kind, matches.c.sku, items.c.site)
    return asked.join(items, items.c.id == matches.c.item).where(_ACCEPTED)


@cache
def _shown() -> Select[Any]:
    said = observations.c
    source = (
        matches.join(offers, offers.c.item == matches.c.item)
        .join(observations, said.id == offers.c.observation)
        .outerjoin(targets, targets.c.id == offers.c.target)
    )
    numbers = (matches.c.id, said.id, said.price_minor, said.shipping_minor, plain(said.seen_at), LAST_SEEN, _facts())
    asked = select(*numbers, offers.c.seller).select_from(source)
    return asked.where(_ACCEPTED, ~offers.c.gone, said.price_minor.is_not(None))


def _places(number: Ints) -> Codes:
    place = np.zeros(int(number.max(initial=0)) + 1, dtype=np.int32)
    place[number] = np.arange(len(number))
    return place


def _known(column: Any) -> Ints:
    told: Ints = _slim(column)
    if len(told) and told.strides == (0,):
        return np.broadcast_to(np.array([told[0] - 1 if told[0] else MISSING], dtype=np.int64), len(told))
    return np.where(told > 0, told.astype(np.int64) - 1, MISSING)


def compact(text: Text) -> Text:
    """The same rows with only the values that they use."""
    counts = np.bincount(text.codes, minlength=len(text.values)) if len(text) else np.zeros(0)
    used = np.flatnonzero(counts)
    values = tuple(text.values[code] for code in used.tolist())
    if len(used) == 1:
        return Text(np.broadcast_to(np.zeros(1, dtype=np.int32), len(text)), values)
    places = np.zeros(len(text.values), dtype=np.int32)
    places[used] = np.arange(len(used))
    return Text(places[text.codes] if len(used) else np.zeros(0, dtype=np.int32), values)


def _foremost(connection: Connection, item: Ints, sku: Text, wanted: Sequence[Sku] | None) -> Bools:
    """Whether a match is its item's first by the name of the product: an item is judged in one market only."""
    others_item, others_sku = item, sku
    if wanted is not None:
        asked = select(matches.c.item, matches.c.sku).where(_ACCEPTED)
        others_item, others_sku = read_columns(connection, asked, "it", matches.c.item, item.tolist())
    order = np.argsort(others_item, kind="stable")
    ordered = others_item[order]
    shared = set(ordered[1:][ordered[1:] == ordered[:-1]].tolist())
    first: dict[int, str] = {}
    for row in order[np.isin(ordered, list(shared))].tolist() if shared else ():
        number, name = int(others_item[row]), others_sku[row]
        first[number] = min(first.get(number, name), name)
    found = np.ones(len(item), dtype=np.bool_)
    for row in np.flatnonzero(np.isin(item, list(shared))).tolist() if shared else ():
        found[row] = first[int(item[row])] == sku[row]
    return found
