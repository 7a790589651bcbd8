"""How long it takes until something is sent: days out of a catalogue's words, and the words for days."""

from __future__ import annotations

import re

LONGEST = 365  # days
_HOURS = re.compile(
    r"(?:(\d{1,4})\s*[-–]\s*)?(\d{1,4})\s*(?:h|hrs?|hours?|godz\w*|std\w*|stunden|hod\w*|uur)\.?", re.IGNORECASE
)
_DAYS = re.compile(
    r"(?:(\d{1,3})\s*[-–]\s*)?(\d{1,3})\s*(?:d|days?|(?:working|business)\s+days?|dni\w*|dzie\w*|rob\w*|"
    r"(?:werk|arbeits)?tage?n?|dn[íyů]|den|(?:werk)?dag(?:en)?|jours?|giorni)?\.?(?:\s+(?:rob\w*|ouvr\w*))?",
    re.IGNORECASE,
)


def days_of(words: str) -> int | None:
    """The most days that words such as "24 h", "1-3 Werktage", "2 dni" or "5" allow; None when they say no number.

    Hours are rounded up to whole days.
    """
    text = words.strip()
    if hours := _HOURS.fullmatch(text):
        days = -(-int(hours[2]) // 24)
    elif found := _DAYS.fullmatch(text):
        days = int(found[2])
    else:
        return None
    return days if days <= LONGEST else None


def in_days(days: int) -> str:
    """So many days in words, as what is compared and told: "1 day", "3 days"."""
    return "1 day" if days == 1 else f"{days} days"
