"""A scrapers/*.toml file: where a site's pages are, how politely to read them, and what only this site does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, field_validator, model_validator

from pricewatch.domain.money import Currency
from pricewatch.domain.offer import SiteKind
from pricewatch.domain.product import Product
from pricewatch.located import Mistake, Section
from pricewatch.ports import SiteInfo
from pricewatch.scraping.extract.hints import ReadHints, SiteContext
from pricewatch.scraping.sources.settings import FeedSettings, PluginSource, SourceSettings
from pricewatch.scraping.urls import glob_matches, is_web_address, on_domain

FROM_ROBOTS = "robots.txt"


def _address(url: str) -> str:
    if not is_web_address(url):
        raise ValueError(f"{url!r} is no web address; write it with https://")
    return url


def _sitemap(url: str) -> str:
    return url if url == FROM_ROBOTS else _address(url)


Address = Annotated[str, AfterValidator(_address)]
SitemapAddress = Annotated[str, AfterValidator(_sitemap)]
Glob = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Selector = Annotated[str, StringConstraints(max_length=500)]
Domain = Annotated[
    str,
    StringConstraints(to_lower=True, max_length=260, pattern=r"^(?i:[a-z0-9_-]+(\.[a-z0-9_-]+)*)(:[0-9]{1,5})?$"),
]


class TargetEntry(Section):
    """One page that is always read."""

    url: Address
    """The page's address."""

    sku: str = ""
    """Our SKU of the product on it; empty leaves that to matching."""


def _as_entry(value: object) -> object:
    return {"url": value} if isinstance(value, str) else value


class CrawlRules(Section):
    """Which pages of the site are read, and at which pace."""

    targets: tuple[Annotated[TargetEntry, BeforeValidator(_as_entry)], ...] = ()
    """Pages that are always read: addresses, or `{ url = "…", sku = "…" }`."""

    sitemaps: tuple[SitemapAddress, ...] = ()
    """Addresses of sitemaps (plain, gzipped or index); "robots.txt" takes those that robots.txt names."""

    start: tuple[Address, ...] = ()
    """Listing pages (category, brand, search) whose product links are followed."""

    product_links: tuple[Glob, ...] = ()
    """Patterns of product addresses in which `*` stands for anything: a path such as "/p/*", or a whole address."""

    product_selector: Selector = ""
    """CSS selector of the product links on a listing page."""

    next_selector: Selector = ""
    """CSS selector of the link to the next listing page."""

    exclude: tuple[Glob, ...] = ()
    """Patterns of addresses that are never read."""

    max_pages: int = Field(default=50, ge=0, le=10_000)
    """Listing pages and sitemaps that are read to find products."""

    max_targets: int = Field(default=10_000, ge=1, le=1_000_000)
    """Product pages that are taken from sitemaps and listing pages."""

    delay: float | None = Field(default=None, ge=0, le=3_600)
    """Seconds between the starts of two requests; without it the [scraping] value."""

    concurrency: int | None = Field(default=None, ge=1, le=16)
    """Requests at the same time; without it the [scraping] value."""

    revisit: float | None = Field(default=None, ge=0, le=31_536_000)
    """Seconds after which a page is due again; without it the [scraping] value."""

    respect_robots: bool | None = None
    """False only where the site's owner has allowed it in writing; without it the [scraping] value."""

    def is_product(self, url: str) -> bool:
        """Say whether an address fits the product patterns; without patterns every address does."""
        return not self.product_links or _fits(self.product_links, url)

    def is_excluded(self, url: str) -> bool:
        """Say whether an address fits one of the exclusions."""
        return _fits(self.exclude, url)


class SearchAddresses(Section):
    """Where the site is asked for a product; its answer is a page for a person to look at, or a list of links."""

    gtin: str = ""
    """Address of the search by EAN, with {gtin} where it goes."""

    mpn: str = ""
    """Address of the search by brand and part number, with {brand} and {mpn} where they go."""

    name: str = ""
    """Address of the search by name, with {name} where it goes."""

    @model_validator(mode="after")
    def _say_what_they_search_by(self) -> Self:
        for key, wanted in _SEARCHED_BY.items():
            address = getattr(self, key)
            named = set(re.findall(r"\{(.*?)\}", address))
            if address and named != wanted:
                places = " and ".join(f"{{{name}}}" for name in sorted(wanted))
                raise Mistake(f"{address!r} does not say where to put {places}", f"write {places} into it", at=(key,))
            if address and not is_web_address(address):
                raise Mistake(f"{address!r} is no web address", "write it with https://", at=(key,))
        return self

    def addresses(self) -> tuple[str, ...]:
        """Every address that is given."""
        return tuple(filter(None, (self.gtin, self.mpn, self.name)))

    def of(self, product: Product) -> str:
        """The address that asks for a product by the surest thing known of it; empty when the site can't be asked."""
        if self.gtin and product.gtin:
            return self.gtin.format(gtin=quote(product.gtin, safe=""))
        if self.mpn and product.brand and product.mpn:
            return self.mpn.format(brand=quote(product.brand, safe=""), mpn=quote(product.mpn, safe=""))
        return self.name.format(name=quote(product.name, safe="")) if self.name and product.name else ""


_SEARCHED_BY = {"gtin": {"gtin"}, "mpn": {"brand", "mpn"}, "name": {"name"}}


class Terms(Section):
    """What a person found out about being allowed to read the site."""

    verdict: Literal["unchecked", "allowed", "unclear", "forbidden"] = "unchecked"
    """Whether the site's terms of use and robots.txt allow reading its prices."""

    note: str = ""
    """What the verdict rests on."""

    url: str = ""
    """Where the terms of use stand."""

    robots: str = ""
    """What robots.txt said about the pages that are read, on the day in `checked`."""

    api: str = ""
    """The official API, feed or partner programme that is to be asked for first."""

    contact: str = ""
    """Whom to write to at the site."""

    checked: date | None = None
    """The day on which a person last read the terms."""

    verified: bool = False
    """True once `pricewatch site test` has read a live page of the site rightly; a written false keeps it off."""


