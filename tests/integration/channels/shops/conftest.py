"""What the tests of shops share."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest


@pytest.fixture
def answering() -> Callable[[str], httpx.MockTransport]:
    """A server that answers everything with the same body and status 200."""

    def make(body: str, status: int = 200) -> httpx.MockTransport:
        return httpx.MockTransport(lambda _request: httpx.Response(status, stream=httpx.ByteStream(body.encode())))

    return make
