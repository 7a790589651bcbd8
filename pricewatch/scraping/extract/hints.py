"""What only a site's definition can know about its pages, as data: selectors, phrases, currency, locale, tax."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pricewatch.domain.money import Money
from pricewatch.domain.offer import Availability, Condition, PriceRole, Seller, SiteKind
from pricewatch.located import Section

Selectors = tuple[str, ...]


class FieldHints(Section):
    """Where the facts about the item stand. Every selector is CSS; `css@attribute` reads an attribute."""

    name: Selectors = ()
    """Selectors of the item's title; the first that finds text wins; default: generic reading."""
    brand: Selectors = ()
    """Selectors of the brand; default: generic reading."""
    gtin: Selectors = ()
    """Selectors of the EAN, UPC or ISBN; default: generic reading."""
    sku: Selectors = ()
    """Selectors of the site's own article number; default: generic reading."""
    mpn: Selectors = ()
    """Selectors of the manufacturer's part number; default: generic reading."""
    category: Selectors = ()
    """Selectors of the category or breadcrumb; default: generic reading."""
    image: Selectors = ()
    """Selectors of the main picture, as in `img.main@src`; default: generic reading."""
    availability: Selectors = ()
    """Selectors of the stock text, which is read with the stock phrases; default: generic reading."""
    condition: Selectors = ()
    """Selectors of the condition text (new, used …); default: generic reading."""
    shipping: Selectors = ()
    """Selectors of the delivery cost; default: generic reading."""
    seller: Selectors = ()
    """Selectors of the seller's name on a marketplace offer; default: the site's own seller."""
    pieces: Selectors = ()
    """Selectors of the stock quantity; default: generic reading."""
    bid: Selectors = ()
    """Selectors of a running bid, which is never read as a price; default: none."""
    bids: Selectors = ()
    """Selectors of the number of bids; default: none."""
    ends_at: Selectors = ()
    """Selectors of an auction's end time, best as a `datetime` attribute; default: none."""
    featured: Selectors = ()
    """Selectors of what a marketplace's buy box consists of: the page's own offer is the featured one where any text is
    found; default: generic reading."""


class OfferRowHints(Section):
    """Where a page that shows many offers has its rows, and what stands where inside a row."""

    row: str = ""
    """Selector of one offer row; empty (the default) leaves it to generic reading."""
    skip: str = ""
    """Selector of rows that are not offers, such as advertisements; default: none."""
    seller: Selectors = ()
    """Selectors, inside the row, of the seller's name (`img@alt` reads a logo, `@data-shop` the row's own attribute);
    default: none."""
    price: Selectors = ()
    """Selectors, inside the row, of the price a buyer pays now; default: none."""
    buy_now: Selectors = ()
    """Selectors, inside an auction row, of the buy-now price; default: none."""
    bid: Selectors = ()
    """Selectors, inside an auction row, of the running bid; default: none."""
    bids: Selectors = ()
    """Selectors, inside an auction row, of the number of bids; default: none."""
    ends_at: Selectors = ()
    """Selectors, inside an auction row, of the end time; default: none."""
    shipping: Selectors = ()
    """Selectors, inside the row, of the delivery cost on top of the price; default: none."""
    landed: Selectors = ()
    """Selectors, inside the row, of the price with delivery, when shipping itself is not shown; default: none."""
    condition: Selectors = ()
    """Selectors, inside the row, of the condition; default: none."""
    availability: Selectors = ()
    """Selectors, inside the row, of the stock text; default: none."""
    rating: Selectors = ()
    """Selectors, inside the row, of the seller's rating in per cent; default: none."""
    featured: str = ""
    """Selector of what marks the offer that the page puts first (the buy box), the row itself or something in it;
    default: generic reading."""
    name: Selectors = ()
    """Selectors, inside the row, of the item's title where rows are different items; default: the page's title."""
    url: Selectors = ()
    """Selectors, inside the row, of the link to the offer; default: the row's first link."""


class ReadHints(Section):
    """The `[read]` table of a site definition: only what generic reading cannot know."""

    prices: Mapping[PriceRole, Selectors] = {}
    """Selectors by role (`regular`, `sale`, `was`, `club`, `instalment` …); default: generic reading."""
    ignore: Selectors = ()
    """Selectors of parts that are not about the item, such as recommendations; default: generic reading."""
    fields: FieldHints = FieldHints()
    """Selectors of the facts about the item; default: generic reading."""
    offers: OfferRowHints = OfferRowHints()
    """Rows of comparison, marketplace and auction pages; default: generic reading."""
    stock: Mapping[Availability, tuple[str, ...]] = {}
    """The site's own stock phrases by availability, in lower case; default: the built-in phrases."""
    conditions: Mapping[Condition, tuple[str, ...]] = {}
    """The site's own condition words by condition, in lower case; default: the built-in words."""
    blocked: tuple[str, ...] = ()
    """Phrases that only the site's blocking page shows, in lower case; default: the built-in ones."""
    gone: tuple[str, ...] = ()
    """Phrases that say the item is no longer sold, in lower case; default: the built-in ones."""
    currency: str = ""
    """ISO 4217 code of prices whose text does not say; default: what the page says."""
    locale: str = ""
    """How numbers are written, as in `pl-PL`; default: what the page says."""
    decimal: Literal["", ".", ","] = ""
    """The decimal separator, where neither locale nor currency settle it; default: by locale."""
    tax: Literal["", "gross", "net"] = ""
    """Whether shown prices include VAT; default: unknown."""
    prefer: Literal["visible", "structured"] = "visible"
    """Which wins where the visible price and the structured data differ; default: visible."""
    count_coupon: bool = True
    """Whether a price with a coupon that anybody can use counts as the price, where a selector of this definition finds
    it or nothing else is asked; default: true."""
    count_club: bool = False
    """Whether a price for members or card holders counts as the price; default: false."""


NO_HINTS = ReadHints()


@dataclass(frozen=True, slots=True)
class SiteContext:
    """The site a page belongs to, as far as it is known; the defaults suit an unknown shop.

    `seller` is the name that offers without a seller of their own get; `currency` and `locale` empty mean
    that the page decides; `tax_included` None means unknown. `last` is the last accepted price of the page that is
    read: it settles what its text leaves open, and nothing else.
    """

    name: str = ""
    kind: SiteKind = SiteKind.SHOP
    seller: Seller = ""
    locale: str = ""
    currency: str = ""
    tax_included: bool | None = None
    hints: ReadHints = field(default=NO_HINTS)
    last: Money | None = None

    @classmethod
    def of(cls, name: str, kind: SiteKind, seller: Seller, hints: ReadHints) -> SiteContext:
        """Make the context of a defined site from its `[read]` table."""
        tax = None if not hints.tax else hints.tax == "gross"
        return cls(name, kind, seller, hints.locale, hints.currency, tax, hints)
