"""Which products a plan of changes has to look at, from what the triggers noted and from what time alone brings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, delete, func, or_, select, update

from pricewatch.domain.match import MatchStatus
from pricewatch.domain.product import Sku
from pricewatch.ports import Basis, Chained, Changes
from pricewatch.pricing.frame import Text
from pricewatch.store.bulk import among, insert_columns
from pricewatch.store.catalogue import count_offered, offered
from pricewatch.store.columns import plain, to_micros
from pricewatch.store.market import SOLD_WINDOW
from pricewatch.store.sightings import held_now, is_held
from pricewatch.store.tables import (
    again,
    freezes,
    matches,
    offers,
    own_prices,
    plans,
    price_entries,
    products,
    sales,
    targets,
    touched,
)

_MOST = 1_000_000  # notes; where there are more, everything is planned
_SECOND = 1_000_000


def newest_basis(connection: Connection) -> Basis | None:
    """The last plan of everything or of changes, None where nothing is known of what changed since."""
    whole = plans.alias("whole")
    asked = select(plans.c.number, plans.c.basis, plans.c.read_at, plans.c.inputs, plans.c.breakers, whole.c.read_at)
    asked = asked.outerjoin(whole, whole.c.number == plans.c.basis).where(plans.c.read_at.is_not(None))
    row = connection.execute(asked.order_by(plans.c.number.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    number, basis, read_at, inputs, breakers, began = row
    return Basis(number, basis or number, read_at, began or read_at, inputs, stopped=bool(breakers))


def changes(connection: Connection, basis: Basis, at: datetime) -> Changes:
    """What changed since a plan; `everything` where it cannot be told or is too much."""
    many = connection.execute(select(func.count()).select_from(touched)).scalar_one() > _MOST
    rows: Sequence[Any] = [] if many else connection.execute(select(touched.c.id, touched.c.item, touched.c.sku)).all()
    if many or any(item is None and sku is None for _, item, sku in rows):
        return Changes(everything=True)
    found = {sku for _, _, sku in rows if sku is not None}
    found |= _of_items(connection, {item for _, item, _ in rows if item is not None})
    found |= set(connection.execute(_held()).scalars()) if len(held_now(connection)) else set()
    for asked in _by_time(basis.read_at, at):
        found.update(connection.execute(asked).scalars())
    known = _offered(connection, found)
    return Changes(skus=tuple(sorted(known)), notes=tuple(number for number, _, _ in rows))


def _of_items(connection: Connection, wanted: Iterable[int]) -> set[Sku]:
    accepted = select(matches.c.sku).where(matches.c.status == MatchStatus.ACCEPTED)
    return {
        sku
        for part in among(connection, matches.c.item, tuple(wanted))
        for sku in connection.execute(accepted.where(part)).scalars()
    }


def _held() -> Select[Any]:
    """Products with a reading that is held back: a second sighting may settle it."""
    from_held = offers.join(matches, matches.c.item == offers.c.item)
    return select(matches.c.sku).select_from(from_held).where(is_held(offers.c.observation)).distinct()


def _by_time(since: datetime, at: datetime) -> Iterator[Select[Any]]:
    """Products for which something began, ended or left its window after `since` and not after `at`."""

    def passed(column: Any, back: Any = None) -> Any:
        first, last = (since, at) if back is None else (since - back, at - back)
        return (plain(column) > to_micros(first)) & (plain(column) <= to_micros(last))

    yield select(again.c.sku).where(again.c.why == "time", plain(again.c.at) <= to_micros(at))
    yield select(freezes.c.sku).where(passed(freezes.c.until))
    yield select(price_entries.c.sku).where(passed(price_entries.c.valid_from))
    yield select(own_prices.c.sku).where(passed(own_prices.c.since))
    yield select(sales.c.sku).where(or_(passed(sales.c.sold_at), passed(sales.c.sold_at, SOLD_WINDOW)))
    seen = again.join(matches, matches.c.sku == again.c.sku).join(offers, offers.c.item == matches.c.item)
    last = func.coalesce(plain(offers.c.seen_at), plain(targets.c.seen_at))
    yield (
        select(again.c.sku)
        .select_from(seen.outerjoin(targets, targets.c.id == offers.c.target))
        .where(again.c.why == "unseen", last >= to_micros(since))
        .distinct()
    )


def _offered(connection: Connection, wanted: Iterable[Sku]) -> set[Sku]:
    asked = select(products.c.sku).where(offered())
    return {
        sku
        for part in among(connection, products.c.sku, tuple(wanted))
        for sku in connection.execute(asked.where(part)).scalars()
    }


def elsewhere(connection: Connection, planned: Sequence[Sku], group: str) -> tuple[int, int]:
    """How many products a plan of changes leaves alone, and how many of these lack an input in a price group."""
    everything = count_offered(connection)
    lacking = select(again.c.sku).where(again.c.why == "input", again.c.price_group == group)
    missing = _offered(connection, set(connection.execute(lacking).scalars()) - set(planned))
    return everything - len(planned), len(missing)


def begin_afresh(connection: Connection) -> None:
    """Forget what changed: a plan of everything begins, and until it is saved there is none to stand on."""
    connection.execute(delete(touched))
    connection.execute(update(plans).where(plans.c.read_at.is_not(None)).values(read_at=None))


def chain(connection: Connection, number: int, planned: Sequence[Sku], told: Chained) -> None:
    """Let the next plan of changes stand on this one."""
    values = {"read_at": told.read_at, "inputs": told.inputs, "basis": told.basis}
    connection.execute(update(plans).where(plans.c.number == number).values(values))
    if told.basis is None:
        connection.execute(delete(again))
    else:
        for notes in among(connection, touched.c.id, told.notes):
            connection.execute(delete(touched).where(notes))
        for part in among(connection, again.c.sku, planned):
            connection.execute(delete(again).where(part))
    if told.again:
        columns = {
            "sku": [sku for _, sku, _, _ in told.again],
            "price_group": [group for group, _, _, _ in told.again],
            "why": Text.of(why for _, _, why, _ in told.again),
            "at": np.array([at for _, _, _, at in told.again]) * _SECOND,
        }
        insert_columns(connection, again, columns)
