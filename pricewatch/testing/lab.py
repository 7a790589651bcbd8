"""A channel in front of its strict fake: what the conformance checks need to look at and to make trouble with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import httpx

from pricewatch.domain.money import Money
from pricewatch.domain.product import Sku
from pricewatch.ports import Channel


class Trouble(StrEnum):
    """What a channel has to live with. All but NO_ACCESS, EDIT and REFUSAL befall one request, the next one."""

    RATE_LIMIT = "rate_limit"  # the next request is turned away, and told to wait
    NO_ACCESS = "no_access"  # from now on our credentials are refused
    STALE_READ = "stale_read"  # the next read shows what was there before the last write
    GARBAGE_READ = "garbage_read"  # the next read is answered with something else, such as a maintenance page
    GARBAGE_WRITE = "garbage_write"  # the next write is applied, and answered with something else
    ERROR_BEFORE = "error_before"  # the next write is not applied, and answered with a server's error
    ERROR_AFTER = "error_after"  # the next write is applied, and answered with a server's error
    TIMEOUT_AFTER = "timeout_after"  # the next write is applied, and never answered
    RESET_AFTER = "reset_after"  # the next write is applied, and the connection breaks
    EDIT = "edit"  # somebody else changes a price there: `ChannelLab.edit`
    REFUSAL = "refusal"  # it takes no price for one listing: `ChannelLab.refuse`


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
        self.transport = TroubledTransport(inner, prices_in, self.answer)

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


_READS = frozenset({Trouble.STALE_READ, Trouble.GARBAGE_READ})
_LOST = {Trouble.TIMEOUT_AFTER: httpx.ReadTimeout, Trouble.RESET_AFTER: httpx.RemoteProtocolError}


class TroubledTransport(httpx.AsyncBaseTransport):
    """Passes requests on to a fake, until trouble is arranged."""

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        prices_in: Callable[[httpx.Request], int],
        answer: Callable[[Trouble], httpx.Response],
    ) -> None:
        self._inner, self._prices_in, self._answer = inner, prices_in, answer
        self._next: Trouble | None = None
        self._shut = False
        self._now: dict[str, httpx.Response] = {}
        self._before: dict[str, httpx.Response] = {}
        self.writes: list[int] = []

    def arrange(self, kind: Trouble) -> None:
        """Make this trouble with the next request that it can befall."""
        if kind is Trouble.NO_ACCESS:
            self._shut = True
        else:
            self._next = kind

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, or make the trouble that was arranged."""
        await request.aread()
        count = self._prices_in(request)
        trouble = self._due(writing=count > 0)
        if trouble in {Trouble.RATE_LIMIT, Trouble.NO_ACCESS, Trouble.ERROR_BEFORE}:
            return _copy(self._answer(trouble))
        if count:
            return await self._write(request, count, trouble)
        return await self._read(request, trouble)

    def _due(self, *, writing: bool) -> Trouble | None:
        kind = self._next
        if self._shut:
            return Trouble.NO_ACCESS
        if kind is None or (kind is not Trouble.RATE_LIMIT and writing == (kind in _READS)):
            return None
        self._next = None
        return kind

    async def _write(self, request: httpx.Request, count: int, trouble: Trouble | None) -> httpx.Response:
        self._before = dict(self._now)
        self.writes.append(count)
        response = await self._inner.handle_async_request(request)
        if trouble is None:
            return response
        await response.aread()
        if trouble in _LOST:
            raise _LOST[trouble]("arranged", request=request)
        return _copy(self._answer(trouble))

    async def _read(self, request: httpx.Request, trouble: Trouble | None) -> httpx.Response:
        key = _key(request)
        if trouble is Trouble.GARBAGE_READ:
            return _copy(self._answer(trouble))
        if trouble is Trouble.STALE_READ and key in self._before:
            return _copy(self._before[key])
        response = await self._inner.handle_async_request(request)
        await response.aread()
        self._now[key] = response
        return _copy(response)


def _key(request: httpx.Request) -> str:
    """What is asked, without what proves who asks."""
    query = [(k, v) for k, v in request.url.params.multi_items() if not k.startswith("oauth_")]
    return f"{request.method} {request.url.path} {query} {request.content!r}"


def _copy(response: httpx.Response) -> httpx.Response:
    """The same answer, still to be streamed."""
    headers = [(k, v) for k, v in response.headers.multi_items() if k not in {"content-encoding", "content-length"}]
    return httpx.Response(response.status_code, headers=headers, stream=httpx.ByteStream(response.content))
