"""What the market was at any time, from the change points of all offers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, func, select

from pricewatch.domain.match import MatchKind, MatchStatus
from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.pricing.frame import ints
from pricewatch.pricing.history import FOREVER, WEEK, MarketHistory
from pricewatch.store.bulk import Columns
from pricewatch.store.columns import plain, to_micros
from pricewatch.store.market import LETTERS, OFFER, SiteBook, fetch, market_frame, offer_columns
from pricewatch.store.rateuse import Rates
from pricewatch.store.sightings import is_held
from pricewatch.store.tables import items, matches, observations, offers, targets

_SECOND = 1_000_000  # in microseconds
_GONE, _SINCE, _OFFER_ID, _KIND = range(len(OFFER), len(OFFER) + 4)
_SURE = (MatchKind.EXACT, MatchKind.PACK)
_PRICE, _READING, _SEEN = 4, 2, 6


def market_history(
    connection: Connection,
    group: PriceGroup,
    at: datetime,
    begins: datetime,
    skus: Sequence[Sku] | None,
    book: SiteBook,
    *,
    rates_since: str = "",
    equivalents: bool = False,
) -> MarketHistory:
    """Every reading that held at some time from a week before `begins` to `at`, for the products as they are now; with
    `equivalents` those of equivalents too, which are marked.
    """
    now = market_frame(connection, group, at, skus, book, rates_since=rates_since)
    wanted = None if skus is None else list(dict.fromkeys(skus))
    found = fetch(connection, _readings(begins - timedelta(seconds=WEEK), equivalents), matches.c.sku, wanted)
    spans = _spans(found)
    shown = Columns(LETTERS)
    held = [row for row in found if row[_READING] in spans and row[_PRICE]]
    shown.add([row[:_GONE] for row in held])
    rows = {sku: row for row, sku in enumerate(now.products.sku)}
    read = shown.columns()
    read[_SEEN] //= _SECOND
    if equivalents:
        read.append(np.array([row[_KIND] == MatchKind.EQUIVALENT for row in held], dtype=np.bool_))
    columns = offer_columns(read, rows, now.products, Rates.read(connection, group.currency, rates_since), book)
    keys = columns.observation.tolist()
    offer, since, until = (ints(spans[key][part] for key in keys) for part in range(3))
    return MarketHistory(now, columns, offer, since, until)


def _readings(begins: datetime, equivalents: bool) -> Select[Any]:
    """All readings of accepted matches' offers from the one in force at the beginning on."""
    later = observations.alias()
    replaced = (
        select(func.min(later.c.seen_at))
        .where(later.c.offer == offers.c.id, later.c.id > observations.c.id)
        .scalar_subquery()
    )
    source = (
        matches.join(items, items.c.id == matches.c.item)
        .join(offers, offers.c.item == items.c.id)
        .join(observations, observations.c.offer == offers.c.id)
        .outerjoin(targets, targets.c.id == offers.c.target)
    )
    return (
        select(*OFFER, observations.c.gone, plain(observations.c.seen_at), offers.c.id, plain(matches.c.kind))
        .select_from(source)
        .where(
            matches.c.status == MatchStatus.ACCEPTED,
            matches.c.kind.in_((*_SURE, MatchKind.EQUIVALENT) if equivalents else _SURE),
            ~is_held(observations.c.id),
            func.coalesce(plain(replaced), to_micros(begins)) >= to_micros(begins),
        )
    )


def _spans(found: Sequence[tuple[Any, ...]]) -> dict[int, tuple[int, int, int]]:
    """Each reading of a shown offer, by its id: the offer, and from when to when (seconds) it held."""
    spans: dict[int, tuple[int, int, int]] = {}
    ends: dict[int, int] = {}
    once = {row[_READING]: row for row in found}  # an item that is two products stands twice
    for row in sorted(once.values(), key=lambda row: -row[_READING]):
        since = row[_SINCE] // _SECOND
        if not row[_GONE]:
            spans[row[_READING]] = row[_OFFER_ID], since, ends.get(row[_OFFER_ID], FOREVER)
        ends[row[_OFFER_ID]] = since
    return spans
