"""What [channels.NAME] says: where our prices are shown, and how to reach that place."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from pricewatch.domain.listing import ChannelRole
from pricewatch.domain.money import Currency, TaxRate
from pricewatch.located import LocalPath, Mistake, Secret, Section


class GateSettings(Section):
    """The last check before a request leaves, from its own inputs."""

    max_rise: int = Field(default=200, ge=1, le=10_000)
    """The largest rise above the previous price that is let through, in percent of it (200 = three times).
    Default 200."""

    max_cut: int = Field(default=50, ge=1, le=99)
    """The largest cut below the previous price that is let through, in percent of it (50 = half). Default 50."""

    max_changes: int = Field(default=50_000, ge=1)
    """How many different listings may be written within one hour. Default 50000."""


def _percent(text: str) -> str:
    TaxRate.parse(text)
    return text


class _Common(Section):
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


class _Api(_Common):
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

    tax: str = "23"
    """The VAT rate of products that are imported from here, in percent. Default "23"."""

    @field_validator("tax")
    @classmethod
    def _rate(cls, percent: str) -> str:
        return _percent(percent)

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


class WooCommerceSettings(_Api):
    """A WooCommerce shop, by its REST API v3."""

    type: Literal["woocommerce"]
    """`woocommerce`"""

    key: Secret
    """The consumer key (ck_…), as { env = "NAME" } or { file = "path" }."""

    secret: Secret
    """The consumer secret (cs_…), as { env = "NAME" } or { file = "path" }."""

    net: bool = False
    """Whether the shop's prices are entered without tax. Default false."""

    decimals: int | None = Field(default=None, ge=0, le=6)
    """How many decimals the shop keeps in a price. Default: the currency's."""

    tax_classes: dict[str, str] = Field(default_factory=dict)
    """The VAT rates in percent of the shop's own tax classes, such as { reduced-rate = "8" }; products without a
    class have the rate of `tax`. Default: empty."""

    batch: int = Field(default=100, ge=1, le=100)
    """How many products one request changes; WooCommerce takes at most 100. Default 100."""

    @field_validator("tax_classes")
    @classmethod
    def _rates(cls, rates: dict[str, str]) -> dict[str, str]:
        return {name: _percent(rate) for name, rate in rates.items()}


class PrestaShopSettings(_Api):
    """A PrestaShop shop, by its webservice; prices there are net with six decimals."""

    type: Literal["prestashop"]
    """`prestashop`"""

    key: Secret
    """The webservice key, as { env = "NAME" } or { file = "path" }."""

    tax_groups: dict[str, str] = Field(default_factory=dict)
    """The VAT rates in percent of the shop's tax rules groups by their id, such as { 2 = "8" }; products of other
    groups have the rate of `tax`. Default: empty."""

    language: int = Field(default=1, ge=1)
    """The id of the language that names are read in. Default 1."""

    @field_validator("tax_groups")
    @classmethod
    def _rates(cls, rates: dict[str, str]) -> dict[str, str]:
        return {name: _percent(rate) for name, rate in rates.items()}


class _Feed(_Common):
    role: ChannelRole = ChannelRole.ADVERT
    """`checkout` takes money at the price, `advert` only shows it. Default advert."""

    path: LocalPath
    """The file that is written, relative to the project folder."""

    max_shrink: int = Field(default=50, ge=0, le=100)
    """How much smaller than the last good one a feed may get, in percent of its items. Default 50."""


class GoogleSettings(_Feed):
    """A Google Merchant feed, as RSS 2.0 XML."""

    type: Literal["google"]
    """`google`"""

    title: str = "Products"
    """The feed's title. Default "Products"."""

    link: str = ""
    """The shop's address, shown in the feed. Default: empty."""

    unknown_stock: Literal["leave_out", "in_stock", "out_of_stock"] = "leave_out"
    """What products whose stock is not known are advertised as; Google takes no unknown. Default leave_out."""


class CeneoSettings(_Feed):
    """A Ceneo offer feed, as XML; prices are in PLN."""

    type: Literal["ceneo"]
    """`ceneo`"""


class CsvSettings(_Feed):
    """A CSV price file with columns of your choice."""

    type: Literal["csv"]
    """`csv`"""

    delimiter: Literal[",", ";", "\t", "|"] = ","
    """The character between columns. Default ","."""

    decimal: Literal[".", ","] = "."
    """The decimal separator of prices. Default "."."""

    columns: dict[str, str] = Field(
        default_factory=lambda: {
            "sku": "sku",
            "name": "name",
            "price": "price",
            "currency": "currency",
            "net_price": "net_price",
            "availability": "availability",
            "gtin": "gtin",
            "brand": "brand",
            "url": "url",
        }
    )
    """Which columns the file has, in order: header = field. Fields are sku, name, price, net_price, currency,
    tax_rate, availability, stock, gtin, mpn, brand, category, url, image_url and description; sku and price are
    needed. Default: sku, name, price, currency, net_price, availability, gtin, brand, url."""

    @field_validator("columns")
    @classmethod
    def _fields(cls, columns: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(columns.values()) - CSV_FIELDS)
        missing = sorted({"sku", "price"} - set(columns.values()))
        if unknown:
            raise Mistake(f"there is no field {unknown[0]!r}", f"known are {', '.join(sorted(CSV_FIELDS))}")
        if missing:
            raise Mistake(f"a price file needs a column for {missing[0]}", f'add "{missing[0]}" = "{missing[0]}"')
        return columns


_CSV_TEXT = (
    "sku name price net_price currency tax_rate availability stock gtin mpn brand category url image_url description"
)
CSV_FIELDS = frozenset(_CSV_TEXT.split())


class PluginSettings(_Common):
    """A channel that an installed package provides under the entry point group `pricewatch.channels`."""

    type: Literal["plugin"]
    """`plugin`"""

    plugin: str
    """The entry point's name."""

    role: ChannelRole = ChannelRole.CHECKOUT
    """`checkout` takes money at the price, `advert` only shows it. Default checkout."""

    options: dict[str, str | int | bool | Secret] = Field(default_factory=dict)
    """Whatever the package asks for; secrets as { env = "NAME" } or { file = "path" }. Default: empty."""


ChannelSettings: TypeAlias = Annotated[
    WooCommerceSettings | PrestaShopSettings | GoogleSettings | CeneoSettings | CsvSettings | PluginSettings,
    Field(discriminator="type"),
]
