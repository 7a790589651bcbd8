"""What the sections of all channels share, by kind: any channel, an API, a file."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from pricewatch.domain.listing import ChannelRole
from pricewatch.domain.money import Currency, TaxRate
from pricewatch.located import LocalPath, Mistake, Section


class GateSettings(Section):
    """The last check before a request leaves, from its own inputs."""

    max_rise: int = Field(default=200, ge=1, le=10_000)
    """The largest rise above the previous price that is let through, in percent of it (200 = three times).
    Default 200."""

    max_cut: int = Field(default=50, ge=1, le=99)
    """The largest cut below the previous price that is let through, in percent of it (50 = half). Default 50."""

    max_changes: int = Field(default=50_000, ge=1)
    """How many different listings may be written within one hour. Default 50000."""


def tax_percent(text: str) -> str:
    """A VAT rate in percent, as it was written; raises ValueError for what is none."""
    TaxRate.parse(text)
    return text


class ChannelSection(Section):
    """What every channel has."""

    group: str = "default"
    """The price group whose prices this channel shows. Default "default"."""

    enabled: bool = True
    """Whether prices are sent here at all. Default true."""

    currency: str | None = None
    """The currency that the channel shows, as an ISO 4217 code. Default: the price group's."""

    gate: GateSettings = GateSettings()
    """Limits of the last check before a request leaves."""

    @field_validator("currency")
    @classmethod
    def _known(cls, code: str | None) -> str | None:
        return None if code is None else Currency.of(code).code


class ConnectedSection(ChannelSection):
    """What a channel that is reached by an API has besides."""

    role: ChannelRole = ChannelRole.CHECKOUT
    """`checkout` takes money at the price, `advert` only shows it. Default checkout."""

    url: str
    """The shop's address, with https://."""

    rate: int = Field(default=240, ge=1, le=100_000)
    """The most requests a minute, reads included. Default 240."""

    timeout: float = Field(default=60.0, gt=0, le=600)
    """The longest time one request may take in all, in seconds. Default 60."""

    read_delay: float = Field(default=0.0, ge=0, le=86_400)
    """How long after a write the channel is first read back, in seconds. Default 0."""

    late_apply: float = Field(default=0.0, ge=0, le=86_400)
    """The longest time the channel may take to show an accepted price, in seconds. Above 0, a price counts as
    verified after two matching reads further apart than this. Default 0."""

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Mistake("this is no address of a shop", "write https://shop.example")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise Mistake(
                "the address has a user, query or fragment", "write only https://shop.example; secrets have keys"
            )
        return url.rstrip("/")


class AnnouncingSection(Section):
    """What a place that sells has besides, where not every one can show a prior price."""

    announcements: Literal["refuse", "omit"] = "refuse"
    """What becomes of a price whose reduction is announced where this channel has no place for the prior price:
    `refuse` sends nothing and says so, `omit` shows the reduced price alone. Default refuse."""


class StockSection(ChannelSection):
    """What a place that takes stock has besides."""

    stock: bool = False
    """Whether the catalogue is the master of the pieces in stock here: they go out with each price, `verify` compares
    them and brings them back. Otherwise the channel's own count is left alone, which its own orders lower.
    Default false."""


class DeliverySection(ChannelSection):
    """What a place that takes a delivery time has besides."""

    delivery: bool = False
    """Whether the catalogue is the master of the delivery time here: its column delivery, delivery_time, delivery_days
    or shipping_time goes out and is compared as the stock is. Default false."""


class ApiSection(ConnectedSection):
    """What a connected shop has besides, whose catalogue can be imported."""

    tax: str = "23"
    """The VAT rate in percent of products that are imported from here, and that a shop with prices without tax adds to
    products whose own rate is not known. Default "23"."""

    @field_validator("tax")
    @classmethod
    def _rate(cls, percent: str) -> str:
        return tax_percent(percent)


class FeedSection(ChannelSection):
    """What a channel that is a file has besides."""

    role: ChannelRole = ChannelRole.ADVERT
    """`checkout` takes money at the price, `advert` only shows it. Default advert."""

    path: LocalPath
    """The file that is written, relative to the project folder."""

    max_shrink: int = Field(default=50, ge=0, le=100)
    """How much smaller than the last good one a feed may get, in percent of its items. Default 50."""

    gzip: bool = False
    """Whether a compressed variant is written beside the file, under its name and `.gz`. Default false."""

    delta: bool = False
    """Whether what changed is written beside the file as well: under its name with `.delta` before the ending, with a
    note in JSON since when. Default false."""

    delta_hours: int = Field(default=24, ge=1, le=720)
    """After how many hours the changes of the delta are counted anew. Default 24."""
