"""The [source] table of a site definition: an API or a feed that is read in place of pages."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, StringConstraints, field_validator, model_validator

from pricewatch.domain.offer import Condition
from pricewatch.located import LocalPath, Mistake, Secret, Section

FIELDS = (
    "id", "variant", "gtin", "mpn", "brand", "name", "category", "url", "image", "price", "sale_price", "sale_period",
    "shipping", "stock", "availability", "condition", "seller", "currency",
)  # fmt: skip
TOKEN = "{token}"  # noqa: S105 where the secret goes, not the secret
Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]*$", max_length=100)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+$", max_length=100)]


def _web_address(url: str) -> str:
    if url and not re.match(r"https?://[^\s/]+(/\S*)?$", url):
        raise ValueError(f"{url!r} is no web address; write it with https://")
    return url.rstrip("/")


class FeedSettings(Section):
    """A list of offers in one file: CSV, XML, JSON or JSON lines, plain or packed with gzip or zip."""

    type: Literal["feed"]
    """What sort of source it is."""

    url: str = ""
    """Address of the file; {token} in it stands for the secret in `token`. Its host must be one of `domains`."""

    path: LocalPath | None = None
    """Path of a local file, in place of `url`; a relative one counts from the definition's folder."""

    token: Secret | None = None
    """The secret that {token} in `url` stands for; it is neither stored nor printed."""

    user: str = ""
    """User name, where the server asks for one."""

    password: Secret | None = None
    """The password that goes with `user`."""

    headers: dict[Header, Secret] = Field(default_factory=dict)
    """Secret request headers, such as an API key, by name."""

    format: Literal["auto", "csv", "xml", "json", "jsonl"] = "auto"
    """What the file is written in; "auto" looks at its beginning."""

    rows: Annotated[str, StringConstraints(max_length=200)] = ""
    """Where the rows are: element names from the root in XML ("offers/group/o"), keys in JSON ("data.products");
    empty looks for the usual ones.
    """

    columns: dict[str, str] = Field(default_factory=dict)
    """Which column, element path or key holds which field; fields without one are looked for under their usual names
    in English, Polish, German, Dutch and Czech.
    """

    header: tuple[str, ...] = ()
    """Names of the columns of a CSV file that has no header line."""

    encoding: str = "auto"
    """Encoding of a CSV file, such as "cp1250"; "auto" finds it out."""

    delimiter: str = "auto"
    """Character between the cells of a CSV file; "auto" finds it out."""

    decimal: Literal["", ".", ","] = ""
    """How the file writes decimals; empty finds it out, and sets rows aside that can be read in two ways."""

    key: Literal["auto", "id", "url", "gtin"] = "auto"
    """What tells one item from another: "auto" takes the first of id, url and GTIN that the file has."""

    condition: Condition = Condition.UNKNOWN
    """The condition of offers whose row does not say."""

    complete: bool = True
    """False where the file holds only a part of the offers: what it leaves out is then not taken as gone at once."""

    max_shrink: int = Field(default=50, ge=0, le=100)
    """Per cent of the rows that may be missing since the last reading; with more the file counts as cut off."""

    max_download_bytes: int = Field(default=500_000_000, ge=10_000, le=50_000_000_000)
    """Bytes that the file may have on the wire, as it is sent."""

    max_bytes: int = Field(default=2_000_000_000, ge=10_000, le=50_000_000_000)
    """Bytes that the file may have after unpacking."""

    max_ratio: int = Field(default=200, ge=10, le=2_000)
    """Bytes after unpacking for one byte before, from 16 MB on; a file that grows more is a bomb and is not read on."""

    max_rows: int = Field(default=5_000_000, ge=1, le=100_000_000)
    """Rows that the file may have; what comes after them is not read, and nothing is taken as gone."""

    max_cell: int = Field(default=20_000, ge=500, le=100_000)
    """Characters that a cell which is read may have; a row with a longer one is set aside."""

    timeout: float = Field(default=900.0, gt=0, le=14_400)
    """Seconds that fetching the file may take, and as many for reading it."""

    @field_validator("columns")
    @classmethod
    def _known_fields(cls, columns: dict[str, str]) -> dict[str, str]:
        for field in columns:
            if field not in FIELDS:
                raise Mistake(f"there is no field {field!r}", f"fields are {', '.join(FIELDS)}", at=(field,))
        return columns

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, delimiter: str) -> str:
        if delimiter != "auto" and (len(delimiter) != 1 or delimiter in '"\r\n'):
            raise ValueError(f"{delimiter!r} is no delimiter: write one character, or auto")
        return delimiter

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.url) == bool(self.path):
            raise Mistake("a feed has one place: either url or path", 'write url = "https://…" or path = "file.csv"')
        _web_address(self.url.replace(TOKEN, "x"))
        if (TOKEN in self.url) != (self.token is not None):
            raise Mistake(f"{TOKEN} in url and the secret in token belong together", f"write both, or neither {TOKEN}")
        if bool(self.user) != (self.password is not None):
            raise Mistake("user and password belong together", 'password = { env = "NAME" }')
        return self


