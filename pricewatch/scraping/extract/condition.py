"""The condition that an item is sold in, out of words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pricewatch.domain.offer import Condition

_WORDS = (
    (Condition.REFURBISHED, r"refurb\w*|renewed|generalüberholt\w*|odnowion\w*|refabrykowan\w*|poleasing\w*|"
    r"repasovan\w*|reconditionn\w*|reacondicionad\w*|ricondizionat\w*|gereviseerd"),
    (Condition.OPEN_BOX, r"open[- ]box|b[- ]?ware|b-stock|powystawow\w*|otwarte opakowanie|po zwrocie|rozbalen\w*|"
    r"nerozbalen\w*|retourware|tweedekans|outlet-artikel|vorführ\w*"),
    (Condition.USED, r"used|pre-?owned|second[- ]?hand|gebraucht\w*|używan\w*|uzywan\w*|tweedehands|gebruikt\w*|"
    r"použit\w*|bazar\w*|occasion|d'occasion|usato|segunda mano|seminovo|używ\w*"),
    (Condition.NEW, r"brand new|new|neu|neuware|now\w{1,3}|nieużywan\w*|nieuw|nov[ýáé]|neuf|neuve|nuevo|nuovo|novo"),
)  # fmt: skip
_PATTERNS = tuple((kind, re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)) for kind, words in _WORDS)
_LINES = tuple(
    (kind, re.compile(rf"(?:{words})(?: ?[-–—:;,(] ?[\w ]{{0,24}}\)?)?", re.IGNORECASE)) for kind, words in _WORDS
)
Own = Mapping[Condition, tuple[str, ...]]


def whole_line(text: str) -> Condition:
    """The condition that a line names and nothing else but a grade: `Gebraucht - sehr gut`."""
    return next((kind for kind, pattern in _LINES if pattern.fullmatch(text.strip())), Condition.UNKNOWN)


def condition_of(text: str, own: Own | None = None) -> Condition:
    """Read the condition out of a text that is known to be about it; the site's own words first, longest foremost."""
    lowered = text.lower()[:300]
    said = [(len(word), kind) for kind, words in (own or {}).items() for word in words if word in lowered]
    if said:
        return max(said)[1]
    return next((kind for kind, pattern in _PATTERNS if pattern.search(lowered)), Condition.UNKNOWN)
