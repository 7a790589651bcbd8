"""`site repair`: a site's prices found again after its layout changed, as a change of its definition to agree to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pricewatch.cli import options
from pricewatch.cli.call import FAILED, OK, PARTLY, Call, complete
from pricewatch.cli.named import site_named
from pricewatch.cli.opening import opened
from pricewatch.cli.output import Column, Mode
from pricewatch.cli.text import clean_lines
from pricewatch.domain.errors import FetchError, UsageError
from pricewatch.domain.offer import SiteKind

if TYPE_CHECKING:
    from pricewatch.bootstrap import App
    from pricewatch.domain.money import Money
    from pricewatch.ports import StoredObservation
    from pricewatch.scraping.learn_repair import Case, Known, Repair
    from pricewatch.scraping.site import SiteDefinition

from pricewatch.cli.learning import Asking, Files, Prices, Yes, amount, parsing, save, saved

FEW = 5
Pages = Annotated[list[str] | None, options.argument("[URL]...", "Its pages; the last ones read when none is given.")]


def site_repair(
    call: Call,
    name: options.SiteName,
    urls: Pages = None,
    *,
    price: Prices = None,
    file: Files = None,
    limit: options.Limit = FEW,
    yes: Yes = False,
) -> int:
    """Find a site's prices again after its layout changed, and propose the change of its definition."""
    from pricewatch.config import site_file
    from pricewatch.scraping.learn_repair import repair

    with opened(call) as app:
        site, source = site_named(app.sites, name), site_file(app.config, name)
        cases = complete(_cases(call, app, site, urls or [], file or [], price or [], limit))
    with parsing() as apart:
        found: Repair = apart(repair, cases, site.context())
    _show_repair(call, found)
    if found.reason or found.hints is None:
        return _unrepaired(call, name, found)
    return _proposed(call, app, site, source, found, Asking(yes))


async def _cases(
    call: Call,
    app: App,
    site: SiteDefinition,
    urls: Sequence[str],
    files: Sequence[Path],
    prices: Sequence[str],
    limit: int,
) -> list[Case]:
    """The pages whose offers were accepted last, each beside itself as it is now; what cannot be had is told."""
    from pricewatch.ports import Target
    from pricewatch.scraping.client import HttpFetcher
    from pricewatch.scraping.learn_repair import Case

    known = _known(app, site, urls, prices, limit)
    if not known:
        raise UsageError(
            f"no accepted offers of {site.name} are known", hint="`pricewatch site new URL --price PRICE` starts afresh"
        )
    if files:
        return [Case(it, page) for it, page in zip(known, saved([it.url for it in known], files), strict=True)]
    fetcher = HttpFetcher(app.config.scraping, {site.name: site}, app.bench.clock)
    cases = []
    async with fetcher.opened():
        for it in known:
            try:
                cases.append(Case(it, await fetcher.fetch(Target(site.name, it.url))))
            except FetchError as error:
                call.out.say(f"{it.url}: {error.message}")
    if not cases:
        raise UsageError("none of its pages can be had", hint="`--file` reads a saved page instead")
    return cases


Accepted = tuple["StoredObservation", "Money"]


def _known(app: App, site: SiteDefinition, urls: Sequence[str], prices: Sequence[str], limit: int) -> list[Known]:
    """What was last accepted, by page: the named pages, else those with prices that were read last."""
    from pricewatch.scraping.urls import canonical_url

    by_page: dict[str, list[Accepted]] = {}
    for reading, price in _accepted(app, site):
        by_page.setdefault(canonical_url(_address(reading)), []).append((reading, price))
    missing = [url for url in urls if canonical_url(url) not in by_page]
    if missing:
        raise UsageError("nothing was ever accepted from it", where=missing[0], hint="leave the address out")
    newest = sorted(by_page, key=lambda url: max(reading.last_seen_at for reading, _ in by_page[url]), reverse=True)
    chosen = [canonical_url(url) for url in urls] or newest[:limit]
    stated = [amount(text, site.context()) for text in prices]
    return [
        _one_known(app, site, by_page[url], stated[at] if at < len(stated) else None) for at, url in enumerate(chosen)
    ]


