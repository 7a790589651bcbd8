"""What channels have in common that show gross prices exactly and are no source of our catalogue."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pricewatch.channels.form import PriceForm
from pricewatch.domain.errors import SetAside
from pricewatch.domain.listing import Capabilities, Desired, Prediction
from pricewatch.domain.money import Currency
from pricewatch.domain.product import Product


class PlainChannel:
    """A channel's name, what it can do, and the form in which it keeps prices: gross, with the currency's decimals."""

    def __init__(self, name: str, capabilities: Capabilities) -> None:
        self._name = name
        self._capabilities = capabilities
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
        """Say what it will show: every price in its currency, exactly."""
        return self._form.predict(desired)

    async def products(self) -> AsyncIterator[Product | SetAside]:
        """It has no catalogue of its own."""
        nothing: tuple[Product, ...] = ()
        for product in nothing:
            yield product

    async def close(self) -> None:
        """Nothing is kept open."""
