"""What a price teaches about the other products of its category, and how much a product weighs among all.

Where many products share a category, each of their prices is a part of one common experiment: a price far from those
that its product had tells most (D-optimal designs: Atkinson, Donev and Tobias, Optimum Experimental Designs, 2007).
What it is worth falls with the square of what is still unknown of the category, so it ends by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricewatch.pricing.demand.panel import Flags, Floats, Ints
from pricewatch.pricing.demand.posterior import Habits, Posterior
from pricewatch.pricing.demand.shapes import HIGHEST, LOWEST

MANY = 5  # products that make a category a common experiment
_DAYS = 4.5  # of a category's profit that knowing better is worth; measured: more costs more than it brings
_LIGHT, _STEEP = 10.0, 1.3
_SLOW = 0.06  # pieces a day of the usual product where its risk counts in full


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """Of each product: what a lesson is worth, in what the product earns now for each piece that is sold a squared log
    unit away from its mean log relative price (`middle`); `shared` products learn from their category's other ones.

    `light` is by how much the risk of a worse price counts, .1 to 10: more where a product sells less money than the
    usual one, and where all sell slowly, for then a mistake is seen late; 1 for products that are not `shared`.
    """

    worth: Floats
    middle: Floats
    shared: Flags
    light: Floats

    @classmethod
    def of(
        cls, believed: Posterior, reference: Floats, category: Ints, habits: Habits, middle: Floats | None = None
    ) -> Lessons:
        """Of all products that share these habits."""
        size = len(habits.centre)
        sold = reference * np.einsum("nj,nj->n", believed.weight, believed.level).astype(np.float64)
        sold = np.maximum(np.nan_to_num(sold), 1e-12)
        together = np.bincount(category, sold, size)[category]
        steep = np.maximum(np.exp(habits.centre), _STEEP)
        unknown = (habits.unsure * steep**2) ** 2 / (steep * (steep - 1.0))
        shared = np.bincount(category, minlength=size)[category] >= MANY
        worth = np.where(shared, _DAYS * unknown[category] * together / sold, 0.0)
        return cls(worth, np.zeros(len(sold)) if middle is None else middle, shared, _light(sold, reference, shared))

    def part(self, rows: Ints) -> Lessons:
        """The same of these products."""
        return Lessons(self.worth[rows], self.middle[rows], self.shared[rows], self.light[rows])

    def value(self, relative: Floats, units: Floats, earned: Floats) -> Floats:
        """What every relative price (n x m) teaches, in the kind of `earned` (n), what the products earn now a day."""
        away = (np.log(np.clip(relative, LOWEST, HIGHEST)) - self.middle[:, None]) ** 2
        return np.asarray((self.worth * np.maximum(earned, 0.0))[:, None] * units * away)


def _light(sold: Floats, reference: Floats, shared: Flags) -> Floats:
    if not shared.any():
        return np.ones(len(sold))
    late = np.sqrt(_SLOW / np.median((sold / np.maximum(reference, 1e-12))[shared]))
    return np.where(shared, np.clip(late * np.median(sold[shared]) / sold, 1.0 / _LIGHT, _LIGHT), 1.0)
