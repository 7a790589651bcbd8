"""Whether what was approved still keeps the limits of today: costs, tax rates and rules may have changed since."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pricewatch.domain.decision import Proposal
from pricewatch.domain.money import Currency, Money
from pricewatch.domain.product import PriceGroup, Product, Sku
from pricewatch.pipeline.hygiene import believed
from pricewatch.pipeline.market import market_frame
from pricewatch.pipeline.past import reading
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.decided import Decided
from pricewatch.pricing.frame import MISSING, Ints, MarketFrame, ints
from pricewatch.pricing.limits import Outside, outside, own_limits
from pricewatch.pricing.readings import PricedReadings

_MANY = 0.5  # from this share of the catalogue on, all of it is read at once


def beyond_rules(bench: Workbench, group: PriceGroup, decided: Decided) -> Mapping[Sku, str]:
    """Which approved prices of a group today's cost, tax and guardrails do not allow any more, and why."""
    if not len(decided):
        return {}
    frame = _market(bench, group, decided)
    prices = {
        sku: price
        for sku, price, code in zip(
            decided.sku, decided.proposed.tolist(), decided.currency.codes.tolist(), strict=True
        )
        if decided.currency.values[code] == frame.currency
    }
    asked = ints(prices.get(sku, MISSING) for sku in frame.products.sku)
    found = outside(frame, bench.rulebook, bench.pricing, asked)
    currency, bare = Currency.of(frame.currency), _made_elsewhere(decided)
    beyond = {sku: _words(each, asked, currency) for each in found
              if (sku := frame.products.sku[each.row]) not in bare or each.source}  # fmt: skip
    return {**beyond, **_costless(frame, decided)}


def _made_elsewhere(decided: Decided) -> frozenset[Sku]:
    """Decisions that do not say what they were made with: no engine made them, and their own floor is all there is."""
    return frozenset(sku for sku, tax in zip(decided.sku, decided.tax.tolist(), strict=True) if tax == MISSING)


def _costless(frame: MarketFrame, decided: Decided) -> Mapping[Sku, str]:
    """Prices whose margin was known when they were decided, of products that have no cost by now."""
    gone = {frame.products.sku[row] for row in np.flatnonzero(frame.products.cost == MISSING).tolist()}
    knew = zip(decided.sku, (decided.margin_after != MISSING).tolist(), strict=True)
    return {sku: "was decided with a cost, and none is known by now" for sku, known in knew if known and sku in gone}


def _market(bench: Workbench, group: PriceGroup, decided: Decided) -> MarketFrame:
    """Today's products; with what others ask, where a limit depends on it."""
    few = len(decided) < bench.store.catalogue.count() * _MANY
    skus = list(decided.sku) if few else None
    if own_limits(bench.rulebook):
        return market_frame(bench, group, skus, believed(bench, skus))
    none = PricedReadings.none()
    return bench.store.plans.market(group, at=bench.clock.now(), skus=skus, readings=none, **reading(bench))


def _words(found: Outside, asked: Ints, currency: Currency) -> str:
    price = Money(int(asked[found.row]), currency)
    if not found.source:
        return f"{price} has no floor by now that it could keep: neither a cost nor a floor of its own is known"
    if found.limit is None:
        return f"{price} leaves too little: no price leaves what the rules ask for by now ({found.source})"
    side, name = ("below", "floor") if found.below else ("above", "ceiling")
    limit = Money(found.limit, currency)
    return f"{price} is {side} the {name} of {limit} that catalogue and rules have by now ({found.source})"


def taxed_otherwise(proposal: Proposal, product: Product, group: PriceGroup) -> str:
    """Why the tax rate of today is not that of the decision; empty = it is, or nobody knows what it was."""
    now, then = group.tax(product.tax), proposal.tax
    return f"was decided with a VAT rate of {then}, which is {now} by now" if then not in {None, now} else ""
