"""The offer that a page puts first: the buy box of a marketplace, the highlighted row of a comparison."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from selectolax.lexbor import LexborNode

from pricewatch.scraping.extract.records import RowFacts
from pricewatch.scraping.extract.zones import names_of

LONGEST = 40
_FEATURED = re.compile(
    r"buy-?box|pinned|(?<![a-z])highlight(?:ed)?(?![a-z])|featured|recommended|preferred|(?:top|best|main|winning|"
    r"winner)-?"
    r"(?:offer|angebot|oferta|nabidka)(?![a-z])|(?:offer|angebot|oferta)-*(?:top|best|main|winner|first)(?![a-z])",
)
_PRAISED = re.compile(
    r"^\W*(?:polecan[ay] (?:oferta|sklep)|oferta polecana|wyróżniona oferta|doporučuj\w+|doporučená nabídka|"
    r"empfohlen\w*(?: angebot)?|unsere empfehlung|aanbevolen|recommended(?: offer| seller)?|featured(?: offer)?|"
    r"buy box)"
    r"\W*$",
    re.IGNORECASE | re.MULTILINE,
)


def is_featured(row: LexborNode, text: str) -> bool:
    """Whether a row is marked as the one that the page puts first: by its names, or by a word that is all of a text."""
    outer = row.parent
    around = [outer] if outer is not None and sum(1 for _ in outer.iter()) == 1 else []
    if any(_FEATURED.search(names_of(step.attributes)) for step in (row, *row.iter(), *around)):
        return True
    return any(_PRAISED.match(part) for part in text.split(" | ") if len(part) <= LONGEST)


def once_each(found: Sequence[RowFacts]) -> list[RowFacts]:
    """The rows, an offer that stands above the list once more counted once; more than one highlight highlights none."""
    rows: list[RowFacts] = []
    above: dict[tuple[str, Decimal], int] = {}
    for row in found:
        key = (row.seller.casefold(), row.price.amount if row.price else Decimal(0))
        if key in above and row.condition is rows[above[key]].condition:
            first = rows[above[key]]
            rows[above[key]] = first._replace(shipping=row.shipping if first.shipping is None else first.shipping)
            continue
        if row.featured:
            above[key] = len(rows)
        rows.append(row)
    alone = sum(row.featured for row in rows) == 1
    return rows if alone else [row._replace(featured=False) if row.featured else row for row in rows]


def sold_first(rows: Sequence[RowFacts], seller: str, amounts: tuple[Decimal, ...]) -> tuple[RowFacts, ...]:
    """The rows, the offer of the seller from whom the page's own button buys marked, unless another one is."""
    mine = [
        row for row in rows
        if seller and row.seller.casefold() == seller.casefold() and row.price and row.price.amounts == amounts
    ]  # fmt: skip
    if len(mine) != 1 or any(row.featured for row in rows):
        return tuple(rows)
    return tuple(row._replace(featured=True) if row is mine[0] else row for row in rows)
