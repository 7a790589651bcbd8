"""Our products by their identifiers: which numbers name one product, and which are not to be trusted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pricewatch.domain.offer import Item
from pricewatch.domain.product import Product, Sku
from pricewatch.matching.identifiers import brand_key, mpn_key, read_gtin

OVERUSED = 3  # different titles of one site under one GTIN


@dataclass(frozen=True, slots=True)
class Identified:
    """A product that an identifier names."""

    sku: Sku
    method: str
    words: str


class IdentifierBook:
    """Our products by GTIN and by brand with part number, and how each site uses its GTINs."""

    def __init__(self) -> None:
        self._by_gtin: dict[str, list[Sku]] = defaultdict(list)
        self._by_mpn: dict[tuple[str, str], list[Sku]] = defaultdict(list)
        self._titles: dict[tuple[str, str], set[str]] = defaultdict(set)

    def add(self, products: Iterable[Product]) -> None:
        """Take in products."""
        for product in products:
            if gtin := read_gtin(product.gtin).key:
                self._by_gtin[gtin].append(product.sku)
            if key := _mpn_pair(product.brand, product.mpn):
                self._by_mpn[key].append(product.sku)

    def watch(self, items: Iterable[Item]) -> None:
        """Remember which titles a site puts a GTIN on; a default value on many is no identifier."""
        for item in items:
            if key := read_gtin(item.gtin).key:
                titles = self._titles[item.key.site, key]
                if len(titles) <= OVERUSED:
                    titles.add(item.title)

    def look_up(self, item: Item) -> list[Identified]:
        """The products that a trusted GTIN names, else brand and part number together."""
        gtin = read_gtin(item.gtin).key
        if gtin and not self.overused(item, gtin) and gtin in self._by_gtin:
            return [Identified(sku, "gtin", f"same GTIN {gtin.lstrip('0')}") for sku in self._by_gtin[gtin]]
        key = _mpn_pair(item.brand, item.mpn)
        found = self._by_mpn.get(key, []) if key else []
        return [Identified(sku, "mpn", f"same brand and part number {item.mpn}") for sku in found]

    def distrusted(self, item: Item) -> str:
        """Why an item's GTIN does not count; empty when it does or there is none."""
        if not item.gtin.strip():
            return ""
        reading = read_gtin(item.gtin)
        if reading.refused:
            return f"its GTIN {item.gtin.strip()[:20]} is not used: {reading.refused}"
        if self.overused(item, reading.key):
            return f"its GTIN {reading.key.lstrip('0')} is not used: {item.key.site} puts it on several things"
        return ""

    def overused(self, item: Item, gtin: str) -> bool:
        """Whether the item's site has this GTIN on more titles than one thing can have."""
        return len(self._titles.get((item.key.site, gtin), ())) > OVERUSED


def _mpn_pair(brand: str, mpn: str) -> tuple[str, str] | None:
    maker, number = brand_key(brand), mpn_key(mpn, brand)
    return (maker, number) if maker and number else None
