"""The demand model of a shop: trained on a panel, kept as plain arrays with a manifest and a hash, asked for curves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pricewatch.domain.errors import UsageError
from pricewatch.pricing.demand.challenger import Challenger
from pricewatch.pricing.demand.controls import (
    GAP,
    RANK,
    Controls,
    columns,
    learn_controls,
    middle_of,
)
from pricewatch.pricing.demand.instruments import INSTRUMENTS, FirstStage, first_stage
from pricewatch.pricing.demand.panel import Flags, Floats, Goods, Ints, SalesPanel, tidy
from pricewatch.pricing.demand.posterior import USUAL, Habits, Posterior, Prior, believe
from pricewatch.pricing.demand.rivalry import Rivals
from pricewatch.pricing.demand.shapes import Evidence, Shapes

FORMAT = 1
STATES = ("ready", "thin", "flat", "unsold", "unknown", "contrary", "mispriced")  # kept by their place in files
READY, THIN, FLAT, UNSOLD, UNKNOWN, CONTRARY, MISPRICED = range(len(STATES))
Arrays = Mapping[str, npt.NDArray[Any]]
_AGAIN = "train a new one: pricewatch model train"
_ROUNDS, _NOISE_WORTH = 4, 20.0
_BATCH = 400_000  # rows at a time: memory stays small


@dataclass(frozen=True, slots=True)
class Training:
    """How a model is trained: what counts as enough data, how fast the past fades, which instruments may be used.

    A product with fewer than `few_units` sold or `few_periods` on sale is thin; `half_life` is in days (0: no fading).
    """

    prior: Prior = USUAL
    few_units: float = 5.0
    few_periods: int = 8
    half_life: float = 0.0
    instruments: tuple[str, ...] = INSTRUMENTS


@dataclass(frozen=True, slots=True, eq=False)
class DemandModel:
    """What was learnt of every product: the posterior of its curve, and of every category: habits and controls.

    Per product: `reference` price, units, periods on sale, the distinct prices' spread, noise, state (see STATES).
    """

    goods: Goods
    posterior: Posterior
    habits: Habits
    controls: Controls
    reference: Floats
    units: Floats
    periods: Floats
    lowest: Floats
    highest: Floats
    noise: Floats
    state: Ints
    strength: Floats
    set_aside: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    challenger: Challenger | None = None
    rivals: Rivals | None = None

    def __len__(self) -> int:
        return len(self.goods)

    def find(self, skus: Sequence[str]) -> Ints:
        """The row of each SKU, -1 where the model has never seen it."""
        rows = {sku: row for row, sku in enumerate(self.goods.sku)}
        return np.array([rows.get(sku, -1) for sku in skus], dtype=np.int64)

    def states(self, rows: Ints) -> Ints:
        """Whether each product can be priced by the model: a number into STATES."""
        return np.where(rows < 0, UNKNOWN, self.state[np.maximum(rows, 0)])

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything learnt as plain numbers, for `numpy.savez`."""
        found = {name: getattr(self, name) for name in _PLAIN}
        for part in ("habits", "controls"):
            kept = getattr(self, part)
            found |= {f"{part}/{name}": np.asarray(getattr(kept, name)) for name in kept.__dataclass_fields__}
        shapes, posterior = self.posterior.shapes, self.posterior
        found |= {"shapes/elasticities": shapes.elasticities, "shapes/bends": shapes.bends}
        found |= {f"posterior/{name}": getattr(posterior, name) for name in ("weight", "level", "known")}
        for part, kept in (("challenger", self.challenger), ("rivals", self.rivals)):
            beside = kept.arrays() if kept is not None else {}
            found |= {f"{part}/{name}": values for name, values in beside.items()}
        return found | {"category": self.goods.category}

    @property
    def hash(self) -> str:
        """SHA-256 over names and arrays."""
        return _hash(self.goods, self.arrays())

    def manifest(self) -> dict[str, Any]:
        """What the arrays are of, as JSON: products, categories, notes, and the hash that proves them whole."""
        return {
            "format": FORMAT,
            "skus": list(self.goods.sku),
            "categories": list(self.goods.categories),
            "set_aside": dict(self.set_aside),
            "notes": dict(self.notes),
            "hash": self.hash,
        }

    @classmethod
    def of(cls, arrays: Arrays, manifest: Mapping[str, Any]) -> DemandModel:
        """Put a model together again; raises UsageError when it is of another format or was changed."""
        if manifest.get("format") != FORMAT:
            raise UsageError("this demand model is of another format", hint=_AGAIN)
        try:
            model = _assembled(arrays, manifest)
            whole = _hash(model.goods, arrays) == manifest["hash"]
        except (KeyError, TypeError, ValueError, AttributeError):
            whole = False
        if not whole:
            raise UsageError("this demand model is damaged: its hash does not fit", hint=_AGAIN)
        return model


