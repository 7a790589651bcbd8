"""The places that show our prices: one file a channel or feed format, each behind the edge gate."""

from pricewatch.channels.registry import build_channel

__all__ = ["build_channel"]