class SiteDefinition(Section):
    """One source of prices."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=64)]
    """Short name in lower case, used in commands, rules and reports."""

    kind: SiteKind = SiteKind.SHOP
    """What sort of source it is: shop, comparison, auction, marketplace or feed."""

    domains: tuple[Domain, ...] = Field(min_length=1)
    """Host names that belong to it, subdomains included; with a port where it is not the usual one."""

    enabled: bool = True
    """False leaves the site out of every crawl."""

    own: bool = False
    """True for our own shop: its prices are never counted as a competitor's."""

    country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")] = ""
    """Two-letter country code of the market that it sells to."""

    locale: Annotated[str, StringConstraints(pattern=r"^([a-z]{2,3}([_-][A-Za-z0-9]{2,8})*)?$")] = ""
    """Language and country that numbers and stock phrases are written in, such as pl-PL."""

    currency: str = ""
    """ISO 4217 code of prices that are shown without a currency."""

    tax: Literal["", "gross", "net"] = ""
    """Whether the shown prices contain VAT; empty is unknown."""

    seller: str = ""
    """The seller's name where a page shows none; a shop without it goes by the site's name."""

    allow_private: bool = False
    """True lets the site's own domains be on private or loopback addresses, as in the demo and in intranets."""

    source: SourceSettings | None = None
    """The API or feed that is read in place of pages, as a table `[source]` with its `type`."""

    render: Literal["plain", "auto", "browser"] = "plain"
    """Whether pages are run in a browser before they are read: "browser" always, "auto" where plain reading finds
    nothing; both need the extra `pricewatch[browser]` and a Chromium on the machine.
    """

    crawl: CrawlRules = CrawlRules()
    """Which pages are read, and how fast."""

    search: SearchAddresses = SearchAddresses()
    """Where the site is asked for a product."""

    read: ReadHints = ReadHints()
    """What only this site does and generic reading cannot know."""

    terms: Terms = Terms()
    """Verdict on terms of use and robots.txt."""

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, code: str) -> str:
        return Currency.of(code).code if code else ""

    @model_validator(mode="after")
    def _pages_are_its_own(self) -> Self:
        pages = [
            *(t.url for t in self.crawl.targets),
            *self.crawl.start,
            *self.crawl.sitemaps,
            *self.search.addresses(),
        ]
        strange = [url for url in pages if url != FROM_ROBOTS and not self.match(url)]
        if strange:
            raise ValueError(f"{strange[0]} is not on {', '.join(self.domains)}; add its host to domains")
        if self.enabled and self.terms.verdict == "forbidden":
            raise ValueError('enabled = true, though terms.verdict is "forbidden"; switch the site off')
        return self

    @model_validator(mode="after")
    def _nobody_switches_on_what_was_not_tried(self) -> Self:
        terms = self.terms
        if not self.enabled or "verified" not in terms.model_fields_set:
            return self
        if not terms.verified:
            raise Mistake(
                "the site is switched on, though terms.verified is false: nobody has seen it read a live page rightly",
                f"`pricewatch site test {self.name} URL` on live pages, write what the terms and robots.txt say "
                "into [terms], then verified = true; or enabled = false",
                at=("terms", "verified"),
            )
        if terms.verdict == "unchecked":
            raise Mistake(
                'the site is switched on, though terms.verdict is "unchecked": nobody has read its terms of use',
                'read them and robots.txt, write verdict = "allowed" (or "unclear") with note and checked',
                at=("terms", "verdict"),
            )
        return self

    @model_validator(mode="after")
    def _the_source_is_its_own(self) -> Self:
        source = self.source
        if source is None or isinstance(source, PluginSource):
            return self
        url = source.url if isinstance(source, FeedSettings) else source.endpoint
        if url and not self.match(url):
            host = url.partition("://")[2].partition("/")[0]
            at = ("source", "url" if isinstance(source, FeedSettings) else "endpoint")
            raise Mistake(f"{host} is not on {', '.join(self.domains)}", "add it to domains", at=at)
        return self

    def match(self, url: str) -> bool:
        """Say whether an address belongs to the site."""
        return any(on_domain(url, domain) for domain in self.domains)

    def context(self) -> SiteContext:
        """What the extractor needs to know; where [read] says the same things, the top of the file wins."""
        return SiteContext(
            name=self.name,
            kind=self.kind,
            seller=self.seller or (self.name if self.kind is SiteKind.SHOP else ""),
            locale=self.locale or self.read.locale,
            currency=self.currency or self.read.currency,
            tax_included={"gross": True, "net": False}.get(self.tax or self.read.tax),
            hints=self.read,
        )

    def info(self) -> SiteInfo:
        """What the use cases need to know."""
        fixed = frozenset(target.url for target in self.crawl.targets)
        return SiteInfo(
            self.name, self.kind, self.enabled, self.own, fixed, forbidden=self.terms.verdict == "forbidden"
        )


def site_for(sites: Iterable[SiteDefinition], url: str) -> SiteDefinition | None:
    """Find the definition with the most specific domain that an address belongs to."""
    fits = [(len(d), site) for site in sites for d in site.domains if is_web_address(url) and on_domain(url, d)]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None


def _fits(patterns: Iterable[str], url: str) -> bool:
    path = "/" + url.partition("://")[2].partition("/")[2]
    return any(glob_matches(pattern, path if pattern.startswith("/") else url) for pattern in patterns)
