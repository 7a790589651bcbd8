"""What stands around a channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pricewatch.channels.budgets import MemoryUsage
from pricewatch.channels.feed import nothing_published, utc_now
from pricewatch.channels.gate import never
from pricewatch.domain.decision import PriceEntry
from pricewatch.domain.product import Assortment, Sku
from pricewatch.ports import UsageStore

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a channel may need besides its settings: where relative paths count from, its currency, our catalogue,
    whether the kill switch is on, the price list of its group, and the time.
    """

    folder: Path
    currency: str
    assortment: Callable[[], Assortment]
    transport: httpx.AsyncBaseTransport | None = None
    stopped: Callable[[], bool] = never
    published: Callable[[], Mapping[Sku, PriceEntry]] = nothing_published
    now: Callable[[], datetime] = utc_now
    usage: UsageStore = field(default_factory=MemoryUsage)