_PLAIN = ("reference", "units", "periods", "lowest", "highest", "noise", "state", "strength")


def _hash(goods: Goods, arrays: Arrays) -> str:
    found = hashlib.sha256(json.dumps([FORMAT, list(goods.sku), list(goods.categories)]).encode())
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        found.update(f"{name} {values.dtype.str} {values.shape}".encode())
        found.update(values.tobytes())
    return found.hexdigest()


def _assembled(arrays: Arrays, manifest: Mapping[str, Any]) -> DemandModel:
    parts = {
        part: {name.partition("/")[2]: arrays[name] for name in arrays if name.startswith(f"{part}/")}
        for part in ("habits", "controls", "shapes", "posterior", "challenger", "rivals")
    }
    middle = float(parts["controls"].pop("middle"))
    goods = Goods(tuple(manifest["skus"]), arrays["category"], tuple(manifest["categories"]))
    return DemandModel(
        goods,
        Posterior(Shapes(**parts["shapes"]), **parts["posterior"]),
        Habits(**parts["habits"]),
        Controls(**parts["controls"], middle=middle),
        **{name: arrays[name] for name in _PLAIN},
        set_aside=manifest["set_aside"],
        notes=manifest["notes"],
        challenger=Challenger.of(parts["challenger"]) if parts["challenger"] else None,
        rivals=Rivals.of(parts["rivals"]) if parts["rivals"] else None,
    )


def train(raw: SalesPanel, settings: Training | None = None, *, now: int | None = None) -> DemandModel:
    """Learn every product's demand curve from a panel; rows that cannot be are set aside and counted in the model."""
    chosen = settings or Training()
    tidied = tidy(raw, now=now)
    found, size = tidied.panel, len(raw.goods)
    reference = _reference(found)
    relative = found.price / reference[found.product]
    stage = _stage(found, relative, chosen)
    controls = learn_controls(found, relative, stage.residual)
    weight = _freshness(found, chosen)
    exposure, noise = _exposure(found, relative, stage.residual, controls, weight)
    evidence = Evidence.of(found.product, relative, found.units * weight, exposure, size)
    category = raw.goods.category
    lasting = noise * controls.memory[category]
    start = Habits.usual(len(raw.goods.categories), chosen.prior)
    pinned = _pinned(controls, stage)
    posterior, habits = believe(
        evidence, category, start, prior=chosen.prior, noise=lasting, rounds=_ROUNDS, pinned=pinned
    )
    counts = _counts(found, size)
    return DemandModel(
        raw.goods, _compact(posterior), habits, controls, reference, *counts, lasting, _state(counts, chosen),
        stage.strength, tidied.set_aside,
    )  # fmt: skip


def _compact(posterior: Posterior) -> Posterior:
    return replace(posterior, weight=posterior.weight.astype(np.float32), level=posterior.level.astype(np.float32))


def _reference(found: SalesPanel) -> Floats:
    """Each product's usual price: the mean of log prices by time; 1 for those that were never on sale."""
    size = len(found.goods)
    days = np.bincount(found.product, found.days, size)
    logs = np.bincount(found.product, found.days * np.log(found.price), size)
    return np.asarray(np.exp(np.divide(logs, days, out=np.zeros(size), where=days > 0.0)))


