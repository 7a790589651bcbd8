"""Amounts with a string attached: what somebody must do, be or wait for until a number is what this item costs.

The words (`term_words`) count right in front of a number, few words and no other number between, or right behind it,
and never where the item's own title says them: a gift card costs what it is worth.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pricewatch.domain.offer import PriceRole
from pricewatch.scraping.extract.term_words import TERMS, Words

LOOKED_AT = 120  # characters in front of a number
SAID = re.compile(r"[^\W\d_]{4,}")


def _all(words: Mapping[str, Words], start: str) -> re.Pattern[str]:
    """One expression for all strings of all languages; the group that matched names the string."""
    named = ((name, "|".join(told.values())) for name, told in words.items() if told)
    return re.compile(f"{start}(?:" + "|".join(f"(?P<{name}>{told})" for name, told in named) + ")")


_BEFORE = _all({name: term.before for name, term in TERMS.items()}, r"(?<!\w)")
_BEHIND = _all({name: term.behind for name, term in TERMS.items()}, "")
_GAP = re.compile(r"\W*(?:\w*[^\W\d]\W{1,3}){0,5}\W*")  # the words between a string and its number
_ENDS = re.compile(r"[.!;|](?=\s)|\d")
_YEARS = re.compile(
    r"\d+ ?(?:lat\w?|rok\w*|let|jahre?|jaar|years?|yrs?|ans?|años?|anni|år|mies\w*|monate?|months?)\b|\d-?year"
)
_IN_STOCK = re.compile(
    r"(?:dostęp|wysył|premier|lieferbar|verfügbar|versand|leverbaar|beschikbaar|sklad|dostup|dodá|available|ships?|"
    r"release|disponib|expédi|envío|spedi|tillgäng|leverans|erschein|in stock)\W*\w*\W*$"
)
_WITHOUT = re.compile(r"\b(?:bez|ohne|without|zonder|sans|sin|senza|utan|no|kein\w*|geen) $")
_STATED_BEHIND = frozenset({"FEW", "MEMBERS", "TOGETHER", "DEPOSIT", "GIFT", "SAVED", "POINTS"})
Told = tuple[PriceRole, str]


def told(before: str, behind: str, title: str = "", beyond: str = "") -> Told | None:
    """The role that words right around a number give it, and why; None where there are none, or the title has them.

    All in lower case; `beyond` is a text of its own behind the number's element that is no label of another number.
    """
    found = _BEHIND.match(behind) if behind else None
    if found and not in_title(found.group(), title):
        return _as(found)
    found = _BEHIND.match(beyond) if beyond else None
    if found and found.lastgroup in _STATED_BEHIND and not beyond[found.end() :].strip(".*) "):
        return _as(found)
    words = before[-LOOKED_AT:]
    for match in reversed(list(_BEFORE.finditer(words))):
        name = match.lastgroup or ""
        if not _reaches(words[match.end() :], name) or in_title(match.group(), title):
            continue
        said = words[: match.start()]
        if _WITHOUT.search(said) or (name == "LATER" and _IN_STOCK.search(said)):
            continue
        return _as(match)
    return None


def _as(match: re.Match[str]) -> Told:
    term = TERMS[match.lastgroup or ""]
    return term.role, f"{term.why}: {match.group().strip()!r}"


def _reaches(gap: str, name: str) -> bool:
    """Whether few words, no number and no end of a sentence stand between a string and its number."""
    gap = _YEARS.sub("", gap) if name == "ADD_ON" else gap
    return not _ENDS.search(gap) and _GAP.fullmatch(f"{gap} ") is not None


def in_title(words: str, title: str) -> bool:
    """Whether the item itself is called by the words: its own price is no string's."""
    return bool(title) and any(word in title for word in SAID.findall(words))
