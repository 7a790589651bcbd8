"""What demand was learnt: train, judge, compare and look at the models that the target `optimal` uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pricewatch.cli import experiment, model_evaluate, model_report, options
from pricewatch.cli.call import FAILED, OK, Call, command, group
from pricewatch.cli.model_report import PriceGroupName, chosen_models
from pricewatch.cli.opening import locked, opened
from pricewatch.cli.output import Column
from pricewatch.domain.errors import UsageError
from pricewatch.domain.money import Currency, Money

if TYPE_CHECKING:
    from pricewatch.bootstrap import App
    from pricewatch.domain.product import PriceGroup
    from pricewatch.pipeline.offpolicy import OffPolicy
    from pricewatch.pricing.demand.model import DemandModel

_Name = Annotated[str, options.argument("MODEL", "The model's name; none takes all models out of use.")]
_Other = Annotated[str, options.argument("OTHER", "The model beside it; the one in use when none is named.")]

_COMPARED = ("judged_rows", "loss", "mean_loss", "sold_over_expected")
_FIGURES = ("products", "ready", "judged_rows", "loss", "mean_loss", "gain", "sold_over_expected")


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    model = group(app, "model", "Demand that was learnt from sales.")
    command(model, "train", path="model train", locks=True)(train)
    command(model, "evaluate", path="model evaluate")(model_evaluate.evaluate)
    command(model, "compare", path="model compare")(compare)
    command(model, "report", path="model report")(model_report.report)
    command(model, "list", path="model list")(list_models)
    command(model, "use", path="model use", locks=True)(use)
    command(model, "explain", path="model explain")(explain)
    experiment.add_to(model)


def train(call: Call, *, price_group: PriceGroupName = "") -> int:
    """Learn from the sales that were imported; the new model is used from the next plan on, unless it is worse."""
    from pricewatch.pipeline.demand import paid_lately, sales_panel
    from pricewatch.pipeline.learned import UNUSED, groups_of
    from pricewatch.pipeline.learning import learn, with_histories, with_substitutes
    from pricewatch.pipeline.rivalries import rivalries

    with locked(call) as app:
        chosen, models = chosen_models(app, price_group)
        panel = sales_panel(app.bench, chosen, weeks=app.config.pricing.learning.weeks)
        if not len(panel):
            raise UsageError("no sale is known", hint="`pricewatch sales import FILE` brings some")
        paid = paid_lately(app.bench, chosen, panel.goods.sku)
        learnt = with_substitutes(learn(panel, models, paid), panel, groups_of(app.bench, panel.goods.sku))
        if app.config.pricing.learning.rivals != "curve":
            learnt = with_histories(learnt, rivalries(app.bench, chosen, weeks=app.config.pricing.learning.weeks))
        unused = {} if learnt.better else {UNUSED: learnt.reason}
        name = models.keep(learnt.model, {**learnt.evaluation, **unused}, use=learnt.better, twin=learnt.twin)
    figures = learnt.evaluation
    call.out.record("model", {"model": name, "in_use": learnt.better, **figures})
    words = f"{name} is used from the next plan on" if learnt.better else f"{name} is not used: {learnt.reason}"
    return call.finish(words, next_step=learnt.todo or "pricewatch plan", model=name, in_use=learnt.better)


def compare(call: Call, name: _Name, other: _Other = "", *, price_group: PriceGroupName = "") -> int:
    """Judge two models on the newest weeks of the sales of now; each may have been trained on some of them."""
    from pricewatch.pipeline.demand import sales_panel
    from pricewatch.pipeline.learning import beside, figures_of

    with opened(call) as app:
        chosen, models = chosen_models(app, price_group)
        second = other or models.active()
        one, two = (models.load(each) for each in (name, second))
        if one is None or two is None:
            raise UsageError("which model beside it?", hint="`pricewatch model list` shows them")
        panel = sales_panel(app.bench, chosen, weeks=app.config.pricing.learning.weeks)
        by_lot = _by_lot(app, chosen, (one, two))
    if not len(panel):
        raise UsageError("no sale is known", hint="`pricewatch sales import FILE` brings some")
    found = beside(one, two, panel)
    rows = [
        (each, *(figures_of(figures)[key] for key in _COMPARED))
        for each, figures in zip((name, second), found, strict=True)
    ]
    call.out.table("model", [Column(key) for key in ("model", *_COMPARED)], rows)
    if isinstance(by_lot, str):
        call.out.record("by_lot", {"profit_claimed": False, "reason": by_lot})
    else:
        columns = [Column(key) for key in ("model", "profit_a_week", "low", "high")]
        title = "Profit a product and week, by prices that were drawn by lot (90 %)"
        worths = _worths(by_lot, (name, second), Currency.of(chosen.currency).unit)
        call.out.table("by_lot", columns, worths, title=title)
    better = name if found[0].loss <= found[1].loss else second
    return call.finish(f"{better} predicts better (the lower loss)", next_step=f"pricewatch model use {better}")


def _by_lot(app: App, chosen: PriceGroup, models: tuple[DemandModel, DemandModel]) -> OffPolicy | str:
    """What the choices of both are worth; why that cannot be said, where no prices were drawn by lot."""
    from pricewatch.pipeline.offpolicy import off_policy

    try:
        return off_policy(app.bench, chosen, models)
    except UsageError as error:
        return str(error)


def _worths(found: OffPolicy, names: tuple[str, str], unit: int) -> list[tuple[Any, ...]]:
    rows = [*zip(names, found.each, strict=True), (f"{names[1]} beyond {names[0]}", found.beyond)]
    return [(name, *(round(value / unit, 2) for value in (each.mean, each.low, each.high))) for name, each in rows]


def list_models(call: Call, *, price_group: PriceGroupName = "") -> int:
    """Show all models with what was found when they were trained."""
    with opened(call) as app:
        _, models = chosen_models(app, price_group)
    used = models.active()
    rows = [_row(name, models.evaluation(name), name == used) for name in models.names()]
    call.out.table("model", [Column(name) for name in ("model", "in_use", *_FIGURES)], rows)
    if not rows:
        return call.finish("no model was trained yet", next_step="pricewatch model train", models=0)
    return call.finish(f"{used or 'none'} is in use", models=len(rows))


def _row(name: str, figures: Any, used: bool) -> tuple[Any, ...]:
    return (name, used, *(figures.get(key) for key in _FIGURES))


def use(call: Call, name: _Name = "", *, price_group: PriceGroupName = "") -> int:
    """Take a model into use, or none; rules with the target `optimal` price by it from the next plan on."""
    with locked(call) as app:
        _, models = chosen_models(app, price_group)
        if name and name not in models.names():
            raise UsageError(f"there is no model {name!r}", hint="`pricewatch model list` shows them")
        if name:
            models.load(name)
        models.activate(name)
        app.bench.store.control.audit("demand model", at=app.bench.clock.now(), by="", detail=name or "none")
    return call.finish(f"{name or 'no model'} is in use", next_step="pricewatch plan")


def explain(call: Call, sku: options.Sku, *, price_group: PriceGroupName = "") -> int:
    """Show what the model in use knows of a product: its demand curve with the band, profit, elasticity, the choice."""
    from pricewatch.pipeline.learned import learned
    from pricewatch.pipeline.market import market_frame
    from pricewatch.pricing.optimal import among_rivals, demand_curve

    with opened(call) as app:
        chosen, models = chosen_models(app, price_group)
        model, settings = models.load(), app.config.pricing.learning
        if model is None:
            raise UsageError("no demand model is in use", hint="`pricewatch model train` makes one")
        frame = learned(app.bench, market_frame(app.bench, chosen, [sku]))
    if not len(frame.products):
        raise UsageError(
            f"there is no product {sku!r} in the catalogue", hint="`pricewatch catalogue import` adds some"
        )
    currency = Currency.of(frame.currency)
    asked = frame.products
    points = demand_curve(frame, model, settings, 0) if model.find([sku])[0] >= 0 else ()
    rows = [
        (Money(point.price, currency), round(point.units, 3), round(point.low, 3), round(point.high, 3),
         round(point.profit / currency.unit, 2))
        for point in points
    ]  # fmt: skip
    columns = (Column("price", money=True), Column("units"), Column("low"), Column("high"), Column("profit"))
    beside = "beside what its rivals will probably ask, " if points and among_rivals(frame, 0) else ""
    title = f"Expected a day, {beside}with an 80 % band"
    call.out.table("curve", columns, rows, title=title)
    why = asked.optimal_why.values[asked.optimal_why.codes[0]] if asked.optimal_why else ""
    at = int(asked.optimal[0]) if asked.optimal is not None else 0
    price = Money(at, currency) if at > 0 else None
    call.out.record(
        "choice", {"sku": sku, "optimal": price.text if price else None, "why": why, "model": models.active()}
    )
    return call.finish(f"{sku}: {price or 'left to the rules'}", code=OK if points else FAILED)
