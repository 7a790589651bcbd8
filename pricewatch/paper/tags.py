"""What a piece of paper says of a product: the price list's price, in the market's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pricewatch.channels.xmlfeed import without_controls
from pricewatch.domain.decision import PriceEntry
from pricewatch.domain.errors import SetAside, UsageError
from pricewatch.domain.money import Money
from pricewatch.domain.product import PriceGroup, Product, Sku
from pricewatch.pipeline.wording import LANGUAGES, Wording, language_of
from pricewatch.ports import Store

STAGE = "print"


@dataclass(frozen=True, slots=True)
class Tag:
    """One product's price as buyers read it; `prior` is the sentence that the law wants beside a reduction.

    `reduced` is the word for a reduction with its last day; it and `prior` are empty when none is announced.
    """

    sku: Sku
    name: str
    brand: str
    gtin: str
    price: Money
    told: str
    unit: str
    loyalty: str
    coupon: str
    reduced: str
    prior: str
    url: str
    image_url: str
    version: int

    @property
    def terms(self) -> tuple[str, ...]:
        """What stands below the price; a reduction never without its prior price."""
        return tuple(filter(None, (self.prior, self.unit, self.loyalty, self.coupon)))


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which products: these SKUs, or all whose price changed after version `since`; `reduced` = only announced ones."""

    skus: tuple[Sku, ...] = ()
    since: int = 0
    reduced: bool = False


@dataclass(frozen=True, slots=True)
class Tags:
    """What is to be printed, from which version of the price list, on which day of the market, in which words."""

    tags: tuple[Tag, ...]
    set_aside: tuple[SetAside, ...]
    version: int
    day: str
    words: Wording


def tags_of(store: Store, group: PriceGroup, chosen: Chosen, *, at: datetime, language: str = "") -> Tags:
    """Collect what to print; products without a price are set aside. Raises UsageError for an unknown language."""
    products, entries = store.catalogue.load().products, store.prices.current(group.name)
    return tags_in(products, entries, group, chosen, at=at, language=language)


def tags_in(
    products: Mapping[Sku, Product],
    entries: Mapping[Sku, PriceEntry],
    group: PriceGroup,
    chosen: Chosen,
    *,
    at: datetime,
    language: str = "",
) -> Tags:
    """The same from a catalogue and a price list that are at hand."""
    if language and language not in LANGUAGES:
        raise UsageError(f"no wording in language {language!r}", hint=f"there are {', '.join(LANGUAGES)}")
    words = LANGUAGES[language or language_of(group.country)]
    zone = ZoneInfo(group.timezone)
    found: list[Tag] = []
    aside: list[SetAside] = []
    for sku, product, entry in _each(products, entries, chosen):
        if product is None or entry is None:
            reason = "is not in the catalogue" if product is None else "has no price in the price list"
            aside.append(SetAside(STAGE, sku, reason, hint="`pricewatch price SKU` looks a product up"))
            continue
        tag = _tag(product, entry, words, zone, at)
        if tag.reduced or not chosen.reduced:
            found.append(tag)
    newest = max((entry.version for entry in entries.values()), default=0)
    return Tags(tuple(found), tuple(aside), newest, words.day(at.astimezone(zone)), words)


def _each(
    products: Mapping[Sku, Product], entries: Mapping[Sku, PriceEntry], chosen: Chosen
) -> Iterator[tuple[Sku, Product | None, PriceEntry | None]]:
    named: Sequence[Sku] = chosen.skus or [sku for sku in products if sku in entries]
    for sku in dict.fromkeys(named):
        entry = entries.get(sku)
        if entry is None or entry.version > chosen.since:
            yield sku, products.get(sku), entry


def _tag(product: Product, entry: PriceEntry, words: Wording, zone: ZoneInfo, at: datetime) -> Tag:
    announced, terms = entry.announced_at(at), entry.terms
    return Tag(
        sku=product.sku,
        name=" ".join(without_controls(product.name).split()),
        brand=product.brand,
        gtin=product.gtin,
        price=entry.gross,
        told=words.money(entry.gross),
        unit=f"{words.money(terms.unit.price)} / {terms.unit.per}" if terms.unit else "",
        loyalty=words.loyalty.format(price=words.money(terms.loyalty)) if terms.loyalty else "",
        coupon=words.coupon.format(code=terms.coupon.code, price=words.money(terms.coupon.price))
        if terms.coupon
        else "",
        reduced=words.reduction(announced, zone) if announced else "",
        prior=words.prior(announced.prior) if announced else "",
        url=product.url,
        image_url=product.image_url,
        version=entry.version,
    )
