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
from pricewatch.pricing.frame import AVAILABILITIES, CONDITIONS, MISSING, ROLES, Bools, Ints, Text
from pricewatch.pricing.readings import PricedReadings
from pricewatch.store.bulk import read_columns, read_together
from pricewatch.store.columns import plain
from pricewatch.store.tables import items, matches, observations, offers, targets

_SECOND = 1_000_000  # in microseconds
LAST_SEEN = func.coalesce(plain(offers.c.seen_at), plain(targets.c.seen_at), plain(observations.c.seen_at))

_RATING_BITS, _PIECES_BITS = 15, 25
_SMALL = 4  # bits of a word out of a short list
_CURRENCY_BITS = 8
_CODES = tuple(sorted(CURRENCIES, key=lambda code: (code not in ("PLN", "EUR", "CZK", "USD", "HUF", "RON"), code)))
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
    """The current readings of all accepted matches' offers that are shown and have a price, oldest first.

    What a match says is read once, not once an offer: a page shows the offers of many sellers.
    """
    queries = ((_matched(), "iiiitt", matches.c.sku), (_shown(), "iiiiiiic", matches.c.sku))
    matched, shown = read_together(connection, queries, wanted)
    number, item, factor, kind, sku, site = matched
    match, key, price, shipping, first, last, facts, seller = _oldest_first(shown)
    at = _places(number)[match]
    codes = facts
    words: dict[str, Any] = {}
    for name, _ in _WORDS:
        codes, words[name] = codes >> _SMALL, (codes & (2**_SMALL - 1)).astype(np.int8)
    codes, net = codes >> 1, codes & 1
    codes, featured = codes >> 1, codes & 1
    codes, currency = codes >> _CURRENCY_BITS, codes & (2**_CURRENCY_BITS - 1)
    return PricedReadings(
        observation=key,
        sku=sku.take(at),
        site=site.take(at),
        factor=factor[at],
        kind=kind[at].astype(np.int8),
        foremost=_foremost(connection, item, sku, wanted)[at],
        price=price,
        currency=compact(Text(currency.astype(np.int32), (*_CODES, ""))),
        shipping=shipping,
        first_seen=first // _SECOND,
        last_seen=last // _SECOND,
        rating=_known(codes & (2**_RATING_BITS - 1)),
        pieces=_known(codes >> _RATING_BITS),
        net=net.astype(np.bool_),
        featured=featured.astype(np.bool_),
        seller=seller,
        **words,
    )


@cache
def _matched() -> Select[Any]:
    kind = _word(matches.c.kind, KINDS)
    asked = select(matches.c.id, matches.c.item, matches.c.factor, kind, matches.c.sku, items.c.site)
    return asked.join(items, items.c.id == matches.c.item).where(_ACCEPTED)


def _oldest_first(found: Sequence[Any]) -> Sequence[Any]:
    if (np.diff(found[1]) >= 0).all():
        return found
    order = np.argsort(found[1], kind="stable")
    return [each.take(order) if isinstance(each, Text) else each[order] for each in found]


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


def _places(number: Ints) -> Ints:
    place = np.zeros(int(number.max(initial=0)) + 1, dtype=np.int64)
    place[number] = np.arange(len(number))
    return place


def _known(column: Ints) -> Ints:
    return np.where(column > 0, column - 1, MISSING)


def compact(text: Text) -> Text:
    """The same rows with only the values that they use."""
    used, codes = np.unique(text.codes, return_inverse=True)
    return Text(codes.astype(np.int32), tuple(text.values[code] for code in used.tolist()))


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
