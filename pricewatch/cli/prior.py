"""The prior price of a reduction, and the way back to earlier prices."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from pricewatch.cli import options
from pricewatch.cli.call import FINDINGS, OK, Call, command
from pricewatch.cli.opening import locked, opened
from pricewatch.cli.output import Column
from pricewatch.cli.plans import show_plan
from pricewatch.cli.text import plural
from pricewatch.domain.errors import UsageError
from pricewatch.domain.money import Money

if TYPE_CHECKING:
    from pricewatch.pipeline.prior import PriorPriceReport

_Channel = Annotated[
    str,
    options.option(
        "--channel", env=False, metavar="NAME", help="What this channel has shown. [default: the price list]"
    ),
]
_Group = Annotated[str, options.option("--group", env=False, metavar="NAME", help="The price group. [default: all]")]
_On = Annotated[
    str, options.option("--on", env=False, metavar="DATE", help="The day that the reduction begins. [default: now]")
]
_Promotional = Annotated[
    str, options.option("--price", env=False, metavar="AMOUNT", help="The reduced price: may it be announced?")
]
_Run = Annotated[int | None, options.argument("RUN", "The run of `publish` to undo, as `status` shows it.")]
_To = Annotated[
    int | None, options.option("--to", env=False, metavar="VERSION", min=1, help="Back to this price list version.")
]
_OnlySkus = Annotated[
    list[str] | None, options.option("--sku", env=False, metavar="SKU", help="Only this product; may be repeated.")
]

_CHANGES = (Column("group"), Column("since"), Column("price", money=True), Column("announced"), Column("source"))


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    command(app, "prior-price")(prior_price)
    command(app, "rollback", locks=True)(rollback)


def prior_price(
    call: Call,
    sku: options.Sku,
    *,
    channel: _Channel = "",
    price_group: _Group = "",
    on: _On = "",
    price: _Promotional = "",
    exit_code: options.ExitCode = False,
) -> int:
    """Show the lowest price of the 30 days before a reduction, which the law wants beside every announced one."""
    from pricewatch.pipeline.prior import prior_price_of

    with opened(call) as app:
        found = prior_price_of(app.bench, sku, group=price_group or None, channel=channel, on=_day(on))
    allowed = [_told(call, report, price) for report in found]
    changes = [
        (report.group, own.since, own.gross, own.announced, own.source) for report in found for own in report.changes
    ]
    call.out.table("price_change", _CHANGES, changes, title="Our prices in the window", aside=True)
    code = FINDINGS if exit_code and not all(allowed) else OK
    return call.finish(
        _verdict(found, allowed, price), code=code, next_step=f"pricewatch history {sku}", groups=len(found)
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(f"--on: {text!r} is no date", hint="write it as 2026-12-31") from None


def _told(call: Call, report: PriorPriceReport, price: str) -> bool:
    """Print one group's prior price; whether the reduction (or any) may be announced."""
    reduced = _amount(price, report)
    allowed = report.price is not None and (reduced is None or Money(0, report.price.currency) < reduced < report.price)
    fields: dict[str, object] = {
        "sku": report.sku,
        "group": report.group,
        "channel": report.channel or "price list",
        "country": report.country,
        "reduction_begins": report.effective,
        "first_day": report.first_day.isoformat(),
        "last_day": report.last_day.isoformat(),
        "prior_price": report.price,
        "why": report.reason,
        "price_now": report.current,
    }
    if reduced is not None:
        fields |= {"reduced_price": reduced, "may_be_announced": allowed}
    call.out.record("prior_price", fields)
    return allowed


def _amount(price: str, report: PriorPriceReport) -> Money | None:
    known = report.price or report.current
    if not price or known is None:
        return None
    try:
        return Money.parse(price.replace(",", "."), known.currency.code)
    except ValueError:
        raise UsageError(f"--price: {price!r} is no amount", hint="write it as 129.00") from None


def _verdict(found: tuple[PriorPriceReport, ...], allowed: list[bool], price: str) -> str:
    if not found:
        return "no price group has this channel"
    unknown = sum(report.price is None for report in found)
    if unknown:
        return f"no prior price in {plural(unknown, 'price group')}: nothing may be announced there"
    if price and not all(allowed):
        return "not below the prior price: this may not be announced as a reduction"
    return "an announced reduction names this prior price, and its price lies below it"


def rollback(
    call: Call,
    run: _Run = None,
    *,
    to: _To = None,
    skus: _OnlySkus = None,
    reason: options.Reason = "",
    limit: options.MostRows = None,
    all_rows: options.AllRows = False,
) -> int:
    """Make a plan that goes back to earlier prices: before a run, or of a price list version.

    It is approved and applied like any other plan. Step limits and the smallest change do not hold it, today's floors
    do. The next plan asks for the rules' prices again: edit the rules first, or freeze the products.
    """
    from pricewatch.pipeline.rollback import rollback as use_case
    from pricewatch.pipeline.rollback import version_of_run

    if run is not None and to is not None:
        raise UsageError(
            "a run or a version, not both", hint="`pricewatch rollback RUN` or `pricewatch rollback --to 7`"
        )
    with locked(call) as app:
        undo = version_of_run(app.bench, run) if run is not None else None
        made = use_case(app.bench, to=to, undo=undo, skus=skus, reason=reason)
    call.out.say("the next plan asks for the rules' prices again: edit the rules first, or freeze these products")
    return show_plan(
        call, made.plan, made.decisions, made.report.set_aside, everything=True, limit=limit, all_rows=all_rows,
        exit_code=False,
    )  # fmt: skip
