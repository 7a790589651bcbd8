"""What offers cost a week ago: read only when a rule asks where the market went."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import Connection, Select, func, select

from pricewatch.pricing.frame import MISSING, Ints, OfferColumns, ints
from pricewatch.store.columns import plain, to_micros
from pricewatch.store.rateuse import Rates
from pricewatch.store.sightings import is_held
from pricewatch.store.tables import observations, offers

WEEK = timedelta(days=7)


def with_trend(connection: Connection, market: OfferColumns, at: datetime, rates: Rates) -> OfferColumns:
    """Add the price that each offer had a week ago, by today's rates: a trend of the market, not of the currency."""
    found = connection.execute(_week_ago(to_micros(at - WEEK))).all()
    now, currency, price = zip(*found, strict=True) if found else ((), (), ())
    before = rates.convert(ints(price), currency)
    return replace(market, before=_looked_up(market.observation, ints(now), before))


def _week_ago(moment: int) -> Select[tuple[int, str, int]]:
    """For the newest reading of every offer: what the reading that held a week ago showed."""
    one = observations.c
    usable = (plain(one.seen_at) <= moment, ~is_held(one.id))
    then = select(one.offer, func.max(one.id).label("id")).where(*usable).group_by(one.offer).subquery()
    return (
        select(offers.c.observation, one.currency, one.price_minor)
        .join_from(offers, then, then.c.offer == offers.c.id)
        .join(observations, one.id == then.c.id)
        .where(one.price_minor > 0, ~one.gone, ~offers.c.gone)
    )


def _looked_up(wanted: Ints, keys: Ints, values: Ints) -> Ints:
    order = np.argsort(keys)
    keys, values = keys[order], values[order]
    if not len(keys):
        return np.full(len(wanted), MISSING)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], MISSING)
