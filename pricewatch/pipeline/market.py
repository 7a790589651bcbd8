"""The market of one price group, as the engine reads it."""

from __future__ import annotations

from collections.abc import Sequence

from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.pipeline.learned import learned, substitutes_of
from pricewatch.pipeline.past import reading
from pricewatch.pipeline.trials import with_trials
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.frame import MarketFrame
from pricewatch.pricing.parity import relatives
from pricewatch.pricing.readings import PricedReadings
from pricewatch.pricing.rules import RuleBook


def market_frame(
    bench: Workbench,
    group: PriceGroup,
    skus: Sequence[Sku] | None = None,
    readings: PricedReadings | None = None,
    other: RuleBook | None = None,
) -> MarketFrame:
    """All products of a group (or the named ones) with the usable offers; our own offers are marked as ours. With what
    a demand model asks for, where a rule reads it, and what tests of prices ask for in this week. `readings` are the
    offers of these products, where they were read before; the market has what our rules and `other` read.
    """
    books = (bench.rulebook, other or bench.rulebook)
    frame = bench.store.plans.market(
        group, at=bench.clock.now(), skus=skus, trend=any(book.reads_trend for book in books),
        readings=readings, equivalents=any(book.reads_equivalents for book in books), **reading(bench),
    )  # fmt: skip
    return with_trials(bench, learned(bench, frame) if bench.rulebook.reads_optimal else frame)


def whole_families(bench: Workbench, skus: Sequence[Sku] | None, other: RuleBook | None = None) -> Sequence[Sku] | None:
    """The products with all that their prices must fit together with, by our rules and `other`, and with their close
    substitutes; None = all.
    """
    families = (*bench.rulebook.families, *(other.families if other else ()), *substitutes_of(bench))
    if skus is None or not families:
        return skus
    products = bench.store.catalogue.load().products
    unknown = [sku for sku in skus if sku not in products]
    return (*relatives(families, products.values(), skus), *unknown)