def _stage(found: SalesPanel, relative: Floats, settings: Training) -> FirstStage:
    moved = np.isfinite(found.cost).any() or np.any(found.trial)
    if not moved or not settings.instruments:
        size = len(found.goods.categories)
        return FirstStage(np.zeros(len(found)), np.zeros(size), ((),) * size)
    exogenous = columns(found, np.ones_like(relative), middle_of(found))
    cheapest = np.nan_to_num(np.log(found.cheapest), nan=0.0)
    exogenous[:, GAP], exogenous[:, RANK] = cheapest, 0.0
    return first_stage(found, relative, exogenous, settings.instruments)


def _pinned(controls: Controls, stage: FirstStage) -> Floats | None:
    """Categories' log elasticities (mean, variance) where prices moved for reasons of their own."""
    if not stage.usable.any():
        return None
    slope = np.maximum(-controls.beta[:, 0], 0.3)
    return np.where(
        stage.usable[:, None], np.stack([np.log(slope), (controls.variance[:, 0]) / slope**2], axis=1), np.nan
    )


def _freshness(found: SalesPanel, settings: Training) -> Floats:
    if not settings.half_life or not len(found):
        return np.ones(len(found))
    age = found.period_days * (found.period.max() - found.period)
    return np.asarray(0.5 ** (age / settings.half_life))


def _exposure(
    found: SalesPanel, relative: Floats, residual: Floats, controls: Controls, weight: Floats
) -> tuple[Floats, Floats]:
    """Days on sale by what they would have sold without controls, and each product's noise."""
    size = len(found.goods)
    exposure, expected = np.empty(len(found)), np.empty(len(found))
    for start in range(0, len(found), _BATCH):
        part = slice(start, start + _BATCH)
        rows = found.rows(np.arange(*part.indices(len(found))))
        made = columns(rows, relative[part], controls.middle, residual[part])
        member = found.goods.category[rows.product]
        other = np.exp(np.clip(controls.effect(made, member), -10.0, 10.0))
        exposure[part] = rows.days * other * weight[part]
        expected[part] = rows.days * other * relative[part] ** controls.beta[member, 0]
    totals = [np.bincount(found.product, values, size) for values in (found.units, expected)]
    rate = totals[0] / np.maximum(totals[1], 1e-12)
    away = np.bincount(found.product, (found.units - rate[found.product] * expected) ** 2, size)
    free = np.maximum(np.bincount(found.product, minlength=size) - 1.0, 0.0)
    mean = totals[0] / np.maximum(free + 1.0, 1.0)
    usual = controls.noise[found.goods.category]
    over = np.divide(away, mean, out=usual * free, where=mean > 0.0)
    return exposure, np.maximum(1.0, (over + _NOISE_WORTH * usual) / (free + _NOISE_WORTH))


def _counts(found: SalesPanel, size: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Units, periods on sale, lowest and highest price of each product."""
    units = np.asarray(np.bincount(found.product, found.units, size), dtype=np.float64)
    periods = np.bincount(found.product, minlength=size).astype(float)
    lowest, highest = np.full(size, np.inf), np.full(size, -np.inf)
    first = np.flatnonzero(np.diff(found.product, prepend=-1))
    if len(first):
        lowest[found.product[first]] = np.minimum.reduceat(found.price, first)
        highest[found.product[first]] = np.maximum.reduceat(found.price, first)
    return units, periods, lowest, highest


def _state(counts: tuple[Floats, Floats, Floats, Floats], settings: Training) -> Ints:
    units, periods, lowest, highest = counts
    thin = (units < settings.few_units) | (periods < settings.few_periods)
    flat: Flags = highest < lowest * 1.005
    return np.select([units <= 0.0, thin, flat], [UNSOLD, THIN, FLAT], READY).astype(np.int64)
