"""What the demand model in use knows, as tables and as a page with curves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pricewatch.cli import options
from pricewatch.cli.call import Call
from pricewatch.cli.charts import COLOURS, Chart, Line, page, save_page, writable
from pricewatch.cli.named import group_named
from pricewatch.cli.opening import opened
from pricewatch.cli.output import Column
from pricewatch.cli.text import plural
from pricewatch.domain.errors import UsageError
from pricewatch.domain.money import Currency

if TYPE_CHECKING:
    from pricewatch.bootstrap import App
    from pricewatch.domain.product import PriceGroup
    from pricewatch.pipeline.demand_models import DemandModels
    from pricewatch.pipeline.reporting import Told

PriceGroupName = Annotated[
    str, options.option("--group", env=False, metavar="NAME", help="The price group. [default: the first one]")
]
_Html = Annotated[Path | None, options.option("--html", env=False, metavar="FILE", help="Draw curves into a page.")]
_CATEGORIES = ("category", "elasticity", "low", "high", "products")


def chosen_models(app: App, name: str) -> tuple[PriceGroup, DemandModels]:
    """A price group with its models; raises UsageError for a group that is none."""
    from pricewatch.bootstrap import MODELS
    from pricewatch.pipeline.demand_models import DemandModels

    chosen = group_named(app, name)
    return chosen, DemandModels(app.config.folder / MODELS, chosen.name)


def report(call: Call, *, price_group: PriceGroupName = "", html: _Html = None) -> int:
    """Show what the model in use knows: elasticities, states of products, and what sells unlike it lately."""
    from pricewatch.pipeline.demand import sales_panel
    from pricewatch.pipeline.reporting import told_of

    writable(html)
    with opened(call) as app:
        group, models = chosen_models(app, price_group)
        model = models.load()
        if model is None:
            raise UsageError("no demand model is in use", hint="`pricewatch model train` makes one")
        panel = sales_panel(app.bench, group, weeks=app.config.pricing.learning.weeks)
    if not len(panel):
        raise UsageError("no sale is known", hint="`pricewatch sales import FILE` brings some")
    told = told_of(model, panel, Currency.of(group.currency).unit, models.twin())
    columns = [Column(name) for name in _CATEGORIES]
    call.out.table("category", columns, told.categories, title="Usual elasticities, 80 % intervals")
    call.out.table("state", [Column("state"), Column("products")], told.states, title="Products", aside=True)
    columns = [Column("sku"), Column("sold_over_expected"), Column("off")]
    call.out.table("drift", columns, told.drifted, title="Lately unlike the model", aside=True)
    columns = [Column("tenth"), Column("expected"), Column("sold")]
    lift = [(at, round(mean, 1), round(sold, 1)) for at, (mean, sold) in enumerate(told.lift, start=1)]
    title = (
        f"Pieces by tenths of what was expected, {plural(told.held_back, 'week')} that the model's twin has not seen"
    )
    call.out.table("lift", columns, lift, title=title, aside=True)
    if html is not None:
        save_page(html, _drawn(models.active(), told))
    step = f"open {html}" if html else "add --html FILE to see the curves"
    text = f"{models.active()}: {plural(len(told.drifted), 'product')} drifted"
    return call.finish(text, next_step=step, drifted=len(told.drifted))


def _drawn(name: str, told: Told) -> str:
    charts = [*_watched(told), *_curves(told)]
    rows = [[str(cell) for cell in row] for row in told.categories]
    held_back, drifted = plural(told.held_back, "week"), plural(len(told.drifted), "product")
    lead = (
        "What was learnt of demand: usual elasticities by category, how well it predicts, and the curves of what sells "
        f"most. Of what was expected in the last {held_back}, which the model's twin has not seen, "
        f"{told.calibration:.0%} was sold; the sales of {drifted} have left the model lately."
    )
    return page(f"Demand model {name}", lead, list(_CATEGORIES), rows, charts)


def _watched(told: Told) -> list[Chart]:
    """Pieces by tenths of what was expected, and what was sold beside what was expected week by week."""
    expected, sold = ([pair[side] for pair in told.lift] for side in (0, 1))
    ratio = [sold / mean if mean > 0 else None for mean, sold in told.weeks]
    return [
        Chart("Pieces by tenths of what was expected", [Line("expected", expected, COLOURS[0]),
              Line("sold", sold, COLOURS[1])], "lowest tenth", "highest tenth"),
        Chart("Pieces a week", [Line("expected", [mean for mean, _ in told.weeks], COLOURS[0]),
              Line("sold", [sold for _, sold in told.weeks], COLOURS[1])], "first week", "last week"),
        Chart("Residuals: sold over expected, by week", [Line("sold over expected", ratio, COLOURS[0]),
              Line("as expected", [1.0] * len(ratio), COLOURS[1])], "first week", "last week"),
    ]  # fmt: skip


def _curves(told: Told) -> list[Chart]:
    return [
        Chart(
            f"{curve.sku}: pieces a day at each price",
            [
                Line("expected", curve.units, COLOURS[0]),
                Line("80 % band, low", curve.low, COLOURS[1]),
                Line("80 % band, high", curve.high, COLOURS[1]),
            ],
            curve.first,
            curve.last,
            curve=True,
        )
        for curve in told.curves
    ]
