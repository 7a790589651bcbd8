"""A transport that makes the troubles of a lab between a channel and its fake."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import cycle

import httpx

from pricewatch.testing.trouble import Trouble


class NoEnd(AssertionError):
    """A channel asks for the same page without end."""


_READS = frozenset({Trouble.STALE_READ, Trouble.GARBAGE_READ, Trouble.TORN_READ, Trouble.ABSURD_READ})
_LASTING = frozenset({Trouble.NO_ACCESS, Trouble.OTHER_CURRENCY, Trouble.SAME_PAGE})
ABSURD = ("NaN", "1e999", "-Infinity", "abc", "", "83,99", "1 299.00", "[]", "null")
ENDLESS = 1_000  # reads of one page after which there is no end to be expected
_PAGE = re.compile(r"(?i).*(page|offset|skip|limit|currentpage\])")
_PAGED = re.compile(r"(?i)(%22|\")(page|resultsPage|skip|offset|after)(%22|\")[^0-9\"n]{0,6}(\d+|\"[^\"]*\"|null)")
_WORD = re.compile(r"[A-Za-z0-9.+-]+|[^A-Za-z0-9.+-]+")
_LOST = {Trouble.TIMEOUT_AFTER: httpx.ReadTimeout, Trouble.RESET_AFTER: httpx.RemoteProtocolError}


class TroubledTransport(httpx.AsyncBaseTransport):
    """Passes requests on to a fake, until trouble is arranged."""

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        prices_in: Callable[[httpx.Request], int],
        answer: Callable[[Trouble], httpx.Response],
        currency: str,
    ) -> None:
        self._inner, self._prices_in, self._answer, self._currency = inner, prices_in, answer, currency
        self._next: Trouble | None = None
        self._lasting: set[Trouble] = set()
        self._absurd = cycle(ABSURD)
        self._answers: dict[str, list[str]] = {}
        self._first: dict[str, httpx.Response] = {}
        self._again = 0
        self._now: dict[str, httpx.Response] = {}
        self._before: dict[str, httpx.Response] = {}
        self.writes: list[int] = []

    def arrange(self, kind: Trouble) -> None:
        """Make this trouble with the next request that it can befall."""
        if kind in _LASTING:
            self._lasting.add(kind)
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
        if Trouble.NO_ACCESS in self._lasting:
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
        if trouble is Trouble.TORN_READ:
            return _copy(response, response.content[: len(response.content) // 2])
        if trouble is Trouble.ABSURD_READ:
            return _copy(response, self._absurdly(key) or response.content)
        if self._lasting:
            return self._lastingly(request, response)
        self._now[key] = response
        self._answers.setdefault(key, []).append(response.text)
        return _copy(response)

    def _absurdly(self, key: str) -> bytes | None:
        """The last answer to a question without amounts where it differs from the one before; None = it does not, and
        the trouble waits for the next question.
        """
        words = [_WORD.findall(text) for text in self._answers.get(key, [])[-2:]]
        if len(words) < 2 or len(words[0]) != len(words[1]) or words[0] == words[1]:
            self._next = Trouble.ABSURD_READ
            return None
        absurd = next(self._absurd)
        return "".join(new if new == old else absurd for old, new in zip(*words, strict=True)).encode()

    def _lastingly(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if Trouble.SAME_PAGE in self._lasting:
            first = self._first.setdefault(_page_key(request), response)
            self._again += first is not response
            if self._again > ENDLESS:
                raise NoEnd(f"the same page was asked for {ENDLESS} times")
            return _copy(first)
        other = "USD" if self._currency != "USD" else "EUR"
        text = response.text.replace(self._currency, other).replace(self._currency.lower(), other.lower())
        return _copy(response, text.encode())


def _key(request: httpx.Request) -> str:
    """What is asked, without what proves who asks."""
    query = [(k, v) for k, v in request.url.params.multi_items() if not k.startswith("oauth_")]
    return f"{request.method} {request.url.path} {query} {request.content!r}"


def _page_key(request: httpx.Request) -> str:
    """What is asked, whichever page of it."""
    query = [(k, v) for k, v in request.url.params.multi_items() if not _PAGE.fullmatch(k) and "oauth_" not in k]
    return f"{request.method} {request.url.path} {sorted(query)} {_PAGED.sub('', request.content.decode())}"


def _copy(response: httpx.Response, body: bytes | None = None) -> httpx.Response:
    """The same answer, or another one in its place, still to be streamed."""
    headers = [(k, v) for k, v in response.headers.multi_items() if k not in {"content-encoding", "content-length"}]
    return httpx.Response(
        response.status_code, headers=headers, stream=httpx.ByteStream(response.content if body is None else body)
    )
