"""What [channels.NAME] says: where our prices are shown, and how to reach that place."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from pricewatch.channels.fields import FIELDS
from pricewatch.channels.marketplaces.settings import MarketplaceSettings
from pricewatch.channels.offline.settings import OfflineSettings
from pricewatch.channels.sections import ChannelSection, FeedSection
from pricewatch.channels.shops.settings import ShopSettings
from pricewatch.channels.template import PRICE_TEXTS, SKU_TEXT, mistake
from pricewatch.domain.listing import ChannelRole
from pricewatch.located import Mistake, Secret


class GoogleSettings(FeedSection):
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

    loyalty_program: str = Field(default="", max_length=100)
    """The label of the loyalty programme in Merchant Center, whose prices for members are then shown; XML only.
    Default: none."""

    loyalty_tier: str = Field(default="", max_length=100)
    """The label of the tier of that programme. Default: none."""

    content_column: str = ""
    """The column of the catalogue that says how much is in a piece, as content_column of the group's terms; Google
    works out the price for a unit from it. Default "": it shows none."""

    @model_validator(mode="after")
    def _whole_programme(self) -> GoogleSettings:
        if bool(self.loyalty_program) != bool(self.loyalty_tier):
            raise Mistake("a loyalty programme needs its label and its tier", "give loyalty_program and loyalty_tier")
        if self.loyalty_program and self.form == "tsv":
            raise Mistake("prices for members are written in XML only", 'set form = "xml"', at=("form",))
        return self


class CeneoSettings(FeedSection):
    """A Ceneo offer feed, as XML; prices are in PLN."""

    type: Literal["ceneo"]
    """`ceneo`"""


class MetaSettings(FeedSection):
    """A Meta catalogue feed (Facebook, Instagram), as CSV."""

    type: Literal["meta"]
    """`meta`"""

    unknown_stock: Literal["leave_out", "in_stock", "out_of_stock"] = "leave_out"
    """What products whose stock is not known are advertised as; Meta takes no unknown. Default leave_out."""


class HeurekaSettings(FeedSection):
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


class IdealoSettings(FeedSection):
    """An idealo offer feed, as CSV; prices are in EUR or GBP."""

    type: Literal["idealo"]
    """`idealo`"""

    delivery_time: str = Field(min_length=1, max_length=100)
    """When what is in stock arrives, in the market's language, such as "1-3 Werktage", for products of which the
    catalogue says nothing else (its column delivery, delivery_time, delivery_days or shipping_time)."""

    delivery_costs: dict[str, str] = Field(min_length=1)
    """What delivery costs by carrier, as gross amounts, such as { dhl = "4.99" }."""

    payment_costs: dict[str, str] = Field(min_length=1)
    """What payment costs by kind, as gross amounts, such as { paypal = "0.00" }."""

    @field_validator("delivery_costs", "payment_costs")
    @classmethod
    def _costs(cls, costs: dict[str, str]) -> dict[str, str]:
        return _amounts(costs)


class SkapiecSettings(FeedSection):
    """A Skąpiec offer feed, as XML (xmldata 12.0); prices are in PLN."""

    type: Literal["skapiec"]
    """`skapiec`"""

    title: str = Field(min_length=1)
    """The shop's name, shown in the feed."""

    link: str = Field(min_length=1)
    """The shop's address, shown in the feed."""


_ELEMENT = re.compile(r"[A-Za-z_][\w.-]{0,79}")


class TemplateSettings(FeedSection):
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


class CsvSettings(FeedSection):
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
    regular_price, prior_price, sale_from, sale_until, loyalty_price, coupon_price, coupon_code, unit_price, unit,
    delivery, currency, tax_rate, availability, stock, gtin, mpn, brand, category, url, image_url and description, and
    custom.NAME for a further column of the catalogue; sku and price are needed. regular_price
    is the prior price while a reduction is announced; prior_price, sale_from and sale_until are empty at other times.
    Default: sku, name, price, currency, net_price, availability, gtin, brand, url."""

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


class PluginSettings(ChannelSection):
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
    ShopSettings | MarketplaceSettings | OfflineSettings | FeedSettings | PluginSettings,
    Field(discriminator="type"),
]
