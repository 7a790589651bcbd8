from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pricewatch.demo.hosting import serving
from pricewatch.domain.listing import Desired
from pricewatch.domain.money import Money, TaxRate


def _let_import(name: str, folder: Path) -> None:
    """Let tests import the fakes of a folder, which are no part of the package, by a name of their own."""
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


_let_import("shop_fakes", Path(__file__).parent / "shops" / "fakes")
_let_import("market_fakes", Path(__file__).parent / "marketplaces" / "fakes")


@pytest.fixture
def run():
    """Does a job with a channel in a loop of its own, and closes the channel."""

    def run(channel, job):
        async def main():
            try:
                return await job(channel)
            finally:
                await channel.close()

        return asyncio.run(main())

    return run


@pytest.fixture
def all_of():
    """Everything that an async iterator gives."""

    async def all_of(iterator):
        return [entry async for entry in iterator]

    return all_of


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
