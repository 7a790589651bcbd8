"""What [publishing] says about sending prices, reading them back and repairing drift, and [discovery] about finding
competitors' pages.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from pricewatch.domain.product import Product
from pricewatch.located import Section


class DriftPolicy(StrEnum):
    """What happens when a channel shows another price than the price list."""

    REPAIR = "repair"
    ASK = "ask"
    ADOPT = "adopt"


class FailurePolicy(StrEnum):
    """What the rest of a product's listings do when one of them will not take the price."""

    HOLD = "hold"
    GO_ON = "go_on"
    ROLL_BACK = "roll_back"


class UnreachablePolicy(StrEnum):
    """What a listing is asked for that cannot show its price exactly."""

    HOLD = "hold"
    BELOW = "below"


class ReleaseSettings(Section):
    """A new price list version goes to a few listings first, and to the rest when these show it."""

    first: int = Field(default=0, ge=0, le=100_000)
    """How many products of a version go first, on all their channels, the rest waits for them; 0 = all at once.
    Versions that change no more products than this are not staged. Default 0."""

    wait: float = Field(default=0.0, ge=0, le=86_400)
    """How long after the first products were sent the rest waits at least, in seconds. Default 0."""

    verified: int = Field(default=100, ge=1, le=100)
    """How many of the first listings have to show their price, in percent; else the version halts until a person
    looks (`pricewatch release`). Default 100."""

    orders_low: int = Field(default=0, ge=0, lt=100)
    """The version halts when the first products, since they went out, were ordered less often than so many percent of
    what they were at the same times of the four weeks before; 0 = nobody looks. Default 0."""

    orders_high: int = Field(default=0, ge=0, le=100_000)
    """The version halts when they were ordered more often than so many percent of that, as they are when a price is
    a mistake; 0 = nobody looks. Default 0."""

    orders_least: int = Field(default=20, ge=1, le=100_000)
    """How many orders have to be expected before too few of them are, and to be seen before too many of them are,
    taken for more than chance. Default 20."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if 0 < self.orders_high <= 100:
            raise ValueError("orders_high is a percentage above 100, as in 400")
        return self

    @property
    def watches_orders(self) -> bool:
        """Whether orders count in letting a version go."""
        return bool(self.orders_low or self.orders_high)


class TermsSettings(Section):
    """What is sold beside the price that everybody pays, from columns of the catalogue or for all products alike. It
    is never below the product's floor, and never above the price.
    """

    loyalty_column: str = ""
    """The column with the gross price for members of the loyalty programme. Default "": none."""

    loyalty_discount: int = Field(default=0, ge=0, le=90)
    """How much less members pay for products without such a price, in percent. Default 0: nothing."""

    coupon_code: str = Field(default="", max_length=50)
    """The coupon that every channel announces. Default "": none."""

    coupon_column: str = ""
    """The column with the gross price with this coupon. Default "": none."""

    coupon_discount: int = Field(default=0, ge=0, le=90)
    """How much less products without such a price cost with the coupon, in percent. Default 0: nothing."""

    content_column: str = ""
    """The column that says how much is in a piece, such as "0.75 l", "500 g" or "6 x 330 ml": the price for a litre,
    kilogram, metre or piece is worked out from it. Default "": none."""


class PublishingSettings(Section):
    """How decided prices reach the channels and stay there."""

    drift: DriftPolicy = DriftPolicy.REPAIR
    """What a sweep does about a foreign price: `repair` sends ours again, `ask` only reports it, `adopt` takes it
    into the price list when it is within floor and ceiling and freezes the product. Default `repair`."""

    on_failure: FailurePolicy = FailurePolicy.HOLD
    """When a listing refuses its price: `hold` keeps those of the product's other listings waiting that would leave a
    checkout above an advert; `go_on` sends them all the same; `roll_back` brings the product's listings back to the
    price that they had. Default `hold`."""

    unreachable: UnreachablePolicy = UnreachablePolicy.HOLD
    """When a checkout cannot show its price exactly, such as 70.99 with two decimals without tax: `hold` leaves the
    price that it had, and adverts wait; `below` writes the nearest one below, if that is not below the floor. A price
    above the price list's that nobody decided, as after a change of the tax rate, comes down to the nearest one below
    either way, so that nobody pays more than is advertised. All of it is reported. Default `hold`."""

    failures: dict[str, FailurePolicy] = Field(default_factory=dict)
    """What on_failure is for some products, by category (and those below it, as in `Tools > Drills`) or by tag, such as
    { Tools = "go_on", "tag:kvi" = "roll_back" }; the first that fits counts. Default: none."""

    release: ReleaseSettings = ReleaseSettings()
    """How a new version is let out by and by."""

    terms: TermsSettings = TermsSettings()
    """Loyalty, coupon and unit prices."""

    wait: float = Field(default=60.0, ge=0, le=3600)
    """How long one run stays for read-backs and retries that are not due yet, in seconds. What is left is done by
    the next run. Default 60."""

    lease: float = Field(default=300.0, ge=10, le=3600)
    """How long a sender may work on a listing before another one may take it over, in seconds. Default 300."""

    max_attempts: int = Field(default=6, ge=1, le=50)
    """How often a price is sent to one listing before it is left to the next sweep, reported as drift. Default 6."""

    retry_base: float = Field(default=2.0, gt=0, le=300)
    """The longest first pause before a retry, in seconds; it doubles with every attempt, with full jitter.
    Default 2."""

    retry_cap: float = Field(default=300.0, gt=0, le=86_400)
    """The longest pause before a retry, in seconds. Default 300."""

    refused_rest: float = Field(default=24.0, ge=0, le=720)
    """How long a price that a channel refused rests before a sweep asks the channel again, in hours. Default 24."""


def policy_for(product: Product, settings: PublishingSettings) -> FailurePolicy:
    """What the rest of a product's listings do when one of them will not take the price."""
    for name, policy in settings.failures.items():
        inside = product.category == name or product.category.startswith(f"{name} >")
        if inside or (name.startswith("tag:") and name[4:] in product.tags):
            return policy
    return settings.on_failure


class DiscoverySettings(Section):
    """How pages are found on which competitors sell what we sell."""

    with_scrape: bool = False
    """True lets every `scrape` search first, within the budget; `pricewatch match discover` searches at any time.
    Default false."""

    narrow: tuple[str, ...] = ()
    """Sites of whose sitemaps and listing pages only those product pages are read whose address looks like one of our
    products, and of these only those that turn out to be one; default none: of the other sites every page is read."""

    budget: int = Field(default=200, ge=1, le=100_000)
    """The most searches, and the most new pages, of one site in one run, the likeliest and most valuable first.
    Default 200."""

    again: int = Field(default=14, ge=1, le=3650)
    """How long a product that was searched for on a site is not searched for there again, in days. Default 14."""

    likeness: float = Field(default=0.35, ge=0, le=1)
    """How much an address must look like a product's name to be read, from 0 (not at all) to 1 (the same words).
    Default 0.35."""
