"""Tests of prices by lot: planned with what they can show and cost, started by a person, ended, and read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np

from pricewatch.domain.errors import UsageError
from pricewatch.domain.experiment import Experiment, ExperimentStatus, Lot
from pricewatch.domain.product import PriceGroup, Product, Sku
from pricewatch.pipeline.demand import sales_panel
from pricewatch.pipeline.learned import groups_of
from pricewatch.pipeline.market import market_frame
from pricewatch.pipeline.trials import on_trial, price_of
from pricewatch.pipeline.watching import kept
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.demand.panel import Floats, Ints, tidy
from pricewatch.pricing.engine import decide
from pricewatch.pricing.explore.experiment import Power, detectable, lots
from pricewatch.pricing.frame import MISSING, Bools, MarketFrame
from pricewatch.pricing.plan import PlanFrame
from pricewatch.pricing.trail import TESTED, Hold
from pricewatch.pricing.values import percent_text

DESIGNS = {"switchback": 1.0, "weeks": 0.25}  # the share of its weeks that a product leaves its usual price
PAST = 13  # weeks of sales that the power is told from
_ONLY_NOW = (Hold.NONE, Hold.DWELL, Hold.CHANGES, Hold.QUIET, Hold.LOOP, Hold.STEP)
_LEAST = 2  # products
_WORTH = 8.0  # weeks that the usual noise of all products counts
_ELASTICITY = 2.5  # assumed where no model knows better
_ENOUGH = 0.5  # of the step up and down together that limits and endings have to leave


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be tested: which products (all, or those of categories or SKUs), how far, how long, how many."""

    design: str = "switchback"
    weeks: int = 8
    step: int = 400
    worst: int = 1_000
    most: int = 0
    categories: tuple[str, ...] = ()
    skus: tuple[Sku, ...] = ()
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Design:
    """A test that can be kept: its lots, what it can show, what it costs, and why products are left out."""

    test: Experiment
    lots: tuple[Lot, ...]
    power: Power
    left_out: Mapping[str, int]

    @property
    def shows(self) -> bool:
        """Whether there is an effect that it would show."""
        return bool(np.isfinite(self.power.detectable))


@dataclass(frozen=True, slots=True)
class Started:
    """A test that will begin, with its lots, and why products that were planned are not among them."""

    test: Experiment
    lots: tuple[Lot, ...]
    left_out: Mapping[Sku, str]


def design(bench: Workbench, group: PriceGroup, wanted: Wanted, *, by: str) -> Design:
    """Plan a test, without keeping it; raises UsageError where it could show nothing."""
    if wanted.design not in DESIGNS:
        raise UsageError(f"there is no design {wanted.design!r}", hint=f"the designs are {', '.join(DESIGNS)}")
    frame = market_frame(bench, group)
    _let_through(bench, frame, wanted)
    left_out: Counter[str] = Counter()
    meant, why_not = _hindered(bench, group, frame, wanted)
    left_out.update(reason for reason in why_not[meant] if reason)
    rows = np.flatnonzero(meant & (why_not == ""))
    known = _Sold.of(bench, group, frame, rows)
    rows, known = _without(rows, known, known.units <= 0.0, f"not sold in the last {PAST} weeks", left_out)
    limit = wanted.most or int(len(frame.products) * bench.pricing.breakers.max_changed * 0.9 / 10_000)
    limit = limit if len(frame.products) >= bench.pricing.breakers.min_products or wanted.most else len(rows)
    order = np.argsort(-known.worth * known.units, kind="stable")
    chosen = np.sort(order[:limit])
    left_out["beyond the number of products that one plan may change"] += len(rows) - len(chosen)
    rows, known = rows[chosen], known.rows(chosen)
    if len(rows) < _LEAST:
        raise UsageError(f"{len(rows)} products can be tested, and a test needs {_LEAST}", hint=_reasons(left_out))
    off = max(2, round(wanted.weeks * DESIGNS[wanted.design]))
    power = detectable(known.units, off, wanted.step / 10_000, worth=known.worth, noise=known.noise, spread=0.0)
    made = _lots(bench, frame, rows, wanted, off)
    stated = _stated(wanted, known, power, off, left_out)
    test = Experiment(
        0, group.name, wanted.design, ExperimentStatus.PLANNED, wanted.weeks, wanted.step, wanted.worst,
        bench.clock.now(), by, stated=stated,
    )  # fmt: skip
    return Design(test, made, power, {reason: count for reason, count in left_out.items() if count})


