"""The form that a channel keeps a price in, and what it will show from it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pricewatch.domain.listing import Desired, Prediction
from pricewatch.domain.money import MAX_DIGITS, MAX_MINOR, Currency, Money, Rounding, TaxRate, divide


@dataclass(frozen=True, slots=True)
class PriceForm:
    """A price as a channel stores it: gross or net, with `decimals` digits behind the point, rounded half up."""

    decimals: int
    net: bool = False

    def stored(self, gross: Money, tax: TaxRate) -> int:
        """What is stored for a gross price, as a whole number of the last decimal."""
        up, down = self._scale(gross.currency)
        if self.net:
            up, down = up * 10_000, down * (10_000 + tax.basis_points)
        return divide(gross.minor * up, down, Rounding.HALF_UP)

    def shown(self, stored: int, currency: Currency, tax: TaxRate) -> Money:
        """The gross price that a buyer sees for a stored number, rounded half up to the minor unit."""
        up, down = self._scale(currency)
        if self.net:
            up, down = up * 10_000, down * (10_000 + tax.basis_points)
        return Money(divide(stored * down, up, Rounding.HALF_UP), currency)

    def shown_text(self, text: str, currency: Currency, tax: TaxRate) -> Money | None:
        """The gross price that a buyer sees for stored text, whatever its decimals; None when it is no price."""
        try:
            value = Decimal(text.strip()) if len(text) <= MAX_DIGITS else None
        except InvalidOperation:
            value = None
        if value is None or not value.is_finite() or abs(value.adjusted()) > MAX_DIGITS:
            return None
        over, under = value.as_integer_ratio()
        if self.net:
            over, under = over * (10_000 + tax.basis_points), under * 10_000
        minor = divide(over * currency.unit, under, Rounding.HALF_UP)
        return Money(minor, currency) if abs(minor) <= MAX_MINOR else None

    def text(self, gross: Money, tax: TaxRate) -> str:
        """The stored number as plain decimal text: `1056.91`, never grouped, always with all decimals."""
        return f"{Decimal(self.stored(gross, tax)).scaleb(-self.decimals):f}"

    def predict(self, desired: Desired) -> Prediction:
        """Say what the channel will show; when it cannot show the price, the nearest ones below and above it."""
        currency, tax = desired.price.currency, desired.tax
        stored = self.stored(desired.price, tax)
        shown = self.shown(stored, currency, tax)
        if shown == desired.price:
            return Prediction(reachable=True, shown=shown)
        near = [self.shown(number, currency, tax) for number in (stored - 1, stored, stored + 1)]
        below = [price for price in near if 0 < price.minor < desired.price.minor][-1:]
        above = [price for price in near if price > desired.price][:1]
        nearest = tuple(below + above)
        side = "net" if self.net else "gross"
        message = (
            f"stored {side} with {self.decimals} decimals, {desired.price} would show as {shown}; "
            f"reachable: {', '.join(map(str, nearest))}"
        )
        return Prediction(reachable=False, shown=shown, nearest=nearest, message=message)

    def _scale(self, currency: Currency) -> tuple[int, int]:
        """Multiply by the first and divide by the second to get from minor units to stored units."""
        return int(10 ** max(self.decimals - currency.exponent, 0)), int(
            10 ** max(currency.exponent - self.decimals, 0)
        )
