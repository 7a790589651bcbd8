"""What [channels.NAME] says: where our prices are shown, and how to reach that place."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from pricewatch.channels.fields import FIELDS
from pricewatch.channels.template import PRICE_TEXTS, SKU_TEXT, mistake
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

    gzip: bool = False
    """Whether a compressed variant is written beside the file, under its name and `.gz`. Default false."""


class GoogleSettings(_Feed):
    """A Google Merchant feed, as RSS 2.0 XML or tab-separated lines."""

    type: Literal["google"]
    """`google`"""

    form: Literal["xml", "tsv"] = "xml"
    """`xml`, or `tsv` for tab-separated lines. Default xml."""

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


class MetaSettings(_Feed):
    """A Meta catalogue feed (Facebook, Instagram), as CSV."""

    type: Literal["meta"]
    """`meta`"""

    unknown_stock: Literal["leave_out", "in_stock", "out_of_stock"] = "leave_out"
    """What products whose stock is not known are advertised as; Meta takes no unknown. Default leave_out."""


class HeurekaSettings(_Feed):
    """A Heureka offer feed, as XML; prices are in CZK (heureka.cz) or EUR (heureka.sk)."""

    type: Literal["heureka"]
    """`heureka`"""

    restock_days: int | None = Field(default=None, ge=0, le=365)
    """In how many days what is out of stock can be sent. Default: not said, the buyer has to ask."""


def _amounts(costs: dict[str, str]) -> dict[str, str]:
    for name, text in costs.items():
        if not re.fullmatch(r"[A-Za-z0-9_]{1,40}", name):
            raise Mistake(f"{name!r} is no name for a column", "write letters, digits and _")
        if not re.fullmatch(r"\d{1,6}\.\d\d", text):
            raise Mistake(f"{text!r} is no amount", 'write it as "4.99"')
    return costs


class IdealoSettings(_Feed):
    """An idealo offer feed, as CSV; prices are in EUR or GBP."""

    type: Literal["idealo"]
    """`idealo`"""

    delivery_time: str = Field(min_length=1, max_length=100)
    """When what is in stock arrives, in the market's language, such as "1-3 Werktage"."""

    delivery_costs: dict[str, str] = Field(min_length=1)
    """What delivery costs by carrier, as gross amounts, such as { dhl = "4.99" }."""

    payment_costs: dict[str, str] = Field(min_length=1)
    """What payment costs by kind, as gross amounts, such as { paypal = "0.00" }."""

    @field_validator("delivery_costs", "payment_costs")
    @classmethod
    def _costs(cls, costs: dict[str, str]) -> dict[str, str]:
        return _amounts(costs)


class SkapiecSettings(_Feed):
    """A Skąpiec offer feed, as XML (xmldata 12.0); prices are in PLN."""

    type: Literal["skapiec"]
    """`skapiec`"""

    title: str = Field(min_length=1)
    """The shop's name, shown in the feed."""

    link: str = Field(min_length=1)
    """The shop's address, shown in the feed."""


_ELEMENT = re.compile(r"[A-Za-z_][\w.-]{0,79}")


class TemplateSettings(_Feed):
    """A feed of your own design, XML or CSV, for portals that have no type of their own."""

    type: Literal["template"]
    """`template`"""

    form: Literal["xml", "csv"] = "xml"
    """`xml`, or `csv` for lines. Default xml."""

    root: str = "products"
    """The outermost element of an XML feed. Default "products"."""

    item: str = "product"
    """The element of one product in an XML feed. Default "product"."""

    delimiter: Literal[",", ";", "\t", "|"] = ","
    """The character between columns of a CSV feed. Default ","."""

    decimal: Literal[".", ","] = "."
    """The decimal separator of prices. Default "."."""

    columns: dict[str, str]
    """The elements or columns in order, each name = template. A template is text with fields in braces, such as
    "{price} {currency}" or "{brand|no name}", where the text after | stands in for an empty field. Fields are those of
    a csv channel, and custom.NAME for a further column of the catalogue. One template is "{sku}", one "{price}" or
    "{price} {currency}"."""

    words: dict[Literal["in_stock", "out_of_stock", "unknown"], str] = Field(default_factory=dict)
    """What stands for {availability}, such as { in_stock = "1", out_of_stock = "5", unknown = "4" }. Default: the words
    in_stock, out_of_stock and unknown."""

    required: tuple[str, ...] = ()
    """Names of columns that may not be empty: products without them are left out. Default: none."""

    longest: dict[str, int] = Field(default_factory=dict)
    """The most characters of a column, such as { title = 80 }; longer text is cut. Default: 10000 each."""

    @model_validator(mode="after")
    def _fits(self) -> TemplateSettings:
        names = (self.root, self.item, *self.columns) if self.form == "xml" else ()
        for name in names:
            if not _ELEMENT.fullmatch(name) or self.columns.get(self.item) is not None:
                raise Mistake(f"{name!r} is no name for an element here", "letters, digits, _, - and .; each once")
        for name, text in self.columns.items():
            if wrong := mistake(text):
                raise Mistake(
                    f"{name}: {wrong}", f"fields are {', '.join(FIELDS)} and custom.NAME", at=("columns", name)
                )
        texts = list(self.columns.values())
        if SKU_TEXT not in texts or not set(PRICE_TEXTS) & set(texts):
            raise Mistake("a feed needs a column for the id and one for the price", 'id = "{sku}", price = "{price}"')
        for name in (*self.required, *self.longest):
            if name not in self.columns:
                raise Mistake(f"there is no column {name!r}", f"columns are {', '.join(self.columns)}")
        if any(limit < 1 for limit in self.longest.values()):
            raise Mistake("a column has at least one character", "write longest = { title = 80 }", at=("longest",))
        return self


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
    """Which columns the file has, in order: header = field. Fields are sku, name, price, net_price,
    regular_price, prior_price, sale_from, sale_until, currency, tax_rate, availability, stock, gtin, mpn, brand,
    category, url, image_url and description, and custom.NAME for a further column of the catalogue; sku and price are
    needed. regular_price is the prior price while a reduction is announced; prior_price, sale_from and sale_until are
    empty at other times. Default: sku, name, price, currency, net_price, availability, gtin, brand, url."""

    @field_validator("columns")
    @classmethod
    def _fields(cls, columns: dict[str, str]) -> dict[str, str]:
        unknown = sorted(name for name in columns.values() if mistake(f"{{{name}}}") or "|" in name)
        missing = sorted({"sku", "price"} - set(columns.values()))
        if unknown:
            raise Mistake(f"there is no field {unknown[0]!r}", f"known are {', '.join(FIELDS)} and custom.NAME")
        if missing:
            raise Mistake(f"a price file needs a column for {missing[0]}", f'add "{missing[0]}" = "{missing[0]}"')
        return columns


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


FeedSettings: TypeAlias = (
    GoogleSettings
    | MetaSettings
    | CeneoSettings
    | SkapiecSettings
    | HeurekaSettings
    | IdealoSettings
    | CsvSettings
    | TemplateSettings
)

ChannelSettings: TypeAlias = Annotated[
    WooCommerceSettings | PrestaShopSettings | FeedSettings | PluginSettings,
    Field(discriminator="type"),
]
