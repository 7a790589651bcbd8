"""A channel in front of its strict fake: what the conformance checks need to look at and to make trouble with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import httpx

from pricewatch.domain.money import Money
from pricewatch.domain.product import Sku
from pricewatch.ports import Channel
from pricewatch.testing.trouble import Trouble
from pricewatch.testing.troubled import TroubledTransport


class ChannelLab(Protocol):
    """A channel in front of its fake. Every check gets a lab of its own, with a fresh fake.

    `unknown_id` is an id of the right form that the fake does not have, `wait` the seconds that it tells us to wait
    with RATE_LIMIT, `secrets` what no message may contain. `cannot` says of each trouble that cannot befall this
    channel why not: checks that need it are skipped with these words.
    """

    @property
    def currency(self) -> str: ...
    @property
    def unknown_id(self) -> str: ...
    @property
    def wait(self) -> float: ...
    @property
    def secrets(self) -> Sequence[str]: ...
    @property
    def cannot(self) -> Mapping[Trouble, str]: ...

    def connect(self, stopped: Callable[[], bool]) -> Channel:
        """A channel that talks to the fake; `stopped` is its kill switch. Its rate should not slow the checks down."""
        ...

    def fill(self, count: int) -> Sequence[tuple[str, Sku]]:
        """Let the fake hold this many of our listings, each at about 100.00: the remote id and SKU of each. A feed
        holds nothing until it is written: there it is the catalogue that gets so many products.
        """
        ...

    def shown(self, remote_id: str) -> Money | None:
        """What a buyer pays there now, by the fake itself, not through the channel."""
        ...

    def batches(self) -> Sequence[int]:
        """How many prices each writing request had that reached the fake's door, in order."""
        ...

    def trouble(self, kind: Trouble) -> None:
        """Arrange for a trouble."""
        ...

    def edit(self, remote_id: str, price: Money) -> None:
        """Somebody else sets a price there."""
        ...

    def refuse(self, remote_id: str) -> None:
        """From now on the fake takes no price for this listing, and says so in its own words."""
        ...

    async def settle(self) -> None:
        """Let all that was accepted be applied, however late the fake applies it."""
        ...


class HttpLab(ABC):
    """The half of a lab that all channels behind HTTP share: give `self.transport` to the channel.

    `inner` leads to the fake, as `httpx.ASGITransport(app)` does. `prices_in` says how many prices a request writes;
    0 = it only reads or prepares. Troubles are made between the two; `answer` says how the channel words them.
    """

    wait: float = 7.0
    secrets: Sequence[str] = ()
    cannot: Mapping[Trouble, str] = {}

    def __init__(self, inner: httpx.AsyncBaseTransport, prices_in: Callable[[httpx.Request], int]) -> None:
        self.transport = TroubledTransport(inner, prices_in, self.answer, self.currency)

    @property
    @abstractmethod
    def currency(self) -> str: ...
    @property
    @abstractmethod
    def unknown_id(self) -> str: ...
    @abstractmethod
    def connect(self, stopped: Callable[[], bool]) -> Channel: ...
    @abstractmethod
    def fill(self, count: int) -> Sequence[tuple[str, Sku]]: ...
    @abstractmethod
    def shown(self, remote_id: str) -> Money | None: ...
    @abstractmethod
    def edit(self, remote_id: str, price: Money) -> None: ...
    @abstractmethod
    def refuse(self, remote_id: str) -> None: ...

    def answer(self, kind: Trouble) -> httpx.Response:
        """What the channel says when it turns a request away; override it where the real one says it in another way."""
        match kind:
            case Trouble.RATE_LIMIT:
                return httpx.Response(429, headers={"retry-after": f"{self.wait:.0f}"}, text="too many requests")
            case Trouble.NO_ACCESS:
                return httpx.Response(401, json={"message": "invalid credentials"})
            case Trouble.ERROR_BEFORE | Trouble.ERROR_AFTER:
                return httpx.Response(500, text="internal error")
            case _:
                return httpx.Response(200, headers={"content-type": "text/html"}, text="<html>Maintenance</html>")

    def batches(self) -> Sequence[int]:
        """How many prices each writing request had that was let through."""
        return self.transport.writes

    def trouble(self, kind: Trouble) -> None:
        """Arrange for a trouble."""
        self.transport.arrange(kind)

    async def settle(self) -> None:
        """Let late writes apply; override it where the fake has any."""
        return
