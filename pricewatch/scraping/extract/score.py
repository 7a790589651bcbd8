"""How likely a visible amount is the price of the item: markup, place and neighbours, in points.

| what speaks for or against it                   | points   |
|-------------------------------------------------|----------|
| markup that names the item's own price          | 30       |
| markup that names a price, the nearer the more  | 25 … 5   |
| markup that names a current or sale price       | 8        |
| a currency sign                                 | 10       |
| below the item's title, the nearer the more     | 25 … 15  |
| labelled "price" in the page's language         | 20       |
| large type                                      | 12       |
| hidden, inside a link                           | -12      |
| in running text, one of many alike              | -15      |
| a small number without a sign beside signed ones | -30      |
| far before the title, far below it              | -20, -10 |
| in header, footer or cart                       | -35      |
| among other products                            | -40      |
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from selectolax.lexbor import LexborNode

from pricewatch.domain.offer import PriceRole
from pricewatch.scraping.extract import terms
from pricewatch.scraping.extract.currencies import SYMBOLS
from pricewatch.scraping.extract.dom import TEXT, path_of, text_of, tidy
from pricewatch.scraping.extract.price_text import amounts_of, is_negative
from pricewatch.scraping.extract.records import Candidate, Source
from pricewatch.scraping.extract.roles import FILLER, role_of
from pricewatch.scraping.extract.tax import is_net
from pricewatch.scraping.extract.visible import Scan, Spot

NET = "net of tax"
AMONG_OTHERS = "among other products"
ALIKE = "one of many alike"
RUNNING = "in running text"
MAIN = "main price markup"
LABELLED = "labelled as the price"
FAR_BEFORE, JUST_BEFORE = "far before the title", "just before the title"
FURTHER_DOWN, FAR_BELOW = "further down the page", "far below the title"
MANY = 4  # amounts in one pattern of markup
FIRST = 40  # texts from the title to the item's own price, where those of other items look alike
TOGETHER, PAIR = 8, 2  # texts between a price and its old one, and how many amounts these are
APART = 25  # texts from there to the next item's
SIGNED = 25  # points of an amount with a sign
SMALL = 2  # digits of a number that may be a quantity
LONGEST_STRING = 30  # of what is said behind an amount in a text of its own
LOCATED = 8  # candidates whose place on the page is worked out for the evidence
_LABEL = re.compile(
    r"(?:\bprice|\bcena(?: brutto)?|preis|prijs|\bprix|precio|prezzo|preço|\bpris|hinta|цена|ціна|kaina|cijena|ár|"
    r"\bnow|jetzt|teraz|\bnyní|\bonly|\bnur|tylko|価格|特価|售價|特價|網路價|優惠價|促銷價|售价|价格|판매가|할인가|fiyat|"
    r"מחיר)\W{0,6}$"
)
_RUNNING = re.compile(r"(?:aktualna cena|aktuální cena|aktueller preis|(?:huidige|actuele) prijs|current price)\W*$")
_SALE_MARKUP = re.compile(
    r"(?:current|final|special|sale|now|promo|discounted|actual)[-_]{0,2}price|price[-_]{0,2}(?:current|final|"
    r"special|sale|now)"
)
_TO = r" *(?:[-–—]|to|bis|do|tot|až)"
_LOWER_END = re.compile(rf"{_TO} *(?:[{SYMBOLS}]|[A-Z]{{3}})? ?\d+(?! ?(?:%|[\d.,]*\d ?%))(?![\d.]*\.\d{{4}})")
_UPPER_END = re.compile(rf"\d *(?:[{SYMBOLS}]|[^\W\d]{{2,4}})?{_TO} *$")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_OPEN = frozenset({PriceRole.REGULAR, PriceRole.SALE, PriceRole.FROM})


def scored(scan: Scan) -> list[Candidate | None]:
    """A candidate for every spot, in page order; None where the number is no amount."""
    patterns = [(spot.shape, scan.among_others(spot.order)) for spot in scan.spots]
    alike = _amounts_in(patterns, scan)
    many = {own for own, amounts in alike.items() if amounts >= MANY}
    first = {own: _set_apart([s for s, o in zip(scan.spots, patterns, strict=True) if o == own], scan) for own in many}
    found = [
        _scored(spot, scan, own in many and spot.order not in first[own])
        for spot, own in zip(scan.spots, patterns, strict=True)
    ]
    if any(c.codes and c.score >= SIGNED for c in found if c):
        found = [_without_sign(c) if c and not c.codes else c for c in found]
    best = sorted((c.score, -n) for n, c in enumerate(found) if c)[-LOCATED:]
    for _, place in best:
        candidate = found[-place]
        if candidate:
            spot = scan.spots[-place]
            spot.where = spot.where or path_of(spot.node)
            found[-place] = candidate._replace(where=spot.where)
    return found


def _without_sign(candidate: Candidate) -> Candidate:
    """A small whole number on a page that writes signs at its prices: a quantity, most likely."""
    if len(candidate.digits) > SMALL or not candidate.digits.isdigit():
        return candidate
    return candidate._replace(score=candidate.score - 30, why=("without a sign", *candidate.why))


def _amounts_in(patterns: Sequence[tuple[str, bool]], scan: Scan) -> Counter[tuple[str, bool]]:
    """How many different amounts each pattern shows: the item's own price may be repeated for every size."""
    amounts = {(own, spot.numeral.digits) for own, spot in zip(patterns, scan.spots, strict=True)}
    return Counter(own for own, _ in amounts)


