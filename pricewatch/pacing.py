"""How long to wait before asking again: what the other side says, or a growing random time."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 365 * 86_400.0


def retry_after(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After header, seconds or HTTP date, as seconds from now (0 to a year); None when it says nothing."""
    text = (value or "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return min(max((when - now).total_seconds(), 0.0), LONGEST_WAIT)


def backoff(attempt: int, *, base: float, cap: float, chance: random.Random | None = None) -> float:
    """Draw a waiting time in seconds for retry `attempt` (from 0): full jitter, doubling, capped."""
    return (chance or random.SystemRandom()).uniform(0.0, min(cap, base * 2 ** min(attempt, 60)))