class EbaySettings(Section):
    """The eBay Browse API: offers for the products of our catalogue, by GTIN or by brand and part number."""

    type: Literal["ebay"]
    """What sort of source it is."""

    client_id: Secret
    """App ID (client id) of the key set of your eBay developer account."""

    client_secret: Secret
    """Cert ID (client secret) of the same key set."""

    marketplace: Annotated[str, StringConstraints(pattern=r"^EBAY_[A-Z]{2,10}$")] = "EBAY_PL"
    """The eBay site, such as EBAY_PL, EBAY_DE, EBAY_NL or EBAY_GB."""

    deliver_to: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}(:[A-Za-z0-9 -]{2,12})?)?$")] = ""
    """Country, or country:postcode, that shipping costs are asked for; empty leaves that to eBay."""

    conditions: tuple[Condition, ...] = (Condition.NEW,)
    """Conditions that are searched for; empty takes all."""

    auctions: bool = False
    """True reads auctions too; a running bid is kept as a bid and is never a price."""

    filters: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Za-z]+:[^,&#\s]+$", max_length=300)], ...] = ()
    """Further filters as eBay writes them, such as "sellerAccountTypes:{BUSINESS}"."""

    details: bool = False
    """True asks for each item once more, for its stock, GTIN, brand and part number: one request an item."""

    max_offers: int = Field(default=200, ge=1, le=10_000)
    """Offers that are read for one product, the cheapest with shipping first."""

    by_name: bool = False
    """True searches by brand and name for products without GTIN and part number."""

    endpoint: str = "https://api.ebay.com"
    """Where the API is; the sandbox is https://api.sandbox.ebay.com."""

    _endpoint = field_validator("endpoint")(_web_address)


class MiraklSettings(Section):
    """A marketplace run by Mirakl, read with a seller's key: what competitors ask for our products (P11)."""

    type: Literal["mirakl"]
    """What sort of source it is."""

    endpoint: str
    """Address of the marketplace's Mirakl platform, such as https://marketplace.example.com."""

    key: Secret
    """API key of your shop there."""

    reference: Code = "EAN"
    """Type of the product reference that the marketplace knows GTINs by; "sku" asks by our own SKU as its own."""

    channel: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]*$", max_length=100)] = ""
    """Code of the sales channel whose prices are read; empty is the default one."""

    shop_id: int | None = None
    """Number of your shop, where the key belongs to a user of several."""

    states: dict[Code, Condition] = Field(default_factory=lambda: {"11": Condition.NEW})
    """What the marketplace's offer state codes mean; offers in a state that is not named are held back."""

    batch: int = Field(default=100, ge=1, le=100)
    """Products asked for in one request; Mirakl allows 100."""

    max_offers: int = Field(default=100, ge=1, le=10_000)
    """Offers that are read for one product."""

    _endpoint = field_validator("endpoint")(_web_address)


class PluginSource(Section):
    """A source that an installed package offers under the entry points `pricewatch.sources`."""

    type: Literal["plugin"]
    """What sort of source it is."""

    plugin: Code
    """Name of the entry point."""

    options: dict[str, str | int | bool | Secret] = Field(default_factory=dict)
    """What the plug-in needs; its documentation says what."""


SourceSettings: TypeAlias = Annotated[
    FeedSettings | EbaySettings | MiraklSettings | PluginSource, Field(discriminator="type")
]
