"""What can befall a channel."""

from __future__ import annotations

from enum import StrEnum


class Trouble(StrEnum):
    """What a channel has to live with. Most befall one request, the next one; NO_ACCESS, OTHER_CURRENCY, SAME_PAGE,
    EDIT and REFUSAL last.
    """

    RATE_LIMIT = "rate_limit"  # the next request is turned away, and told to wait
    NO_ACCESS = "no_access"  # from now on our credentials are refused
    STALE_READ = "stale_read"  # the next read shows what was there before the last write
    GARBAGE_READ = "garbage_read"  # the next read is answered with something else, such as a maintenance page
    TORN_READ = "torn_read"  # the next read is answered with half of the answer
    ABSURD_READ = "absurd_read"  # the next read has no amounts where prices were changed before, such as NaN or text
    OTHER_CURRENCY = "other_currency"  # from now on reads are answered in another currency
    SAME_PAGE = "same_page"  # from now on every page of a list is the first one
    GARBAGE_WRITE = "garbage_write"  # the next write is applied, and answered with something else
    ERROR_BEFORE = "error_before"  # the next write is not applied, and answered with a server's error
    ERROR_AFTER = "error_after"  # the next write is applied, and answered with a server's error
    TIMEOUT_AFTER = "timeout_after"  # the next write is applied, and never answered
    RESET_AFTER = "reset_after"  # the next write is applied, and the connection breaks
    EDIT = "edit"  # somebody else changes a price there: `ChannelLab.edit`
    REFUSAL = "refusal"  # it takes no price for one listing: `ChannelLab.refuse`
