"""Examples in rule files: one product with its market, and the price that the rules shall give it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field, model_validator

from pricewatch.domain.offer import Availability, Condition, PriceRole, SiteKind
from pricewatch.located import Mistake, Section
from pricewatch.pricing.values import Amount, Duration, Percent


class ExampleProduct(Section):
    """Our product in an example; what is left out is unknown."""

    price: Amount | None = None
    """Our gross price now."""

    cost: Amount | None = None
    """What it costs us, net."""

    tax: Percent = 2_300
    """The VAT rate; default "23%"."""

    floor: Amount | None = None
    """The lowest gross price that is allowed."""

    ceiling: Amount | None = None
    """The highest gross price that is allowed."""

    rrp: Amount | None = None
    """The recommended retail price, gross."""

    map_price: Amount | None = None
    """The minimum advertised price, gross."""

    stock: int | None = None
    """Pieces in stock."""

    sold: int | None = None
    """Pieces sold in the last 28 days."""

    kvi: bool = False
    """Whether it is a key value item; default false."""

    frozen: bool = False
    """Whether its price is frozen; default false."""

    brand: str = ""
    """Its brand."""

    category: str = ""
    """Its category path."""

    supplier: str = ""
    """Its supplier."""

    tags: tuple[str, ...] = ()
    """Its tags."""

    custom: Mapping[str, str] = Field(default_factory=dict)
    """Further catalogue columns."""

    changed: Duration | None = None
    """How long ago we changed the price, such as "3h"; default never."""

    prior: Amount | None = None
    """The lowest price of the 30 days before today, gross."""


class ExampleOffer(Section):
    """What somebody else asks in an example."""

    price: Amount
    """The gross price."""

    seller: str = "rival"
    """Who sells it; default "rival"."""

    site: str = ""
    """The site's name; default the seller's."""

    kind: SiteKind = SiteKind.SHOP
    """The kind of the site; default "shop"."""

    shipping: Amount | None = None
    """The delivery cost; default unknown."""

    availability: Availability = Availability.IN_STOCK
    """The stock; default "in_stock"."""

    condition: Condition = Condition.NEW
    """The condition; default "new"."""

    role: PriceRole = PriceRole.REGULAR
    """What kind of price it is; default "regular"."""

    age: Duration = 3_600
    """How long ago it was seen; default "1h"."""

    pack: int = Field(default=1, ge=1)
    """How many of ours are in it; default 1."""

    rating: Percent | None = None
    """The seller's rating as a share of good ones; default unknown."""

    own: bool = False
    """Whether it is ours or a sister's; default false."""

    featured: bool = False
    """Whether the marketplace shows it first (the buy box); default false."""

    last_week: Amount | None = None
    """What it cost a week ago; default unknown."""


class Expectation(Section):
    """What the rules shall do; at least one of the keys."""

    price: Amount | None = None
    """The price that is in force afterwards, also where it stays."""

    outcome: Literal["raise", "cut", "keep", "hold"] | None = None
    """What becomes of the price."""

    rule: str | None = None
    """The name of the rule that prices it."""

    why: str | None = None
    """Words that stand in one of the reasons, in any case of letters."""

    @model_validator(mode="after")
    def _says_something(self) -> Expectation:
        if self == Expectation.model_construct():
            raise Mistake("an example expects nothing", 'add price = "99.99", outcome, rule or why')
        return self


class Example(Section):
    """One promise of the rules: for this product, in this market, this price."""

    name: str
    """What is promised, in words."""

    product: ExampleProduct
    """Our product."""

    offers: tuple[ExampleOffer, ...] = ()
    """What others ask; default nobody offers it."""

    expect: Expectation
    """What the rules shall do."""

    at: datetime | None = None
    """When, for rules with hours and dates; default now."""
