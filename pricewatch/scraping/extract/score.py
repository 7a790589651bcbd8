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
| far before the title, far below it              | -20, -10 |
| in header, footer or cart                       | -35      |
| among other products                            | -40      |
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pricewatch.domain.offer import PriceRole
from pricewatch.scraping.extract.dom import path_of
from pricewatch.scraping.extract.price_text import amounts_of
from pricewatch.scraping.extract.records import Candidate, Source
from pricewatch.scraping.extract.roles import role_of
from pricewatch.scraping.extract.tax import is_net
from pricewatch.scraping.extract.visible import Scan, Spot

ALIKE = "one of many alike"
LOCATED = 8  # candidates whose place on the page is worked out for the evidence
_LABEL = re.compile(
    r"(?:\bprice|\bcena(?: brutto)?|preis|prijs|\bprix|precio|prezzo|preço|\bpris|hinta|цена|ціна|kaina|cijena|ár|"
    r"\bnow|jetzt|teraz|\bnyní|\bonly|\bnur|tylko|価格|售價|特價|מחיר)\W{0,6}$"
)
_SALE_MARKUP = re.compile(
    r"(?:current|final|special|sale|now|promo|discounted|actual)[-_]{0,2}price|price[-_]{0,2}(?:current|final|"
    r"special|sale|now)"
)
_LETTER = re.compile(r"[^\W\d_]")
_OPEN = frozenset({PriceRole.REGULAR, PriceRole.SALE, PriceRole.FROM})


def scored(scan: Scan) -> list[Candidate | None]:
    """A candidate for every spot, in page order; None where the number is no amount."""
    shapes = Counter(spot.shape for spot in scan.spots)
    found = [_scored(spot, scan, shapes) for spot in scan.spots]
    best = sorted((c.score, -n) for n, c in enumerate(found) if c)[-LOCATED:]
    for _, place in best:
        candidate = found[-place]
        if candidate:
            found[-place] = replace(candidate, where=path_of(scan.spots[-place].node))
    return found


def ranked(found: Sequence[Candidate | None]) -> list[Candidate]:
    """The candidates, the highest score first: that is the price which the page shows."""
    return sorted((c for c in found if c), key=lambda c: -c.score)


def tiles_of(scan: Scan) -> int:
    """How many different amounts the most repeated pattern of markup shows."""
    shapes: dict[str, set[str]] = {}
    for spot in scan.spots:
        shapes.setdefault(spot.shape, set()).add(spot.numeral.digits)
    return max(map(len, shapes.values()), default=0)


def _scored(spot: Spot, scan: Scan, shapes: Counter[str]) -> Candidate | None:
    amounts = tuple(a for a in amounts_of(spot.numeral.digits) if a > 0)
    if not amounts:
        return None
    if spot.numeral.hundredths:
        amounts = tuple(a.scaleb(-2) for a in amounts)
    zone = spot.zone
    role, reason = role_of(spot.before, spot.behind, spot.outer, zone.near, struck=zone.struck)
    points = [*_by_markup(spot), *_by_place(spot, scan), *_by_look(spot, shapes)]
    why = tuple(name for name, _ in points if name) + ((reason,) if reason else ())
    if (zone.other or zone.chrome) and zone.main > 2 and role in _OPEN:
        role = PriceRole.OTHER_PRODUCT
    codes = spot.numeral.codes
    text = spot.text[max(0, spot.numeral.start - 20) : spot.numeral.end + 10]
    score = sum(value for _, value in points)
    code = codes[0] if codes else ""
    net = role in _OPEN and is_net(spot.before, spot.behind or spot.outer, zone.near)
    if net:
        why += ("net of tax",)
    return Candidate(Source.VISIBLE, role, amounts, code, text, "", score, why, codes, spot.numeral.digits, net)


def _by_markup(spot: Spot) -> Iterator[tuple[str, int]]:
    zone = spot.zone
    if zone.main <= 2:
        yield "main price markup", 30
    if zone.price <= 5:
        yield "price markup", 25 - 4 * zone.price
    if zone.price <= 5 and (says := _SALE_MARKUP.search(zone.near)):
        yield f"markup says {says.group().strip('-_ ')!r}", 8
    if spot.numeral.codes:
        yield "", 10
    if zone.other:
        yield "among other products", -40
    if zone.hidden:
        yield "hidden", -12
    if zone.link:
        yield "inside a link", -12


def _by_place(spot: Spot, scan: Scan) -> Iterator[tuple[str, int]]:
    zone = spot.zone
    if zone.chrome or (zone.header and spot.order < scan.heading):
        yield "in header, footer or cart", -35
    if scan.heading < 0:
        yield "", 5 if spot.order < 0.5 * len(scan.texts) else 0
        return
    distance = spot.order - scan.heading
    if distance < -30:
        yield "far before the title", -20
    elif distance < 0:
        yield "just before the title", 5
    elif distance <= 40:
        yield "below the title", 25 - distance // 4
    else:
        yield ("", 8) if distance <= 120 else ("far below the title", -10)


def _by_look(spot: Spot, shapes: Counter[str]) -> Iterator[tuple[str, int]]:
    if shapes[spot.shape] >= 4:
        yield ALIKE, -15
    if spot.zone.big:
        yield "large type", 12
    if _LABEL.search(spot.before[-24:].lower()):
        yield "labelled as the price", 20
    if len(spot.text) > 60 or (spot.zone.price > 5 and len(_LETTER.findall(spot.text[:60])) > 15):
        yield "in running text", -15
