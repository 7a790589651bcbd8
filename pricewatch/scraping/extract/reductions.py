"""Old prices that nothing but arithmetic gives away: `49,95 €  29,95 €  -40 %`, `£68.00  £42.00  save £26.00`.

`De R$ 299,90 por R$ 199,90`, and two amounts that are all that an element holds, `49,95 €  29,95 €`, are an old
price and the one that is asked, too.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from decimal import Decimal

from pricewatch.domain.offer import PriceRole
from pricewatch.scraping.extract.currencies import SIGNS
from pricewatch.scraping.extract.dom import ancestors, ids, text_of
from pricewatch.scraping.extract.numerals import is_plain_money, numerals, plain
from pricewatch.scraping.extract.records import Candidate, Source
from pricewatch.scraping.extract.tax import taxed
from pricewatch.scraping.extract.visible import Scan, Spot

NEAR = 14  # texts between two prices, and between them and what says how much was taken off
PLAINER = 8  # points by which the higher amount is shown more plainly
LEAST = 10  # points of a price that counts as shown
_PER_CENT = re.compile(
    r"(?:[-−–]|save|spare|rabat|oszczęd\w*|korting|sleva|скидка|desconto|descuento|sconto) ?:? ?"
    r"(\d{1,2}) ?%|(\d{1,2}) ?% ?(?:off|taniej|gespart|korting)",
    re.IGNORECASE,
)
SIDE_BY_SIDE = 4  # texts between two amounts of one element
STEPS = 3
LONGEST = 40
BELOW = 30  # texts from the title to two amounts that follow each other
LEAST_LEFT = Decimal("0.2")  # what a reduction leaves of a price
_WORD = re.compile(r"[^\W\d_]{2}")
_JOINED = re.compile(r"[-–—/+|:&=~×]")
_DE, _POR = re.compile(r"^\W*de:?\W*$", re.IGNORECASE), re.compile(r"\bpor(?: apenas)?:?\W*$", re.IGNORECASE)
_OPEN = frozenset({PriceRole.REGULAR, PriceRole.SALE})
_ASKED = _OPEN | {PriceRole.FROM}
_FROM = re.compile(
    r"^(?:from|ab|od|vanaf|alkaen|från|fra|desde|da|à partir de|dès|a partir de|от|від)\b:? ", re.IGNORECASE
)
_ROUNDING = Decimal("0.75")  # of a per cent
_CELLS = ids("td", "th")
_INCLUDES = re.compile(
    r"^\W*(?:zawiera|razem|łącznie|z (?:ochron|dostaw|wysyłk)|incl|total|with |inkl|gesamt|mit |totaal|met |celkem|"
    r"s do|compris|avec |con |totale)",
    re.IGNORECASE,
)
TAKEN_OFF, HIGHER = "taken off beside it", "the higher one of two"
Found = list[Candidate | None]


def told(scan: Scan, scored: Found, stated: Sequence[Candidate]) -> Found:
    """The candidates, the higher one of a pair called old where a per cent or a sum beside it says what came off.

    What structured data states is called old only where a per cent right beside both says so, and never what is shown
    more plainly than the lower amount.
    """
    named = {c.amount for c in stated if c.role in _OPEN}
    shown = [
        n for n, c in enumerate(scored)
        if c and c.role in _ASKED and c.score >= LEAST and len(c.amounts) == 1 and c.source is Source.VISIBLE
    ]  # fmt: skip
    if len({c.amount for n in shown if (c := scored[n])}) < 2:
        return scored
    open_to_it = [n for n in shown if (c := scored[n]) and c.role in _OPEN]
    orders = [scan.spots[n].order for n in shown]
    old = {
        high: reason
        for high in open_to_it
        for low in shown[_near(orders, scan.spots[high].order)]
        if (reason := _reduced(scan, scored, high, low, named))
    }
    return [c.as_role(PriceRole.WAS, old[n]) if c and n in old else c for n, c in enumerate(scored)]


def _near(orders: Sequence[int], order: int) -> slice:
    """Which of these texts, in page order, stand near one of them."""
    return slice(bisect_left(orders, order - NEAR), bisect_right(orders, order + NEAR))


def _reduced(scan: Scan, scored: Sequence[Candidate | None], high: int, low: int, named: set[Decimal]) -> str:
    """Why the higher amount is the old price of the lower one; empty where nothing says so."""
    old, new = scored[high], scored[low]
    if old is None or new is None or old.amount <= new.amount or old.codes != new.codes:
        return ""
    if new.score < old.score - PLAINER or new.net or old.net:
        return ""
    first, last = sorted((scan.spots[high].order, scan.spots[low].order))
    if old.amount in named and last - first > SIDE_BY_SIDE:
        return ""
    off = 100 * (1 - new.amount / old.amount)
    texts = scan.texts[max(first - 4, 0) : last + 7]
    line = " ".join(text for text in texts if len(text) <= LONGEST) if any("%" in text for text in texts) else ""
    said = (int(one or other) for one, other in _PER_CENT.findall(line))
    if any(abs(off - share) <= _ROUNDING for share in said):
        return TAKEN_OFF
    if old.amount in named:
        return ""
    if _DE.search(scan.spots[high].before) and _POR.search(scan.spots[low].before):
        return TAKEN_OFF
    beside = _stand_alone(scan, high, low) or _follow(scan, high, low)
    if beside and LEAST_LEFT * old.amount < new.amount and not taxed(new.amount, [old.amount]):
        return HIGHER if _is_something_else(scan, high) and low < high else TAKEN_OFF
    return TAKEN_OFF if _is_named(old.amount - new.amount, scan, scored, range(first - 4, last + 8)) else ""


def _is_something_else(scan: Scan, high: int) -> bool:
    """Whether a higher amount may be a total, a fee with it, or another edition: in a table, a link, or said behind."""
    spot = scan.spots[high]
    following = scan.texts[spot.order] if spot.order < len(scan.texts) else ""
    in_table = any(node.tag_id in _CELLS for node in (spot.node, *ancestors(spot.node, STEPS)))
    return in_table or spot.zone.link or _INCLUDES.search(f"{spot.behind} {following}") is not None


def _is_named(taken: Decimal, scan: Scan, scored: Sequence[Candidate | None], near: range) -> bool:
    """Whether a sum is shown as taken off."""
    return any(
        c and c.role is PriceRole.OTHER_PRODUCT and c.score > 0 and c.amount == taken and spot.order in near
        for spot, c in zip(scan.spots, scored, strict=True)
    )


def _stand_alone(scan: Scan, high: int, low: int) -> bool:
    """Whether two amounts are all that the element around them holds, and nothing joins them to a range."""
    one, other = scan.spots[high], scan.spots[low]
    if abs(one.order - other.order) > SIDE_BY_SIDE:
        return False
    around = {node.mem_id for node in ancestors(one.node, STEPS)}
    both = next((node for node in ancestors(other.node, STEPS) if node.mem_id in around), None)
    line = plain(text_of(both, 4 * LONGEST)) if both is not None else ""
    if not line or len(line) > LONGEST:
        return False
    found = [number for number in numerals(line) if is_plain_money(number)]
    if len(found) != 2 or _WORD.search(line[: found[0].start] + line[found[0].end : found[1].start]):
        return False
    between = line[found[0].end : found[1].start]
    return not _JOINED.search(between) and not _WORD.search(line, found[1].end)


def _follow(scan: Scan, high: int, low: int) -> bool:
    """Whether two amounts are texts of their own near the title, one right behind the other, and no third follows."""
    first, last = sorted((high, low), key=lambda place: scan.spots[place].order)
    start = scan.spots[first].order - scan.heading
    if scan.heading < 0 or not 0 < start <= BELOW or scan.spots[last].order - scan.spots[first].order > SIDE_BY_SIDE:
        return False
    if last != first + 1 or not (_is_alone(scan.spots[first]) and _is_alone(scan.spots[last])):
        return False
    between = scan.texts[scan.spots[first].order : scan.spots[last].order - 1]
    if any(_WORD.search(text) or _JOINED.search(text) for text in between if text.casefold() not in SIGNS):
        return False
    around = (place for place in (first - 1, last + 1) if 0 <= place < len(scan.spots))
    return not any(
        _is_alone(scan.spots[place]) and abs(scan.spots[place].order - scan.spots[first].order) <= NEAR
        for place in around
    )


def _is_alone(spot: Spot) -> bool:
    text = _FROM.sub("", spot.text.strip())
    return len(text) - (spot.numeral.end - spot.numeral.start) <= len(" *")
