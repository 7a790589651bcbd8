"""Pages of a list that somebody else turns: each has to bring what the one before did not, or there is no end."""

from __future__ import annotations

from collections.abc import Iterable

from pricewatch.domain.errors import ChannelUnavailable


class Pages:
    """Watches the pages of one list."""

    def __init__(self, channel: str, what: str) -> None:
        self._channel = channel
        self._what = what
        self._before: list[object] = []

    def go_on(self, ids: Iterable[object]) -> bool:
        """Whether a page brought anything at all; raises ChannelUnavailable when it is the one before once more."""
        page = list(ids)
        if page and page == self._before:
            raise ChannelUnavailable(
                f"answered a page of {self._what} again instead of the next one",
                where=self._channel,
                hint="check the channel's url; a cache may stand in between that takes no notice of pages",
            )
        self._before = page
        return bool(page)
