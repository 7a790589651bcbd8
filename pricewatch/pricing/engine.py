"""Market frame and rule book to plan frame."""

from __future__ import annotations

from pricewatch.pricing.frame import MarketFrame
from pricewatch.pricing.plan import PlanFrame
from pricewatch.pricing.rules import RuleBook
from pricewatch.pricing.settings import PricingSettings


def decide(frame: MarketFrame, book: RuleBook, settings: PricingSettings) -> PlanFrame:
    """Decide every product of the frame."""
    raise NotImplementedError
