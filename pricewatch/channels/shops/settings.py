"""What [channels.NAME] says of a web shop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from pydantic import Field, field_validator, model_validator

from pricewatch.channels.sections import (
    AnnouncingSection,
    ApiSection,
    DeliverySection,
    StockSection,
    tax_percent,
)
from pricewatch.domain.listing import Beside
from pricewatch.located import Mistake, Secret


class Keeps(NamedTuple):
    """The form in which a shop keeps prices, and how many one push writes; `decimals` None = the currency's."""

    net: bool
    decimals: int | None
    batch: int


class ShopSection(AnnouncingSection, ApiSection):
    """What every connected shop has."""

    def keeps(self) -> Keeps:
        """The form in which it keeps prices."""
        raise NotImplementedError

    def masters(self) -> Sequence[Beside]:
        """What the catalogue is the master of there, beside the price."""
        stock = [Beside.STOCK] if isinstance(self, StockSection) and self.stock else []
        return [*stock, *([Beside.DELIVERY] if isinstance(self, DeliverySection) and self.delivery else [])]


class NetSection(ShopSection):
    """What a shop that can keep its prices without tax has besides."""

    net: bool = False
    """Whether the shop's prices are entered without tax. Default false."""

    decimals: int | None = Field(default=None, ge=0, le=6)
    """How many decimals of a price the shop keeps and reckons with. Default: the currency's."""

    batch: int = Field(default=1, ge=1)
    """How many prices are sent in one go. Default 1."""

    def keeps(self) -> Keeps:
        """The form that is configured."""
        return Keeps(self.net, self.decimals, self.batch)


class WooCommerceSettings(StockSection, NetSection):
    """A WooCommerce shop, by its REST API v3."""

    type: Literal["woocommerce"]
    """`woocommerce`"""

    key: Secret
    """The consumer key (ck_…), as { env = "NAME" } or { file = "path" }."""

    secret: Secret
    """The consumer secret (cs_…), as { env = "NAME" } or { file = "path" }."""

    tax_classes: dict[str, str] = Field(default_factory=dict)
    """The VAT rates in percent of the shop's own tax classes, such as { reduced-rate = "8" }; products without a
    class have the rate of `tax`. With net = true, products of a class that is not named are refused. Default: empty."""

    batch: int = Field(default=100, ge=1, le=100)
    """How many products one request changes; WooCommerce takes at most 100. Default 100."""

    @field_validator("tax_classes")
    @classmethod
    def _rates(cls, rates: dict[str, str]) -> dict[str, str]:
        return {name: tax_percent(rate) for name, rate in rates.items()}


class PrestaShopSettings(StockSection, ShopSection):
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
        return {name: tax_percent(rate) for name, rate in rates.items()}

    def keeps(self) -> Keeps:
        """Net with six decimals; one object a request."""
        return Keeps(True, 6, 1)


class ShopifySettings(NetSection):
    """A Shopify shop, by its Admin GraphQL API."""

    type: Literal["shopify"]
    """`shopify`"""

    token: Secret
    """The app's Admin API access token (shpat_…) with read_products and write_products, as { env = "NAME" } or
    { file = "path" }."""

    version: str = Field(default="2026-10", pattern=r"^(\d{4}-(01|04|07|10)|unstable)$")
    """The version of the API, as a quarter; Shopify answers each for a year at least. Default "2026-10"."""

    price_list: int | None = Field(default=None, ge=1)
    """The number of a market's price list, whose fixed prices are then shown and changed instead of the shop's; the
    app needs read_markets, and write_products. Default: none."""

    country: str = Field(default="", pattern=r"^([A-Z]{2})?$")
    """A country of that market, such as DE: prices are read as its buyers see them. Default: none."""

    batch: int = Field(default=50, ge=1, le=250)
    """How many prices are sent in one go; each request changes variants of one product, in a market of any. Default
    50."""

    @model_validator(mode="after")
    def _whole_market(self) -> ShopifySettings:
        if (self.price_list is None) != (not self.country):
            raise Mistake("a market needs its price list and one of its countries", "give price_list and country")
        return self


