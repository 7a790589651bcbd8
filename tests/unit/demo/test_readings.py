"""Every offer on every page of the market is read as its seller means it, with the demo's own site definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest

from pricewatch.config import load, load_sites
from pricewatch.demo.catalogue import catalogue
from pricewatch.demo.market import RIVALS, Ask, Identity, Market, MarketPage, Trap, open_market
from pricewatch.demo.project import clear, write_project
from pricewatch.demo.sites import render
from pricewatch.domain.money import Money
from pricewatch.domain.offer import Availability, Condition, Offer, PriceRole, SiteKind, Verdict
from pricewatch.ports import Extraction, Page
from pricewatch.scraping.extract.page import extract_page
from pricewatch.scraping.site import SiteDefinition

OPENED = datetime(2026, 11, 22, 8, tzinfo=UTC)
NAMES = [rival.name for rival in RIVALS]
ADDRESSES = {
    name: f"http://127.0.0.1:{9001 + place}" for place, name in enumerate([*NAMES, "woocommerce", "prestashop"])
}


@pytest.fixture(scope="module")
def rounds() -> tuple[Market, Market]:
    first = open_market(OPENED)
    return first, first.moved()


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, SiteDefinition]:
    folder = tmp_path_factory.mktemp("demo") / "shop"
    clear(folder)
    keys = dict.fromkeys(("woocommerce_key", "woocommerce_secret", "prestashop_key"), "x")
    write_project(folder, addresses=ADDRESSES, secrets=keys, articles=catalogue(), day="2026-11-20")
    return load_sites(load(folder / "config.toml"))


def read(page: MarketPage, site: SiteDefinition) -> Extraction:
    base = ADDRESSES[page.site]
    answer = render(page, base, catalogue())
    url = base + page.path
    headers = {"content-type": answer.kind}
    return extract_page(Page(url, url, answer.status, headers, answer.body, fetched_at=OPENED), site.context())


@pytest.mark.parametrize("round_", [0, 1], ids=["first round", "second round"])
@pytest.mark.parametrize("name", NAMES)
def test_every_offer_is_read_as_it_is_meant(
    name: str, round_: int, rounds: tuple[Market, Market], sites: Mapping[str, SiteDefinition]
) -> None:
    """Price, seller, shipping, condition, availability, codes, bids; nothing missing and nothing made up."""
    wrong = [
        f"{page.path}: {complaint}"
        for page in rounds[round_].of(name)
        if page.trap is not Trap.CAPTCHA
        for complaint in complaints(page, read(page, sites[name]))
    ]
    assert not wrong, f"{len(wrong)} wrong\n" + "\n".join(wrong[:60])


def test_the_captcha_page_is_blocked_and_not_out_of_stock(
    rounds: tuple[Market, Market], sites: Mapping[str, SiteDefinition]
) -> None:
    """No offer comes out of a challenge."""
    page = next(page for page in rounds[0].pages if page.trap is Trap.CAPTCHA)
    found = read(page, sites[page.site])
    assert found.verdict is Verdict.BLOCKED
    assert found.findings == ()


def test_the_sold_out_page_has_no_price_though_related_products_do(
    rounds: tuple[Market, Market], sites: Mapping[str, SiteDefinition]
) -> None:
    """Out of stock is a state, and no other product's price is taken for this one's."""
    page = next(page for page in rounds[0].pages if page.trap is Trap.SOLD_OUT)
    found = [finding.offer for finding in read(page, sites[page.site]).findings]
    assert [(offer.price, offer.availability) for offer in found] == [(None, Availability.OUT_OF_STOCK)]


# --- comparing ----------------------------------------------------------------------------------------------------


def complaints(page: MarketPage, found: Extraction) -> Iterator[str]:
    if found.verdict is not Verdict.PRODUCT:
        yield f"verdict {found.verdict}: {found.message}"
        return
    offers = {_place(page, f.offer): f.offer for f in found.findings}
    if len(offers) != len(found.findings) or len(offers) != len(page.asks):
        yield f"{len(found.findings)} offers under {len(offers)} names where there are {len(page.asks)}"
    for ask in page.asks:
        name = ask.article.gtin if _by_variant(page) else ask.seller
        offer = offers.get(name)
        if offer is None:
            yield f"no offer of {name}; there are {sorted(offers)}"
            continue
        for field, read_, meant in compare(page, ask, offer):
            yield f"{ask.seller} {ask.article.sku}: {field} is {read_!r}, meant is {meant!r}"


def _by_variant(page: MarketPage) -> bool:
    return page.site == "elektroport" and len(page.asks) > 1 and page.identity is Identity.GTIN


def _place(page: MarketPage, offer: Offer) -> str:
    return offer.item.gtin if _by_variant(page) else offer.seller


def compare(page: MarketPage, ask: Ask, offer: Offer) -> Iterator[tuple[str, object, object]]:
    """What differs: the field, what was read, what was meant."""
    checks: list[tuple[str, object, tuple[object, ...]]] = [
        ("price", offer.price, (_money(ask.price, ask),)),
        ("role", offer.role, (PriceRole.REGULAR, PriceRole.SALE)),
        ("availability", offer.availability, _availability(page, ask)),
        ("condition", offer.condition, (ask.condition, *_unsaid(page))),
        ("shipping", offer.shipping, _shipping(page, ask)),
        ("was price", offer.was_price, (_money(ask.was, ask), None)),
        ("bid", offer.bid, (_money(ask.bid, ask),)),
        ("bids", offer.bids, (ask.bids,)),
        ("end", offer.ends_at, (ask.ends_at,)),
        ("rating", offer.seller_rating, (ask.rating,)),
        ("gtin", offer.item.gtin, (ask.article.gtin if page.identity is Identity.GTIN else "",)),
        ("maker's code", offer.item.mpn, (ask.article.mpn if page.identity is not Identity.TITLE else "",)),
    ]
    if page.trap is not Trap.MISENCODED:
        checks.append(("title", offer.item.title, (page.title, ask.article.name)))
    yield from ((field, value, meant[0]) for field, value, meant in checks if value not in meant)


def _money(minor: int | None, ask: Ask) -> Money | None:
    return None if minor is None else Money.parse(f"{minor // 100}.{minor % 100:02d}", ask.currency)


def _availability(page: MarketPage, ask: Ask) -> tuple[object, ...]:
    running = ask.bid is not None
    return (ask.availability, Availability.UNKNOWN) if running else (ask.availability,)


def _unsaid(page: MarketPage) -> tuple[object, ...]:
    """A comparison site does not say that its goods are new."""
    return (Condition.UNKNOWN,) if next(r for r in RIVALS if r.name == page.site).kind is SiteKind.COMPARISON else ()


def _shipping(page: MarketPage, ask: Ask) -> tuple[object, ...]:
    """Two shops only list what delivery can cost; the lowest of it, or nothing, is right then."""
    listed = {"czterykaty": 990, "majster24": 1999 if ask.currency == "PLN" else 990}
    if ask.shipping is None and page.site in listed:
        return (None, _money(listed[page.site], ask))
    return (_money(ask.shipping, ask),)
