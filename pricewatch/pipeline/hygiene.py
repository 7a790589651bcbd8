"""Hold back readings that cannot be right, and let go of those that a second sighting has confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from pricewatch.domain.errors import SetAside
from pricewatch.domain.money import Money
from pricewatch.domain.offer import Condition
from pricewatch.domain.product import Product, Sku
from pricewatch.pipeline.stage import StageLog
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import StoredObservation
from pricewatch.pricing.exchange import factors_to, in_currency
from pricewatch.pricing.frame import Ints, ints
from pricewatch.pricing.hygiene import Reading, Readings, confirmed, suspicious

CONFIRMED = "second sighting"
WORN = frozenset({Condition.USED, Condition.REFURBISHED, Condition.OPEN_BOX})


def hold_back(bench: Workbench, log: StageLog) -> None:
    """Judge every current reading of a matched offer; what is held back is set aside with its reason."""
    current = bench.store.sightings.current()
    stored = [seen for seen in current if seen.sku and seen.observation.offer.price is not None]
    products = tuple(bench.store.catalogue.load().products.values())
    bench.store.sightings.release([seen.id for seen in _settled(stored)], by=CONFIRMED)
    reasons = suspicious(_readings(bench, stored, products), *_own_amounts(bench, products))
    held_before = {seen.id for seen in stored if seen.observation.quarantine}
    fresh = {key: reason for key, reason in reasons.items() if key not in held_before}
    bench.store.sightings.quarantine(fresh)
    by_id = {seen.id: seen for seen in stored}
    for key, reason in fresh.items():
        log.put_aside(_as_set_aside(by_id[key], reason))
    log.counts["quarantined"] = len(bench.store.sightings.quarantined())


def _settled(stored: Iterable[StoredObservation]) -> Iterator[StoredObservation]:
    for seen in stored:
        first, last = int(seen.observation.seen_at.timestamp()), int(seen.last_seen_at.timestamp())
        if seen.observation.quarantine and confirmed(seen.observation.quarantine, first, last):
            yield seen


def _as_set_aside(seen: StoredObservation, reason: str) -> SetAside:
    offer = seen.observation.offer
    return SetAside(
        stage="quarantine",
        item=seen.sku or offer.item.title,
        reason=f"{offer.price} by {offer.seller}: {reason}",
        where=offer.url or offer.item.url,
        hint=f"if it is right: pricewatch quarantine release {seen.id}",
    )


def _readings(bench: Workbench, stored: Sequence[StoredObservation], products: Sequence[Product]) -> Readings:
    row_of = _markets(products)
    converted = _in_group_currency(bench, [seen.observation.offer.price for seen in stored])
    previous = bench.store.sightings.previous_prices()
    return Readings.of(
        _reading(seen, row_of, amount, previous) for seen, amount in zip(stored, converted.tolist(), strict=True)
    )


def _markets(products: Sequence[Product]) -> Mapping[tuple[Sku, bool], int]:
    """The row of each product's market; worn goods have markets of their own, behind all products."""
    new = {(product.sku, False): row for row, product in enumerate(products)}
    return new | {(sku, True): row + len(products) for (sku, _), row in new.items()}


def _reading(
    seen: StoredObservation, row_of: Mapping[tuple[Sku, bool], int], converted: int, previous: Mapping[int, Money]
) -> Reading:
    offer, before = seen.observation.offer, previous.get(seen.id)
    assert offer.price is not None
    return Reading(
        observation=seen.id,
        product=row_of.get((seen.sku or "", offer.condition in WORN), -1),
        price=offer.price.minor,
        currency=offer.price.currency.code,
        exponent=offer.price.currency.exponent,
        converted=converted,
        previous=before.minor if before else None,
        previous_currency=before.currency.code if before else "",
        seller=f"{offer.item.key.site}:{offer.seller}",
        first_seen=int(seen.observation.seen_at.timestamp()),
        last_seen=int(seen.last_seen_at.timestamp()),
    )


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