class MagentoSettings(StockSection, NetSection):
    """A Magento 2 or Adobe Commerce shop, by its REST API."""

    type: Literal["magento"]
    """`magento`"""

    token: Secret
    """The integration's access token, as { env = "NAME" } or { file = "path" }; alone it is sent as a bearer token."""

    token_secret: Secret | None = None
    """The integration's access token secret; with it and the consumer's key and secret, requests are signed by
    OAuth 1.0a, which Magento 2.4.4 and later want unless bearer tokens are allowed. Default: none."""

    consumer_key: Secret | None = None
    """The integration's consumer key. Default: none."""

    consumer_secret: Secret | None = None
    """The integration's consumer secret. Default: none."""

    store: str = Field(default="all", pattern=r"^[A-Za-z0-9_]+$")
    """The code of the store view that is read, or `all` for the values that hold everywhere. Default "all"."""

    store_id: int = Field(default=0, ge=0)
    """The id of the store view that is written; 0 writes the values that hold everywhere, which is the only choice
    where the catalogue's price scope is global. Default 0."""

    tax_classes: dict[str, str] = Field(default_factory=dict)
    """The VAT rates in percent of the shop's tax classes by their id, such as { 3 = "8" }; products of other classes
    have the rate of `tax`. Default: empty."""

    bulk: bool = False
    """Whether prices are sent by the asynchronous bulk API, whose report is then awaited. Default false."""

    source: str = Field(default="default", pattern=r"^[A-Za-z0-9_-]{1,100}$")
    """The code of the inventory source whose pieces are compared and written with stock = true. Default "default"."""

    bulk_wait: float = Field(default=60.0, gt=0, le=3_600)
    """How long the report of a bulk request is awaited, in seconds; later it counts as unknown. Default 60."""

    batch: int = Field(default=100, ge=1, le=1_000)
    """How many products one request changes. Default 100."""

    @field_validator("tax_classes")
    @classmethod
    def _rates(cls, rates: dict[str, str]) -> dict[str, str]:
        return {name: tax_percent(rate) for name, rate in rates.items()}

    @model_validator(mode="after")
    def _signed_or_not(self) -> MagentoSettings:
        given = [self.token_secret, self.consumer_key, self.consumer_secret]
        if any(given) and not all(given):
            raise Mistake(
                "OAuth 1.0a needs four secrets", "give token, token_secret, consumer_key and consumer_secret, or token"
            )
        if (self.store == "all") != (self.store_id == 0):
            raise Mistake("store and store_id do not name the same place", 'all is 0: store = "default", store_id = 1')
        return self


class SaleorSettings(NetSection):
    """A Saleor shop, by its GraphQL API; a channel of pricewatch is one of Saleor's channels."""

    type: Literal["saleor"]
    """`saleor`"""

    token: Secret
    """The app's token with the permission MANAGE_PRODUCTS, as { env = "NAME" } or { file = "path" }."""

    channel: str = Field(min_length=1, pattern=r"^[\w-]+$")
    """The slug of Saleor's channel, such as default-channel."""

    batch: int = Field(default=50, ge=1, le=100)
    """How many variants one request changes. Default 50."""


class VendureSettings(StockSection, NetSection):
    """A Vendure shop, by its Admin GraphQL API."""

    type: Literal["vendure"]
    """`vendure`"""

    key: Secret | None = None
    """An API key (Vendure 3.6 and later, where `api-key` is among its token methods), as { env = "NAME" } or
    { file = "path" }. Default: none, then username and password."""

    username: Secret | None = None
    """An administrator's name, for shops without API keys; not used beside a key. Default: none."""

    password: Secret | None = None
    """The administrator's password. Default: none."""

    channel_token: Secret | None = None
    """The token of Vendure's channel. Default: Vendure's default channel."""

    path: str = Field(default="admin-api", pattern=r"^[\w/-]+$")
    """Where the Admin API is under the shop's address. Default "admin-api"."""

    batch: int = Field(default=50, ge=1, le=100)
    """How many variants one request changes. Default 50."""

    @model_validator(mode="after")
    def _a_way_in(self) -> VendureSettings:
        if self.key is None and (self.username is None or self.password is None):
            raise Mistake("Vendure lets nobody in without credentials", "give key, or username and password")
        return self


class MedusaSettings(StockSection, NetSection):
    """A Medusa 2 shop, by its Admin REST API."""

    type: Literal["medusa"]
    """`medusa`"""

    key: Secret
    """A secret API key (sk_…), as { env = "NAME" } or { file = "path" }."""

    price_lists: bool = True
    """Whether price lists are read as well, so that a sale there that makes another price sell is seen, and announced
    reductions can be shown. Default true."""

    sale_list: str = Field(default="pricewatch", min_length=1, max_length=100)
    """The title of the price list that announced reductions are put into; it is made when the first one begins.
    Default "pricewatch"."""

    batch: int = Field(default=50, ge=1, le=100)
    """How many variants are read together before they are written; each request changes variants of one product.
    Default 50."""


class ShoperSettings(StockSection, NetSection):
    """A Shoper shop, by its REST API."""

    type: Literal["shoper"]
    """`shoper`"""

    username: Secret
    """The API user's name, as { env = "NAME" } or { file = "path" }."""

    password: Secret
    """The API user's password."""

    rate: int = Field(default=120, ge=1, le=100_000)
    """The most requests a minute, reads included; Shoper lets two a second through. Default 120."""

    batch: int = Field(default=25, ge=1, le=25)
    """How many prices one request changes; Shoper takes at most 25. Default 25."""


class IdoSellSettings(ShopSection):
    """An IdoSell shop, by its Admin API v6; prices there are gross."""

    type: Literal["idosell"]
    """`idosell`"""

    key: Secret
    """The API key, as { env = "NAME" } or { file = "path" }."""

    shop: int | None = Field(default=None, ge=1)
    """The id of the shop whose price is shown and changed, where a panel has several. Default: the price that holds
    in all of them."""

    rate: int = Field(default=120, ge=1, le=100_000)
    """The most requests a minute, reads included. Default 120."""

    batch: int = Field(default=100, ge=1, le=100)
    """How many products one request changes. Default 100."""

    def keeps(self) -> Keeps:
        """Gross, in the currency's decimals."""
        return Keeps(False, None, self.batch)


ShopSettings: TypeAlias = (
    WooCommerceSettings
    | PrestaShopSettings
    | ShopifySettings
    | MagentoSettings
    | SaleorSettings
    | VendureSettings
    | MedusaSettings
    | ShoperSettings
    | IdoSellSettings
)
