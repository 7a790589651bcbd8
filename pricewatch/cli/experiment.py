"""Tests of prices by lot: plan, start, status, stop, report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pricewatch.cli import options
from pricewatch.cli.call import OK, Call, command, group, who
from pricewatch.cli.model_report import PriceGroupName, chosen_models
from pricewatch.cli.opening import locked, opened
from pricewatch.cli.output import Column
from pricewatch.cli.text import Percent, plural
from pricewatch.domain.errors import UsageError
from pricewatch.domain.money import Currency, Money

if TYPE_CHECKING:
    from pricewatch.bootstrap import App
    from pricewatch.domain.experiment import Experiment
    from pricewatch.domain.product import PriceGroup
    from pricewatch.pricing.explore.experiment import Result

_Number = Annotated[int, options.argument("NUMBER", "The test's number.")]
_Maybe = Annotated[int, options.argument("NUMBER", "The test's number; all of them when none is named.")]
_Design = Annotated[
    str,
    options.option(
        "--design", env=False, metavar="DESIGN",
        help="switchback: every week is dearer or cheaper; weeks: a quarter of them, the others at the usual price.",
    ),
]  # fmt: skip
_Weeks = Annotated[int, options.option("--weeks", env=False, min=2, max=52, metavar="NUMBER", help="How long it runs.")]
_Step = Annotated[str, options.option("--step", env=False, metavar="PERCENT", help="How far up, and down.")]
_Worst = Annotated[
    str, options.option("--worst", env=False, metavar="PERCENT", help="The loss of profit on one side that ends it.")
]
_Most = Annotated[
    int, options.option("--most", env=False, min=0, metavar="NUMBER", help="At most so many products, best sellers.")
]
_Category = Annotated[
    list[str], options.option("--category", env=False, metavar="NAME", help="Only these categories; repeatable.")
]
_Skus = Annotated[list[str], options.option("--sku", env=False, metavar="SKU", help="Only these; repeatable.")]
_Seed = Annotated[int, options.option("--seed", env=False, min=0, metavar="NUMBER", help="Another draw of lots.")]

_BY_LOT = "By lot: + the higher price, - the lower one, 0 the usual one; prices are before endings and limits"
_NOTHING = "none: too few products or sales to show any effect"


def add_to(model: typer.Typer) -> None:
    """Mount the commands under `model`."""
    experiment = group(model, "experiment", "Tests of prices by lot.")
    command(experiment, "plan", path="model experiment plan", locks=True)(plan)
    command(experiment, "start", path="model experiment start", locks=True)(start)
    command(experiment, "status", path="model experiment status")(status)
    command(experiment, "stop", path="model experiment stop", locks=True)(stop)
    command(experiment, "report", path="model experiment report")(report)


def plan(
    call: Call, *, design: _Design = "switchback", weeks: _Weeks = 8, step: _Step = "4%", worst: _Worst = "10%",
    most: _Most = 0, category: _Category = [], sku: _Skus = [], seed: _Seed = 1, by: options.By = "",  # noqa: B006
    price_group: PriceGroupName = "",
) -> int:  # fmt: skip
    """Plan a test: who, when, what it costs and which effect it can show; it changes no price before it is started."""
    from pricewatch.pipeline import experiments

    wanted = experiments.Wanted(
        design, weeks, _percent(step, 2_000), _percent(worst, 10_000), most, tuple(category), tuple(sku), seed
    )
    with locked(call) as app:
        chosen, _ = chosen_models(app, price_group)
        found = experiments.design(app.bench, chosen, wanted, by=who(by))
        kept = experiments.keep(app.bench, found)
    columns = [Column("left_out"), Column("products")]
    rows = sorted(found.left_out.items(), key=lambda item: -item[1])
    call.out.table("left_out", columns, rows, title="Left out", aside=True)
    call.out.record("experiment", _told(kept, chosen))
    words = f"price test {kept.number} is planned: {plural(len(found.lots), 'product')}, {plural(kept.weeks, 'week')}"
    if not found.shows:
        words += "; it cannot show an effect on profit, however long it runs: plan one with more products that sell"
    step = f"start {kept.number}" if found.shows else f"stop {kept.number} (drops it)"
    return call.finish(words, next_step=f"pricewatch model experiment {step}", experiment=kept.number)


def _percent(text: str, most: int) -> int:
    """Basis points of a share such as 4% or 2.5 %."""
    from decimal import Decimal, InvalidOperation

    try:
        found = Decimal(text.strip().removesuffix("%").strip().replace(",", ".")) * 100
    except InvalidOperation:
        raise UsageError(f"{text!r} is no share", hint="write it as in 4%") from None
    if not found.is_finite() or found != int(found) or not 10 <= found <= most:
        raise UsageError(f"{text} is not between 0.1% and {most / 100:g}%", hint="write it as in 4%")
    return int(found)


def _told(test: Experiment, chosen: PriceGroup) -> dict[str, Any]:
    """A test with what was stated of it."""
    stated, currency = test.stated, Currency.of(chosen.currency)

    def money(name: str) -> str | None:
        value = stated.get(name)
        return None if value is None else f"{value / currency.unit:.2f} {currency.code}"

    detectable, within = stated.get("detectable"), stated.get("elasticity_within")
    return {
        "experiment": test.number, "design": test.design, "status": test.status.value, "weeks": test.weeks,
        "step": Percent(test.step), "products": stated.get("products"), "units_a_week": stated.get("units_a_week"),
        "profit_a_week": money("profit_a_week"), "expected_cost": money("cost"),
        "detectable_effect": _NOTHING if detectable is None else f"{detectable:.1%} of profit, with 80 % power at 5 %",
        "elasticity_within": None if within is None else f"±{within:.2f} (90 %)",
        "ends_at_a_loss_of": Percent(test.worst), "begins": test.begins, "ends": test.ends,
    }  # fmt: skip


def start(call: Call, number: _Number, *, by: options.By = "") -> int:
    """Start a planned test at the next midnight UTC; whoever starts it approves the prices that it asks for."""
    from pricewatch.pipeline import experiments

    with locked(call) as app:
        found = experiments.start(app.bench, number, by=who(by))
    products, missing = len(found.lots), len(found.left_out)
    if missing:
        title = "Left out: planned, and cannot be tested any more"
        call.out.table("left_out", [Column("sku"), Column("reason")], found.left_out.items(), title=title, limit=20)
    words = f"price test {number} begins at {found.test.begins:%Y-%m-%d %H:%M} UTC with {plural(products, 'product')}"
    if missing:
        words += f" of {products + missing}, {missing} {'is' if missing == 1 else 'are'} left out"
    return call.finish(words, next_step="pricewatch run (the schedule does)", experiment=number, left_out=missing)


def status(call: Call, number: _Maybe = 0) -> int:
    """Show all tests, or one with its products and what they are asked now."""
    from pricewatch.pipeline import experiments

    with opened(call) as app:
        if number:
            return _one(call, app, experiments.find(app.bench, number))
        tests = app.bench.store.learning.tests()
        at = app.bench.clock.now()
    columns = [Column(name) for name in ("experiment", "group", "design", "status")]
    columns += [Column("week"), Column("products"), Column("begins"), Column("reason", below=True)]
    rows = [
        (each.number, each.group, each.design, each.status, _week(each, at), each.stated.get("products"), each.begins,
         each.reason)
        for each in tests
    ]  # fmt: skip
    call.out.table("experiment", columns, rows)
    if not tests:
        return call.finish("no price test was planned yet", next_step="pricewatch model experiment plan", experiments=0)
    return call.finish(plural(len(tests), "price test"), experiments=len(tests))


def _week(test: Experiment, at: Any) -> str:
    week = test.week(at)
    return f"{min(week + 1, test.weeks)} of {test.weeks}" if week >= 0 else f"– of {test.weeks}"


def _one(call: Call, app: App, test: Experiment) -> int:
    from pricewatch.pipeline import experiments

    chosen = _group_of(app, test)
    currency, lots = Currency.of(chosen.currency), app.bench.store.learning.lots(test.number)
    call.out.record("experiment", _told(test, chosen) | {"reason": test.reason, "started_by": test.started_by})
    columns = [Column("sku"), *(Column(name, money=True) for name in ("usual", "lower", "higher")), Column("lots")]
    rows = [
        (lot.sku, Money(lot.base, currency), *(Money(each, currency) for each in experiments.prices_of(test, lot)),
         lot.ways)
        for lot in lots
    ]  # fmt: skip
    call.out.table("lot", columns, rows, title=_BY_LOT, limit=20)
    asked = experiments.this_week(test, lots, app.bench.clock.now())
    now = ", ".join(f"{count} {name}" for name, count in sorted(asked.items())) if test.status == "running" else ""
    return call.finish(f"price test {test.number} is {test.status}" + (f"; this week {now}" if now else ""))


def stop(call: Call, number: _Number, *, reason: options.Reason = "", by: options.By = "") -> int:
    """End a test now, or drop a planned one; its products go back to their usual prices with the next plan."""
    from pricewatch.pipeline import experiments

    with locked(call) as app:
        test = experiments.stop(app.bench, number, by=who(by), reason=reason)
    return call.finish(f"price test {number} is {test.status}", next_step="pricewatch plan", experiment=number)


def report(call: Call, number: _Number) -> int:
    """Show what a test has shown so far or in the end, with 90 % intervals, beside what was stated before."""
    from pricewatch.pipeline import experiments
    from pricewatch.pipeline.findings import findings

    with opened(call) as app:
        test = experiments.find(app.bench, number)
        if test.begins is None or test.week(app.bench.clock.now()) < 0:
            raise UsageError(f"price test {number} has not begun", hint="`pricewatch model experiment status` shows it")
        chosen = _group_of(app, test)
        found = findings(app.bench, chosen, test, app.bench.store.learning.lots(number))
    names = ("category", "products", "elasticity", "low", "high")
    rows = [(each.name, each.products, *map(_rounded, (each.mean, each.low, each.high))) for each in found.elasticities]
    call.out.table("elasticity", [Column(name) for name in names], rows, title="Elasticities, 90 % intervals")
    unit = Currency.of(chosen.currency).unit
    shown = found.profit
    call.out.record("report", {
        "experiment": number, "status": test.status.value, "product_weeks": found.product_weeks,
        "higher_against_lower": _share(shown.effect), "low": _share(shown.low), "high": _share(shown.high),
        "stated_detectable": _share(test.stated.get("detectable")), "prices_that_came_about": _part(found.came),
        "profit_a_week": round(found.profit_a_week / unit, 2),
        "stated_profit_a_week": round(test.stated.get("profit_a_week", 0) / unit, 2), "reason": test.reason,
    })  # fmt: skip
    return call.finish(_verdict(shown), code=OK, experiment=number)


def _group_of(app: App, test: Experiment) -> PriceGroup:
    found = next((each for each in app.bench.groups if each.name == test.group), None)
    if found is None:
        raise UsageError(f"price test {test.number} is of the price group {test.group}, which is no longer configured")
    return found


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _share(value: float | None) -> str | None:
    return None if value is None or value != value else f"{value:+.1%}"  # noqa: PLR0124 - unknown is not itself


def _part(value: float | None) -> str | None:
    return None if value is None else f"{value:.1%}"


def _verdict(shown: Result) -> str:
    """What follows, in words."""
    if shown.effect != shown.effect:
        return "nothing to read yet: too few weeks are over on both sides"
    interval = f"{shown.low:+.1%} to {shown.high:+.1%}"
    words = f"{shown.effect:+.1%} of both sides' mean profit at the higher price against the lower one ({interval})"
    if shown.low > 0:
        return f"{words}: the higher price earns more"
    return f"{words}: the lower price earns more" if shown.high < 0 else f"{words}: no difference is shown"
