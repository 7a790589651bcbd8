"""Published limits of channels, kept: what would go over one waits, and all processes count together."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b

from pricewatch.domain.errors import ChannelUnavailable
from pricewatch.domain.limits import Limit
from pricewatch.ports import UsageStore

Sleep = Callable[[float], Awaitable[None]]
Now = Callable[[], datetime]

PATIENCE = 150.0  # seconds that a request waits for its turn before the whole channel is left to a later run
REQUESTS = "requests"


class MemoryUsage:
    """Counts uses for as long as the process lives: for channels that are made without a database."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, str, int], dict[int, int]] = defaultdict(dict)

    def take(
        self, account: str, wanted: Mapping[str, int], limits: Sequence[Limit], *, at: datetime
    ) -> Mapping[str, float]:
        """Count these uses; what would go over a limit comes back with the seconds to wait."""
        now, waits = at.timestamp(), {}
        for key, amount in wanted.items():
            counted = [(limit, self._used[account, key, limit.seconds]) for limit in limits]
            wait = max(limit.wait(used, amount, now) for limit, used in counted)
            if wait > 0:
                waits[key] = wait
                continue
            for limit, used in counted:
                for slot in [slot for slot in used if limit.ends(slot) <= now]:
                    del used[slot]
                used[limit.begins(now)] = used.get(limit.begins(now), 0) + amount
        return waits


def utc_now() -> datetime:
    """The present, aware UTC."""
    return datetime.now(UTC)


class Budget:
    """Limits of one account at a channel, counted in `usage`; `key` names what they are on."""

    def __init__(
        self,
        channel: str,
        account: str,
        limits: Sequence[Limit],
        *,
        key: str = REQUESTS,
        usage: UsageStore,
        now: Now = utc_now,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._channel = channel
        self._account = account
        self._limits = limits
        self._key = key
        self._usage = usage
        self._now = now
        self._sleep = sleep

    async def turn(self, amount: int = 1) -> None:
        """Wait until there is room for so many uses, and count them; raises ChannelUnavailable when that takes long."""
        while wait := self._take({self._key: amount}).get(self._key):
            if wait > PATIENCE:
                raise ChannelUnavailable(
                    f"its limit of {self._words()} is used up",
                    where=self._channel,
                    hint="the rest is sent by a later run",
                    retry_after=wait,
                )
            await self._sleep(wait)

    def admit(self, wanted: Mapping[str, int]) -> Mapping[str, float]:
        """Count so many uses by key; those over the limit come back with the seconds until they are not."""
        return self._take(wanted)

    def _take(self, wanted: Mapping[str, int]) -> Mapping[str, float]:
        return self._usage.take(self._account, wanted, self._limits, at=self._now())

    def _words(self) -> str:
        return " and ".join(f"{limit.most:,} {self._key} in {limit.seconds:,} seconds" for limit in self._limits)


def account_of(kind: str, credential: str) -> str:
    """A name for whom a channel counts by this credential, which cannot be found out from it."""
    return f"{kind} {blake2b(credential.encode(), digest_size=12).hexdigest()}"
