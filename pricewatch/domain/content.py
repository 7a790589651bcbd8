"""How much is in a piece, as catalogues write it: `0.75 l`, `500 g`, `6 x 330 ml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

_CONTENT = re.compile(r"(?:([0-9]{1,4}) ?[x×*] ?)?([0-9]{1,7}(?:[.,][0-9]{1,4})?) ?([a-ząćęłńóśźż²]{1,6})\.?")
_UNITS: Mapping[str, tuple[str, Decimal]] = {
    "mg": ("1 kg", Decimal("0.000001")), "g": ("1 kg", Decimal("0.001")), "dag": ("1 kg", Decimal("0.01")),
    "kg": ("1 kg", Decimal(1)), "ml": ("1 l", Decimal("0.001")), "cl": ("1 l", Decimal("0.01")),
    "dl": ("1 l", Decimal("0.1")), "l": ("1 l", Decimal(1)), "mm": ("1 m", Decimal("0.001")),
    "cm": ("1 m", Decimal("0.01")), "m": ("1 m", Decimal(1)), "m2": ("1 m²", Decimal(1)), "m²": ("1 m²", Decimal(1)),
    "szt": ("1 pc", Decimal(1)), "pc": ("1 pc", Decimal(1)), "pcs": ("1 pc", Decimal(1)), "ks": ("1 pc", Decimal(1)),
    "stk": ("1 pc", Decimal(1)), "st": ("1 pc", Decimal(1)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Content:
    """So much of a unit of measure, such as 0.75 of `1 l`; the amount is above zero and exact."""

    amount: Decimal
    per: str

    @property
    def fraction(self) -> Fraction:
        """The amount, for reckoning."""
        return Fraction(self.amount)


def content_of(text: str) -> Content | None:
    """Read how much is in a piece; None when it is not understood, or nothing."""
    found = _CONTENT.fullmatch(text.strip().casefold())
    if found is None or found[3] not in _UNITS:
        return None
    per, size = _UNITS[found[3]]
    amount = Decimal(found[1] or 1) * Decimal(found[2].replace(",", ".")) * size
    return Content(amount, per) if amount else None
