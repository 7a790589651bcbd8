"""Which allowed price to ask next: earn where a gain is likely enough, learn where learning is cheap, else hold.

Where a category has many products, exploration is a design that they share (lessons.py); elsewhere it is Thompson's
(Biometrika 1933), tempered: the price that is best under the mean of a few drawn curves, not under one; with more draws
it comes closer to the best price of the expected curve. It stays in a budget of money.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricewatch.pricing.demand.curves import part, surroundings
from pricewatch.pricing.demand.model import STATES, DemandModel
from pricewatch.pricing.demand.panel import Flags, Floats, Ints
from pricewatch.pricing.demand.posterior import Posterior
from pricewatch.pricing.explore.ask import Ask, Policy
from pricewatch.pricing.explore.lessons import Lessons
from pricewatch.pricing.explore.options import TINY, Seen, seen_of

MODES = ("rules", "hold", "exploit", "explore")
RULES, HOLD, EXPLOIT, EXPLORE = range(len(MODES))
WHYS = (
    "its curve earns more at this price",
    "back towards its usual price: no longer likely enough to earn more than that",
    "a cheap trial to learn its curve",
    "no allowed price within the step is likely enough to earn more",
    "a trial would cost more than the budget for exploration has left",
    "a close substitute is on trial already",
    "it sells slowly: its last learned move is too recent to have taught anything",
    "too few sales to know its curve: the rules price it",
    "one price only was ever seen: the rules price it",
    "no sale of it at a known price is known: the rules price it",
    "the model knows no sale of it: the rules price it",
    "no cost is known, and the goal needs one: the rules price it",
    "no price is allowed: the rules price it",
    "its sales have left what the model expects: the rules price it",
    "the model does not predict better than each product's mean: the rules price it",
    "it is in a test of prices",
    "no budget for exploration is set, so nothing is tried",
    "the best answer to what its rivals will probably ask next",
    "the best answer to its rivals, what they will answer later included",
    "no price is likely enough to earn more among its rivals",
    "the price in force is far from all that it was sold at: the rules price it",
    "its category's sales do not follow prices as demand does: the rules price it",
    "what was lately paid for it is far from its price: the rules price it",
)  # kept by their place in records: new ones go to the end
(
    GAIN,
    HOME,
    TRIAL,
    UNLIKELY,
    DEAR,
    SUBSTITUTE,
    RECENT,
    THIN,
    FLAT,
    UNSOLD,
    UNKNOWN,
    COSTLESS,
    PRICELESS,
    DRIFTED,
    WEAK,
    TESTED,
    UNBUDGETED,
    ANSWER,
    AHEAD,
    STAY,
    STRANGE,
    CONTRARY,
    MISPRICED,
) = range(len(WHYS))
FAR = 1.25  # times the highest price that it was sold at, or that part of the lowest: a curve says nothing of it
_STATE_WHY = dict(zip(STATES, (GAIN, THIN, FLAT, UNSOLD, UNKNOWN, CONTRARY, MISPRICED), strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """One decision a product: the column of the chosen price, or -1 where rules (or the price in force) decide.

    `mode` counts into MODES, `why` into WHYS; `gain` is the probability that the chosen price (the best one where
    nothing moves) earns more than the one in force. Profits (of the goal's kind) and units are a day; NaN where the
    model makes no claim.
    """

    at: Ints
    mode: Ints
    why: Ints
    gain: Floats
    profit_now: Floats
    profit_new: Floats
    units_now: Floats
    units_new: Floats


def choose(model: DemandModel, ask: Ask, policy: Policy, random: np.random.Generator) -> Choices:
    """Decide for all products at once; whatever is not known well enough is left to the rules, with the reason."""
    known = np.maximum(ask.rows, 0)
    effect = surroundings(model, known, np.concatenate([ask.prices, ask.now[:, None]], axis=1), ask.context)
    reasons = np.array([_STATE_WHY[name] for name in STATES])[model.states(ask.rows)]
    reasons = np.where((reasons == GAIN) & ask.drifted, DRIFTED, reasons)
    reasons = np.where((reasons == GAIN) & strange(model, ask), STRANGE, reasons)
    lessons = Lessons.of(model.posterior, model.reference, model.goods.category, model.habits).part(known)
    believed = part(model.posterior, known)
    return propose(believed, model.reference[known], ask, effect, reasons, policy, lessons, random)


def strange(model: DemandModel, ask: Ask) -> Flags:
    """Which products have a price in force that is far from all that they were sold at."""
    known = np.maximum(ask.rows, 0)
    return np.asarray((ask.now > FAR * model.highest[known]) | (ask.now * FAR < model.lowest[known]))


def propose(
    believed: Posterior,
    reference: Floats,
    ask: Ask,
    effect: Floats,
    reasons: Ints,
    policy: Policy,
    lessons: Lessons,
    random: np.random.Generator,
) -> Choices:
    """The same from what is believed of each product; `effect` is the log effect of rivals and season at each price and
    at the one in force (n x m + 1), `reasons` is READY's where a product may be priced by its curve.
    """
    flat = (reasons == FLAT) & (policy.budget > 0.0)  # who pays for trials wants to learn just these
    reasons = _unpriceable(np.where(flat, GAIN, reasons), ask, policy)
    seen = seen_of(believed, reference, ask, effect, policy, lessons, random)
    best, tried = seen.best, seen.tried
    better = (best.worth > seen.now.worth + TINY) & ~flat
    mode, why = _modes(reasons, (best.gain >= policy.gate) & better, seen, ask, policy)
    leaving = seen.home & better & ((mode == HOLD) | (mode == EXPLORE)) & (why != RECENT)
    mode, why = np.where(leaving, EXPLOIT, mode), np.where(leaving, HOME, why)
    mode, why = np.where(flat & (mode == HOLD), RULES, mode), np.where(flat & (mode == HOLD), FLAT, why)
    at = np.select([mode == EXPLOIT, mode == EXPLORE], [best.at, tried.at], -1)
    claimed, trial = mode != RULES, mode == EXPLORE
    shown = (np.where(trial, getattr(tried, name), getattr(best, name)) for name in ("gain", "value", "units"))
    gain, value, units = (np.where(claimed, each, np.nan) for each in shown)
    now = (np.where(claimed, each, np.nan) for each in (seen.now.value, seen.now.units))
    return Choices(at, mode, why, gain, next(now), value, next(now), units)


def _unpriceable(reasons: Ints, ask: Ask, policy: Policy) -> Ints:
    costless = ~np.isfinite(ask.cost) & (policy.goal in {"profit", "profit with volume"})
    none = ~np.isfinite(ask.prices).any(axis=1) | ~np.isfinite(ask.now) | (ask.now <= 0.0)
    return np.select([reasons != GAIN, none, costless], [reasons, PRICELESS, COSTLESS], GAIN)


def _modes(reasons: Ints, sure: Flags, seen: Seen, ask: Ask, policy: Policy) -> tuple[Ints, Ints]:
    """Exploit where a gain is likely, explore where that is affordable, hold elsewhere; why, for each."""
    ready = (reasons == GAIN) & seen.open
    recent = (seen.now.units < policy.slow) & (ask.waiting < policy.slow_days)
    wanted = ready & ~sure & ~recent & seen.moves
    paid, blocked = _afforded(wanted & ~ask.busy, seen, ask, policy)
    blocked = blocked | (wanted & ask.busy)
    mode = np.select([~(reasons == GAIN), ready & sure & ~recent, paid], [RULES, EXPLOIT, EXPLORE], HOLD)
    why = np.select(
        [mode == RULES, mode == EXPLOIT, mode == EXPLORE, ready & recent, wanted & ask.tested, blocked, wanted],
        [reasons, GAIN, TRIAL, RECENT, TESTED, SUBSTITUTE, DEAR],
        UNLIKELY,
    )
    unpaid = policy.budget <= 0.0
    return mode, np.where(unpaid & np.isin(why, (SUBSTITUTE, DEAR)), UNBUDGETED, why)


def _afforded(wanted: Flags, seen: Seen, ask: Ask, policy: Policy) -> tuple[Flags, Flags]:
    """Trials in order of what they cost for what is at stake, until the budget is spent; one a group of substitutes."""
    loss = np.maximum(seen.now.worth - seen.tried.worth, 0.0)
    share = loss / np.maximum(np.nan_to_num(seen.now.value), TINY)
    cheap = np.flatnonzero(wanted & (loss <= seen.limit))
    order = cheap[np.argsort(share[cheap], kind="stable")]
    group = ask.group[order]
    _, first = np.unique(np.where(group < 0, -1 - np.arange(len(group)), group), return_index=True)
    alone = np.zeros(len(order), dtype=bool)
    alone[first] = True
    spent = np.cumsum(np.where(alone, loss[order], 0.0))
    paid, blocked = np.zeros(len(wanted), dtype=bool), np.zeros(len(wanted), dtype=bool)
    paid[order] = alone & (spent <= policy.budget) & (policy.budget > 0.0)  # without a budget not even a free one
    blocked[order] = ~alone
    return paid, blocked
