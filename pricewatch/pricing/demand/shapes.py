"""The family of demand curves that is believed possible, and what sales say for each of its members.

Sales at price p, relative to the product's reference price, are `level · exp(-e · x)` with `x = (p^k - 1) / k`
(Box and Cox 1964; log p for k = 0). `e` is the elasticity at the reference price, `k` how fast it grows with the price:
0 is constant elasticity, 1 an exponential curve, about 2 to 4 a logistic one, more is close to a line that ends. All
curves fall. Which of the members a product follows is a weight for each; the level comes out of its Gamma posterior.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pricewatch.pricing.demand.panel import Floats, Ints

LOWEST, HIGHEST = 0.4, 2.5  # of the reference price: further away nothing is claimed, the curve stays as it is there
_NODES = 93
_MANY = np.float32  # where products are many: half the memory, and errors far below those of the data


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """Every elasticity with every bend, as flat arrays of one length."""

    elasticities: Floats
    bends: Floats
    elasticity: Floats = field(init=False)
    bend: Ints = field(init=False)

    def __post_init__(self) -> None:
        """Lay the pairs out flat."""
        object.__setattr__(self, "elasticity", np.repeat(self.elasticities, len(self.bends)))
        object.__setattr__(self, "bend", np.tile(np.arange(len(self.bends)), len(self.elasticities)))

    def __len__(self) -> int:
        return len(self.elasticity)

    def steps(self, relative: Floats) -> Floats:
        """How far each bend's curve sees a relative price from the reference: ... x bends."""
        return np.stack([self.step(relative, bend) for bend in range(len(self.bends))], axis=-1)

    def step(self, relative: Floats, bend: int) -> Floats:
        """The same of one bend."""
        inside, k = np.clip(relative, LOWEST, HIGHEST), self.bends[bend]
        return np.asarray((inside**k - 1.0) / k if k else np.log(inside))

    def curves(self, relative: Floats) -> Floats:
        """Sales relative to those at the reference price: ... x shapes."""
        return np.asarray(np.exp(-self.elasticity * self.steps(relative)[..., self.bend]))

    def local(self, relative: Floats) -> Floats:
        """The elasticity at a relative price, a positive number: ... x shapes."""
        inside = np.clip(relative, LOWEST, HIGHEST)[..., None]
        return np.asarray(self.elasticity * inside ** self.bends[self.bend])


DEFAULT = Shapes(np.exp(np.linspace(np.log(0.5), np.log(11.0), 20)), np.array([0.0, 1.0, 2.0, 3.5, 6.0]))


@dataclass(slots=True)
class Evidence:
    """All that sales say about curves, for n products: units sold, the sum of their steps, exposure under each shape.

    These sums are sufficient for the Poisson likelihood of every shape; they add up over periods and fade with age.
    """

    units: Floats
    steps: Floats
    exposure: Floats
    shapes: Shapes = DEFAULT

    @classmethod
    def none(cls, products: int, shapes: Shapes = DEFAULT) -> Evidence:
        """No sales seen yet."""
        size = (products, len(shapes.bends)), (products, len(shapes))
        return cls(np.zeros(products), np.zeros(size[0]), np.zeros(size[1]), shapes)

    @classmethod
    def of(cls, product: Ints, relative: Floats, units: Floats, exposure: Floats, products: int) -> Evidence:
        """The evidence of many rows at once: exposure is laid on a grid of prices, between its two nearest nodes."""
        shapes = DEFAULT
        curves = shapes.curves(np.geomspace(LOWEST, HIGHEST, _NODES)).astype(_MANY)
        laid = _laid(product, relative, exposure, products).astype(_MANY)
        sold = units > 0.0
        owner, pieces, asked = product[sold], units[sold], relative[sold]
        each = [np.bincount(owner, pieces * shapes.step(asked, at), products) for at in range(len(shapes.bends))]
        total = np.asarray(np.bincount(product, units, products), dtype=np.float64)
        return cls(total, np.stack(each, axis=1), np.asarray(laid @ curves), shapes)

    def add(self, relative: Floats, units: Floats, exposure: Floats | float) -> None:
        """Take in one more period of all products."""
        steps = self.shapes.steps(relative)
        self.units += units
        self.steps += units[:, None] * steps
        weight = np.broadcast_to(exposure, units.shape)[:, None]
        self.exposure += weight * np.exp(-self.shapes.elasticity * steps[:, self.shapes.bend])

    def fade(self, share: float) -> None:
        """Let all that was seen so far count this share of what it did."""
        self.units *= share
        self.steps *= share
        self.exposure *= share

    def likelihood(self, shape: float | Floats, scale: float | Floats) -> Floats:
        """Log likelihood of each shape with the level integrated out under a Gamma(shape, scale) prior: n x shapes."""
        kind = self.exposure.dtype
        falls = self.shapes.elasticity.astype(kind) * self.steps.astype(kind)[:, self.shapes.bend]
        passed = np.log(np.reshape(scale, (-1, 1)).astype(kind) + self.exposure)
        return np.asarray(-falls - (shape + self.units).astype(kind)[:, None] * passed)


def _laid(product: Ints, relative: Floats, exposure: Floats, products: int) -> Floats:
    """Exposure on the grid of prices, between the two nodes nearest to each price: products x nodes."""
    place = np.log(np.geomspace(LOWEST, HIGHEST, _NODES))
    place = np.interp(np.log(relative), place, np.arange(_NODES))
    left = np.minimum(place.astype(np.int64), _NODES - 2)
    place -= left
    left += product * _NODES
    laid = np.bincount(left, exposure * (1.0 - place), products * _NODES)
    left += 1
    laid += np.bincount(left, exposure * place, products * _NODES)
    return np.asarray(laid.reshape(products, _NODES))
