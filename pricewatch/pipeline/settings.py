"""What [publishing] says about sending prices, reading them back and repairing drift."""

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
