"""The `[catalogue]` section of config.toml: how to read our own product file."""

from __future__ import annotations

import codecs
from typing import Literal

from pydantic import Field, field_validator

from pricewatch.domain.money import TaxRate
from pricewatch.intake.columns import FIELDS
from pricewatch.located import LocalPath, Mistake, Section, did_you_mean


class CatalogueSettings(Section):
    """How a product file is read; what is not said here is found out from the file, or refused."""

    file: LocalPath | None = None
    """The product file that `pricewatch catalogue import` reads when it is called without one; default none."""

    columns: dict[str, str] = Field(default_factory=dict)
    """Which column of the file holds what: field = "Column name". Fields: sku, name, price, sale_price, sale_from,
    sale_until, cost, tax, floor, ceiling, rrp, map_price, stock, brand, gtin, mpn, category, supplier, tags, kvi, url,
    image_url, description. Columns with usual names (English, Polish, German, Dutch, Czech; exports of WooCommerce,
    Shopify and Magento) are found without it; default empty."""

    custom: tuple[str, ...] | None = None
    """Names of further columns that are kept as text for conditions in rules; default all that have no other use."""

    encoding: str = "auto"
    """Text encoding of the file, such as "utf-8" or "cp1250"; default "auto": it is found out."""

    delimiter: Literal["auto", ",", ";", "\t", "|"] = "auto"
    """Character between columns; default "auto": it is found out."""

    decimal: Literal["auto", ".", ","] = "auto"
    """Decimal separator of amounts; default "auto": taken from amounts that can be read in one way only. An amount
    that stays ambiguous, such as 1.299, is set aside."""

    prices: Literal["gross", "net"] = "gross"
    """Whether price, floor, ceiling, rrp and map_price columns contain VAT; net ones get it added, rounded half up;
    default "gross"."""

    costs: Literal["net", "gross"] = "net"
    """Whether the cost column is without VAT; VAT is taken off gross ones, rounded up; default "net"."""

    tax: str | None = None
    """VAT rate in percent of rows that give none, such as "23"; default none: such rows are set aside."""

    tax_as: Literal["percent", "fraction"] = "percent"
    """Whether 23 % is written as 23 (or 23%) or as 0.23 in the file; default "percent"."""

    max_shrink: int = Field(default=20, ge=0, le=100)
    """The largest part of the catalogue, in percent, that one import may withdraw because the file no longer has it;
    a file that lacks more withdraws nothing, and it is reported. Default 20."""

    @field_validator("columns")
    @classmethod
    def _known_fields(cls, columns: dict[str, str]) -> dict[str, str]:
        for field in columns:
            if field not in FIELDS:
                near = did_you_mean(field, FIELDS)
                hint = f"did you mean `{near}`?" if near else f"the fields are {', '.join(FIELDS)}"
                raise Mistake(f"`{field}` is no field of a product", hint, at=(field,))
        return columns

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        if name == "auto":
            return name
        try:
            info = codecs.lookup(name)
        except LookupError:
            raise Mistake(f"no encoding is called {name!r}", 'as in "utf-8", "cp1250" or "iso-8859-2"') from None
        if not info._is_text_encoding:  # noqa: SLF001 - the only way to tell text from base64 and zip
            raise Mistake(f"{name!r} is no encoding of text", 'as in "utf-8", "cp1250" or "iso-8859-2"')
        return name

    @field_validator("tax")
    @classmethod
    def _rate(cls, percent: str | None) -> str | None:
        if percent is not None:
            TaxRate.parse(percent)
        return percent
