"""All markets by name, with the strategies that can be judged in each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pricewatch.domain.errors import UsageError
from pricewatch.simulate.arms import EpsilonGreedy, ThompsonArms, Ucb1
from pricewatch.simulate.assortment import LEVELS as VOLUMES
from pricewatch.simulate.assortment import Assortment
from pricewatch.simulate.collusion import Audit, Trigger, static_nash
from pricewatch.simulate.competition import CROWD, DUOPOLY, Competition
from pricewatch.simulate.curves import GreedyOls, RankPoisson, certain, tempered, thompson
from pricewatch.simulate.estimators import dml, instrumented, ols, poisson
from pricewatch.simulate.fixed import RandomWalk, constant, incumbent, match, under_reset, undercut
from pricewatch.simulate.learned import learned, learned_ahead
from pricewatch.simulate.learned_panel import learned_elasticities
from pricewatch.simulate.marketplace import Marketplace, Thresholds, Wanderer
from pricewatch.simulate.panel import LEVELS as SALES
from pricewatch.simulate.panel import Estimator, Panels
from pricewatch.simulate.pooled import gated, pooled
from pricewatch.simulate.protocol import Make, Market
from pricewatch.simulate.static import LEVELS, Static

LEARNERS: Mapping[str, Make] = {
    "greedy-ols": GreedyOls,
    "epsilon-greedy": EpsilonGreedy,
    "ucb1": Ucb1,
    "thompson-arms": ThompsonArms,
    "thompson": thompson,
    "thompson-tempered": tempered,
    "certain": certain,
}
ALONE: Mapping[str, Make] = {"fixed": incumbent, "random-walk": RandomWalk, **LEARNERS, "learned": learned}
SHOP: Mapping[str, Make] = {**ALONE, "pooled": pooled, "pooled-gated": gated}
RIVALS: Mapping[str, Make] = {
    "fixed": incumbent,
    "match": match,
    "undercut": undercut,
    "under-reset": under_reset,
    "random-walk": RandomWalk,
    "greedy-ols": GreedyOls,
    "epsilon-greedy": EpsilonGreedy,
    "certain": certain,
}
COMPETING: Mapping[str, Make] = {
    **RIVALS, **LEARNERS, "thompson-rank": RankPoisson, "learned": learned, "learned-ahead": learned_ahead,
}  # fmt: skip
AUDITED: Mapping[str, Make] = {"nash": static_nash, "trigger": Trigger, **COMPETING}
RULES_OF_THUMB = ("fixed", "match", "undercut", "under-reset", "random-walk")
ESTIMATORS: Mapping[str, Estimator] = {
    "ols": ols,
    "poisson": poisson,
    "dml": dml,
    "cost": instrumented("cost"),
    "trials": instrumented("trial"),
    "cost-and-trials": instrumented("cost", "trial"),
    "learned": learned_elasticities,
}
RIVAL_SETS: Mapping[str, tuple[Make, ...]] = {
    "set 1": (Wanderer,) * 4,
    "set 2": (Thresholds(10.0, 5.0, 4.9),) * 4,
    "set 3": (Thresholds(9.0, 4.0, 3.9), Thresholds(12.0, 6.0, 5.9), constant(11.0), constant(13.0)),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One market of the catalogue: what it is, in which unit it scores, its levels (or none), how to build it."""

    name: str
    about: str
    unit: str
    levels: tuple[float, ...]
    build: Callable[[float], Market]
    strategies: Mapping[str, Any]
    lower_is_better: bool = False


def _duopolies(_: float) -> Market:
    return Competition({name: (rival,) for name, rival in RIVALS.items()}, DUOPOLY, COMPETING)


def _crowd(_: float) -> Market:
    return Competition({"four": (match, under_reset, GreedyOls, incumbent)}, CROWD, COMPETING)


def _shifting(_: float) -> Market:
    return Competition({name: (rival,) for name, rival in RIVALS.items()}, DUOPOLY, COMPETING, shift=True)


def _audit(_: float) -> Market:
    return Audit({"nash": static_nash, **{name: RIVALS[name] for name in RULES_OF_THUMB}}, AUDITED)


_OPTIMUM = "% of the best prices' profit"
_PROFIT = "profit a period"
ENTRIES = (
    Entry("S1", "one seller, one product", _OPTIMUM, LEVELS, lambda level: Static(level, ALONE), ALONE),
    Entry(
        "S1-overdispersed", "S1 with negative binomial sales", _OPTIMUM, LEVELS,
        lambda level: Static(level, ALONE, "negative binomial"), ALONE,
    ),
    Entry("S2", "an assortment of 160 products", _OPTIMUM, VOLUMES, lambda level: Assortment(level, SHOP), SHOP),
    Entry("S3", "eight duopolies, one against each rival", _PROFIT, (), _duopolies, COMPETING),
    Entry("S3b", "five sellers", _PROFIT, (), _crowd, COMPETING),
    Entry("S3c", "S3 with other customers after half of the time", _PROFIT, (), _shifting, COMPETING),
    Entry(
        "S4", "a marketplace of five firms, three sets of rivals", "revenue a time unit", (),
        lambda _: Marketplace(RIVAL_SETS, COMPETING), COMPETING,
    ),
    Entry("S5", "collusion audit: Delta of self-play", "Delta: 0 competition, 1 monopoly", (), _audit, AUDITED, True),
    Entry(
        "S6", "elasticities from a panel", "error of the elasticity", SALES,
        lambda level: Panels(level, ESTIMATORS), ESTIMATORS, True,
    ),
)  # fmt: skip
MARKETS: Mapping[str, Entry] = {entry.name: entry for entry in ENTRIES}


def market(name: str) -> Entry:
    """The market of this name; raises UsageError when there is none."""
    found = {known.lower(): entry for known, entry in MARKETS.items()}.get(name.lower())
    if found is None:
        raise UsageError(f"there is no market {name!r}", hint=f"markets: {', '.join(MARKETS)}")
    return found


def strategy(entry: Entry, name: str) -> Any:
    """The strategy of this name, or `fixed:PRICE`; raises UsageError when the market does not know it."""
    if name in entry.strategies:
        return entry.strategies[name]
    kind, _, price = name.partition(":")
    if kind == "fixed" and kind in entry.strategies and _positive(price):
        return constant(float(price))
    raise UsageError(
        f"{entry.name} has no strategy {name!r}", hint=f"strategies: {', '.join(entry.strategies)}, or fixed:PRICE"
    )


def _positive(text: str) -> bool:
    try:
        return 0.0 < float(text) < float("inf")
    except ValueError:
        return False
