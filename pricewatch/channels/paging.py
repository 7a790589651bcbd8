"""Pages of a list that somebody else turns: each has to bring what the one before did not, or there is no end."""

from __future__ import annotations

from collections.abc import Iterable

from pricewatch.domain.errors import ChannelUnavailable


class Pages:
    """Watches the pages of one list, each asked for with `size` items."""

    def __init__(self, channel: str, what: str, size: int) -> None:
        self._channel = channel
        self._what = what
        self._size = size
        self._before: list[object] = []

    def go_on(self, ids: Iterable[object]) -> bool:
        """Whether a page brought anything new. One that is not full and comes again was the last one, whatever is said
        of how many there are; a full one that comes again raises ChannelUnavailable.
        """
        page = list(ids)
        if page == self._before and len(page) < self._size:
            return False
        if page and page == self._before:
            raise ChannelUnavailable(
                f"answered a page of {self._what} again instead of the next one",
                where=self._channel,
                hint="check the channel's url; a cache may stand in between that takes no notice of pages",
            )
        self._before = page
        return bool(page)
