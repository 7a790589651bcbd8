"""What somebody asks for a product, seen once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from pricewatch.domain.money import Money

Seller: TypeAlias = str


class Availability(StrEnum):
    """Stock is three-valued, and two kinds of later; `unknown` is never read as either of the others."""

    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
    PRE_ORDER = "pre_order"
    BACK_ORDER = "back_order"
    UNKNOWN = "unknown"


class Condition(StrEnum):
    """The state that the item is sold in."""

    NEW = "new"
    OPEN_BOX = "open_box"
    REFURBISHED = "refurbished"
    USED = "used"
    UNKNOWN = "unknown"


class PriceRole(StrEnum):
    """What a number on a page is the price of."""

    REGULAR = "regular"
    SALE = "sale"
    COUPON = "coupon"
    CLUB = "club"
    STORE_CARD = "store_card"
    INSTALMENT = "instalment"
    UNIT = "unit"
    WAS = "was"
    LOWEST_30_DAYS = "lowest_30_days"
    SHIPPING = "shipping"
    FROM = "from"
    BID = "bid"
    OTHER_PRODUCT = "other_product"


class SiteKind(StrEnum):
    """What sort of source a site is."""

    SHOP = "shop"
    COMPARISON = "comparison"
    AUCTION = "auction"
    MARKETPLACE = "marketplace"
    FEED = "feed"


class Verdict(StrEnum):
    """What a page turned out to be; a blocked page is never read as out of stock."""

    PRODUCT = "product"
    LISTING = "listing"
    BLOCKED = "blocked"
    GONE = "gone"
    UNREADABLE = "unreadable"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ItemKey:
    """The thing that a site offers: the page (canonical URL or the site's own id) and the variant on it."""

    site: str
    item: str
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """How a site describes the thing that it offers: the text that matching reads."""

    key: ItemKey
    url: str
    title: str = ""
    brand: str = ""
    gtin: str = ""
    mpn: str = ""
    category: str = ""
    image_url: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """One seller's price, stock and terms for an item.

    `price` is None when there is none to take (out of stock, a running bid, an ambiguous text); `shipping` None
    is unknown, Money 0 is free. `tax_included` None means the site did not say. `bid` is a running bid and
    never a price; `ends_at` the end of an auction. `pieces` is the stock quantity when it is shown.
    `featured` is the offer that the page puts first: a marketplace's buy box, a comparison's highlighted row.
    """

    item: Item
    seller: Seller
    price: Money | None
    role: PriceRole = PriceRole.REGULAR
    availability: Availability = Availability.UNKNOWN
    condition: Condition = Condition.UNKNOWN
    shipping: Money | None = None
    was_price: Money | None = None
    bid: Money | None = None
    bids: int | None = None
    ends_at: datetime | None = None
    pieces: int | None = None
    seller_rating: int | None = None  # basis points of 100 %
    tax_included: bool | None = None
    url: str = ""
    featured: bool = False

    @property
    def landed(self) -> Money | None:
        """Price and shipping together; unknown shipping counts as unknown, not as free."""
        if self.price is None or self.shipping is None:
            return None
        return self.price + self.shipping


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a reading rests on: the page's hash, where on it the price stood, and what lost against it."""

    page_hash: str
    source: str
    selector: str = ""
    snippet: str = ""
    rejected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """One dated reading of an offer with its evidence; `seen_at` is aware UTC."""

    offer: Offer
    seen_at: datetime
    evidence: Evidence
    target: str = ""
    quarantine: str = ""  # why this reading may not be used yet; empty = usable
