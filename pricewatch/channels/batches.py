"""One push made of several requests: what is known of each item when one of them fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

from pricewatch.domain.errors import ChannelError, ChannelRefused, PublishingStopped
from pricewatch.domain.listing import Desired, PushResult, PushStatus

T = TypeVar("T")


class Sender:
    """Sends the parts of one push in turn; after trouble in a later part the rest is not sent and counts as unknown.

    Trouble in the first part is raised as it is, because then nothing is known to have been sent. Where a request is
    `atomic`, one bad item refuses them all: a refused part is sent again in halves, until the bad ones stand alone.
    """

    def __init__(
        self, send: Callable[[Sequence[Desired]], Awaitable[Sequence[PushResult]]], *, atomic: bool = False
    ) -> None:
        self._send = send
        self._atomic = atomic
        self._trouble: ChannelError | PublishingStopped | None = None
        self.results: list[PushResult] = []

    async def send(self, part: Sequence[Desired]) -> None:
        """Send one part, or note that it was not sent."""
        if self._trouble is not None:
            message = f"not sent: {self._trouble.message}"
            self.results += [PushResult(d.remote_id, PushStatus.UNKNOWN, message) for d in part]
            return
        try:
            self.results += await self._send(part)
        except ChannelRefused as error:
            if self._atomic and len(part) > 1:
                await self.send(part[: len(part) // 2])
                await self.send(part[len(part) // 2 :])
                return
            self.results += [PushResult(d.remote_id, PushStatus.REFUSED, error.message) for d in part]
        except (ChannelError, PublishingStopped) as error:
            if not self.results:
                raise
            self._trouble = error
            self.results += [PushResult(d.remote_id, PushStatus.UNKNOWN, error.message) for d in part]


async def sent(
    send: Callable[[Sequence[Desired]], Awaitable[Sequence[PushResult]]],
    batch: Sequence[Desired],
    size: int,
    *,
    atomic: bool = False,
) -> Sequence[PushResult]:
    """Send one push in parts of at most `size`, as a Sender does."""
    sender = Sender(send, atomic=atomic)
    for part in in_batches(batch, size):
        await sender.send(part)
    return sender.results


def in_batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut a sequence into parts of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))
