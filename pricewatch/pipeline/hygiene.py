"""Hold back readings that cannot be right, and let go of those that a second sighting has confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pricewatch.domain.errors import SetAside
from pricewatch.domain.money import Currency, Money
from pricewatch.domain.offer import Condition
from pricewatch.domain.product import Product, Sku
from pricewatch.pipeline.stage import StageLog
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import PricedReading, StoredObservation
from pricewatch.pricing.exchange import factors_to, in_currency
from pricewatch.pricing.frame import Ints, ints
from pricewatch.pricing.hygiene import Reading, Readings, confirmed, suspicious

CONFIRMED = "second sighting"
WORN = frozenset({Condition.USED, Condition.REFURBISHED, Condition.OPEN_BOX})


def hold_back(bench: Workbench, log: StageLog) -> None:
    """Judge every current reading of a matched offer; what is held back is set aside with its reason."""
    sightings = bench.store.sightings
    stored = sightings.priced()
    products = tuple(bench.store.catalogue.load().products.values())
    settled = [
        seen.observation for seen in stored if seen.held and confirmed(seen.held, seen.first_seen, seen.last_seen)
    ]
    sightings.release(settled, by=CONFIRMED)
    reasons = suspicious(_readings(bench, stored, products), *_own_amounts(bench, products))
    held_before = {seen.observation for seen in stored if seen.held}
    fresh = {key: reason for key, reason in reasons.items() if key not in held_before}
    sightings.quarantine(fresh)
    held = sightings.quarantined()
    for seen in held:
        if seen.id in fresh:
            log.put_aside(_as_set_aside(seen, fresh[seen.id]))
    log.counts["quarantined"] = len(held)


def _as_set_aside(seen: StoredObservation, reason: str) -> SetAside:
    offer = seen.observation.offer
    return SetAside(
        stage="quarantine",
        item=seen.sku or offer.item.title,
        reason=f"{offer.price} by {offer.seller}: {reason}",
        where=offer.url or offer.item.url,
        hint=f"if it is right: pricewatch quarantine release {seen.id}",
    )


def _readings(bench: Workbench, stored: Sequence[PricedReading], products: Sequence[Product]) -> Readings:
    row_of = _markets(products)
    factors = factors_to(bench.groups[0].currency, bench.store.catalogue.rates())
    converted = in_currency(ints(seen.price for seen in stored), [seen.currency for seen in stored], factors)
    previous = bench.store.sightings.previous_prices()
    exponents = {code: Currency.of(code).exponent for code in {seen.currency for seen in stored}}
    return Readings.of(
        _reading(seen, row_of, exponents[seen.currency], amount, previous.get(seen.observation))
        for seen, amount in zip(stored, converted.tolist(), strict=True)
    )


def _markets(products: Sequence[Product]) -> Mapping[tuple[Sku, bool], int]:
    """The row of each product's market; worn goods have markets of their own, behind all products."""
    new = {(product.sku, False): row for row, product in enumerate(products)}
    return new | {(sku, True): row + len(products) for (sku, _), row in new.items()}


def _reading(
    seen: PricedReading, row_of: Mapping[tuple[Sku, bool], int], exponent: int, converted: int, before: Money | None
) -> Reading:
    return Reading(
        observation=seen.observation,
        product=row_of.get((seen.sku, seen.condition in WORN), -1),
        price=seen.price,
        currency=seen.currency,
        exponent=exponent,
        converted=converted,
        previous=before.minor if before else None,
        previous_currency=before.currency.code if before else "",
        seller=f"{seen.site}:{seen.seller}",
        first_seen=seen.first_seen,
        last_seen=seen.last_seen,
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
