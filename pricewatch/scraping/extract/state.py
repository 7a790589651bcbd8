"""Prices in data that a page embeds for its own scripts: data-layer pushes, framework state, product JSON."""

from __future__ import annotations

import re

from pricewatch.domain.offer import PriceRole
from pricewatch.scraping.extract import schema
from pricewatch.scraping.extract.dom import Document, attribute, path_of
from pricewatch.scraping.extract.records import Candidate, Source

MAX_SCRIPT = 1_500_000
MAX_CARRIERS = 40
_SALE = r"sale_?price|special_?price|current_?price|final_?price|now_?price|selling_?price|discounted_?price|"
r"price_?sale|sale|offer_?price|actual_?price"
_WAS = r"original_?price|regular_?price|list_?price|was_?price|old_?price|base_?price|msrp|rrp|compare_?at_?price|"
r"standard_?price|original"
_PAIR = re.compile(
    rf"""[{{,\s(]\\?["']?(?P<key>{_SALE}|{_WAS}|price|product_?price|price_?amount|amount|value|unit_?price|display_?price|formatted_?price|ecomm_totalvalue|product_?value)"""
    r"""\\?["']?\s*[:=]\s*\\?["']?(?P<amount>\s*[$€£]?\d[\d.,]{0,14})(?=\\?["'\s,}\];])""",
    re.IGNORECASE,
)
_NESTED = re.compile(
    r"""[{,\s]\\?["']?(?P<key>[\w]*_?price)\\?["']?\s*:\s*\{[^{}]{0,160}?(?:\{[^{}]{0,160}?)?"""
    r"""\\?["']?(?P<unit>amount|value|current|gross|cent_?amount)\\?["']?\s*:\s*"""
    r"""\\?["']?(?P<amount>\d[\d.,]{0,14})(?=\\?["'\s,}\];])""",
    re.IGNORECASE,
)
_CURRENCY = re.compile(
    r"""(?:price_?)?currency(?:_?code|Iso)?\\?["']?\s*[:=]\s*\\?["']([A-Z]{3})\\?["']""", re.IGNORECASE
)
_NEAR = 700
_SALE_KEY, _WAS_KEY = re.compile(_SALE, re.IGNORECASE), re.compile(_WAS, re.IGNORECASE)
_STRONG = frozenset({"price", "productprice", "product_price", "priceamount", "ecomm_totalvalue"})


def prices(document: Document, names: tuple[str, ...], identifiers: tuple[str, ...]) -> list[Candidate]:
    """Prices in scripts that stand close to the item's name or number; at most one of each amount and role."""
    found: dict[tuple[str, PriceRole], Candidate] = {}
    for number, script in enumerate(document.all("script:not([src])")):
        text = script.text_lexbor()
        if (
            len(text) > MAX_SCRIPT
            or ("rice" not in text and "alue" not in text)
            or "ld+json" in (script.attributes.get("type") or "")
        ):
            continue
        for start in _anchors(text, names, identifiers):
            window = text[max(0, start - _NEAR // 3) : start + _NEAR]
            stated = _CURRENCY.search(window)
            currency = stated.group(1) if stated else ""
            for match in (*_PAIR.finditer(window), *_NESTED.finditer(window)):
                made = _candidate(match, currency, f"script[{number}]")
                if made:
                    found.setdefault((str(made.amount), made.role), made)
            if len(found) > 12:
                return list(found.values())
    return list(found.values())


_ATTRIBUTES = ("data-price-amount", "data-product-price", "data-price")


def attributes(document: Document) -> list[Candidate]:
    """The one price that elements carry in their attributes; nothing where they carry different ones."""
    found: dict[str, Candidate] = {}
    for node in document.all(",".join(f"[{name}]" for name in _ATTRIBUTES))[:MAX_CARRIERS]:
        value = next(filter(None, (attribute(node, name) for name in _ATTRIBUTES)), "")
        currency = attribute(node, "data-currency")
        made = schema.candidate(value[:40], currency, Source.STATE, PriceRole.REGULAR, path_of(node))
        if made:
            found.setdefault(str(made.amounts), made)
    return list(found.values()) if len(found) == 1 else []


def _candidate(match: re.Match[str], currency: str, where: str) -> Candidate | None:
    key = match["key"].lower()
    if _WAS_KEY.fullmatch(key):
        role = PriceRole.WAS
    elif _SALE_KEY.fullmatch(key):
        role = PriceRole.SALE
    elif key in _STRONG:
        role = PriceRole.REGULAR
    else:
        return None
    made = schema.candidate(match["amount"].strip(), currency, Source.STATE, role, f"{where}.{match['key']}")
    if made and (match.groupdict().get("unit") or "").lower().startswith("cent"):
        return made._replace(amounts=tuple(amount.scaleb(-2) for amount in made.amounts))
    return made


def _anchors(text: str, names: tuple[str, ...], identifiers: tuple[str, ...]) -> list[int]:
    """Where a script names the item: by its name, or by its number in quotes."""
    places: list[int] = []
    for name in names:
        short = name[:40]
        if len(short) >= 5 and (at := text.find(short)) >= 0:
            places.append(at)
    for number in identifiers:
        if len(number) >= 4:
            at = text.find(f'"{number}"')
            at = at if at >= 0 else text.find(f"'{number}'")
            if at >= 0:
                places.append(at)
    return places[:4]
