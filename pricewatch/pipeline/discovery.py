"""Find the pages on which competitors sell what we sell, without reading all that they have.

A site with search addresses is asked for our products, the most valuable first; of a site's sitemaps and listing pages
those are read first whose address looks like one of our products. To find new pages takes at most half of what a host's
day has left: the rest is for those that are known.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from pricewatch.domain.errors import SetAside
from pricewatch.domain.match import MatchStatus
from pricewatch.domain.offer import SiteKind
from pricewatch.domain.product import Product, Sku
from pricewatch.matching.candidates import TitleIndex
from pricewatch.matching.identifiers import read_gtin
from pricewatch.pipeline.crawling import chosen_sites, crawl_targets, put_held_aside, together
from pricewatch.pipeline.stage import StageLog, stage
from pricewatch.pipeline.visits import beside
from pricewatch.pipeline.workbench import StageReport, Workbench
from pricewatch.pipeline.worth import worth
from pricewatch.ports import Lead, Search, Target

LEADS = 5  # pages of one answer that are read
STANDING = frozenset({SiteKind.AUCTION, SiteKind.MARKETPLACE})  # whose search pages are read again and again
_NUMBER = re.compile(r"\d{8,14}")
_PIECE = re.compile(r"[^\W_]+")


async def discover(bench: Workbench, sites: Sequence[str] | None = None) -> StageReport:
    """Look for pages of our products on all sites that are switched on (or the named ones), and read those found."""
    names = chosen_sites(bench, sites)
    with stage(bench, "discover", ", ".join(names)) as log:
        shelf = shelf_of(bench)
        await together(_discover_site(bench, name, shelf, log) for name in names)
    return log.report()


async def _discover_site(bench: Workbench, site: str, shelf: Shelf, log: StageLog) -> None:
    known = {target.url for target in bench.store.sightings.targets(site)}
    listed = []
    for target in await bench.crawler.discover(site):
        if isinstance(target, SetAside):
            log.put_aside(target)
        else:
            listed.append(target)
    log.counts["pages_listed"] += len(listed)
    likely = likely_pages(bench, site, shelf, listed)
    searched = await search_site(bench, site, shelf, log)
    found = [target for target in (*likely, *searched) if target.url not in known]
    bench.store.sightings.save_targets(found)
    log.counts["pages_found"] += len(found)
    now, held = beside(bench, site, found)
    put_held_aside(log, "discover", site, held)
    await crawl_targets(bench, site, now, log)


def likely_pages(bench: Workbench, site: str, shelf: Shelf, listed: Sequence[Target]) -> list[Target]:
    """Of the pages that a site lists: those that its definition names, and the likeliest new ones up to the budget."""
    fixed = bench.sites[site].fixed
    known = {target.url for target in bench.store.sightings.targets(site)} | fixed
    likely = shelf.likely(listed, known, bench.discovery.likeness)[: bench.discovery.budget]
    return [*(target for target in listed if target.url in fixed), *likely]


@dataclass(frozen=True, slots=True)
class Shelf:
    """What we sell, ready to be found: by value, by title and by number."""

    products: tuple[Product, ...]  # the most valuable first
    titles: TitleIndex
    gtins: Mapping[str, int]
    matched: frozenset[tuple[str, Sku]]

    def likely(self, listed: Iterable[Target], known: Iterable[str], likeness: float) -> list[Target]:
        """The pages whose address looks like one of our products, the most alike first."""
        seen = set(known)
        new = [target for target in listed if target.url not in seen]
        nearest = self.titles.nearest_of((slug(target.url) for target in new), 1)
        scores = [
            1.0 if self._numbered(target.url) else max((near.score for near in found), default=0.0)
            for target, found in zip(new, nearest, strict=True)
        ]
        order = sorted(range(len(new)), key=lambda row: -scores[row])
        return [new[row] for row in order if scores[row] >= likeness]

    def _numbered(self, url: str) -> bool:
        return any(read_gtin(number).key in self.gtins for number in _NUMBER.findall(url))

    def alike(self, product: Product, leads: Sequence[Lead]) -> list[Lead]:
        """The leads that look most like a product, at most `LEADS`; a single answer is taken as it is."""
        if len(leads) < 2:
            return list(leads)
        words = TitleIndex([lead.title or slug(lead.url) for lead in leads])
        nearest = words.nearest(f"{product.name} {product.brand} {product.mpn}", LEADS)
        return [leads[near.row] for near in nearest]


def shelf_of(bench: Workbench) -> Shelf:
    """Sort the catalogue by how much it matters to find a competitor for each product."""
    accepted = bench.store.matches.all(status=MatchStatus.ACCEPTED)
    competitors = Counter(pair.sku for pair in accepted)
    listed = bench.store.prices.current(bench.groups[0].name)
    prices = {sku: entry.gross for sku, entry in listed.items()}
    products = sorted(
        bench.store.catalogue.load().products.values(),
        key=lambda product: -worth(product, prices.get(product.sku), competitors[product.sku]),
    )
    keys = ((read_gtin(product.gtin).key, row) for row, product in enumerate(products))
    return Shelf(
        products=tuple(products),
        titles=TitleIndex([f"{product.name} {product.brand} {product.mpn}" for product in products]),
        gtins={key: row for key, row in keys if key},
        matched=frozenset((pair.item.site, pair.sku) for pair in accepted),
    )


def slug(url: str) -> str:
    """The words of an address: those of its last part that has any, without numbers and endings of the site."""
    parts = [unquote(part) for part in urlsplit(url).path.split("/") if part]
    for part in reversed(parts):
        words = _PIECE.findall(re.sub(r"\.(?:html?|php|aspx?)$", "", part))
        if sum(any(c.isalpha() for c in word) for word in words) >= 2:
            return " ".join(words)
    return " ".join(_PIECE.findall(parts[-1])) if parts else ""


async def search_site(bench: Workbench, site: str, shelf: Shelf, log: StageLog) -> list[Target]:
    """Ask a site for our products, by GTIN and where that finds nothing by brand and part number; what was asked
    lately is not asked again, nor what its host has no room for today. On auction portals and marketplaces the search
    page itself becomes what is read.
    """
    asked = _to_ask(bench, site, shelf)
    if bench.sites[site].kind in STANDING:
        targets = {product.sku: [Target(site, address)] for product, address in asked}
    else:
        asked = _allowed(bench, site, asked, log)
        targets = await _ask(bench, site, shelf, asked, log)
    now = bench.clock.now()
    addresses = {product.sku: address for product, address in asked}
    notes = [Search(site, sku, addresses[sku], now, len(found)) for sku, found in targets.items()]
    bench.store.discovery.note(notes)
    log.count({"searches": len(notes), "searches_empty": sum(not one.found for one in notes)})
    return [target for found in targets.values() for target in found]


def _to_ask(bench: Workbench, site: str, shelf: Shelf) -> list[tuple[Product, str]]:
    """The products worth asking for now, with the address to ask at, as many as the budget allows."""
    before = bench.clock.now() - timedelta(days=bench.discovery.again)
    lately = {sku for sku, one in bench.store.discovery.searched(site).items() if one.at > before}
    asked: list[tuple[Product, str]] = []
    for product in shelf.products:
        if len(asked) == bench.discovery.budget:
            break
        if product.sku in lately or (site, product.sku) in shelf.matched:
            continue
        if address := bench.crawler.search_address(site, product):
            asked.append((product, address))
    return asked


def _allowed(
    bench: Workbench, site: str, asked: Sequence[tuple[Product, str]], log: StageLog
) -> list[tuple[Product, str]]:
    """The searches that the site's host has room for."""
    allowed, held = beside(bench, site, [Target(site, address) for _, address in asked])
    put_held_aside(log, "discover", site, held, "search")
    addresses = {target.url for target in allowed}
    return [(product, address) for product, address in asked if address in addresses]


