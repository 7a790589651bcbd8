"""What [publishing] says about sending prices, reading them back and repairing drift, and [discovery] about finding
competitors' pages.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

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


class PublishingSettings(Section):
    """How decided prices reach the channels and stay there."""

    drift: DriftPolicy = DriftPolicy.REPAIR
    """What a sweep does about a foreign price: `repair` sends ours again, `ask` only reports it, `adopt` takes it
    into the price list when it is within floor and ceiling and freezes the product. Default `repair`."""

    on_failure: FailurePolicy = FailurePolicy.HOLD
    """When a checkout refuses a cut or an advert refuses a rise: `hold` keeps the product's other listings waiting,
    so that no checkout is above an advert; `go_on` sends them all the same. Default `hold`."""

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
