from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path

import pytest

_FAKES = Path(__file__).with_name("fakes")


def _let_import(name: str) -> None:
    """Let tests import the fakes, which are no part of the package, as `market_fakes`."""
    spec = importlib.util.spec_from_file_location(
        name, _FAKES / "__init__.py", submodule_search_locations=[str(_FAKES)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


_let_import("market_fakes")


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