def _let_through(bench: Workbench, frame: MarketFrame, wanted: Wanted) -> None:
    """Raise UsageError where the breakers would stop the plans of a test, as its prices change sides."""
    limits, step = bench.pricing.breakers, wanted.step / 10_000
    far = 2.0 if wanted.design == "switchback" else 1.0
    swing, most = far * step / (1.0 - step), limits.max_average_move / 10_000
    if len(frame.products) >= limits.min_products and swing > most:
        moved, limit = percent_text(round(10_000 * swing)), percent_text(limits.max_average_move)
        raise UsageError(
            f"prices that change sides would move by up to {moved}, and plans that move prices by more than {limit} on"
            " average are stopped",
            hint=f"--step {int(1_000 * most / (far + most)) / 10:g}% at most, or a larger max_average_move",
        )


def _reasons(left_out: Counter[str]) -> str:
    return "; ".join(f"{count}: {reason}" for reason, count in left_out.most_common(3) if count) or "look at the rules"


def _without(rows: Ints, known: _Sold, gone: Bools, reason: str, left_out: Counter[str]) -> tuple[Ints, _Sold]:
    left_out[reason] += int(gone.sum())
    return rows[~gone], known.rows(~gone)


# --- who


def _hindered(bench: Workbench, group: PriceGroup, frame: MarketFrame, wanted: Wanted) -> tuple[Bools, Any]:
    """Which rows are meant; why each cannot be tested, empty where its price can go both ways inside all guardrails."""
    products = frame.products
    names = np.array(products.category.values or ("",), dtype=object)[products.category.codes]
    meant = np.ones(len(products), dtype=np.bool_)
    if wanted.categories:
        meant &= np.isin(names, wanted.categories)
    if wanted.skus:
        meant &= np.array([sku in set(wanted.skus) for sku in products.sku], dtype=np.bool_)
    if not meant.any():
        raise UsageError("no product of the catalogue is meant", hint="look at --category and --sku")
    reasons = np.full(len(products), "", dtype=object)
    _mark(reasons, _taken(bench, group, frame), "it or a close substitute is in another test")
    _mark(reasons, products.current == MISSING, "no price is in force")
    _mark(reasons, products.cost == MISSING, "no cost is known")
    if products.announced is not None:
        _mark(reasons, products.announced != MISSING, "an announced reduction is under way")
    sides = [_tried(bench, frame, way, wanted.step) for way in (1, -1)]
    for side in sides:
        _mark(reasons, side.trail.part != TESTED, "no rule prices it, or it is frozen")
        held = ~np.isin(side.trail.hold, _ONLY_NOW)
        _mark(reasons, held, "limits hold its price")
    prices = [np.maximum(side.trail.price, 1) for side in sides]
    reached = np.log(prices[0] / prices[1]) >= _ENOUGH * 2.0 * wanted.step / 10_000
    _mark(reasons, ~reached, "limits and endings leave no two prices far enough apart")
    return meant, reasons


def _mark(reasons: Any, where: Bools, reason: str) -> None:
    reasons[where & (reasons == "")] = reason


def _tried(bench: Workbench, frame: MarketFrame, way: int, step: int) -> PlanFrame:
    """What the guardrails make of every price a step up (1) or down (-1), as if only the step limits did not count."""
    current = frame.products.current
    asked = np.where(current > 0, np.rint(np.maximum(current, 0) * (1.0 + way * step / 10_000)), MISSING)
    tested = replace(frame, products=replace(frame.products, trial=asked.astype(np.int64)))
    return decide(tested, bench.rulebook, bench.pricing)


def _taken(bench: Workbench, group: PriceGroup, frame: MarketFrame) -> Bools:
    """The products that a test has, and their close substitutes."""
    tested = sorted({lot.sku for _, lot in on_trial(bench, group.name)})
    size = len(frame.products)
    family = groups_of(bench, [*frame.products.sku, *tested])
    theirs = family[size:][family[size:] >= 0]
    mine = np.isin(np.array(frame.products.sku, dtype=object), tested)
    return np.asarray(mine | np.isin(family[:size], theirs))


