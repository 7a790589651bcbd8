"""How much it matters to know who else sells a product: what is asked first, and searched for first."""

from __future__ import annotations

from math import log1p

from pricewatch.domain.money import Money
from pricewatch.domain.product import Product

KVI = 2.0  # a product that customers compare counts twice
FEW, MANY = 1, 1_000  # pieces in stock: unknown counts as one


def worth(product: Product, price: Money | None, competitors: int) -> float:
    """The weight of one more competitor's price: it grows with our price times stock, slowly, and with being a KVI,
    and shrinks with each competitor that is known already.
    """
    pieces = min(max(product.stock or FEW, FEW), MANY)
    asked = price or product.price
    at_stake = float(asked.amount) * pieces if asked else 1.0
    return log1p(at_stake) * (KVI if product.kvi else 1.0) / (1 + competitors)


def uncertainty(probability: int) -> float:
    """How open a question is: 1 at even odds, 0 where the answer is known; `probability` in basis points."""
    return 1.0 - abs(2 * probability / 10_000 - 1.0)
