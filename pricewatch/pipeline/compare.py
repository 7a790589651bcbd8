"""Two plans of one market side by side: other rules, or another market. Nothing is saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pricewatch.domain.decision import Breaker, Outcome, Proposal
from pricewatch.domain.errors import UsageError
from pricewatch.domain.product import Sku
from pricewatch.located import did_you_mean
from pricewatch.pipeline.hygiene import believed
from pricewatch.pipeline.market import market_frame, whole_families
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.engine import decide
from pricewatch.pricing.frame import MISSING, Bools, Ints, MarketFrame
from pricewatch.pricing.history import only
from pricewatch.pricing.plan import PlanFrame
from pricewatch.pricing.rules import RuleBook

WHOLE = 10_000  # basis points


@dataclass(frozen=True, slots=True)
class Difference:
    """What one product would get one way and the other."""

    before: Proposal
    after: Proposal


@dataclass(frozen=True, slots=True)
class Comparison:
    """Where two plans differ, how many of each outcome either has, and what would stop the second one."""

    products: int
    differences: tuple[Difference, ...]
    before: Counter[Outcome] = field(default_factory=Counter)
    after: Counter[Outcome] = field(default_factory=Counter)
    breakers: tuple[Breaker, ...] = ()


@dataclass(frozen=True, slots=True)
class Shock:
    """What shall be different in the market: rivals' prices moved or gone, our costs moved (all in basis points).

    `rivals` are names of sites or sellers in any case; none means all rivals.
    """

    rivals: tuple[str, ...] = ()
    price: int = 0
    gone: bool = False
    cost: int = 0


def rule_diff(bench: Workbench, book: RuleBook, skus: Sequence[Sku] | None = None) -> Comparison:
    """What would change if these rules replaced the live ones, on the market as it is now."""
    parts = []
    wanted = whole_families(bench, skus, book)
    readings = believed(bench, wanted)
    for group in bench.groups:
        frame = market_frame(bench, group, wanted, readings, other=book)
        before, after = decide(frame, bench.rulebook, bench.pricing), decide(frame, book, bench.pricing)
        parts.append(_compared(before, after, skus))
    return _joined(parts, skus)


def what_if(bench: Workbench, shock: Shock, skus: Sequence[Sku] | None = None) -> Comparison:
    """What the live rules would do if the market were different; raises UsageError for a rival that nobody is."""
    wanted = whole_families(bench, skus)
    readings = believed(bench, wanted)
    frames = [market_frame(bench, group, wanted, readings) for group in bench.groups]
    _refuse_strangers(shock, frames)
    rules, limits = bench.rulebook, bench.pricing
    parts = [
        _compared(decide(frame, rules, limits), decide(_shocked(frame, shock), rules, limits), skus) for frame in frames
    ]
    return _joined(parts, skus)


def _compared(before: PlanFrame, after: PlanFrame, skus: Sequence[Sku] | None) -> Comparison:
    """Compare what was asked for; relatives that were taken along stay unmentioned."""
    asked = None if skus is None else frozenset(skus)
    pairs = zip(before.proposals(), after.proposals(), strict=True)
    chosen = [(one, two) for one, two in pairs if asked is None or one.sku in asked]
    differences = tuple(Difference(one, two) for one, two in chosen if _result(one) != _result(two))
    now, then = Counter(one.outcome for one, _ in chosen), Counter(two.outcome for _, two in chosen)
    return Comparison(len(chosen), differences, now, then, after.breakers)


def _result(proposal: Proposal) -> tuple[object, ...]:
    """What a reader of two plans cares for: the price that would be in force, and whether something holds it."""
    return proposal.outcome is Outcome.HOLD, proposal.proposed or proposal.current


def _joined(parts: Sequence[Comparison], skus: Sequence[Sku] | None) -> Comparison:
    products = sum(part.products for part in parts)
    if skus and products < len(set(skus)) * len(parts):
        raise UsageError("not every named product is in the catalogue", hint="`pricewatch catalogue import` adds some")
    return Comparison(
        products,
        tuple(difference for part in parts for difference in part.differences),
        sum((part.before for part in parts), Counter[Outcome]()),
        sum((part.after for part in parts), Counter[Outcome]()),
        tuple(breaker for part in parts for breaker in part.breakers),
    )


# --- another market --------------------------------------------------------------------------------------------


def _shocked(frame: MarketFrame, shock: Shock) -> MarketFrame:
    hit = _hit(frame, shock.rivals)
    offers = frame.offers
    if shock.price:
        offers = replace(offers, price=np.where(hit, np.maximum(_moved(offers.price, shock.price), 1), offers.price))
    if shock.gone:
        offers = only(offers, ~hit)
    products = frame.products
    if shock.cost:
        products = replace(products, cost=_moved(products.cost, shock.cost))
    return replace(frame, offers=offers, products=products)


def _hit(frame: MarketFrame, rivals: tuple[str, ...]) -> Bools:
    """The offers of these rivals, never our own."""
    others = ~frame.offers.own
    if not rivals:
        return others
    wanted = {name.casefold() for name in rivals}
    named = np.zeros(len(frame.offers), dtype=np.bool_)
    for text in (frame.offers.site, frame.offers.seller):
        chosen = np.array([value.strip().casefold() in wanted for value in text.values], dtype=np.bool_)
        named |= chosen[text.codes]
    return others & named


def _moved(amounts: Ints, move: int) -> Ints:
    """Amounts moved by basis points, halves up; unknown stays unknown."""
    known = amounts != MISSING
    whole = np.where(known, amounts, 0) * (WHOLE + move)
    return np.where(known, (2 * whole + WHOLE) // (2 * WHOLE), MISSING)


def _refuse_strangers(shock: Shock, frames: Sequence[MarketFrame]) -> None:
    known = {name.strip().casefold(): name for frame in frames for name in _names(frame)}
    for rival in shock.rivals:
        if rival.casefold() not in known:
            near = did_you_mean(rival.casefold(), known)
            hint = f"did you mean {known[near]}?" if near else "`pricewatch status` shows the sites"
            raise UsageError(f"nobody named {rival!r} offers any of these products", hint=hint)


def _names(frame: MarketFrame) -> Iterator[str]:
    yield from frame.offers.site.values
    yield from frame.offers.seller.values
