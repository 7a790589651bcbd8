"""What [channels.NAME] says of a marketplace."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints, field_validator, model_validator

from pricewatch.channels.sections import AnnouncingSection, ConnectedSection, DeliverySection, StockSection
from pricewatch.located import Mistake, Secret

Marketplace: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{2,40}$")]


class MarketplaceSection(AnnouncingSection, ConnectedSection):
    """What every marketplace has."""

    report_wait: float = Field(default=120.0, ge=0, le=3_600)
    """The longest time that a send waits for the marketplace's report on it, in seconds; what is not reported by then
    counts as unknown and is read back later. Default 120."""


class AllegroSettings(StockSection, DeliverySection, MarketplaceSection):
    """Offers on Allegro, by its REST API."""

    type: Literal["allegro"]
    """`allegro`"""

    url: str = "https://api.allegro.pl"
    """The address of the API. Default https://api.allegro.pl."""

    token_url: str = "https://allegro.pl/auth/oauth/token"  # noqa: S105
    """Where access tokens are given. Default https://allegro.pl/auth/oauth/token."""

    client_id: Secret
    """The application's client id, as { env = "NAME" } or { file = "path" }."""

    client_secret: Secret
    """The application's client secret, as { env = "NAME" } or { file = "path" }."""

    refresh_token: Secret | None = None
    """The seller's refresh token, as { file = "path" }: Allegro replaces it with every use, and the new one is written
    there. Default: none, the application acts for itself."""

    marketplace: Marketplace = "allegro-pl"
    """The marketplace whose price is shown and changed, such as `allegro-cz`. Default allegro-pl."""

    mixed: bool = True
    """Whether offers of different prices are changed together, 25 a request, by the modification of prices that
    Allegro calls beta. Otherwise each one is a request of its own. Default true."""

    rate: int = Field(default=1_000, ge=1, le=9_000)
    """The most requests a minute, reads included; Allegro takes 9000. Default 1000."""

    @model_validator(mode="after")
    def _mixed_with_stock(self) -> AllegroSettings:
        if self.stock and not self.mixed:
            raise Mistake(
                "stock is sent only with prices of many offers together", "set mixed = true, or stock = false"
            )
        return self

    @field_validator("refresh_token")
    @classmethod
    def _kept(cls, token: Secret | None) -> Secret | None:
        if token is not None and token.file is None:
            raise Mistake("Allegro replaces this token with every use", 'keep it in a file: { file = "allegro.token" }')
        return token


class EbaySettings(StockSection, MarketplaceSection):
    """Offers on eBay, by its Inventory API."""

    type: Literal["ebay"]
    """`ebay`"""

    url: str = "https://api.ebay.com/sell/inventory/v1"
    """The address of the Inventory API. Default https://api.ebay.com/sell/inventory/v1."""

    token_url: str = "https://api.ebay.com/identity/v1/oauth2/token"  # noqa: S105
    """Where access tokens are given. Default https://api.ebay.com/identity/v1/oauth2/token."""

    client_id: Secret
    """The application's client id, as { env = "NAME" } or { file = "path" }."""

    client_secret: Secret
    """The application's client secret, as { env = "NAME" } or { file = "path" }."""

    refresh_token: Secret
    """The seller's refresh token, as { env = "NAME" } or { file = "path" }."""

    marketplace: Marketplace = "EBAY_DE"
    """The eBay site whose offers these are. Default EBAY_DE."""

    revisions: int = Field(default=240, ge=1, le=250)
    """How often one listing may be changed within 24 hours; eBay takes 250, changes by people included. Default 240."""

    rate: int = Field(default=600, ge=1, le=6_000)
    """The most requests a minute, reads included. Default 600."""


