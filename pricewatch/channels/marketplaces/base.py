"""What every marketplace has in common: gross prices in one currency, published limits, reports that come later."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from pricewatch.channels.api import Api, Login, Pace, Sign, Words, parse_json, unsigned
from pricewatch.channels.budgets import Budget, MemoryUsage, Now, Sleep, account_of, utc_now
from pricewatch.channels.gate import never
from pricewatch.channels.marketplaces.settings import MarketplaceSection
from pricewatch.channels.plain import PlainChannel
from pricewatch.domain.errors import ChannelError, ChannelUnavailable, ChannelUnknown, ConfigError, MoneyError
from pricewatch.domain.limits import Limit
from pricewatch.domain.listing import Beside, Capabilities, Desired, PushResult, PushStatus
from pricewatch.domain.money import Money
from pricewatch.domain.shipping import days_of, in_days
from pricewatch.located import Secret
from pricewatch.ports import SalesSource, UsageStore
from pricewatch.wire import Reply

T = TypeVar("T")

JSON = "application/json"
MINUTE = 60
FIRST_LOOK, LONGEST_PAUSE = 1.0, 30.0  # seconds between looks at a report: they double


@dataclass(frozen=True, slots=True)
class Reach:
    """What a marketplace needs besides its settings; `seconds` and `sleep` are how it paces itself."""

    currency: str
    transport: httpx.AsyncBaseTransport | None = None
    stopped: Callable[[], bool] = never
    usage: UsageStore = field(default_factory=MemoryUsage)
    now: Now = utc_now
    seconds: Callable[[], float] = time.monotonic
    sleep: Sleep = asyncio.sleep


class Steady:
    """Requests evenly spaced within this process, and within the rate over all of them.

    They are counted a second's worth at a time, and what of it is not used within that second is lost.
    """

    def __init__(self, pace: Pace, budget: Budget, rate: int, seconds: Callable[[], float]) -> None:
        self._pace = pace
        self._budget = budget
        self._lot = max(1, rate // MINUTE)
        self._seconds = seconds
        self._left, self._until = 0, 0.0

    async def turn(self) -> None:
        """Wait for both."""
        await self._pace.turn()
        if self._left < 1 or self._seconds() > self._until:
            await self._budget.turn(self._lot)
            self._left, self._until = self._lot, self._seconds() + 1
        self._left -= 1


class Market(PlainChannel):
    """A marketplace's name, what it can do, the form in which it keeps prices, its limits and its API."""

    def __init__(
        self,
        name: str,
        settings: MarketplaceSection,
        reach: Reach,
        *,
        batch: int,
        announces: bool = False,
        stock: bool = False,
        delivery: bool = False,
    ) -> None:
        tells = frozenset([Beside.STOCK] * stock + [Beside.DELIVERY] * delivery)
        can = Capabilities(
            role=settings.role,
            batch_size=batch,
            requests_per_minute=settings.rate,
            currency=reach.currency,
            read_delay=settings.read_delay,
            late_apply=settings.late_apply,
            announces=announces,
            carries=tells | frozenset([Beside.ANNOUNCEMENT] * announces),
            tells=tells,
            sales=isinstance(self, SalesSource),
        )
        super().__init__(name, can, omits_announcements=settings.announcements == "omit")
        self._reach = reach
        self._wait = settings.report_wait

    def _connect(
        self,
        settings: MarketplaceSection,
        base: str,
        *,
        words: Words,
        account: str,
        sign: Sign = unsigned,
        login: Login | None = None,
    ) -> None:
        reach = self._reach
        pace = Pace(settings.rate, seconds=reach.seconds, sleep=reach.sleep)
        self._account = account
        self._api = Api(
            self._name,
            base,
            sign=sign,
            words=words,
            rate=settings.rate,
            timeout=settings.timeout,
            stopped=reach.stopped,
            transport=reach.transport,
            login=login,
            pace=Steady(pace, self._budget([Limit(settings.rate, MINUTE + 1)]), settings.rate, reach.seconds),
        )

    def _budget(self, limits: Sequence[Limit], key: str = "requests") -> Budget:
        reach = self._reach
        return Budget(self._name, self._account, limits, key=key, usage=reach.usage, now=reach.now, sleep=reach.sleep)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._api.close()

    # --- answers ------------------------------------------------------------------------------------------------

    def _money(self, amount: object, currency: object = None) -> Money | None:
        """A gross price as the marketplace says it, in its own currency; None when it is none."""
        text = "" if amount is None or isinstance(amount, bool) else str(amount)
        try:
            return Money.parse(text, str(currency or self._currency.code)) if text else None
        except MoneyError:
            return None

    def _pieces(self, desired: Desired) -> int | None:
        """The pieces in stock that go together with a price; None = none do."""
        return self.available(desired).stock

    def _days(self, desired: Desired) -> int | None:
        """The days until it is sent that go out beside a price; None = none do."""
        return days_of(self.available(desired).delivery)

    def _text(self, price: Money) -> str:
        """A price as plain decimal text: `1299.00`."""
        return f"{price.amount:.{price.currency.exponent}f}"

    def _read(self, reply: Reply, what: str, *fields: str) -> Any:
        """The object that an answer to a read is; raises ChannelUnavailable when it has not these lists in it."""
        found = _object(reply.body, fields)
        if found is None:
            raise ChannelUnavailable(
                f"answered {what} with something else",
                where=self._name,
                hint="check the channel's url; something may stand in between",
            )
        return found

    def _written(self, reply: Reply, what: str, *fields: str) -> Any:
        """The object that an answer to a write is; raises ChannelUnknown when it has not these lists in it."""
        found = _object(reply.body, fields)
        if found is None:
            raise ChannelUnknown(f"answered {what} with something that cannot be understood", where=self._name)
        return found

    async def _reported(self, look: Callable[[], Awaitable[T | None]]) -> T | None:
        """Look for a report until it is there; None when it is not within the time that a send waits for it."""
        pause, until = FIRST_LOOK, self._reach.seconds() + self._wait
        while (found := await look()) is None:
            if self._reach.seconds() + pause > until:
                return None
            await self._reach.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        return found

    async def _afterwards(
        self, part: Sequence[Desired], report: Callable[[], Awaitable[Sequence[PushResult] | None]]
    ) -> Sequence[PushResult]:
        """What became of prices that have left: without a report nobody knows."""
        try:
            results = await report()
        except ChannelError as error:
            return unknown(part, f"sent, and its report cannot be had: {error.message}")
        return unknown(part, "sent, and not reported yet") if results is None else results


