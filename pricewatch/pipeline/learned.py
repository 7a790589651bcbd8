"""The demand model in use beside what our own records say: usual prices, moves, drift, substitutes, tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from pricewatch.domain.errors import UsageError
from pricewatch.domain.product import Product, Sku
from pricewatch.pipeline.trials import on_trial
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import LearnedMove
from pricewatch.pricing.demand.panel import Floats, Ints
from pricewatch.pricing.fields import CUSTOM
from pricewatch.pricing.frame import MISSING, MarketFrame, Text
from pricewatch.pricing.rules import Family

if TYPE_CHECKING:
    from pricewatch.pipeline.demand_models import DemandModels
    from pricewatch.pricing.optimal import Lately

UNUSED = "not_used"  # in the evaluation of a model: why it was not taken into use
CROSS = "cross_elasticity"  # in the notes of a model


def learned(bench: Workbench, frame: MarketFrame) -> MarketFrame:
    """The market with the prices of the demand model in use; where there is none, or it is damaged, with why it asks
    for nothing: the other rules price all the same.
    """
    models = bench.demand_models(frame.group)
    try:
        model = models.load()
    except UsageError as error:
        return _untold(frame, f"{error}; {error.hint}: the rules price it")
    if model is None:
        return _without(frame, models)
    from pricewatch.pricing.optimal import with_optimal  # brings scipy

    lately = lately_of(bench, frame, models.drifted(), float(model.notes.get(CROSS, 0.0)))
    return with_optimal(frame, model, bench.pricing.learning, lately, name=models.active())


def _without(frame: MarketFrame, models: DemandModels) -> MarketFrame:
    newest = next(reversed(models.names()), "")
    why = f"{newest}: {models.evaluation(newest).get(UNUSED, 'taken out of use')}" if newest else "none was trained"
    return _untold(frame, f"none is in use ({why}): the rules price it")


def _untold(frame: MarketFrame, why: str) -> MarketFrame:
    size = len(frame.products)
    told = Text(np.zeros(size, dtype=np.int32), (why,))
    return replace(frame, products=replace(frame.products, optimal=np.full(size, MISSING), optimal_why=told))


def lately_of(bench: Workbench, frame: MarketFrame, drifted: frozenset[Sku], cross: float) -> Lately:
    """What our records say of each product of a frame."""
    from pricewatch.pricing.optimal import Lately  # brings scipy

    products = frame.products
    group = groups_of(bench, products.sku)
    home, waiting = _moved(bench.store.learning.moves(frame.group), frame)
    tested = {lot.sku for _, lot in on_trial(bench, frame.group)}
    on_test = np.array([sku in tested for sku in products.sku], dtype=np.bool_)
    busy = on_test | np.isin(group, group[on_test & (group >= 0)])
    off = np.array([sku in drifted for sku in products.sku], dtype=np.bool_)
    return Lately(home, waiting, off, busy, group, on_test, cross)


def _moved(moves: Mapping[Sku, LearnedMove], frame: MarketFrame) -> tuple[Floats, Floats]:
    """The price before the first learned move, and days since the last one; neither where the price in force is no
    longer one of those two.
    """
    home, waiting = np.full(len(frame.products), np.nan), np.full(len(frame.products), np.inf)
    at = datetime.fromtimestamp(frame.taken_at, UTC)
    for row, sku in enumerate(frame.products.sku):
        move = moves.get(sku)
        current = int(frame.products.current[row])
        if move is None or current not in (move.home, move.price):
            continue
        home[row] = move.home
        if current == move.price:
            waiting[row] = (at - move.at).total_seconds() / 86_400
    return home, waiting


def moves_of(frame: MarketFrame, rows: Ints, prices: Ints, home: Mapping[Sku, LearnedMove]) -> tuple[LearnedMove, ...]:
    """The moves of a plan that follow the model, each with the price that it left first."""
    at = datetime.fromtimestamp(frame.taken_at, UTC)
    found = []
    for row, price in zip(rows.tolist(), prices.tolist(), strict=True):
        sku, current = frame.products.sku[row], int(frame.products.current[row])
        before = home.get(sku)
        first = before.home if before is not None and current in (before.home, before.price) else current
        found.append(LearnedMove(sku, frame.group, first, price, at))
    return tuple(found)


def substitutes_of(bench: Workbench) -> tuple[Family, ...]:
    """The catalogue field that close substitutes share, as a family; none where no rule asks the model."""
    field = bench.pricing.learning.substitutes
    return (Family("substitutes", "", None, field, None, 0),) if field and bench.rulebook.reads_optimal else ()


@dataclass(frozen=True, slots=True)
class _Named:
    """Groups by the text that their products share."""

    numbers: dict[str, int]

    def of(self, product: Product | None, fields: Sequence[str]) -> int:
        if product is None:
            return -1
        for field in fields:
            if text := _text(product, field):
                return self.numbers.setdefault(f"{field}={text}", len(self.numbers))
        return -1


def groups_of(bench: Workbench, skus: Sequence[Sku]) -> Ints:
    """A number for each group of close substitutes among products, -1 for those that stand alone: what shares the
    configured catalogue field, or else a family of the rules.
    """
    configured = bench.pricing.learning.substitutes
    fields = [configured] if configured else [family.field for family in bench.rulebook.families]
    if not fields:
        return np.full(len(skus), -1)
    products = bench.store.catalogue.load(skus=None if len(skus) > 1_000 else skus).products
    named = _Named({})
    found = np.array([named.of(products.get(sku), fields) for sku in skus], dtype=np.int64)
    if not len(found):
        return found
    size = np.bincount(found[found >= 0], minlength=len(named.numbers) + 1)
    return np.where((found >= 0) & (size[found] > 1), found, -1)


def _text(product: Product, field: str) -> str:
    if field.startswith(CUSTOM):
        return product.custom.get(field.removeprefix(CUSTOM), "").strip()
    return str(getattr(product, field, "") or "").strip()