def _accepted(app: App, site: SiteDefinition) -> Iterator[Accepted]:
    """Every current offer with its last price that was believed: of a doubtful or priceless reading the one before."""
    earlier = app.bench.store.sightings.previous_prices()
    for reading in app.bench.store.sightings.current(site=site.name):
        price = None if reading.observation.quarantine else reading.observation.offer.price
        price = price or earlier.get(reading.id)
        if price is not None:
            yield reading, price


def _address(reading: StoredObservation) -> str:
    return reading.observation.target or reading.observation.offer.item.url


def _one_known(app: App, site: SiteDefinition, accepted: Sequence[Accepted], stated: Decimal | None) -> Known:
    """One page's item and prices; a shop's page has one, the lowest of its variants."""
    from pricewatch.scraping.learn_repair import Known
    from pricewatch.scraping.learn_replay import as_page

    cheapest, price = min(accepted, key=lambda pair: pair[1].minor)
    offers = [(cheapest, price)] if site.kind is SiteKind.SHOP else accepted
    url, item = _address(cheapest), cheapest.observation.offer.item
    found = app.bench.store.sightings.evidence(cheapest.observation.evidence.page_hash)
    trusted = price == cheapest.observation.offer.price
    kept = as_page(found, url, url, cheapest.observation.seen_at) if trusted and found else None
    prices = {reading.observation.offer.seller: each.amount for reading, each in offers}
    return Known(url, item.title, item.gtin, tuple(prices.items()), kept, stated)


_CHECKED = (
    Column("url", fold=True, address=True),
    Column("before"),
    Column("now"),
    Column("fault", "why not", below=True),
)


def _show_repair(call: Call, found: Repair) -> None:
    rows = [(it.url, _listed(it.before), _listed(it.now), it.fault) for it in found.checked]
    call.out.table("checked", _CHECKED, rows, title="Pages", aside=True)
    for note in found.notes:
        call.out.say(f"note: {note}")


def _listed(amounts: Sequence[Decimal]) -> str:
    return ", ".join(str(amount) for amount in amounts[:4]) + (" …" if len(amounts) > 4 else "")


def _unrepaired(call: Call, name: str, found: Repair) -> int:
    if found.reason:
        return call.finish(
            f"nothing is proposed: {found.reason}", code=FAILED, next_step=f"pricewatch site test {name}"
        )
    return call.finish("its pages are read rightly; there is nothing to repair", next_step=f"pricewatch scrape {name}")


def _proposed(call: Call, app: App, site: SiteDefinition, source: Path, found: Repair, asking: Asking) -> int:
    from pricewatch.config import scrapers_folder
    from pricewatch.located import build, parse
    from pricewatch.scraping.learn_edit import diff, with_hints
    from pricewatch.scraping.site import SiteDefinition

    assert found.hints is not None, "only sure repairs are proposed"
    before = source.read_text(encoding="utf-8")
    after = with_hints(before, site.read, found.hints)
    build(SiteDefinition, parse(after, source.name))
    target = scrapers_folder(app.config) / source.name
    changes = diff(before, after, f"scrapers/{source.name}")
    if call.out.mode is Mode.JSON:
        call.out.record("proposal", {"site": site.name, "file": str(target), "how": str(found.how), "diff": changes})
    else:
        call.out.write(clean_lines(changes))
    if not asking.agrees(f"Change {target}"):
        return call.finish("nothing was changed", code=PARTLY, next_step=f"pricewatch site repair {site.name} --yes")
    save(target, after)
    step = f"pricewatch site test {site.name}, and pricewatch site test {site.name} --replay"
    return call.finish(f"{target} is changed; {found.how}", code=OK, next_step=step)
