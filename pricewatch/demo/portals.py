"""The pages of the comparison site and of the auction portal: many sellers' offers for one product."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from zoneinfo import ZoneInfo

from pricewatch.demo.catalogue import Article, slug
from pricewatch.demo.market import Ask, Identity, MarketPage
from pricewatch.demo.markup import (
    breadcrumbs,
    codes,
    fill,
    json_block,
    money,
    neighbours,
    noise,
    number,
    plain,
    related_cards,
)
from pricewatch.domain.offer import Availability, Condition

WARSAW = ZoneInfo("Europe/Warsaw")
DAYS = ("pon.", "wt.", "śr.", "czw.", "pt.", "sob.", "niedz.")
CONDITIONS = {
    Condition.NEW: "Nowy",
    Condition.USED: "Używany",
    Condition.OPEN_BOX: "Powystawowy",
    Condition.REFURBISHED: "Odnowiony",
}


def cenoradar(page: MarketPage, base: str, articles: Sequence[Article]) -> str:
    """All sellers of one product in rows: the price, and the delivery cost apart from it; an advertisement above."""
    prices = [ask.price for ask in page.asks if ask.price]
    random = noise(page, "opinions")
    low = number(min(prices)).partition(",")
    return fill(
        "cenoradar",
        {
            "title": escape(page.title),
            "url": base + page.path,
            "brand": escape(page.article.brand),
            "category": escape(page.article.category.rpartition(" > ")[2]),
            "json": json_block(_aggregate(page, base, prices)),
            "breadcrumbs": breadcrumbs(page),
            "rating": f"{random.randint(38, 50) / 10:.1f}".replace(".", ","),
            "reviews": str(random.randint(3, 420)),
            "low_value": low[0],
            "low_penny": low[2],
            "count": str(len(prices)),
            "ad_price": money(page.article.price * 71 // 100),
            "lowest_ever": money(page.article.price * 83 // 100),
            "offers": "\n".join(_cenoradar_offer(page, ask) for ask in page.asks),
            "codes": codes(page, page.article, '<dt>{label}</dt><dd class="{css}">{value}</dd>'),
            "related": related_cards(page, articles, "div", "tile"),
        },
    )


def _aggregate(page: MarketPage, base: str, prices: Sequence[int]) -> dict[str, object]:
    data: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": page.title,
        "url": base + page.path,
        "brand": {"@type": "Brand", "name": page.article.brand},
        "offers": {
            "@type": "AggregateOffer",
            "priceCurrency": "PLN",
            "lowPrice": plain(min(prices)),
            "highPrice": plain(max(prices)),
            "offerCount": len(prices),
        },
    }
    return data | ({"gtin13": page.article.gtin} if page.identity is Identity.GTIN else {})


def _cenoradar_offer(page: MarketPage, ask: Ask) -> str:
    value, _, penny = number(ask.price or 0).partition(",")
    known = ask.availability is Availability.IN_STOCK
    return fill(
        "cenoradar-offer",
        {
            "seller": escape(ask.seller),
            "shop_id": slug(ask.seller),
            "number": page.path.strip("/"),
            "title": escape(page.title),
            "rating": f"{(ask.rating or 0) / 100:.1f}".replace(".", ","),
            "stock": "Dostępny, wysyłka w 1 dzień" if known else "Sprawdź w sklepie",
            "value": value,
            "penny": penny,
            "shipping": _cenoradar_delivery(ask.shipping),
        },
    )


def _cenoradar_delivery(shipping: int | None) -> str:
    if shipping is None:
        return "szczegóły dostawy w sklepie"
    return "Darmowa wysyłka" if shipping == 0 else f"+ {money(shipping)} dostawa"


def licytujtu(page: MarketPage, base: str, articles: Sequence[Article]) -> str:
    """All sellers' offers for one product: to buy now or to bid for, new, used, opened and refurbished."""
    other, price = neighbours(page, articles, 1)[0]
    return fill(
        "licytujtu",
        {
            "title": escape(page.title),
            "url": base + page.path,
            "breadcrumbs": breadcrumbs(page),
            "codes": codes(page, page.article, '<span class="lt-{css}">{label}: <b>{value}</b></span> '),
            "other_name": escape(other.name),
            "other_price": money(price),
            "offers": "\n".join(_licytujtu_offer(page, ask, place) for place, ask in enumerate(page.asks)),
            "related": related_cards(page, articles, "div", "lt-tile"),
        },
    )


def _licytujtu_offer(page: MarketPage, ask: Ask, place: int) -> str:
    return fill(
        "licytujtu-offer",
        {
            "number": f"{page.path.rpartition('-')[2]}{place:02d}",
            "name": escape(page.title),
            "seller": escape(ask.seller),
            "rating": f"{(ask.rating or 0) / 100:.1f}".replace(".", ","),
            "condition": CONDITIONS[ask.condition],
            "terms": _bid_terms(ask) if ask.bid is not None else _buy_now_terms(ask),
            "shipping": "darmowa dostawa" if ask.shipping == 0 else f"dostawa {money(ask.shipping or 0)}",
        },
    )


def _buy_now_terms(ask: Ask) -> str:
    return (
        f'<div class="lt-buynow"><span class="lt-kind">Kup teraz</span> '
        f'<span class="lt-price">{money(ask.price or 0)}</span> '
        f'<span class="lt-pieces">dostępnych {ask.pieces} szt.</span></div>'
    )


def _bid_terms(ask: Ask) -> str:
    assert ask.ends_at is not None
    ends = ask.ends_at.astimezone(WARSAW)
    shown = f"{DAYS[ends.weekday()]} {ends:%d.%m.%Y, %H:%M}"
    return (
        f'<div class="lt-auction"><span class="lt-kind">Licytacja</span> '
        f'<span class="lt-bid">{money(ask.bid or 0)}</span> <span class="lt-bids">{ask.bids} ofert</span> '
        f'<span class="lt-ends">koniec <time datetime="{ends.isoformat()}">{shown}</time></span></div>'
    )