async def _ask(
    bench: Workbench, site: str, shelf: Shelf, asked: Sequence[tuple[Product, str]], log: StageLog
) -> dict[Sku, list[Target]]:
    """Search, then search again by part number for what the first search did not find; a refusal ends it."""
    found = await _answers(bench, site, shelf, asked, log)
    missed = [product for product, _ in asked if found.get(product.sku) == []]
    others = [(product, bench.crawler.search_address(site, replace(product, gtin=""))) for product in missed]
    first = {address for _, address in asked}
    second = await _answers(bench, site, shelf, [(p, a) for p, a in others if a and a not in first], log)
    return found | second


async def _answers(
    bench: Workbench, site: str, shelf: Shelf, asked: Sequence[tuple[Product, str]], log: StageLog
) -> dict[Sku, list[Target]]:
    found: dict[Sku, list[Target]] = {}
    by_address = {address: product for product, address in asked}
    async for address, answer in bench.crawler.search(site, list(by_address)):
        product = by_address[address]
        bench.progress.advance(f"search {site}", len(found), len(asked), product.name)
        if isinstance(answer, SetAside):
            log.put_aside(answer)
            break  # what refused one search would refuse the next
        found[product.sku] = [Target(site, lead.url) for lead in shelf.alike(product, answer)]
    return found
