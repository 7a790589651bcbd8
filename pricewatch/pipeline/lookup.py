"""A quick look at a price, for whoever is asked for one: by SKU, GTIN, part number or words of the name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rapidfuzz import fuzz, process, utils

from pricewatch.domain.decision import Announcement, PriceEntry
from pricewatch.domain.errors import UsageError
from pricewatch.domain.money import Money
from pricewatch.domain.product import PriceGroup, Product, Sku
from pricewatch.pipeline.wording import LANGUAGES, Wording, language_of
from pricewatch.ports import Store

SHOWN = 5
LONGEST = 200
LIKE = 60.0  # of 100: how alike a name has to be to be offered as a near miss
DELIVERY = ("delivery", "delivery_time", "delivery_days", "shipping_time")  # catalogue columns that say it
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe"})


@dataclass(frozen=True, slots=True)
class PriceAnswer:
    """What may be told of a product's price: the price list's, or None where that has none.

    `announced` is the reduction that runs now, `promotion` its wording as the law wants it, in the market's language.
    """

    sku: Sku
    name: str
    price: Money | None
    announced: Announcement | None
    promotion: str
    stock: int | None
    delivery: str
    url: str
    version: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class PriceLookup:
    """What was found for a query: the answers, how many more fit, and near misses (SKU and name) where nothing did."""

    query: str
    group: str
    language: str
    answers: tuple[PriceAnswer, ...]
    more: int = 0
    near: tuple[tuple[Sku, str], ...] = ()
    text: str = ""

    def fields(self) -> dict[str, object]:
        """The lookup as plain values: amounts as decimal strings, times as ISO 8601."""
        return {
            "query": self.query,
            "group": self.group,
            "language": self.language,
            "prices": [fields_of(answer) for answer in self.answers],
            "more": self.more,
            "near": [{"sku": sku, "name": name} for sku, name in self.near],
            "text": self.text,
        }


def fields_of(answer: PriceAnswer) -> dict[str, object]:
    """One answer as plain values."""
    price, told = answer.price, answer.announced
    return {
        "sku": answer.sku,
        "name": answer.name,
        "price": price.text if price else None,
        "currency": price.currency.code if price else None,
        "prior_price": told.prior.text if told else None,
        "promotion_until": told.ends.isoformat() if told and told.ends else None,
        "promotion": answer.promotion or None,
        "stock": answer.stock,
        "delivery": answer.delivery or None,
        "url": answer.url or None,
        "version": answer.version,
        "since": answer.since.isoformat() if answer.since else None,
    }


def look_up(
    store: Store, group: PriceGroup, query: str, *, at: datetime, language: str = "", limit: int = SHOWN
) -> PriceLookup:
    """Find products by a query and tell their prices; raises UsageError for an empty query or unknown language."""
    return look_up_in(
        store.catalogue.load().products, store.prices.current(group.name), group, query,
        at=at, language=language, limit=limit,
    )  # fmt: skip


def look_up_in(
    products: Mapping[Sku, Product],
    entries: Mapping[Sku, PriceEntry],
    group: PriceGroup,
    query: str,
    *,
    at: datetime,
    language: str = "",
    limit: int = SHOWN,
) -> PriceLookup:
    """The same from a catalogue and a price list that are at hand."""
    asked = " ".join(query.split())[:LONGEST]
    if not asked:
        raise UsageError("there is nothing to look for", hint="give a SKU, GTIN, part number or words of the name")
    if language and language not in LANGUAGES:
        raise UsageError(f"no wording in language {language!r}", hint=f"there are {', '.join(LANGUAGES)}")
    words = LANGUAGES[language or language_of(group.country)]
    found = find(products, asked)
    answers = tuple(_answer(product, entries.get(product.sku), words, at) for product in found[:limit])
    near = () if found else near_misses(products, asked, limit)
    made = PriceLookup(asked, group.name, words.language, answers, len(found) - len(answers), near)
    text = reply(made, words, ZoneInfo(group.timezone))
    return PriceLookup(asked, group.name, words.language, answers, made.more, near, text)


def _answer(product: Product, entry: PriceEntry | None, words: Wording, at: datetime) -> PriceAnswer:
    announced = entry.announced_at(at) if entry is not None else None
    return PriceAnswer(
        sku=product.sku,
        name=product.name,
        price=entry.gross if entry else None,
        announced=announced,
        promotion=words.prior(announced.prior) if announced else "",
        stock=product.stock,
        delivery=next((text for name in DELIVERY if (text := product.custom.get(name, "").strip())), ""),
        url=product.url,
        version=entry.version if entry else 0,
        since=entry.valid_from if entry else None,
    )


# --- finding ---------------------------------------------------------------------------------------------------


def find(products: Mapping[Sku, Product], query: str) -> tuple[Product, ...]:
    """The products that a query means: that with this SKU, else those with this GTIN, else those with this part
    number, else those with all its words (or beginnings of words) in name, brand or SKU, the shortest names first.
    """
    if query in products:
        return (products[query],)
    code, digits = _code(query), _digits(query)
    by_sku, by_gtin, by_mpn = [], [], []
    for product in products.values():
        if code and _code(product.sku) == code:
            by_sku.append(product)
        if digits and _digits(product.gtin) == digits:
            by_gtin.append(product)
        if code and product.mpn and _code(product.mpn) == code:
            by_mpn.append(product)
    return tuple(by_sku or by_gtin or by_mpn) or _by_words(products.values(), _words(query))


def _by_words(products: Iterable[Product], asked: Sequence[str]) -> tuple[Product, ...]:
    if not asked:
        return ()
    found = [
        product
        for product in products
        if _all_begin(asked, _words(f"{product.name} {product.brand} {product.sku} {product.mpn}"))
    ]
    return tuple(sorted(found, key=lambda product: (len(product.name), product.sku)))


def _all_begin(asked: Sequence[str], words: Sequence[str]) -> bool:
    return all(any(word.startswith(part) for word in words) for part in asked)


def near_misses(products: Mapping[Sku, Product], query: str, limit: int) -> tuple[tuple[Sku, str], ...]:
    """The products whose names or SKUs are most like a query."""
    names = {sku: f"{_fold(product.name)} {_fold(sku)}" for sku, product in products.items()}
    best = process.extract(
        _fold(query), names, scorer=fuzz.WRatio, processor=utils.default_process, limit=limit, score_cutoff=LIKE
    )
    return tuple((sku, products[sku].name) for _, _, sku in best)


def _fold(text: str) -> str:
    """Text without case and accents, so that `wiertarka udarowa` finds `WIERTARKA UDAROWA` and `mlotek` `Młotek`."""
    spread = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(char for char in spread if not unicodedata.combining(char))


def _words(text: str) -> tuple[str, ...]:
    return tuple("".join(char if char.isalnum() else " " for char in _fold(text)).split())


def _code(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _digits(text: str) -> str:
    """A GTIN without blanks, hyphens and leading zeros; empty when it is none."""
    plain = "".join(char for char in text if char not in " -")
    return plain.lstrip("0") if plain.isascii() and plain.isdigit() and 8 <= len(plain) <= 14 else ""


# --- telling ---------------------------------------------------------------------------------------------------


def reply(found: PriceLookup, words: Wording, zone: ZoneInfo) -> str:
    """The lookup as one message for chat or SMS, in the market's language."""
    if not found.answers:
        near = "; ".join(f"{name} ({sku})" for sku, name in found.near)
        nothing = words.nothing.format(query=found.query)
        return f"{nothing} {words.near.format(names=near)}" if near else nothing
    if len(found.answers) == 1 and not found.more:
        return _message(found.answers[0], words, zone)
    lines = [words.several.format(count=len(found.answers) + found.more, query=found.query)]
    lines += [f"{answer.name} ({answer.sku}): {_price(answer, words)}" for answer in found.answers]
    return "\n".join(lines)


def _message(answer: PriceAnswer, words: Wording, zone: ZoneInfo) -> str:
    parts = [f"{answer.name} ({answer.sku}): {_price(answer, words)}."]
    if answer.announced is not None:
        parts += [f"{words.reduction(answer.announced, zone)}.", f"{answer.promotion}."]
    if answer.stock is not None:
        parts.append(words.stock.format(count=answer.stock) if answer.stock > 0 else words.out_of_stock)
    if answer.delivery:
        parts.append(words.delivery.format(text=answer.delivery))
    if answer.since is not None:
        parts.append(words.version.format(version=answer.version, day=words.day(answer.since.astimezone(zone))))
    return " ".join([*parts, answer.url]).strip()


def _price(answer: PriceAnswer, words: Wording) -> str:
    return words.money(answer.price) if answer.price is not None else words.no_price
