"""The VAT rates that a shop which keeps prices without tax reckons its listings with.

A net amount from another rate than the shop's own would sell at another price than the decided one, so a listing whose
rate is not the price list's is never written.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pricewatch.channels.form import PriceForm
from pricewatch.domain.listing import Desired
from pricewatch.domain.money import Money, TaxRate

_WHOLE = 10_000  # basis points


@dataclass(frozen=True, slots=True)
class _Band:
    """The rates that may be meant, in basis points; `words` say where that stands, and None for both: nobody knows."""

    low: int | None
    high: int | None
    words: str = ""

    def holds(self, rate: TaxRate) -> bool:
        return self.low is not None and self.high is not None and self.low <= rate.basis_points <= self.high

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"at a rate that is not known ({self.words})"
        about = "" if self.low == self.high else "about "
        said = f"with {about}{_percent((self.low + self.high) // 2)}"
        return f"{said} ({self.words})" if self.words else said


class Taxes:
    """What is known of each listing's rate from reading it. Of the listings at the `usual` one nothing is kept; without
    a usual one, nothing is known of a listing that was never read.
    """

    def __init__(self, form: PriceForm, usual: TaxRate | None) -> None:
        self._form = form
        points = usual.basis_points if usual is not None else None
        self._usual = None if points is None else _Band(points, points, "the channel's tax")
        self._bands: dict[str, _Band] = {}

    def note(self, remote_id: str, rate: TaxRate | None, words: str) -> None:
        """Keep the rate that a listing has by the settings; None when they do not say it. `words` name what says so."""
        if not self._form.net:
            return
        points = rate.basis_points if rate is not None else None
        if self._usual is not None and self._usual.low == points:
            self._bands.pop(remote_id, None)
        else:
            self._bands[remote_id] = _Band(points, points, words)

    def note_shown(self, remote_id: str, net: Decimal | int | None, gross: Money | None) -> None:
        """Keep the rates by which a stored net amount, in units of its currency, comes to the gross price that the shop
        itself works out.
        """
        if not self._form.net or net is None or gross is None or net <= 0:
            return
        least, most = (Decimal(gross.minor * 2 + edge) / 2 / gross.currency.unit for edge in (-1, 1))
        low, high = (int((edge / net - 1) * _WHOLE) for edge in (least, most))
        self._bands[remote_id] = _Band(low, high, f"{net} without tax is {gross} with it there")

    def objection(self, desired: Desired) -> str:
        """Why the net amount of this price would sell at another one; empty when the rates agree."""
        band = self._bands.get(desired.remote_id, self._usual) if self._form.net else None
        if band is None or band.holds(desired.tax):
            return ""
        return (
            f"the shop taxes it {band}, the price list with {desired.tax}: a net price for the one would sell at "
            "another price with the other; set the same in the shop, the catalogue and the channel's settings"
        )


def _percent(points: int) -> str:
    return f"{Decimal(points).scaleb(-2).normalize():f} %"