class AmazonSettings(StockSection, DeliverySection, MarketplaceSection):
    """Listings on Amazon, by the Selling Partner API."""

    type: Literal["amazon"]
    """`amazon`"""

    url: str = "https://sellingpartnerapi-eu.amazon.com"
    """The address of the region's API. Default https://sellingpartnerapi-eu.amazon.com."""

    token_url: str = "https://api.amazon.com/auth/o2/token"  # noqa: S105
    """Where Login with Amazon gives access tokens. Default https://api.amazon.com/auth/o2/token."""

    client_id: Secret
    """The application's client id, as { env = "NAME" } or { file = "path" }."""

    client_secret: Secret
    """The application's client secret, as { env = "NAME" } or { file = "path" }."""

    refresh_token: Secret
    """The seller's refresh token (Atzr|…), as { env = "NAME" } or { file = "path" }."""

    seller: str = Field(pattern=r"^[A-Z0-9]{5,20}$")
    """The seller's identifier (merchant token)."""

    marketplace: str = Field(default="A1C3SOZRARQ6R3", pattern=r"^[A-Z0-9]{5,20}$")
    """The identifier of the Amazon store. Default A1C3SOZRARQ6R3 (amazon.pl)."""

    preview: bool = False
    """Whether each price is first validated by Amazon without being changed; it costs a request more. Default false."""

    feed_from: int = Field(default=1_000, ge=1, le=25_000)
    """From how many prices on a send is one feed instead of one request each. Default 1000."""

    feed_messages: int = Field(default=25_000, ge=1, le=25_000)
    """How many prices one feed has at most; Amazon takes 25000. Default 25000."""

    rate: int = Field(default=300, ge=1, le=300)
    """The most requests a minute, reads included; Amazon takes 5 a second. Default 300."""

    read_delay: float = Field(default=60.0, ge=0, le=86_400)
    """How long after a write a listing is first read back, in seconds. Default 60."""

    late_apply: float = Field(default=0.0, ge=0, le=86_400)
    """The longest time Amazon may take to show an accepted price, in seconds. Above 0, a price counts as verified
    after two matching reads further apart than this. Default 0."""

    report_wait: float = Field(default=900.0, ge=0, le=3_600)
    """The longest time that a send waits for a feed's report, in seconds; what is not reported by then counts as
    unknown and is read back later. Default 900."""


class KauflandSettings(StockSection, DeliverySection, MarketplaceSection):
    """Units on Kaufland's marketplaces, by the Seller API."""

    type: Literal["kaufland"]
    """`kaufland`"""

    url: str = "https://sellerapi.kaufland.com/v2"
    """The address of the API. Default https://sellerapi.kaufland.com/v2."""

    key: Secret
    """The client key, as { env = "NAME" } or { file = "path" }."""

    secret: Secret
    """The secret key, as { env = "NAME" } or { file = "path" }."""

    storefront: Literal["at", "cz", "de", "fr", "it", "pl", "sk"] = "pl"
    """The country's storefront. Default pl."""


class MiraklSettings(StockSection, MarketplaceSection):
    """Offers on a marketplace that runs on Mirakl, such as Empik or Leroy Merlin, by price imports."""

    type: Literal["mirakl"]
    """`mirakl`"""

    key: Secret
    """The shop's API key, as { env = "NAME" } or { file = "path" }."""

    shop: int | None = Field(default=None, ge=1)
    """The id of the shop, for a user who has several. Default: the user's own."""

    batch: int = Field(default=10_000, ge=1, le=50_000)
    """How many prices one import has at most. Default 10000."""

    report_wait: float = Field(default=600.0, ge=0, le=3_600)
    """The longest time that a send waits for an import's report, in seconds; what is not reported by then counts as
    unknown and is read back later. Default 600."""


class BaseLinkerSettings(MarketplaceSection):
    """Products in a BaseLinker catalogue, whose prices it hands on to shops and marketplaces."""

    type: Literal["baselinker"]
    """`baselinker`"""

    url: str = "https://api.baselinker.com"
    """The address of the API. Default https://api.baselinker.com."""

    token: Secret
    """The API token, as { env = "NAME" } or { file = "path" }."""

    inventory: int = Field(ge=1)
    """The id of the catalogue (inventory)."""

    price_group: int = Field(ge=1)
    """The id of BaseLinker's price group that is shown and changed."""

    warehouse: str = Field(default="", pattern=r"^([a-z]+_[0-9]+)?$")
    """The id of the warehouse whose pieces are sent together with each price, such as bl_206, where the catalogue knows
    them. Default: none are."""

    batch: int = Field(default=1_000, ge=1, le=1_000)
    """How many prices one request changes; BaseLinker takes at most 1000. Default 1000."""

    rate: int = Field(default=90, ge=1, le=100)
    """The most requests a minute, reads included, over all processes; beyond 100 BaseLinker blocks the token.
    Default 90."""


class BigCommerceSettings(MarketplaceSection):
    """A price list of a BigCommerce store, for one currency."""

    type: Literal["bigcommerce"]
    """`bigcommerce`"""

    url: str
    """The address of the store's API, such as https://api.bigcommerce.com/stores/abc123/v3."""

    token: Secret
    """The API account's access token, as { env = "NAME" } or { file = "path" }."""

    price_list: int = Field(ge=1)
    """The id of the price list."""

    batch: int = Field(default=1_000, ge=1, le=1_000)
    """How many records one request changes; BigCommerce takes at most 1000. Default 1000."""


MarketplaceSettings: TypeAlias = (
    AllegroSettings
    | EbaySettings
    | AmazonSettings
    | KauflandSettings
    | MiraklSettings
    | BaseLinkerSettings
    | BigCommerceSettings
)