def _set_apart(spots: Sequence[Spot], scan: Scan) -> range:
    """Where a price and its old one stand below the title, with a button to buy, well before others alike."""
    below = [spot.order for spot in spots if spot.order > scan.heading]
    if scan.heading < 0 or not below or below[0] - scan.heading > FIRST or not scan.offers_to_buy(0, FIRST + APART):
        return range(0)
    last = next((one for one, other in pairwise(below) if other - one > TOGETHER), below[-1])
    following = next((order for order in below if order > last), last + APART)
    amounts = {spot.numeral.digits for spot in spots if below[0] <= spot.order <= last}
    return range(below[0], last + 1) if len(amounts) <= PAIR and following - last >= APART else range(0)


def ranked(found: Sequence[Candidate | None]) -> list[Candidate]:
    """The candidates, the highest score first: that is the price which the page shows."""
    return sorted((c for c in found if c), key=lambda c: -c.score)


def tiles_of(scan: Scan) -> int:
    """How many different amounts the most repeated pattern of markup shows."""
    shapes: dict[str, set[str]] = {}
    for spot in scan.spots:
        shapes.setdefault(spot.shape, set()).add(spot.numeral.digits)
    return max(map(len, shapes.values()), default=0)


def _scored(spot: Spot, scan: Scan, many: bool) -> Candidate | None:
    if spot.weighed is None:
        spot.weighed = _weighed(spot, scan)
    candidate = spot.weighed
    if many and candidate:
        return candidate._replace(score=candidate.score - 15, why=(ALIKE, *candidate.why))
    return candidate


def _weighed(spot: Spot, scan: Scan) -> Candidate | None:
    """The candidate of a spot, as far as it does not depend on what else the page shows."""
    numeral, zone = spot.numeral, spot.zone
    amounts = tuple(a for a in amounts_of(numeral.digits) if a > 0)
    if not amounts:
        return None
    if numeral.hundredths:
        amounts = tuple(a.scaleb(-2) for a in amounts)
    role, reason = role_of(spot.before, spot.behind, spot.outer, zone.near, struck=zone.struck)
    if role is PriceRole.OTHER_PRODUCT and terms.in_title(reason.removeprefix("preceded by"), scan.title):
        role, reason = PriceRole.REGULAR, ""  # a gift card, an insurance: the item itself
    if role in _OPEN or role is PriceRole.COUPON:
        role, reason = _by_terms(spot, scan) or _by_line(spot, role, reason)
    if role in _OPEN and _RUNNING.search(spot.before.lower()) and scan.takes_bids():
        role, reason = PriceRole.BID, "the running price where bids are taken"
    why: list[str] = []
    other = zone.other or scan.among_others(spot.order)
    score = _by_markup(spot, other, why) + _by_place(spot, scan, why) + _by_look(spot, why)
    if reason:
        why.append(reason)
    if (other or zone.chrome) and zone.main > 2 and role in _OPEN:
        role = PriceRole.OTHER_PRODUCT
    text = spot.text[max(0, numeral.start - 20) : numeral.end + 10]
    code = numeral.codes[0] if numeral.codes else ""
    net = role in _OPEN and is_net(spot.before, spot.behind or spot.outer, zone.near)
    if net:
        why.append(NET)
    return Candidate(
        Source.VISIBLE, role, amounts, code, text, "", score, tuple(why), numeral.codes, numeral.digits, net
    )


def _by_terms(spot: Spot, scan: Scan) -> tuple[PriceRole, str] | None:
    """The role that a string attached to an amount gives it; what goes on behind its element counts as well."""
    if spot.zone.other or spot.zone.chrome:
        return None
    behind = spot.behind.lstrip(FILLER)
    following = spot.node.next if not behind else None
    if following is not None and following.tag_id == TEXT:
        behind = (following.text_content or "")[:60].lstrip(FILLER)
    start = spot.numeral.start
    taken = spot.text[start : spot.text.find(spot.numeral.digits, start)].strip()  # a word like a sign: "da", "ks"
    before = f"{spot.before}{taken} " if taken.isalpha() else spot.before
    return terms.told(before.lower(), behind.lower(), scan.title, _beyond(spot, scan))


