from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from pricewatch.demo.hosting import serving
from pricewatch.domain.listing import Desired
from pricewatch.domain.money import Money, TaxRate


@pytest.fixture
def served() -> Iterator[Callable[..., str]]:
    """Serves a demo shop over real HTTP on loopback; gives its address."""
    with ExitStack() as stack:
        yield lambda shop: stack.enter_context(serving(lambda _address: shop.app))


@pytest.fixture
def desired() -> Callable[..., Desired]:
    """Makes what a listing shall show."""

    def make(channel: str, remote_id: str, price: str, **more: object) -> Desired:
        values: dict[str, object] = {
            "sku": f"S{remote_id}",
            "version": 1,
            "tax": TaxRate(2300),
            "floor": Money.parse("1.00", "PLN"),
            "ceiling": None,
        }
        return Desired(channel=channel, remote_id=remote_id, price=Money.parse(price, "PLN"), **{**values, **more})

    return make
