"""What the demo's shop sells: pure, seeded, the same on every machine."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from random import Random
from typing import Any

DEFAULT_SEED = 7

COMPANY_PREFIX = "590717"  # 590 is GS1 Poland
NO_COST_EVERY = 29
THIN_MARGIN_EVERY = 17
OUT_OF_STOCK_EVERY = 13
WINTER = {"SE-KE15", "SE-K200", "DW-N3", "NB-CZ25"}


@dataclass(frozen=True, slots=True)
class Article:
    """One product of the shop; money in grosze, `vat` in percent, `variant` is empty for a lone product."""

    sku: str
    model: str
    name: str
    brand: str
    mpn: str
    gtin: str
    category: str
    supplier: str
    vat: int
    price: int
    cost: int | None
    floor: int | None
    stock: int
    variant: str = ""
    season: str = ""

    @property
    def department(self) -> str:
        """The first level of the category: such as Narzędzia, Dom or Elektronika."""
        return self.category.partition(" > ")[0]


def catalogue(seed: int = DEFAULT_SEED) -> tuple[Article, ...]:
    """All products, in catalogue order; one pair shares its GTIN, as a supplier's copy-and-paste does."""
    drafts = [draft for family in _families() for draft in _drafts(family)]
    articles = [_article(number, draft, seed) for number, draft in enumerate(drafts)]
    return tuple(_plant_duplicate_gtin(articles))


def plain_letters(text: str) -> str:
    """The text without diacritics, as codes and addresses need it: `żółty` gives `zolty`."""
    decomposed = unicodedata.normalize("NFKD", text.replace("ł", "l").replace("Ł", "L").replace("×", "x"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def slug(text: str) -> str:
    """The text as the last part of an address."""
    return re.sub(r"[^a-z0-9]+", "-", plain_letters(text).lower()).strip("-")


def check_digit(body: str) -> str:
    """The last digit of a GTIN, for its other digits (GS1 General Specifications, 7.9)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


def gtin_of(number: int) -> str:
    """The valid EAN-13 of the shop's n-th product."""
    body = f"{COMPANY_PREFIX}{number * 37 + 11:06d}"
    return body + check_digit(body)


@dataclass(frozen=True, slots=True)
class _Draft:
    model: str
    mpn: str
    price: int
    variant: str
    family: Mapping[str, Any]
    step: int


def _families() -> list[Mapping[str, Any]]:
    text = files("pricewatch.demo").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["family"])


def _drafts(family: Mapping[str, Any]) -> Iterator[_Draft]:
    for line in family["models"]:
        name, mpn, price, *rest = (part.strip() for part in line.split("|"))
        sizes = rest[0] if rest else ""
        for step, variant in enumerate(re.split(r" < |; ", sizes)):
            yield _Draft(name, mpn, int(price), variant, family, step if "<" in sizes else 0)


def _article(number: int, draft: _Draft, seed: int) -> Article:
    random = Random(f"{seed}/article/{number}")
    vat = int(draft.family.get("vat", 23))
    price = _shelf_price(draft)
    cost = _cost(price, vat, number, random)
    return Article(
        sku=f"DW-{1001 + number}",
        model=draft.model,
        name=f"{draft.model} {draft.variant}".strip(),
        brand=str(draft.family["brand"]),
        mpn=draft.mpn + (f"-{_code(draft.variant)}" if draft.variant else ""),
        gtin=gtin_of(number),
        category=str(draft.family["category"]),
        supplier=str(draft.family["supplier"]),
        vat=vat,
        price=price,
        cost=cost,
        floor=None if cost is None else _gross(cost, vat, 106),
        stock=0 if number % OUT_OF_STOCK_EVERY == 5 else random.randint(2, 60),
        variant=draft.variant,
        season="zima" if draft.mpn in WINTER else "",
    )


def _shelf_price(draft: _Draft) -> int:
    """The price that ends in 99 grosze; the next size up costs 42 % of the smallest more."""
    return draft.price * (100 + 42 * draft.step) // 100 * 100 + 99


def _cost(price: int, vat: int, number: int, random: Random) -> int | None:
    """The net purchase price: two thirds to four fifths of our net price; unknown for some, thin for some."""
    if number % NO_COST_EVERY == 7:
        return None
    share = 92 if number % THIN_MARGIN_EVERY == 3 else random.randint(64, 80)
    return price * 100 * share // (100 * (100 + vat))


def _gross(net: int, vat: int, percent: int) -> int:
    """The gross price at which `percent` of the net amount comes in, rounded up."""
    return -(-net * percent * (100 + vat) // 10_000)


def _code(variant: str) -> str:
    """A maker's suffix for a colour or size: `2×2,0 Ah` gives `220AH`, `czarny` gives `CZA`."""
    plain = "".join(c for c in plain_letters(variant).upper() if c.isalnum())
    return plain if any(c.isdigit() for c in plain) else plain[:3]


def _plant_duplicate_gtin(articles: list[Article]) -> list[Article]:
    first = next(a for a in articles if a.mpn == "SE-K160")
    return [replace(a, gtin=first.gtin) if a.mpn == "SE-K200" else a for a in articles]
