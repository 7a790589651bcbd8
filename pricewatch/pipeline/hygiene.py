"""Hold back readings that cannot be right, and let go of those that a second sighting has confirmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pricewatch.domain.errors import SetAside
from pricewatch.domain.money import Currency, Money
from pricewatch.domain.offer import Condition
from pricewatch.domain.product import Product
from pricewatch.pipeline.stage import StageLog
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import StoredObservation
from pricewatch.pricing.exchange import factors_to, in_currency
from pricewatch.pricing.frame import Ints, Text, ints
from pricewatch.pricing.hygiene import PricedReadings, Readings, confirmed, suspicious

CONFIRMED = "second sighting"
WORN = frozenset({Condition.USED, Condition.REFURBISHED, Condition.OPEN_BOX})


def hold_back(bench: Workbench, log: StageLog) -> None:
    """Judge every current reading of a matched offer; what is held back is set aside with its reason."""
    sightings = bench.store.sightings
    stored = sightings.priced()
    products = tuple(bench.store.catalogue.load().products.values())
    held_before = _held(stored)
    sightings.release(_settled(stored, held_before), by=CONFIRMED)
    reasons = suspicious(_readings(bench, stored, products), *_own_amounts(bench, products))
    known = {int(stored.observation[row]) for row in held_before}
    fresh = {key: reason for key, reason in reasons.items() if key not in known}
    sightings.quarantine(fresh)
    held = sightings.quarantined()
    for seen in held:
        if seen.id in fresh:
            log.put_aside(_as_set_aside(seen, fresh[seen.id]))
    log.counts["quarantined"] = len(held)


def _held(stored: PricedReadings) -> Sequence[int]:
    """The rows that are held back now."""
    reasons = np.array([bool(reason) for reason in stored.held.values] or [False])
    return np.flatnonzero(reasons[stored.held.codes]).tolist() if len(stored) else []


def _settled(stored: PricedReadings, held: Sequence[int]) -> list[int]:
    """Of the held readings those whose doubt a second sighting has settled."""
    return [
        int(stored.observation[row])
        for row in held
        if confirmed(stored.held[row], int(stored.first_seen[row]), int(stored.last_seen[row]))
    ]


def _as_set_aside(seen: StoredObservation, reason: str) -> SetAside:
    offer = seen.observation.offer
    return SetAside(
        stage="quarantine",
        item=seen.sku or offer.item.title,
        reason=f"{offer.price} by {offer.seller}: {reason}",
        where=offer.url or offer.item.url,
        hint=f"if it is right: pricewatch quarantine release {seen.id}",
    )


def _readings(bench: Workbench, stored: PricedReadings, products: Sequence[Product]) -> Readings:
    factors = factors_to(bench.groups[0].currency, bench.store.catalogue.rates())
    return Readings(
        observation=stored.observation,
        product=_markets(stored, products),
        price=stored.price,
        currency=stored.currency,
        unit=_per_value(stored.currency, lambda code: Currency.of(code).unit, 1),
        converted=in_currency(stored.price, stored.currency, factors),
        previous=stored.previous,
        previous_currency=stored.previous_currency,
        seller=_sellers(stored),
        first_seen=stored.first_seen,
        last_seen=stored.last_seen,
        agreed=np.zeros(len(stored), dtype=np.bool_),
    )


def _markets(stored: PricedReadings, products: Sequence[Product]) -> Ints:
    """The row of each reading's market; worn goods have markets of their own, behind all products."""
    rows = {product.sku: row for row, product in enumerate(products)}
    product = _per_value(stored.sku, lambda sku: rows.get(sku, -1), -1)
    worn = _per_value(stored.condition, lambda name: Condition(name) in WORN, 0).astype(np.bool_)
    return np.where(worn & (product >= 0), product + len(products), product)


def _sellers(stored: PricedReadings) -> Text:
    """Who asks: the seller on its site, in any case of letters."""
    width = max(len(stored.seller.values), 1)
    pairs, codes = np.unique(stored.site.codes.astype(np.int64) * width + stored.seller.codes, return_inverse=True)
    names = [
        f"{stored.site.values[pair // width]}:{stored.seller.values[pair % width].strip().casefold()}"
        for pair in pairs.tolist()
    ]
    known = Text.of(names)
    return Text(known.codes[codes].astype(np.int32), known.values)


def _per_value(text: Text, value: Callable[[str], int], default: int) -> Ints:
    """Work a number out once for every distinct text."""
    return np.array([value(one) for one in text.values] or [default], dtype=np.int64)[text.codes]


def _own_amounts(bench: Workbench, products: Sequence[Product]) -> tuple[Ints, Ints]:
    """Our gross prices and our costs with VAT, in the currency of the first price group, by product row."""
    listed = bench.store.prices.current(bench.groups[0].name)
    prices = [listed[p.sku].gross if p.sku in listed else p.price for p in products]
    costs = [p.tax.gross_of(p.cost) if p.cost else None for p in products]
    return _in_group_currency(bench, prices), _in_group_currency(bench, costs)


def _in_group_currency(bench: Workbench, amounts: Sequence[Money | None]) -> Ints:
    factors = factors_to(bench.groups[0].currency, bench.store.catalogue.rates())
    codes = [amount.currency.code if amount else None for amount in amounts]
    return np.asarray(in_currency(ints(amount.minor if amount else None for amount in amounts), codes, factors))
