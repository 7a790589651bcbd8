"""The rivals as web sites: their product pages, category pages, sitemaps, robots.txt, and the pages gone wrong."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pricewatch.demo.catalogue import Article, catalogue
from pricewatch.demo.market import RIVALS, Market, MarketPage, Rival, Trap
from pricewatch.demo.markup import fill, money
from pricewatch.demo.portals import cenoradar, licytujtu
from pricewatch.demo.shops import czterykaty, elektroport, majster24

ROBOTS = "User-agent: *\nDisallow: /koszyk\nDisallow: /szukaj\nDisallow: /idz/\nAllow: /\n"
PER_LISTING = 24
HEADINGS = {"pl": "Wszystkie produkty", "de": "Alle Produkte", "cs": "Všechny produkty"}
HANG_SECONDS = 3_600

RENDERERS: Mapping[str, Callable[[MarketPage, str, Sequence[Article]], str]] = {
    "elektroport": elektroport,
    "majster24": majster24,
    "czterykaty": czterykaty,
    "cenoradar": cenoradar,
    "licytujtu": licytujtu,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site says to one request."""

    status: int
    body: bytes
    kind: str = "text/html; charset=utf-8"


@dataclass(slots=True)
class Stage:
    """The market as it stands now; moving it on changes what every site answers from then on."""

    market: Market
    articles: tuple[Article, ...] = field(init=False)
    _pages: dict[tuple[str, str], MarketPage] = field(init=False)

    def __post_init__(self) -> None:
        self.articles = catalogue(self.market.seed)
        self.show(self.market)

    def show(self, market: Market) -> None:
        """Put another round on stage."""
        self.market = market
        self._pages = {(page.site, page.path): page for page in market.pages}

    def page(self, site: str, path: str) -> MarketPage | None:
        """The page at a path, while it exists."""
        found = self._pages.get((site, path))
        gone = found is not None and found.trap is Trap.GONE and self.market.round > 1
        return None if gone else found


def rival(name: str) -> Rival:
    """Find a rival by its short name."""
    return next(r for r in RIVALS if r.name == name)


def render(page: MarketPage, base: str, articles: Sequence[Article]) -> Answer:
    """The page as the site serves it, traps included."""
    if page.trap is Trap.CAPTCHA:
        return Answer(200, fill("captcha", {"reference": _tag(page.path.encode())[:12]}).encode())
    text = RENDERERS[page.site](page, base, articles)
    encoding = "cp1250" if page.trap is Trap.MISENCODED else "utf-8"
    return Answer(200, text.encode(encoding, errors="xmlcharrefreplace"))


def site_app(name: str, stage: Stage, base: str) -> Starlette:
    """One rival's web site; `base` is its address without a slash at the end."""

    async def answer(request: Request) -> Response:
        return await _respond(request, stage, rival(name), base)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "HEAD"])])


async def _respond(request: Request, stage: Stage, site: Rival, base: str) -> Response:
    page = stage.page(site.name, request.url.path)
    if page is not None and page.trap is Trap.HANG:
        await asyncio.sleep(HANG_SECONDS)
    found = render(page, base, stage.articles) if page else _other(request, stage, site, base)
    if found.status != 200:
        return Response(found.body, found.status, media_type=found.kind)
    tag = f'"{_tag(found.body)}"'
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"etag": tag})
    return Response(found.body, headers={"etag": tag, "cache-control": "max-age=0"}, media_type=found.kind)


def _tag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:24]


def _other(request: Request, stage: Stage, site: Rival, base: str) -> Answer:
    path = request.url.path
    pages = stage.market.of(site.name)
    if path == "/robots.txt":
        return _robots(site, base)
    if path == "/sitemap.xml" and site.sitemap:
        return _sitemap(pages, base)
    if path.rstrip("/").endswith("/lista") or path == "/":
        return _listing(request, site, pages, base)
    return Answer(404, fill("missing", {}).encode())


def _robots(site: Rival, base: str) -> Answer:
    sitemap = f"\nSitemap: {base}/sitemap.xml\n" if site.sitemap else ""
    return Answer(200, (ROBOTS + sitemap).encode(), PlainTextResponse.media_type or "text/plain")


def _sitemap(pages: Sequence[MarketPage], base: str) -> Answer:
    entries = "".join(f"<url><loc>{base}{page.path}</loc><changefreq>daily</changefreq></url>\n" for page in pages)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return Answer(200, f"{head}{entries}</urlset>\n".encode(), "application/xml")


def _listing(request: Request, site: Rival, pages: Sequence[MarketPage], base: str) -> Answer:
    """A category page: two dozen products and the way to the next page."""
    asked = request.query_params.get("strona", "1")
    place = int(asked) if asked.isdigit() and len(asked) < 4 else 1
    shown = pages[(place - 1) * PER_LISTING : place * PER_LISTING]
    more = place * PER_LISTING < len(pages)
    onward = f'<a class="next" rel="next" href="{base}/lista?strona={place + 1}">Następna</a>' if more else ""
    values = {
        "language": "pl",
        "heading": HEADINGS["pl"],
        "shop": escape(site.title),
        "count": f"{len(pages)} produktów",
        "cards": "\n".join(_card(page) for page in shown),
        "pages": f"strona {place} {onward}",
    }
    return Answer(200, fill("listing", values).encode())


def _card(page: MarketPage) -> str:
    prices = [ask.price for ask in page.asks if ask.price]
    price = f'<span class="price">od {money(min(prices), page.asks[0].currency)}</span>' if prices else ""
    return f'<div class="card"><a class="card-link" href="{page.path}">{escape(page.title)}</a> {price}</div>'