@dataclass(frozen=True, slots=True, eq=False)
class _Sold:
    """Pieces a week, what one earns (minor units), the variance of weekly sales over that of counts, elasticity."""

    units: Floats
    worth: Floats
    noise: Floats
    price: Floats
    elasticity: Floats

    def rows(self, chosen: Ints | Bools) -> _Sold:
        return _Sold(*(getattr(self, name)[chosen] for name in ("units", "worth", "noise", "price", "elasticity")))

    @classmethod
    def of(cls, bench: Workbench, group: PriceGroup, frame: MarketFrame, rows: Ints) -> _Sold:
        skus = [frame.products.sku[row] for row in rows.tolist()]
        products = bench.store.catalogue.load().products
        table = _weekly(bench, group, skus)
        units = table.mean(axis=1)
        over = table.var(axis=1, ddof=1) / np.maximum(units, 1e-9)
        usual = float(np.median(over[units > 0.0])) if (units > 0.0).any() else 1.0
        noise = np.maximum(1.0, ((PAST - 1) * over + _WORTH * usual) / (PAST - 1 + _WORTH))
        price = frame.products.current[rows].astype(np.float64)
        worth = np.array([_worth(group, products.get(sku), each) for sku, each in zip(skus, price, strict=True)])
        return cls(units, worth, noise, price, _steepness(bench, group, skus))


def _worth(group: PriceGroup, product: Product | None, gross: float) -> float:
    found = kept(group, product, gross) if product is not None else 0.0
    return max(found, 0.0) if np.isfinite(found) else 0.0


def _weekly(bench: Workbench, group: PriceGroup, skus: Sequence[Sku]) -> Floats:
    """Pieces of each product in each of the last PAST weeks."""
    found = tidy(sales_panel(bench, group, weeks=PAST)).panel
    place = {sku: row for row, sku in enumerate(skus)}
    rows = np.array([place.get(sku, -1) for sku in found.goods.sku] or [-1], dtype=np.int64)
    table = np.zeros((len(skus), PAST))
    mine = rows[found.product] >= 0 if len(found) else np.zeros(0, dtype=np.bool_)
    np.add.at(table, (rows[found.product[mine]], found.period[mine]), found.units[mine])
    return table


def _steepness(bench: Workbench, group: PriceGroup, skus: Sequence[Sku]) -> Floats:
    """Each product's elasticity by the model in use; what is usual where it knows nothing."""
    from pricewatch.pricing.demand.curves import elasticity

    model = bench.demand_models(group.name).load()
    if model is None:
        return np.full(len(skus), -_ELASTICITY)
    rows = model.find(skus)
    known = elasticity(model, rows, model.reference[np.maximum(rows, 0)]).mean
    return np.where(rows >= 0, known, -_ELASTICITY)


# --- what, and what is said of it beforehand


def _lots(bench: Workbench, frame: MarketFrame, rows: Ints, wanted: Wanted, off: int) -> tuple[Lot, ...]:
    skus = [frame.products.sku[row] for row in rows.tolist()]
    family = groups_of(bench, skus)
    random = np.random.default_rng([wanted.seed, len(rows)])
    drawn = lots(len(rows), wanted.weeks, 1.0, random, family, off)
    letters = np.array(["-", "0", "+"])[np.sign(drawn).astype(np.int64) + 1]
    return tuple(
        Lot(sku, int(frame.products.current[row]), "".join(ways), int(group))
        for sku, row, ways, group in zip(skus, rows.tolist(), letters, family, strict=True)
    )


def _stated(wanted: Wanted, known: _Sold, power: Power, off: int, left_out: Counter[str]) -> dict[str, Any]:
    """What is said before the test begins, amounts in minor units."""
    usual = float((known.units * known.worth).sum())
    return {
        "products": len(known.units),
        "weeks_off": off,
        "units_a_week": round(float(known.units.sum()), 1),
        "profit_a_week": round(usual),
        "detectable": round(power.detectable, 4) if np.isfinite(power.detectable) else None,
        "elasticity_within": round(power.elasticity, 3) if np.isfinite(power.elasticity) else None,
        "cost": round(_cost(wanted, known, off)),
        "seed": wanted.seed,
        "left_out": sum(left_out.values()),
    }


def _cost(wanted: Wanted, known: _Sold, off: int) -> float:
    """The profit that the test is expected to cost (below 0: to bring), by the elasticities that are believed now."""
    step = wanted.step / 10_000
    change = np.zeros(len(known.units))
    for way in (1.0, -1.0):
        asked = 1.0 + way * step
        change += known.units * (asked**known.elasticity * (known.worth + way * step * known.price) - known.worth) / 2.0
    return -float(change.sum()) * off


# --- its life


