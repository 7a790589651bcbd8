"""Where a page or a sitemap leads to. Pure; runs in the parsing processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from urllib.parse import urljoin

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse
from selectolax.lexbor import LexborHTMLParser, LexborNode

from pricewatch.ports import Page
from pricewatch.scraping.extract.guard import hostile
from pricewatch.scraping.site import CrawlRules
from pricewatch.scraping.urls import is_web_address, without_credentials

NEXT = "link[rel=next], a[rel=next]"
MAX_LINKS = 20_000
MAX_ENTRIES = 50_000  # a sitemap's limit by sitemaps.org


@dataclass(frozen=True, slots=True)
class Links:
    """What a listing page or sitemap leads to: product pages, and further pages of its own kind."""

    products: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    modified: Mapping[str, datetime] = field(default_factory=dict)  # when a sitemap says that a page changed


def read_links(page: Page, rules: CrawlRules) -> Links:
    """Find the product links and the next listing page by the site's selectors and patterns.

    Raises ValueError for markup that would hang the parser.
    """
    if why := hostile(page.body):
        raise ValueError(why)
    tree = LexborHTMLParser(page.body)
    base = _base(tree, page.final_url)
    products: tuple[str, ...] = ()
    if rules.product_selector or rules.product_links:
        found = _addresses(tree, rules.product_selector or "a[href]", base)
        products = tuple(dict.fromkeys(url for url in found if rules.is_product(url)))
    further = tuple(dict.fromkeys(_addresses(tree, rules.next_selector or NEXT, base)))
    return Links(products, further)


def _base(tree: LexborHTMLParser, url: str) -> str:
    node = tree.css_first("base[href]")
    href = (node.attributes.get("href") or "") if node else ""
    return _join(url, href) or url


def _addresses(tree: LexborHTMLParser, selector: str, base: str) -> Iterator[str]:
    for node in tree.css(selector)[:MAX_LINKS]:
        url = _join(base, _href(node))
        if url:
            yield url


def _href(node: LexborNode) -> str:
    """The node's own address, else that of the first link inside it."""
    inner = node if "href" in node.attributes else node.css_first("a[href]")
    return (inner.attributes.get("href") or "").strip() if inner else ""


def _join(base: str, href: str) -> str:
    if not href or href.startswith("#"):
        return ""
    try:
        url = without_credentials(urljoin(base, href).partition("#")[0]).replace(" ", "%20")
    except ValueError:
        return ""
    return url if is_web_address(url) else ""


def read_sitemap(body: bytes) -> Links:
    """Read a sitemap or sitemap index (XML, or plain text with one address a line); raises ValueError for neither."""
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"<":
        lines = (line.strip() for line in body[: 50 * 1024 * 1024].decode("utf-8", "replace").splitlines())
        urls = tuple(dict.fromkeys(line for line in lines if is_web_address(line)))[:MAX_ENTRIES]
        if not urls:
            raise ValueError("this is no sitemap")
        return Links(products=urls)
    try:
        return _xml_sitemap(body.lstrip(b"\xef\xbb\xbf \t\r\n"))
    except (ParseError, DefusedXmlException, LookupError) as error:
        raise ValueError(f"the sitemap is broken: {error}") from error


def _xml_sitemap(body: bytes) -> Links:
    pages: dict[str, None] = {}
    sitemaps: dict[str, None] = {}
    modified: dict[str, datetime] = {}
    for _, element in iterparse(BytesIO(body), forbid_dtd=True):
        kind = _local(element.tag)
        if kind in ("url", "sitemap"):
            said = {_local(child.tag): (child.text or "").strip() for child in reversed(element)}
            place = said.get("loc", "")
            if is_web_address(place):
                (pages if kind == "url" else sitemaps)[place] = None
                if at := _moment(said.get("lastmod", "")):
                    modified[place] = at
            element.clear()
        if len(pages) + len(sitemaps) >= MAX_ENTRIES:
            break
    return Links(tuple(pages), tuple(sitemaps), modified)


def _moment(text: str) -> datetime | None:
    """A W3C date or time; a day alone counts from its beginning, a time without zone as UTC."""
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2].lower()
