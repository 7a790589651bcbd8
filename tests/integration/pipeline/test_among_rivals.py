"""Rivals who move: from the readings and sales of six weeks to an answer in a plan."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from pricewatch.domain.sale import Sale
from pricewatch.located import parse
from pricewatch.pipeline.demand import sales_panel
from pricewatch.pipeline.demand_models import DemandModels
from pricewatch.pipeline.learned import learned
from pricewatch.pipeline.learning import Learnt, with_histories
from pricewatch.pipeline.market import market_frame
from pricewatch.pipeline.match import match
from pricewatch.pipeline.plan import plan
from pricewatch.pipeline.rivalries import rivalries
from pricewatch.pipeline.scrape import scrape
from pricewatch.ports import OwnPrice
from pricewatch.pricing.demand.model import train
from pricewatch.pricing.optimal import STEPS, CurvePoint, demand_curve
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import LearningSettings, PricingSettings

from .conftest import GTINS, zloty

DAYS, SKU = 42, "S-1"
RULES = """
[[guardrails]]
min_margin = "5%"

[[rule]]
name = "learned"
when = "optimal > 0"
target = "optimal"

[[rule]]
name = "the rest"
target = "keep"
"""


@pytest.fixture(scope="module")
def days():
    """Our price, two rivals' and pieces of each day: nearly all customers take the cheapest."""
    random = np.random.default_rng(8)
    prices = np.round(random.uniform(110.0, 125.0, (DAYS, 3)), 2)
    expected = np.where(prices[:, 0] < prices[:, 1:].min(axis=1), 12.0, 1.0)
    return prices, random.poisson(expected)


@pytest.fixture
def sold(bench, rivals, clock, days, tmp_path):
    """Six weeks as they were, and the model of them in use."""
    prices, units = days
    for (own, alfa, beta), pieces in zip(prices.tolist(), units.tolist(), strict=True):
        rivals.ask("alfa", GTINS[0], f"{alfa:.2f}")
        rivals.ask("beta", GTINS[0], f"{beta:.2f}")
        asyncio.run(scrape(bench))
        match(bench)
        asked = zloty(f"{own:.2f}")
        bench.store.prices.record_own([OwnPrice(SKU, "default", asked, clock.now(), "price_list")])
        if pieces:
            bench.store.sales.save([Sale("file", f"{clock.now():%Y%m%d}", SKU, clock.now(), pieces, asked)])
        clock.advance(days=1)
    models = DemandModels(tmp_path / "models", "default")
    learnt = Learnt(train(sales_panel(bench, bench.groups[0], weeks=8)), {}, True)
    kept = with_histories(learnt, rivalries(bench, bench.groups[0], weeks=8))
    models.keep(kept.model, kept.evaluation, use=True)
    book = compile_rulebook([parse(RULES, "rules.toml")])
    return replace(bench, rulebook=book, demand_models=lambda _: models, pricing=PricingSettings())


def asked(bench, **learning) -> str:
    """In which words a plan decides for the product."""
    settings = PricingSettings(learning=LearningSettings(**learning))
    made = plan(replace(bench, pricing=settings), save=False)
    found = next(each.proposal for each in made.decisions if each.proposal.sku == SKU)
    return " ".join(reason.text for reason in found.reasons)


def drawn(bench, **learning) -> tuple[CurvePoint, ...]:
    """The curve of the product that is shown beside its price."""
    settings = PricingSettings(learning=LearningSettings(**learning))
    bench = replace(bench, pricing=settings)
    frame = learned(bench, market_frame(bench, bench.groups[0], [SKU]))
    return demand_curve(frame, bench.demand_models("default").load(), settings.learning, 0)


@pytest.mark.slow
def test_a_plan_answers_rivals_by_what_six_weeks_of_readings_and_sales_tell(sold, days) -> None:
    """The days are learnt as they were, rivals by their names; the model keeps them; the plan answers, looks ahead only
    on request, and its words say which. The curve that is drawn is the one that decided.
    """
    found, (prices, units) = rivalries(sold, sold.groups[0], weeks=8)[SKU], days
    order = [next(at for at, name in enumerate(found.names) if name.startswith(site)) for site in ("alfa", "beta")]
    assert len(found.names) == 2
    assert (np.abs(found.theirs[:, order][-30:] - 100.0 * prices[-30:, 1:]) < 0.5).mean() > 0.9
    assert found.units.sum() == pytest.approx(units.sum(), abs=13)

    again = sold.demand_models("default").load()
    assert again.rivals is not None
    assert len(again.rivals) == 1

    default, ahead, curve = (asked(sold, rivals=mode) for mode in ("answer", "look ahead", "curve"))
    assert "the best answer to what its rivals will probably ask next" in default
    assert "lowest rival expected at" in default
    assert "what they will answer later included" in ahead
    assert "elasticity" in curve
    assert "rival expected" not in curve

    among, pooled = (drawn(sold, rivals=mode) for mode in ("answer", "curve"))
    assert among[0].units > 5.0 * among[-1].units, "nearly all customers take the cheapest"
    assert len(pooled) == STEPS
