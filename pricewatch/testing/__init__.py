"""For tests of pricewatch and of plug-ins: stand-ins of the ports, and the checks that every channel passes."""

import pricewatch.testing.disbelief  # noqa: F401 - adds its checks
from pricewatch.testing.conformance import CHECKS, Check, Unfit, check_channel
from pricewatch.testing.lab import ChannelLab, HttpLab
from pricewatch.testing.standins import FakeShop, FixedClock, MemoryStore
from pricewatch.testing.supplies import SUPPLY_CHECKS, StockLab
from pricewatch.testing.trouble import Trouble

__all__ = [
    "CHECKS",
    "SUPPLY_CHECKS",
    "ChannelLab",
    "Check",
    "FakeShop",
    "FixedClock",
    "HttpLab",
    "MemoryStore",
    "StockLab",
    "Trouble",
    "Unfit",
    "check_channel",
]