def keep(bench: Workbench, found: Design) -> Experiment:
    """Keep a planned test; it changes no price."""
    number = bench.store.learning.plan_test(found.test, found.lots)
    detail = f"test {number}: {len(found.lots)} products, {found.test.weeks} weeks, {percent_text(found.test.step)}"
    bench.store.control.audit("price test planned", at=found.test.made_at, by=found.test.made_by, detail=detail)
    return replace(found.test, number=number)


def find(bench: Workbench, number: int) -> Experiment:
    """A test by its number; raises UsageError when there is none."""
    for test in bench.store.learning.tests():
        if test.number == number:
            return test
    raise UsageError(f"there is no price test {number}", hint="`pricewatch model experiment status` shows them")


def start(bench: Workbench, number: int, *, by: str) -> Started:
    """Let a planned test begin at the next midnight (UTC), at the prices in force now; whoever starts it approves its
    prices. Raises UsageError when it is not planned, when another test has its products or close substitutes, when
    half of its products are gone, or when a second person has to start it.
    """
    test = find(bench, number)
    if test.status is not ExperimentStatus.PLANNED:
        raise UsageError(f"price test {number} is {test.status}", hint="`pricewatch model experiment plan` makes one")
    limit = bench.pricing.four_eyes_above
    if limit is not None and 2 * test.step > limit and by.casefold() == test.made_by.casefold():
        raise UsageError(
            f"{by} has planned this test, and changes above {percent_text(limit)} need a second person",
            hint=f"pricewatch model experiment start {number} --by NAME",
        )
    fresh, left_out = _fresh(bench, test)
    begins = datetime.combine(bench.clock.now().astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    if not bench.store.learning.begin(number, begins=begins, by=by, lots=fresh):
        raise UsageError(f"price test {number} is not planned any more")
    bench.store.control.audit("price test started", at=bench.clock.now(), by=by, detail=f"test {number}")
    begun = replace(test, status=ExperimentStatus.RUNNING, begins=begins, started_by=by)
    return Started(begun, fresh, left_out)


def _fresh(bench: Workbench, test: Experiment) -> tuple[tuple[Lot, ...], dict[Sku, str]]:
    """The lots with the prices in force now, and what cannot be tested any more with the reason."""
    group = next(each for each in bench.groups if each.name == test.group)
    planned = bench.store.learning.lots(test.number)
    frame = market_frame(bench, group, [lot.sku for lot in planned])
    wanted = Wanted(test.design, test.weeks, test.step, test.worst)
    why_not = _hindered(bench, group, frame, wanted)[1] if len(frame.products) else ()
    known = dict(zip(frame.products.sku, why_not, strict=True))
    reasons = {lot.sku: str(known.get(lot.sku, "it has left the catalogue")) for lot in planned}
    left_out = {sku: reason for sku, reason in reasons.items() if reason}
    current = dict(zip(frame.products.sku, frame.products.current.tolist(), strict=True))
    found = tuple(replace(lot, base=current[lot.sku]) for lot in planned if lot.sku not in left_out)
    if 2 * len(found) < len(planned) or len(found) < _LEAST:
        why = _reasons(Counter(left_out.values()))
        raise UsageError(
            f"{len(left_out)} of {len(planned)} products cannot be tested any more: {why}",
            hint="`pricewatch model experiment plan` makes a new test",
        )
    return found, left_out


def stop(bench: Workbench, number: int, *, by: str, reason: str) -> Experiment:
    """End a test by hand; a planned one is dropped. Raises UsageError when it has ended already."""
    test = find(bench, number)
    status = ExperimentStatus.DROPPED if test.status is ExperimentStatus.PLANNED else ExperimentStatus.STOPPED
    at, words = bench.clock.now(), f"by {by}: {reason}" if reason else f"by {by}"
    if not bench.store.learning.finish(number, status, at=at, reason=words):
        raise UsageError(f"price test {number} has ended already: it is {test.status}")
    bench.store.control.audit(f"price test {status}", at=at, by=by, detail=f"test {number} {reason}".strip())
    return replace(test, status=status, ended_at=at, reason=words)


def this_week(test: Experiment, lots: Sequence[Lot], at: datetime) -> Counter[str]:
    """How many products ask the higher, the lower and the usual price now."""
    week = test.week(at)
    names = {1: "higher", -1: "lower", 0: "usual"}
    return Counter(names[lot.way(week)] for lot in lots) if 0 <= week < test.weeks else Counter()


def prices_of(test: Experiment, lot: Lot) -> tuple[int, int]:
    """The lower and the higher price of a lot, before endings and limits."""
    return price_of(lot, test, -1), price_of(lot, test, 1)
