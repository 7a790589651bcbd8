"""For tests of pricewatch and of plug-ins: stand-ins of the ports, and the checks that every channel passes."""

from pricewatch.testing.conformance import CHECKS, Check, Unfit, check_channel
from pricewatch.testing.lab import ChannelLab, HttpLab, Trouble
from pricewatch.testing.standins import FakeShop, FixedClock, MemoryStore

__all__ = [
    "CHECKS",
    "ChannelLab",
    "Check",
    "FakeShop",
    "FixedClock",
    "HttpLab",
    "MemoryStore",
    "Trouble",
    "Unfit",
    "check_channel",
]
