"""What [channels.NAME] says of a web shop."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field, field_validator

from pricewatch.channels.sections import ApiSection, tax_percent
from pricewatch.located import Secret


class WooCommerceSettings(ApiSection):
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
        return {name: tax_percent(rate) for name, rate in rates.items()}


class PrestaShopSettings(ApiSection):
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


ShopSettings: TypeAlias = WooCommerceSettings | PrestaShopSettings
