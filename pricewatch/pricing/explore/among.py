"""Products among rivals in a model: whose days are enough to learn from, what is learnt, and their contests again."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.special import xlogy

from pricewatch.pricing.demand.model import READY, DemandModel
from pricewatch.pricing.demand.panel import Floats
from pricewatch.pricing.demand.rivalry import MOST, Rivalry, Rivals
from pricewatch.pricing.explore.contest import Contest
from pricewatch.pricing.explore.rivals import GUESSES

FEW_DAYS, FEW_UNITS, PRODUCTS = 28, 50.0, 500
PAST, MISSES = 120, 12
_HELD_BACK = 0.25
_ENORMOUS, _USUAL, _RARE = 12.0, 10.0, 20


def with_rivals(model: DemandModel, histories: Mapping[str, Rivalry]) -> DemandModel:
    """The model with what the days of products (by SKU) tell of customers among rivals, for those that it may price:
    the PRODUCTS that sell most of those with enough sales, where that predicts the days held back no worse than a mean.
    """
    known = dict(zip(histories, model.find(tuple(histories)).tolist(), strict=True))
    each = {row: calm(histories[sku]) for sku, row in known.items() if row >= 0 and model.state[row] == READY}
    kept = sorted((row for row in each if enough(each[row])), key=lambda row: -float(each[row].units.sum()))
    found = {}
    for row in sorted(kept[:PRODUCTS]):
        unit, sku = float(model.reference[row]), model.goods.sku[row]
        contest = learnt(each[row], unit, sku)
        if contest is not None:
            found[row] = _kept(each[row], contest)
    return replace(model, rivals=_joined(found) if found else None)


def calm(days: Rivalry) -> Rivalry:
    """The same where a day counts no more than twelve usual ones and ten pieces, and what came back as nothing sold;
    usual is the mean of all days but the twentieth with most.
    """
    usual = np.sort(days.units)[: -max(1, len(days) // _RARE) or None]
    most = _ENORMOUS * max(float(usual.mean()) if len(usual) else 0.0, 0.0) + _USUAL
    return replace(days, units=np.clip(days.units, 0.0, most))


def enough(days: Rivalry) -> bool:
    """Whether a product was sold on enough days, enough of it, and beside a rival on half of them."""
    sold = days.days > 0.0
    beside = np.isfinite(days.theirs[sold]).any(axis=1) if days.theirs.shape[1] else np.zeros(0)
    return bool(sold.sum() >= FEW_DAYS and days.units.sum() >= FEW_UNITS and 2 * beside.sum() >= sold.sum())


def learnt(days: Rivalry, unit: float, sku: str) -> Contest | None:
    """The contest of a product after these days; None where the newest quarter is predicted worse than by a mean."""
    cut = round((1.0 - _HELD_BACK) * len(days))
    before, later = days.part(slice(0, cut)), days.part(slice(cut, len(days)))
    if not (enough(before) and (later.days > 0.0).any()):
        return None
    contest = Contest(0.0, 0.0, 1.0, days.theirs.shape[1], np.random.default_rng(zlib.crc32(sku.encode())))
    own, theirs = days.own / unit, _filled(days.own, days.theirs) / unit
    for day in range(len(days)):
        if day == cut:
            contest.segments.fit()
            if not _predicts(contest, before, later, unit):
                return None
            contest.segments.forget()
        contest.add(float(own[day]), theirs[day], float(days.units[day]), float(days.days[day]))
    contest.segments.fit()
    return contest


def _filled(own: Floats, theirs: Floats) -> Floats:
    """The same, with a price in the first line for rivals that came later: their first, or ours if they never came."""
    known = np.isfinite(theirs)
    first = np.take_along_axis(theirs, known.argmax(axis=0)[None], axis=0)
    first = np.where(np.isfinite(first), first, own[0])
    return np.concatenate([np.where(known[:1], theirs[:1], first), theirs[1:]])


def _predicts(contest: Contest, before: Rivalry, later: Rivalry, unit: float) -> bool:
    """Whether later days are predicted no worse than by the mean of those before, within its error."""
    there = later.days > 0.0
    said = np.maximum(contest.sold(later.own / unit, later.theirs / unit), 1e-9)[there] * later.days[there]
    usual = max(before.units.sum(), 1.0) / before.days.sum() * later.days[there]
    sold = later.units[there]
    gains = xlogy(sold, said / usual) - said + usual
    return bool(gains.sum() >= -gains.std() * len(gains) ** 0.5)


def _kept(days: Rivalry, contest: Contest) -> Rivals:
    """One product's part of the arrays."""
    rivals, watch = days.theirs.shape[1], contest.watch
    past = np.full((1, PAST, MOST + 1), np.nan)
    newest = watch.newest(PAST)
    past[0, PAST - len(newest) :, : rivals + 1] = newest
    wrong, misses = np.full((1, GUESSES, MOST), np.nan), np.full((1, MISSES, GUESSES, MOST), np.nan)
    wrong[0, :, :rivals] = watch.wrong
    if watch.missed:
        lately = np.array(watch.missed[-MISSES:])
        misses[0, -len(lately) :, :, :rivals] = lately
    names = np.array([[*days.names, *[""] * (MOST - rivals)]])
    return Rivals(np.zeros(1, dtype=np.int64), names, contest.segments.weight[None], past, wrong, misses)


def _joined(each: Mapping[int, Rivals]) -> Rivals:
    parts = [part.arrays() for part in each.values()]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Rivals.of({**joined, "rows": np.array(list(each), dtype=np.int64)})


def contest_of(learnt: Rivals, place: int, random: np.random.Generator, *, ahead: bool) -> Contest:
    """The contest of one product as it was when the model was trained; its cost and bounds are to be set."""
    rivals = int(np.isfinite(learnt.wrong[place, 0]).sum())
    contest = Contest(0.0, 0.0, 1.0, rivals, random, ahead, members=len(learnt.weight[place]))
    contest.segments.weight = np.array(learnt.weight[place])
    past = learnt.past[place][np.isfinite(learnt.past[place, :, 0])][:, : rivals + 1]
    misses = learnt.misses[place][np.isfinite(learnt.misses[place, :, 0, 0])][:, :, :rivals]
    contest.watch.resume(past, learnt.wrong[place][:, :rivals], misses)
    return contest