def account(kind: str, name: str, secret: Secret) -> str:
    """Whom the marketplace counts: by the credential, because several channels may share it."""
    try:
        return account_of(kind, secret.reveal())
    except ConfigError:
        return f"{kind} {name}"


def unknown(part: Sequence[Desired], message: str) -> Sequence[PushResult]:
    """Nothing is known of these."""
    return [PushResult(desired.remote_id, PushStatus.UNKNOWN, message) for desired in part]


def word(value: object) -> str:
    """A text; empty when it is none."""
    return value if isinstance(value, str) else ""


def whole(value: object) -> int | None:
    """A number of pieces; None when it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def shipped(value: object) -> str:
    """A number of days until it is sent, in words; empty when it is none."""
    days = whole(value)
    return "" if days is None or days < 0 else in_days(days)


def listed(value: object) -> list[Any]:
    """A list; empty when it is none."""
    return value if isinstance(value, list) else []


def records(value: object) -> list[Mapping[str, Any]]:
    """The objects in a list; anything else is left out."""
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def within(record: object, *names: str) -> Any:
    """What stands at a path of names; None when the path ends before."""
    for name in names:
        record = record.get(name) if isinstance(record, Mapping) else None
    return record


def _object(body: bytes, lists: Sequence[str]) -> Any:
    try:
        found = parse_json(body)
    except ValueError:
        return None
    if not isinstance(found, Mapping):
        return None
    return found if all(isinstance(found.get(name), list) for name in lists) else None
