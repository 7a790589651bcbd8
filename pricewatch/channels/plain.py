"""What channels have in common that show gross prices exactly and are no source of our catalogue."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pricewatch.channels.form import PriceForm
from pricewatch.domain.errors import SetAside
from pricewatch.domain.listing import Beside, Capabilities, Desired, Prediction
from pricewatch.domain.money import Currency
from pricewatch.domain.product import Product


class PlainChannel:
    """A channel's name, what it can do, and the form in which it keeps prices: gross, with the currency's decimals."""

    def __init__(self, name: str, capabilities: Capabilities, *, omits_announcements: bool = True) -> None:
        """`omits_announcements` lets a reduced price be shown alone where there is no place for its prior price."""
        self._name = name
        self._capabilities = capabilities
        self._omits = omits_announcements
        self._currency = Currency.of(capabilities.currency)
        self._form = PriceForm(self._currency.exponent)

    @property
    def name(self) -> str:
        """The channel's name in the configuration."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """What it can do and how fast."""
        return self._capabilities

    def predict(self, desired: Desired) -> Prediction:
        """Say what it will show: every price in its currency, exactly. An announced reduction is unrepresentable where
        there is no place for its prior price, unless the settings leave that out.
        """
        told = desired.announcement
        if told is None or self._omits or Beside.ANNOUNCEMENT in self._capabilities.carries:
            return self._form.predict(desired)
        message = (
            f"has no place for the prior price {told.prior} of its announced reduction to {desired.price}; "
            'announcements = "omit" on the channel shows the reduced price alone'
        )
        return Prediction(reachable=False, shown=desired.price, message=message)

    async def products(self) -> AsyncIterator[Product | SetAside]:
        """It has no catalogue of its own."""
        nothing: tuple[Product, ...] = ()
        for product in nothing:
            yield product

    async def close(self) -> None:
        """Nothing is kept open."""
