"""The edge gate: the last check before a price leaves, from its own inputs.

It imports the domain and the port only and shares no code with the engine that made the price, so that one mistake
cannot pass both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pricewatch.channels.budgets import MemoryUsage
from pricewatch.domain.errors import PublishingStopped, SetAside
from pricewatch.domain.limits import Limit
from pricewatch.domain.listing import (
    Availability,
    Capabilities,
    Desired,
    Listing,
    Prediction,
    PushResult,
    PushStatus,
)
from pricewatch.domain.product import Product
from pricewatch.domain.sale import Sale
from pricewatch.ports import Channel, SalesSource, Stocked, UsageStore

_HOUR_SECONDS = 3600
_HOUR = timedelta(seconds=_HOUR_SECONDS)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def utc_now() -> datetime:
    """The present."""
    return datetime.now(UTC)


def never() -> bool:
    """The kill switch of a channel that has none."""
    return False


@dataclass(frozen=True, slots=True)
class GateLimits:
    """How far one price may move and how many listings may change: percents of the previous price, and a count.

    `max_rise` 200 lets a price at most triple, `max_cut` 50 at most halve; `max_changes` holds within one hour.
    """

    max_rise: int = 200
    max_cut: int = 50
    max_changes: int = 50_000


class EdgeGate:
    """A channel behind the last check: what may not pass comes back refused as `gate: …`, the rest goes on.

    `stop_check` says whether the kill switch is on; it is asked before every write, and stops the whole batch with
    PublishingStopped. `usage` counts the changes of an hour.
    """

    def __init__(
        self,
        channel: Channel,
        stop_check: Callable[[], bool],
        *,
        limits: GateLimits | None = None,
        usage: UsageStore | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._channel = channel
        self._stop_check = stop_check
        self._limits = limits or GateLimits()
        self._usage = usage or MemoryUsage()
        self._now = now
        self._written: dict[str, datetime] = {}
        self._forgotten = _LONG_AGO

    @property
    def name(self) -> str:
        """The channel's name in the configuration."""
        return self._channel.name

    @property
    def capabilities(self) -> Capabilities:
        """What the channel behind the gate can do."""
        return self._channel.capabilities

    def predict(self, desired: Desired) -> Prediction:
        """Say what the channel behind the gate would show."""
        return self._channel.predict(desired)

    def listings(self) -> AsyncIterator[Listing]:
        """All our items on the channel behind the gate."""
        return self._channel.listings()

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back from the channel behind the gate."""
        return await self._channel.read(remote_ids)

    def products(self) -> AsyncIterator[Product | SetAside]:
        """Our catalogue as the channel behind the gate knows it."""
        return self._channel.products()

    def sales(self, since: datetime) -> AsyncIterator[Sale | SetAside]:
        """What was sold there since then, where `capabilities.sales`."""
        assert isinstance(self._channel, SalesSource)
        return self._channel.sales(since)

    async def close(self) -> None:
        """Close the channel behind the gate."""
        await self._channel.close()

    def available(self, desired: Desired) -> Availability:
        """What the channel behind the gate would show beside the price; nothing where it tells none of it."""
        return self._channel.available(desired) if isinstance(self._channel, Stocked) else Availability()

    async def supply(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Let stock and delivery times through, each listing's once; raises PublishingStopped as `push` does."""
        self._stop()
        assert isinstance(self._channel, Stocked)
        refused = {remote: reason for remote, reason in self._mixed_up(batch).items() if reason}
        passed = [desired for desired in batch if desired.remote_id not in refused]
        results = list(await self._channel.supply(passed)) if passed else []
        return results + _refused(refused)

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Let through what may pass and refuse the rest; raises PublishingStopped while the kill switch is on."""
        self._stop()
        refused = self._objections(batch)
        passed = [desired for desired in batch if desired.remote_id not in refused]
        words = f"more than {self._limits.max_changes} listings changed within an hour"
        refused |= dict.fromkeys(self._beyond_run(passed), words)
        passed = [desired for desired in passed if desired.remote_id not in refused]
        results = list(await self._channel.push(passed)) if passed else []
        return results + _refused(refused)

    def _stop(self) -> None:
        if self._stop_check():
            raise PublishingStopped(
                f"publishing is stopped, nothing was sent to {self.name}",
                hint="look at `pricewatch status`, then `pricewatch resume`",
            )

    def _objections(self, batch: Sequence[Desired]) -> dict[str, str]:
        mixed_up = self._mixed_up(batch)
        reasons = ((each.remote_id, mixed_up[each.remote_id] or self._objection(each)) for each in batch)
        return {remote: reason for remote, reason in reasons if reason}

    def _mixed_up(self, batch: Sequence[Desired]) -> dict[str, str]:
        """What is wrong with a batch whatever is in it, by listing; empty = nothing."""
        times = Counter(desired.remote_id for desired in batch)
        return {
            each.remote_id: "asked twice in one batch"
            if times[each.remote_id] > 1
            else ("" if each.channel == self.name else f"meant for channel {each.channel}")
            for each in batch
        }

    def _objection(self, desired: Desired) -> str:
        return self._of_price(desired) or self._of_limits(desired) or self._of_step(desired)

    def _of_price(self, desired: Desired) -> str:
        mine = self.capabilities
        if desired.found and not mine.shows_found:
            return "an adopted price is never written"
        if desired.price.currency.code != mine.currency:
            return f"{desired.price} is not in the channel's currency {mine.currency}"
        return "" if desired.price.minor > 0 else f"{desired.price} is not above zero"

    def _of_limits(self, desired: Desired) -> str:
        floor, ceiling, price = desired.floor, desired.ceiling, desired.price
        if floor is None:
            return "" if desired.adopted else "no floor"
        if floor.currency != price.currency or (ceiling is not None and ceiling.currency != price.currency):
            return "floor or ceiling is in another currency than the price"
        if price.minor < floor.minor:
            return f"{price} is below the floor {floor}"
        return f"{price} is above the ceiling {ceiling}" if ceiling is not None and price.minor > ceiling.minor else ""

    def _of_step(self, desired: Desired) -> str:
        before, price = desired.previous, desired.price
        if before is None or desired.found:
            return ""
        if before.currency != price.currency:
            return f"the previous price {before} is in another currency"
        if price.minor * 100 > before.minor * (100 + self._limits.max_rise):
            return f"{price} is more than {self._limits.max_rise} % above the previous {before}"
        if price.minor * 100 < before.minor * (100 - self._limits.max_cut):
            return f"{price} is more than {self._limits.max_cut} % below the previous {before}"
        return ""

    def _beyond_run(self, passed: Sequence[Desired]) -> Sequence[str]:
        """The listings that are more than may change within an hour, counted over all processes; one that was written
        within the hour by this one does not count again.
        """
        if self.capabilities.full_state:
            return ()
        now = self._now()
        self._forget(now)
        written = self._written
        new = [each.remote_id for each in passed if now - written.get(each.remote_id, _LONG_AGO) >= _HOUR]
        granted = self._granted(len(new), now)
        written |= dict.fromkeys(new[:granted], now)
        return new[granted:]

    def _forget(self, now: datetime) -> None:
        """What was written more than an hour ago counts anew: once an hour all of it is looked through."""
        if abs(now - self._forgotten) >= _HOUR:
            self._written = {i: at for i, at in self._written.items() if now - at < _HOUR}
            self._forgotten = now

    def _granted(self, wanted: int, now: datetime) -> int:
        """How many of so many changes there is room for."""
        limit, granted, part = Limit(self._limits.max_changes, _HOUR_SECONDS), 0, wanted
        while part:
            full = self._usage.take(f"gate {self.name}", {"changes": part}, [limit], at=now)
            granted += 0 if full else part
            part = part // 2 if full else min(part, wanted - granted)
        return granted


def _refused(reasons: Mapping[str, str]) -> list[PushResult]:
    return [PushResult(remote, PushStatus.REFUSED, f"gate: {reason}") for remote, reason in reasons.items()]
