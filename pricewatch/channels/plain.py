"""What channels have in common that show gross prices exactly and are no source of our catalogue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from pricewatch.channels.form import PriceForm
from pricewatch.domain.errors import SetAside
from pricewatch.domain.listing import Availability, Beside, Capabilities, Desired, Prediction, PushResult
from pricewatch.domain.money import Currency
from pricewatch.domain.product import Product
from pricewatch.domain.shipping import days_of, in_days


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

    def available(self, desired: Desired) -> Availability:
        """What it would show of stock and delivery time, as far as both are the catalogue's there and it tells them."""
        told = self._capabilities.tells
        stock = max(desired.stock, 0) if Beside.STOCK in told and desired.stock is not None else None
        return Availability(stock, self._sent_within(desired.delivery) if Beside.DELIVERY in told else "")

    def _sent_within(self, words: str) -> str:
        """A delivery time as it is told here: whole days; empty when the words say no number of them."""
        days = days_of(words)
        return "" if days is None else in_days(days)

    async def supply(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write stock and delivery times alone; only where it `tells` any."""
        raise NotImplementedError

    async def products(self) -> AsyncIterator[Product | SetAside]:
        """It has no catalogue of its own."""
        nothing: tuple[Product, ...] = ()
        for product in nothing:
            yield product

    async def close(self) -> None:
        """Nothing is kept open."""
