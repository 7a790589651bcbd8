"""From imported sales to a learned price: what demand was is known here, because it was made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from pricewatch.domain.decision import Outcome
from pricewatch.domain.errors import UsageError
from pricewatch.domain.money import Money
from pricewatch.domain.sale import Sale
from pricewatch.located import parse
from pricewatch.pipeline.demand import paid_lately, sales_panel
from pricewatch.pipeline.demand_models import DemandModels
from pricewatch.pipeline.learned import UNUSED
from pricewatch.pipeline.learning import beside, learn
from pricewatch.pipeline.monitor import look_for_drift
from pricewatch.pipeline.plan import plan
from pricewatch.ports import OwnPrice
from pricewatch.pricing.demand.model import train
from pricewatch.pricing.demand.panel import Goods, panel
from pricewatch.pricing.optimal import demand_curve, with_optimal
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import LearningSettings, PricingSettings

from .conftest import zloty

WEEKS = 40
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


@pytest.fixture
def sold(bench):
    """A year of sales: S-1 and S-2 lose 4 % of demand for each per cent of price, S-3 1.3 %; S-4 was never sold."""
    random = np.random.default_rng(11)
    now = bench.clock.now()
    begins = now - timedelta(weeks=WEEKS)
    lines, prices = [], []
    for sku, steep in (("S-1", 4.0), ("S-2", 4.0), ("S-3", 1.3)):
        for week in range(WEEKS):
            gross = 11_999 if week == WEEKS - 1 else int(11_999 * random.choice([0.9, 0.95, 1.0, 1.05, 1.1]))
            at = begins + timedelta(weeks=week)
            prices.append(OwnPrice(sku, "default", Money(gross, zloty("1").currency), at, "price_list"))
            for day in range(7):
                units = int(random.poisson(6.0 * (gross / 11_999) ** -steep))
                when = at + timedelta(days=day, hours=3)
                if units:
                    name = f"{sku}/{when:%Y%m%d}"
                    lines.append(Sale("file", name, sku, when, units, Money(gross, zloty("1").currency)))
    bench.store.prices.record_own(prices)
    bench.store.sales.save(lines)
    return bench


def test_the_panel_says_what_was_sold_at_which_price(sold) -> None:
    """Whole weeks, the price that we asked, every piece once; what was never sold is not in it."""
    found = sales_panel(sold, sold.groups[0], weeks=WEEKS)
    assert sorted(found.goods.sku) == ["S-1", "S-2", "S-3"]
    kept = list(sold.store.sales.between(sold.clock.now() - timedelta(weeks=WEEKS, days=1), sold.clock.now()))
    today = sold.clock.now().date()
    first = today - timedelta(weeks=WEEKS)
    assert found.units.sum() == sum(sale.units for sale in kept if first <= sale.sold_at.date() < today)
    assert set(np.bincount(found.product, found.days)) == {WEEKS * 7.0}
    assert found.price.min() >= 10_799 - 1
    assert found.price.max() <= 13_198 + 1


def test_the_time_before_the_first_sale_teaches_nothing(sold) -> None:
    """What was sold before the sales that we know begins in the dark, not at nothing."""
    found = sales_panel(sold, sold.groups[0], weeks=WEEKS + 12)
    on_sale = found.rows(found.days > 0)
    assert on_sale.days.sum() <= 3 * WEEKS * 7
    assert on_sale.period.min() >= 11
    assert learn(found, DemandModels(Path("nowhere"), "default")).better


@pytest.mark.parametrize(("raised", "off"), [(21, 0.0), (0, np.log(9_999 / 11_999))])
def test_what_is_paid_is_compared_with_the_newest_days_as_well(bench, raised: int, off: float) -> None:
    """A price that rose before our history began is no other unit; prices that never were ours are."""
    now = bench.clock.now()
    lines = []
    for day in range(1, 90):
        paid = Money(11_999 if day <= raised else 9_999, zloty("1").currency)
        lines.append(Sale("file", f"o{day}", "S-1", now - timedelta(days=day), 1, paid))
    bench.store.sales.save(lines)
    (found,) = paid_lately(bench, bench.groups[0], ["S-1"])
    assert found == pytest.approx(off, abs=1e-6)


def test_days_without_stock_teach_nothing(sold) -> None:
    """They are no days on which nobody wanted it."""
    out = sold.clock.now() - timedelta(days=20)
    sold.store.catalogue.set_stock({"S-1": 0}, at=out)
    sold.store.catalogue.set_stock({"S-1": 9}, at=out + timedelta(days=6))
    found = sales_panel(sold, sold.groups[0], weeks=WEEKS)
    one = found.goods.sku.index("S-1")
    quiet = found.rows(found.product == one).days.sum()
    assert WEEKS * 7 - 7 <= quiet <= WEEKS * 7 - 5 + 1


def test_a_learned_price_goes_where_more_is_earned(sold, tmp_path) -> None:
    """Steep demand far above its best price: down; flat demand below it: up; each within the step, and said why."""
    models = DemandModels(tmp_path / "models", "default")
    learnt = learn(sales_panel(sold, sold.groups[0], weeks=WEEKS), models)
    assert learnt.better, learnt.reason
    name = models.keep(learnt.model, learnt.evaluation, use=True)
    book = compile_rulebook([parse(RULES, "rules.toml")])
    bench = replace(
        sold,
        rulebook=book,
        pricing=PricingSettings(),
        demand_models=lambda group: DemandModels(tmp_path / "models", group),
    )
    decided = {each.proposal.sku: each.proposal for each in plan(bench, save=False).decisions}
    down, up, rest = decided["S-1"], decided["S-3"], decided["S-4"]
    assert down.outcome is Outcome.CUT
    assert up.outcome is Outcome.RAISE
    assert zloty("113.99") <= down.proposed < zloty("119.99") < up.proposed <= zloty("125.99")
    words = " ".join(reason.text for reason in up.reasons)
    assert "P(gain)" in words
    assert "elasticity" in words
    assert rest.outcome is Outcome.KEEP
    assert models.evaluation(name)["ready"] == 3


def test_without_a_model_the_plan_says_why_there_is_none(bench, tmp_path) -> None:
    """None was trained, or the newest was not good enough."""
    models = DemandModels(tmp_path / "models", "default")
    asking = replace(bench, rulebook=compile_rulebook([parse(RULES, "rules.toml")]), demand_models=lambda _: models)
    assert "the demand model: none is in use (none was trained): the rules price it" in reasons(asking)
    goods = Goods(["S-1"], np.zeros(1, dtype=np.int64), ["all"])
    nothing = train(panel(goods, product=[0, 0], period=[0, 1], units=[1.0, 0.0], price=[100.0, 100.0]))
    name = models.keep(nothing, {UNUSED: "too few products have enough sales"}, use=False)
    assert f"none is in use ({name}: too few products have enough sales)" in reasons(asking)


def reasons(bench) -> str:
    """What a plan says of its first product."""
    return " ".join(reason.text for reason in next(iter(plan(bench, save=False).decisions)).proposal.reasons)


def test_the_same_market_gives_the_same_price(sold, tmp_path) -> None:
    """A plan that is made twice, or explained later on the day, says the same."""
    learnt = learn(sales_panel(sold, sold.groups[0], weeks=WEEKS), DemandModels(tmp_path, "default"))
    frame = sold.store.plans.market(
        sold.groups[0], at=sold.clock.now(), site_kinds={}, own_sites=frozenset(), own_sellers=frozenset(),
        rates_since="2026-01-01",
    )  # fmt: skip
    settings = LearningSettings(budget="50.00")
    one, two = (with_optimal(frame, learnt.model, settings).products for _ in range(2))
    assert one.optimal.tolist() == two.optimal.tolist()
    sure = with_optimal(frame, learnt.model, LearningSettings(gate="99.99%")).products.optimal_why
    assert not any("explore" in text for text in sure.values), "a trial without a budget"
    curve = demand_curve(frame, learnt.model, settings, list(one.sku).index("S-1"))
    assert [point.units for point in curve] == sorted((point.units for point in curve), reverse=True)
    assert all(point.low <= point.units <= point.high for point in curve)


def test_a_worse_model_is_not_used(sold, tmp_path) -> None:
    """Trained on noise beside a good one, it is kept and not taken into use."""
    models = DemandModels(tmp_path, "default")
    found = sales_panel(sold, sold.groups[0], weeks=WEEKS)
    good = learn(found, models)
    models.keep(good.model, good.evaluation, use=good.better)
    random = np.random.default_rng(5)
    scrambled = replace(
        found, units=np.where(found.period < WEEKS * 3 // 4, random.permutation(found.units)[::-1] * 3, found.units)
    )
    worse = learn(scrambled, models)
    assert not worse.better
    assert worse.reason


def test_two_models_are_judged_on_the_same_weeks(sold, tmp_path) -> None:
    """A model of scrambled sales loses against one of the true ones, on what was really sold."""
    found = sales_panel(sold, sold.groups[0], weeks=WEEKS)
    random = np.random.default_rng(5)
    good, bad = train(found), train(replace(found, units=random.permutation(found.units) * 3))
    for_good, for_bad = beside(good, bad, found)
    assert for_good.rows == for_bad.rows > 0
    assert for_good.loss < for_bad.loss


def test_a_damaged_model_is_refused(sold, tmp_path) -> None:
    """Plain arrays with a hash: what was changed by hand prices nothing."""
    models = DemandModels(tmp_path, "default")
    learnt = learn(sales_panel(sold, sold.groups[0], weeks=WEEKS), models)
    name = models.keep(learnt.model, learnt.evaluation, use=True)
    manifest = tmp_path / name / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace("S-1", "S-9"), "utf-8")
    with pytest.raises(UsageError, match="hash"):
        models.load()


@pytest.mark.parametrize("hurt", ["half a file", "nothing", "changed"])
def test_a_damaged_model_stops_no_plan(sold, tmp_path, hurt: str) -> None:
    """A machine that lost power while it wrote: the rules price everything, and the plan says what to do."""
    models = DemandModels(tmp_path, "default")
    found = learn(sales_panel(sold, sold.groups[0], weeks=WEEKS), models)
    place = tmp_path / models.keep(found.model, found.evaluation, use=True)
    arrays = (place / "arrays.npz").read_bytes()
    if hurt == "changed":
        told = (place / "manifest.json").read_text("utf-8")
        (place / "manifest.json").write_text(told.replace('"hash": "', '"hash": "0'), "utf-8")
    else:
        (place / "arrays.npz").write_bytes(arrays[: len(arrays) // 2] if hurt == "half a file" else b"")
    asking = replace(sold, rulebook=compile_rulebook([parse(RULES, "rules.toml")]), demand_models=lambda _: models)
    made = plan(asking, save=False)
    assert {each.proposal.outcome for each in made.decisions} == {Outcome.KEEP}
    assert "train a new one: pricewatch model train: the rules price it" in reasons(asking)
    assert "pricewatch model train" in " ".join(look_for_drift(asking))
    with pytest.raises(UsageError, match="demand model"):
        models.load()


def test_too_few_weeks_are_said_to_be_too_few(bench, tmp_path) -> None:
    """Three sales are no history."""
    at = bench.clock.now() - timedelta(days=10)
    bench.store.sales.save([Sale("file", str(n), "S-1", at, 1, zloty("119.99")) for n in range(3)])
    with pytest.raises(UsageError, match="too few"):
        learn(sales_panel(bench, bench.groups[0], weeks=WEEKS), DemandModels(tmp_path, "default"))