def _beyond(spot: Spot, scan: Scan) -> str:
    """The text of the element behind an amount's, where no other amount follows it that it may be the label of."""
    behind = scan.texts[spot.order : spot.order + 2]
    if spot.behind.strip() or not behind or len(behind[0]) > LONGEST_STRING:
        return ""
    said = tidy(behind[0])
    return "" if _DIGIT.search(behind[-1][:12]) and not _closes(spot.node, said) else said.lower()


def _closes(node: LexborNode, said: str) -> bool:
    """Whether what is said is the last thing beside an amount in the element around both."""
    beside = [step for step in (node.next, node.next and node.next.next) if step and step.tag_id != TEXT]
    return bool(beside) and beside[0].next is None and text_of(beside[0], 2 * LONGEST_STRING) == said


def _by_line(spot: Spot, role: PriceRole, reason: str) -> tuple[PriceRole, str]:
    """What the line that an amount stands in makes of it: one end of a range, or what is taken off."""
    start = spot.numeral.start
    if _LOWER_END.match(spot.behind):
        return PriceRole.FROM, "the lower end of a range"
    if start and is_negative(spot.text, spot.numeral):
        return PriceRole.OTHER_PRODUCT, "taken off"
    if start and _UPPER_END.search(spot.text, 0, start):
        return PriceRole.OTHER_PRODUCT, "the upper end of a range"
    return role, reason


def _by_markup(spot: Spot, other: bool, why: list[str]) -> int:
    zone, score = spot.zone, 0
    if zone.main <= 2:
        why.append(MAIN)
        score += 30
    if zone.price <= 5:
        why.append("price markup")
        score += 25 - 4 * zone.price
        if says := _sale(zone.near):
            why.append(says)
            score += 8
    if spot.numeral.codes:
        score += 10
    if other:
        why.append(AMONG_OTHERS)
        score -= 40
    if zone.hidden:
        why.append("hidden")
        score -= 12
    if zone.link:
        why.append("inside a link")
        score -= 12
    return score


@lru_cache(maxsize=8192)
def _sale(markup: str) -> str:
    says = _SALE_MARKUP.search(markup)
    return f"markup says {says.group().strip('-_ ')!r}" if says else ""


def _by_place(spot: Spot, scan: Scan, why: list[str]) -> int:
    zone, score = spot.zone, 0
    if zone.chrome or (zone.header and spot.order < scan.heading):
        why.append("in header, footer or cart")
        score -= 35
    if scan.heading < 0:
        return score + (5 if spot.order < 0.5 * len(scan.texts) else 0)
    distance = spot.order - scan.heading
    if distance < -30:
        why.append(FAR_BEFORE)
        return score - 20
    if distance < 0:
        why.append(JUST_BEFORE)
        return score + 5
    if distance <= 40:
        why.append("below the title")
        return score + 25 - distance // 4
    if distance <= 120:
        why.append(FURTHER_DOWN)
        return score + 8
    why.append(FAR_BELOW)
    return score - 10


_ABOUT_IT = re.compile(r"^\W*(?:brutto|netto|incl|inkl|inc|ttc|za |per |pro |vat|mwst|iva)", re.IGNORECASE)
_SET_APART = re.compile(r"\s?[·|•–—]\s+[^\W\d_]{2}|\s?[·|•]\s+\w")
_WORD = re.compile(r"[a-zA-ZÀ-ž]{4,}")


def _is_amid_words(spot: Spot) -> bool:
    """Whether an amount stands in the middle of a sentence, and not behind a word for price."""
    before, behind = spot.text[: spot.numeral.start], spot.text[spot.numeral.end :]
    if not before and not behind and spot.zone.price > 5:
        before, behind = _text_at(spot.node.prev), _text_at(spot.node.next)
    if not (_LETTER.search(before) and _WORD.search(behind)) or _LABEL.search(before[-24:].lower()):
        return False
    return _WORD.search(before) is not None and not _ABOUT_IT.match(behind)


def _text_at(node: LexborNode | None) -> str:
    """What goes on beside an element inside a line; empty where another element stands there."""
    return (node.text_content or "")[:200] if node is not None and node.tag_id == TEXT else ""


def _leads(spot: Spot) -> bool:
    """Whether an amount opens a line and is set apart from its words: `$60 · Skate board`."""
    return spot.numeral.start <= 1 and _SET_APART.match(spot.text, spot.numeral.end) is not None


def _by_look(spot: Spot, why: list[str]) -> int:
    score = 0
    if spot.zone.big:
        why.append("large type")
        score += 12
    if _LABEL.search(spot.before[-24:].lower()):
        why.append(LABELLED)
        score += 20
    if _leads(spot):
        return score
    if len(spot.text) > 60 or _is_amid_words(spot) or (spot.zone.price > 5 and len(_LETTER.findall(spot.text)) > 15):
        why.append(RUNNING)
        score -= 15
    return score
