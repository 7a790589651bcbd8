"""A quick look at a price, for whoever is asked for one: by SKU, GTIN, part number or words of the name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pricewatch.domain.decision import Announcement, PriceEntry
from pricewatch.domain.errors import UsageError
from pricewatch.domain.money import Money
from pricewatch.domain.product import PriceGroup, Product, Sku
from pricewatch.pipeline.finding import Finder
from pricewatch.pipeline.wording import LANGUAGES, Wording, language_of
from pricewatch.ports import Store

SHOWN = 5
LONGEST = 200
DELIVERY = ("delivery", "delivery_time", "delivery_days", "shipping_time")  # catalogue columns that say it


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
    exact = store.catalogue.get(query) if query.isprintable() else None
    products = {query: exact} if exact is not None else store.catalogue.load().products
    entries = store.prices.current(group.name, skus=products.keys() if exact is not None else None)
    return look_up_in(Finder(products), entries, group, query, at=at, language=language, limit=limit)


def look_up_in(
    finder: Finder,
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
    found = finder.find(asked)
    answers = tuple(_answer(product, entries.get(product.sku), words, at) for product in found[:limit])
    near = () if found else tuple((sku, _readable(name)) for sku, name in finder.near(asked, limit))
    made = PriceLookup(asked, group.name, words.language, answers, len(found) - len(answers), near)
    text = reply(made, words, ZoneInfo(group.timezone))
    return PriceLookup(asked, group.name, words.language, answers, made.more, near, text)


def _readable(name: str) -> str:
    """A name without what cannot be seen and may turn the price after it around."""
    return name if name.isprintable() else "".join(letter for letter in name if letter.isprintable())


def _answer(product: Product, entry: PriceEntry | None, words: Wording, at: datetime) -> PriceAnswer:
    announced = entry.announced_at(at) if entry is not None else None
    return PriceAnswer(
        sku=product.sku,
        name=_readable(product.name),
        price=entry.gross if entry else None,
        announced=announced,
        promotion=words.prior(announced.prior) if announced else "",
        stock=product.stock,
        delivery=next((text for name in DELIVERY if (text := product.custom.get(name, "").strip())), ""),
        url=product.url,
        version=entry.version if entry else 0,
        since=entry.valid_from if entry else None,
    )


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
