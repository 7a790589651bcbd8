"""A test of prices from its plan to its report: made-up customers, real plans, a day at a time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from pricewatch.domain.errors import UsageError
from pricewatch.domain.experiment import ExperimentStatus
from pricewatch.domain.money import TaxRate
from pricewatch.domain.product import Product
from pricewatch.domain.sale import Sale
from pricewatch.located import parse
from pricewatch.pipeline import experiments
from pricewatch.pipeline.changed import scope
from pricewatch.pipeline.demand import sales_panel
from pricewatch.pipeline.experiments import Wanted, design, keep, start, stop
from pricewatch.pipeline.findings import findings
from pricewatch.pipeline.inbox import inbox
from pricewatch.pipeline.market import market_frame
from pricewatch.pipeline.offpolicy import off_policy
from pricewatch.pipeline.plan import plan
from pricewatch.pipeline.publish import publish
from pricewatch.pricing.demand.model import train
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import BreakerSettings, PricingSettings

from .conftest import zloty

RULES = """
[[guardrails]]
min_margin = "5%"

[[guardrails]]
when = "category == 'still'"
max_raise = "0.1%"
max_cut = "0.1%"

[[rule]]
name = "as it is"
target = "keep"
"""
PRODUCTS = 16
WHOLE = Wanted(weeks=2, step=500)


@pytest.fixture
def shop(bench):
    """Products that sell four a day at their usual price, thirteen weeks of it known; two have no cost."""
    goods = [
        Product(
            f"T-{n:02}", f"Towar {n}", TaxRate(2300), price=zloty("100.00"), stock=500, category="goods",
            cost=zloty("55.00") if n >= 2 else None, custom={"series": f"{n // 4}"},
        )
        for n in range(PRODUCTS)
    ]  # fmt: skip
    at = bench.clock.now() - timedelta(weeks=14)
    bench.store.catalogue.save(goods, at=at, group=bench.groups[0])
    shop = replace(
        bench,
        rulebook=compile_rulebook([parse(RULES, "rules.toml")]),
        pricing=PricingSettings(breakers=BreakerSettings(max_changed="100%", max_average_move="50%", collapse="100%")),
    )
    random = np.random.default_rng(3)
    for day in range(13 * 7):
        _sell(shop, at + timedelta(weeks=1, days=day, hours=2), random, steep=2.5)
    return shop


def _sell(bench, at, random, *, steep: float, without=frozenset()) -> None:
    """A day of customers: the dearer a product, the fewer."""
    entries = bench.store.prices.current("default")
    lines = []
    for n in range(PRODUCTS):
        sku = f"T-{n:02}"
        asked = entries[sku].gross if sku in entries else zloty("100.00")
        units = int(random.poisson(4.0 * (asked.minor / 10_000) ** -steep))
        if units and sku not in without:
            lines.append(Sale("file", f"{sku}/{at:%Y%m%d%H}", sku, at, units, asked))
    bench.store.sales.save(lines)


def _live(bench, days: int, *, steep: float, seed: int = 1, without=frozenset()) -> list[str]:
    """Plan, apply and sell, day by day; what plans had to say."""
    random, said = np.random.default_rng(seed), []
    for _ in range(days):
        bench.clock.advance(days=1)
        made = plan(bench)
        said.append(made.report.message)
        asyncio.run(publish(bench))
        _sell(bench, bench.clock.now() + timedelta(hours=1), random, steep=steep, without=without)
    return said


def _started(bench, wanted: Wanted = WHOLE):
    test = keep(bench, design(bench, bench.groups[0], wanted, by="anna"))
    return start(bench, test.number, by="anna").test


@pytest.mark.slow
def test_a_test_runs_its_course_and_tells_what_is(shop) -> None:
    """Prices follow the lots and nothing else, the plan says why, and the elasticity that was made up is found."""
    with pytest.raises(UsageError, match="drawn by lot"):
        off_policy(shop, shop.groups[0], ())
    test = _started(shop)
    lots = {lot.sku: lot for lot in shop.store.learning.lots(test.number)}
    assert len(lots) == PRODUCTS - 2
    assert all(lot.ways.count("+") == lot.ways.count("-") == 1 for lot in lots.values())
    _live(shop, 3, steep=2.5)
    made = plan(shop, save=False)
    for decision in made.decisions:
        it = decision.proposal
        if it.sku in lots:
            way = lots[it.sku].way(0)
            assert (it.proposed or it.current) == zloty("105.00" if way > 0 else "95.00")
            assert f"price test {test.number}, week 1 of 2, by lot" in " ".join(each.text for each in it.reasons)
        else:
            assert it.proposed in (None, zloty("119.99"), zloty("100.00"))
    said = _live(shop, 13, steep=2.5)
    assert any("is over" in words for words in said)
    (ended,) = shop.store.learning.tests()
    assert ended.status is ExperimentStatus.DONE
    found = findings(shop, shop.groups[0], ended, shop.store.learning.lots(test.number))
    everything = found.elasticities[0]
    assert everything.low < -2.5 < everything.high
    assert everything.high - everything.low < 6.0
    assert found.came == pytest.approx(1.0, abs=0.15)
    _live(shop, 1, steep=2.5)
    assert {entry.gross for sku, entry in shop.store.prices.current("default").items() if sku in lots} == {
        zloty("100.00")
    }
    panel = sales_panel(shop, shop.groups[0], weeks=12)
    model = train(panel)
    cheap = replace(model, posterior=replace(model.posterior, level=model.posterior.level * 2))
    judged = off_policy(shop, shop.groups[0], (model, cheap))
    usual = 28 * (100 / 1.23 - 55) * 100
    assert all(each.low < usual * 1.3 and each.high > usual * 0.7 for each in judged.each)
    assert judged.beyond.low <= 0.0 <= judged.beyond.high
    assert judged.product_weeks == 2 * len(lots)
    assert {round(float(np.exp(each)), 2) for each in panel.trial} == {0.95, 1.0, 1.05}
    assert any(f"price test {test.number}" in item.what for item in inbox(shop))


@pytest.mark.slow
def test_a_test_that_does_harm_ends_by_itself(shop) -> None:
    """Customers who leave at the higher price cost more than was allowed: the next plan ends it, and says why."""
    test = _started(shop, replace(WHOLE, step=1_000))
    said = " ".join(_live(shop, 12, steep=14.0))
    (ended,) = shop.store.learning.tests()
    assert ended.status is ExperimentStatus.STOPPED
    assert ended.ended_at < test.begins + timedelta(weeks=2)
    assert "at the higher price" in ended.reason
    assert f"price test {test.number} was stopped" in said


@pytest.mark.slow
def test_a_test_that_harms_both_sides_ends_by_itself(shop) -> None:
    """Customers who stay away from every tested product are no difference between its prices, but they are harm."""
    some = replace(WHOLE, skus=tuple(f"T-{n:02}" for n in range(4, 12)))
    test = _started(shop, some)
    tested = frozenset(lot.sku for lot in shop.store.learning.lots(test.number))
    _live(shop, 2, steep=0.0)
    assert shop.store.learning.tests()[0].status is ExperimentStatus.RUNNING
    said = _live(shop, 8, steep=0.0, without=tested)
    assert any("at both prices together" in words for words in said)
    (ended,) = shop.store.learning.tests()
    assert (ended.status, "against the 13 weeks before" in ended.reason) == (ExperimentStatus.STOPPED, True)


def test_sales_that_were_not_imported_yet_are_no_harm(shop) -> None:
    """A shop that imports its orders once a week loses no test: days of which nothing is known are not judged."""
    _started(shop)
    _live(shop, 2, steep=2.5)
    last = shop.clock.now() + timedelta(hours=1)
    shop.clock.advance(days=8)
    said = plan(shop).report.message
    assert shop.store.learning.tests()[0].status is ExperimentStatus.RUNNING
    assert f"is not judged: no sale since {last:%Y-%m-%d} was imported" in said


def test_prices_come_about_whether_their_sales_were_imported_or_not(shop) -> None:
    """What was asked is known from our own prices, also in the first week, when only one side was asked so far."""
    test = _started(shop)
    lots = shop.store.learning.lots(test.number)
    shop.clock.advance(days=1)
    assert findings(shop, shop.groups[0], test, lots).came == 0.0
    plan(shop)
    asyncio.run(publish(shop))
    shop.clock.advance(days=2)
    seen = findings(shop, shop.groups[0], test, lots)
    assert seen.came == pytest.approx(1.0, abs=0.02)
    assert seen.product_weeks == 0


def test_what_cannot_be_tested_is_left_out_with_the_reason(shop) -> None:
    """No cost, no sales, limits that leave no two prices: each is counted; nothing left is an error."""
    still = Product("T-99", "Stoi", TaxRate(2300), price=zloty("10.00"), cost=zloty("2.00"), category="still")
    shop.store.catalogue.save([still], at=shop.clock.now(), group=shop.groups[0])
    found = design(shop, shop.groups[0], WHOLE, by="anna")
    assert found.left_out["no cost is known"] == 2
    assert found.left_out["not sold in the last 13 weeks"] == 4
    assert found.left_out["limits and endings leave no two prices far enough apart"] == 1
    assert found.test.stated["products"] == len(found.lots) == PRODUCTS - 2
    assert 0.01 < found.power.detectable < 0.5
    with pytest.raises(UsageError, match="can be tested"):
        design(shop, shop.groups[0], replace(WHOLE, skus=("T-00", "T-99")), by="anna")


def test_never_two_tests_on_close_substitutes(shop) -> None:
    """What shares a series with a tested product waits for the end of its test; a test starts once."""
    learning = shop.pricing.learning.model_copy(update={"substitutes": "custom.series"})
    shop = replace(shop, pricing=shop.pricing.model_copy(update={"learning": learning}))
    first = _started(shop, replace(WHOLE, skus=("T-04", "T-08")))
    second = design(shop, shop.groups[0], WHOLE, by="anna")
    assert second.left_out["it or a close substitute is in another test"] == 8
    assert not {"T-04", "T-05", "T-08", "T-11"} & {lot.sku for lot in second.lots}
    ways = {lot.family: {other.ways for other in second.lots if other.family == lot.family} for lot in second.lots}
    assert all(len(each) == 1 for each in ways.values())
    with pytest.raises(UsageError, match="is running"):
        start(shop, first.number, by="anna")
    late = keep(shop, design(shop, shop.groups[0], replace(WHOLE, skus=("T-12", "T-02")), by="anna"))
    _started(shop, replace(WHOLE, skus=("T-13", "T-03")))
    with pytest.raises(UsageError, match="cannot be tested any more"):
        start(shop, late.number, by="anna")


def test_what_another_test_has_taken_is_named_when_a_test_starts(shop) -> None:
    """A test that begins with fewer products than were planned says which ones are missing, and why."""
    late = keep(shop, design(shop, shop.groups[0], WHOLE, by="anna"))
    _started(shop, replace(WHOLE, skus=("T-05", "T-09")))
    found = start(shop, late.number, by="anna")
    assert found.left_out == dict.fromkeys(("T-05", "T-09"), "it or a close substitute is in another test")
    assert len(found.lots) == PRODUCTS - 4
    assert found.lots == shop.store.learning.lots(late.number)


def test_only_a_test_at_work_makes_a_plan_of_changes_look_at_everything(shop) -> None:
    """A drafted or dropped test does not; a running one does by its name, and so does its end, once."""
    shop = replace(shop, pricing=shop.pricing.model_copy(update={"changes_up_to": 10_000}))
    plan(shop)
    draft = keep(shop, design(shop, shop.groups[0], WHOLE, by="anna"))
    assert scope(shop, changed=True).why == ""
    stop(shop, draft.number, by="anna", reason="")
    assert scope(shop, changed=True).why == ""
    test = _started(shop)
    assert scope(shop, changed=True).why == f"price test {test.number} is running"
    _live(shop, 2, steep=2.5)
    stop(shop, test.number, by="anna", reason="")
    assert scope(shop, changed=True).why == f"price test {test.number} has ended"
    _live(shop, 1, steep=2.5)
    assert scope(shop, changed=True).why == ""


def test_large_steps_need_a_second_person_and_a_stop_ends_it(shop) -> None:
    """Who has planned does not start what needs four eyes; a stopped test asks for the usual prices again."""
    shop = replace(shop, pricing=shop.pricing.model_copy(update={"four_eyes_above": 600}))
    test = keep(shop, design(shop, shop.groups[0], WHOLE, by="anna"))
    with pytest.raises(UsageError, match="second person"):
        start(shop, test.number, by="Anna")
    start(shop, test.number, by="jan")
    _live(shop, 2, steep=2.5)
    stop(shop, test.number, by="jan", reason="enough")
    _live(shop, 1, steep=2.5)
    tested = {lot.sku for lot in shop.store.learning.lots(test.number)}
    asked = {entry.gross for sku, entry in shop.store.prices.current("default").items() if sku in tested}
    assert asked == {zloty("100.00")}
    with pytest.raises(UsageError, match="ended already"):
        stop(shop, test.number, by="jan", reason="")
    with pytest.raises(UsageError, match="no price test"):
        experiments.find(shop, 99)
    assert market_frame(shop, shop.groups[0]).products.trial is not None
