"""What the demand model said of a price: its curve with the band, profits, elasticity, the data, and the choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pricewatch.cli.call import Call
from pricewatch.cli.output import Column, Row
from pricewatch.domain.money import Currency, Money

if TYPE_CHECKING:
    from pricewatch.pipeline.insight import GroupExplanation
    from pricewatch.ports import LearntRow

_CURVE = (
    Column("group", machine=True),
    Column("plan", machine=True),
    Column("price", money=True),
    Column("units"),
    Column("low"),
    Column("high"),
    Column("profit"),
)


def show_learnt(call: Call, part: GroupExplanation) -> None:
    """Show what the model said for the decision, or where it was not asked for that, what it says now."""
    chosen, plan = (part.said, part.decided.plan if part.decided else 0) if part.said else (part.says, 0)
    if chosen is not None:
        show_record(call, chosen, part.group.currency, plan)


def show_record(call: Call, chosen: LearntRow, code: str, plan: int = 0) -> dict[str, Any]:
    """Show one record; returns it in words and numbers."""
    from pricewatch.pricing.explore.record import unpacked  # brings scipy

    said, currency = unpacked(chosen.record), Currency.of(code)
    if not said:
        return {}
    rows = [_point(chosen.group, plan, point, currency) for point in said["curve"]]
    when = f"in plan {plan}" if plan else "now"
    title = f"Demand ({chosen.group}) {when}: expected pieces a day with an 80 % band, and profit"
    if rows:
        call.out.table("curve", _CURVE, rows, title=title, aside=True)
    told = {"group": chosen.group, "plan": plan or None, "model": chosen.model, **_told(said, currency)}
    call.out.record("learnt", told)
    return said


def _point(group: str, plan: int, point: dict[str, Any], currency: Currency) -> Row:
    price = Money(round(point["price"]), currency)
    units = [None if point[name] is None else round(point[name], 3) for name in ("units", "low", "high")]
    return (group, plan or None, price, *units, _major(point["profit"], currency))


def _told(said: dict[str, Any], currency: Currency) -> dict[str, Any]:
    interval = [said[name] for name in ("elasticity", "elasticity_low", "elasticity_high")]
    steep = None if interval[0] is None else "{:.2f} ({:.2f} to {:.2f}, 80 %)".format(*interval)
    named = {name: _major(said[name], currency) for name in ("price_now", "price_new", "profit_now", "profit_new")}
    data = (
        f"{said['units']:.0f} pieces in {said['periods']:.0f} rows at "
        f"{_major(said['lowest'], currency)} to {_major(said['highest'], currency)}"
        if said["lowest"] is not None and said["units"] is not None
        else "none"
    )
    moved = "prices that moved by themselves" if said["instruments"] else "what prices did: no causal claim"
    return {
        "choice": said["mode"], "reason": said["why"], **named, "units_now": said["units_now"],
        "units_new": said["units_new"], "probability_of_gain": said["gain"], "elasticity": steep,
        "usual_price": _major(said["home"], currency), "data": data, "identified_by": moved,
        "substitutes_count": said["substitutes"], "lowest_rival_expected": _major(said["rival"], currency),
    }  # fmt: skip


def _major(value: float | None, currency: Currency) -> float | None:
    return None if value is None else round(value / currency.unit, 2)
