"""Train a demand model, judge it on weeks that it has not seen, and decide whether it is better than the one in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pricewatch.domain.errors import UsageError
from pricewatch.pipeline.demand_models import DemandModels
from pricewatch.pipeline.learned import CROSS
from pricewatch.pricing.demand.evaluate import Evaluation, Verdict, better_in, challenged, evaluate, judged
from pricewatch.pricing.demand.model import READY, DemandModel, train
from pricewatch.pricing.demand.panel import Floats, Ints, SalesPanel, tidy
from pricewatch.pricing.demand.rivalry import Rivalry
from pricewatch.pricing.demand.substitution import substitution
from pricewatch.pricing.demand.trust import trusted
from pricewatch.pricing.explore.among import with_rivals

HELD_OUT = 0.25  # the newest share of the weeks, by which models are judged
LEAST_ROWS = 20
_MORE = "sales of more weeks at more than one price help, and a test of prices by lot most"


@dataclass(frozen=True, slots=True)
class Learnt:
    """A model of all weeks, how its twin of the earlier ones did on the later ones, and whether it shall be used."""

    model: DemandModel
    evaluation: Mapping[str, Any]
    better: bool
    reason: str = ""
    twin: DemandModel | None = None
    todo: str = ""


def learn(raw: SalesPanel, models: DemandModels, paid: Floats | None = None) -> Learnt:
    """Train on the earlier weeks and judge on the later ones, beside each product's own mean and the model in use; then
    train on all of them. A model that predicts worse than either is not to be used, nor one whose sales cannot have
    taught anything of prices. `paid` is the log of what was lately paid for each product over its price. Raises
    UsageError without sales.
    """
    trained, twin, heeded, found = held_back(raw)
    trust = trusted(trained, tidy(raw).panel, paid)
    trained, ready = trust.model, int((trust.model.state == READY).sum())
    figures = {
        "products": len(raw.goods), "ready": ready, **figures_of(found), "set_aside": dict(trained.set_aside),
        "trees_in": list(heeded),
    }  # fmt: skip
    if trust.why:
        return Learnt(trained, figures, False, trust.why, todo=trust.todo)
    if not ready or found.rows < LEAST_ROWS:
        return Learnt(trained, figures, False, "too few products have enough sales at more than one price")
    if found.weak:
        return Learnt(trained, figures, False, "it does not predict better than each product's own mean", todo=_MORE)
    if not (found.by_price > 0.0 and trust.shown):
        return Learnt(trained, figures, False, "its sales do not show yet what a price does", todo=_MORE)
    before = models.twin()
    if before is not None:
        verdict = _against(before, twin, raw)
        figures |= {"before": models.active(), "gain_on_before": round(verdict.gain, 5)}
        if not verdict.better:
            return Learnt(trained, figures, False, f"it predicts worse than {models.active()}")
    return Learnt(trained, figures, True, twin=twin)


def held_back(raw: SalesPanel) -> tuple[DemandModel, DemandModel, list[str], Evaluation]:
    """A model of all weeks, its twin of the earlier ones, the categories where trees are heeded, and how the twin does
    on the weeks held back. Trees are chosen on the same weeks, which flatters the gain a little.
    """
    twin, found = evaluate(raw, holdout=HELD_OUT)
    twin, trained, heeded = _with_trees(twin, train(raw), raw)
    return trained, twin, heeded, judged(twin, *parts(raw)) if heeded else found


def with_substitutes(found: Learnt, raw: SalesPanel, group: Ints) -> Learnt:
    """The same with what its products take from their close substitutes (groups of the panel's products, -1: none)."""
    if not (group >= 0).any():
        return found
    told = substitution(found.model, tidy(raw).panel, group)
    figures = {"cross_elasticity": round(told.cross, 3), "cross_error": round(told.error, 3)}
    model = replace(found.model, notes={**found.model.notes, CROSS: told.cross})
    return replace(found, model=model, evaluation={**found.evaluation, **figures})


def with_histories(found: Learnt, histories: Mapping[str, Rivalry]) -> Learnt:
    """The same with what the days of products among rivals tell of customers and of rivals' answers."""
    model = with_rivals(found.model, histories)
    return replace(found, model=model, evaluation={**found.evaluation, "among_rivals": len(model.rivals or ())})


def parts(raw: SalesPanel) -> tuple[SalesPanel, SalesPanel]:
    """The weeks held back, and those before."""
    found = tidy(raw).panel
    first, last = int(found.period.min()), int(found.period.max())
    cut = last + 1 - max(1, round(HELD_OUT * (last + 1 - first)))
    return found.since(cut), found.before(cut)


def _with_trees(twin: DemandModel, trained: DemandModel, raw: SalesPanel) -> tuple[DemandModel, DemandModel, list[str]]:
    """Both with trees where these predict the weeks held back better, and the categories where they do."""
    later, before = parts(raw)
    other = challenged(twin, before)
    if other.challenger is None:
        return twin, trained, []
    kept = better_in(twin, other, later)
    whole = challenged(trained, raw).challenger if kept.any() else None
    if whole is None:
        return twin, trained, []
    names = [name for name, one in zip(raw.goods.categories, kept, strict=True) if one]
    twin = replace(twin, challenger=other.challenger.only(kept))
    return twin, replace(trained, challenger=whole.only(kept)), names


def figures_of(found: Evaluation) -> dict[str, Any]:
    """An evaluation as plain figures: losses are mean negative log likelihoods of a row's count."""
    return {
        "judged_rows": found.rows,
        "loss": round(found.loss, 5),
        "mean_loss": round(found.naive, 5),
        "gain": round(found.gain, 5),
        "gain_low": round(found.gain_low, 5),
        "gain_high": round(found.gain_high, 5),
        "gain_by_price": round(found.by_price, 5),
        "sold_over_expected": round(found.calibration, 4),
    }


def _against(before: DemandModel, twin: DemandModel, raw: SalesPanel) -> Verdict:
    """The new one beside the one in use, on the weeks held back, over the products that both know. Of the older
    model it is the twin, which has not seen these weeks either.
    """
    later, earlier = parts(raw)
    known = before.find(raw.goods.sku)[later.product] >= 0
    new = judged(twin, later.rows(known), earlier)
    old = judged(before, renumbered(later, before), renumbered(earlier, before))
    gain = old.loss - new.loss
    spread = max(new.gain_high - new.gain_low, 0.0) / 2
    return Verdict(gain, gain - spread, gain + spread)


def beside(first: DemandModel, second: DemandModel, raw: SalesPanel) -> tuple[Evaluation, Evaluation]:
    """Two models on the newest weeks of the sales of now, over the products that both know."""
    found = tidy(raw).panel
    known = np.isin(found.product, np.flatnonzero((first.find(raw.goods.sku) >= 0) & (second.find(raw.goods.sku) >= 0)))
    if not known.any():
        raise UsageError("no product is known to both models and to the sales", hint="pricewatch model train")
    shared = found.rows(known)
    begins, ends = int(shared.period.min()), int(shared.period.max())
    cut = ends + 1 - max(1, round(HELD_OUT * (ends + 1 - begins)))
    return tuple(  # type: ignore[return-value]
        judged(model, renumbered(shared.since(cut), model), renumbered(shared.before(cut), model))
        for model in (first, second)
    )


def renumbered(found: SalesPanel, model: DemandModel) -> SalesPanel:
    """The rows of a model's products, as it numbers them and in its order."""
    rows = model.find(found.goods.sku)[found.product]
    kept = replace(found, goods=model.goods, product=rows).rows(np.flatnonzero(rows >= 0))
    return kept.rows(np.lexsort((kept.period, kept.product)))
