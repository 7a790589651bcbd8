"""Whether what was approved still keeps the limits of today: costs, tax rates and rules may have changed since."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pricewatch.domain.decision import PriceEntry, Proposal
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.product import PriceGroup, Product, Sku
from pricewatch.pipeline.hygiene import believed
from pricewatch.pipeline.market import market_frame
from pricewatch.pipeline.past import reading
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.decided import Decided
from pricewatch.pricing.exact import margin_of
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
    return {frame.products.sku[each.row]: _words(each, asked, Currency.of(frame.currency)) for each in found}


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
    if found.limit is None:
        return f"{price} leaves too little: no price leaves what the rules ask for by now ({found.source})"
    side, name = ("below", "floor") if found.below else ("above", "ceiling")
    limit = Money(found.limit, currency)
    return f"{price} is {side} the {name} of {limit} that catalogue and rules have by now ({found.source})"


def taxed_otherwise(proposal: Proposal, product: Product, entry: PriceEntry | None, group: PriceGroup) -> str:
    """Why the tax rate of today is not that of the decision, as far as its margin tells; empty = nothing says so."""
    now, price, cost = group.tax(product.tax), proposal.proposed, product.cost
    if entry is None or entry.tax == now or price is None or cost is None or cost.currency != price.currency:
        return ""
    if proposal.margin_after == _margin(price, cost, entry.tax) != _margin(price, cost, now):
        return f"was decided with a VAT rate of {entry.tax}, which is {now} by now"
    return ""


def _margin(price: Money, cost: Money, tax: TaxRate) -> int:
    return int(margin_of(*(np.array([each]) for each in (price.minor, tax.basis_points, cost.minor)))[0])
