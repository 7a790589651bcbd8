"""The pages of the three shops: JSON-LD with variants, microdata in three languages, OpenGraph with a CSS price."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from pricewatch.demo.catalogue import Article
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
    picture,
    plain,
    related_cards,
)
from pricewatch.demo.wording import MAJSTER24
from pricewatch.domain.offer import Availability

SCHEMA = "https://schema.org"


def _schema_stock(ask: Ask) -> str:
    return "InStock" if ask.availability is Availability.IN_STOCK else "OutOfStock"


# --- ElektroPort: JSON-LD ------------------------------------------------------------------------------------------


def elektroport(page: MarketPage, base: str, articles: Sequence[Article]) -> str:
    """A product page with its facts in JSON-LD: a Product, or a ProductGroup with a Product for each variant."""
    ask, url = page.asks[0], base + page.path
    in_stock = ask.availability is Availability.IN_STOCK
    own = ask.price or 0
    return fill(
        "elektroport",
        {
            "title": escape(page.title),
            "url": url,
            "brand": escape(ask.article.brand),
            "image": picture(page),
            "organisation": json_block(_organisation(base)),
            "json": json_block(_elektroport_data(page, url, articles)),
            "breadcrumbs": breadcrumbs(page),
            "shop_code": _shop_code(ask.article),
            "codes": codes(page, ask.article, " · {label}: <span>{value}</span>") if len(page.asks) == 1 else "",
            "prices": _elektroport_prices(page, ask),
            "variants": _variant_list(page, url),
            "stock_class": "ok" if in_stock else "none",
            "stock": "Dostępny od ręki" if in_stock else "Produkt wyprzedany",
            "shipping": "gratis" if ask.shipping == 0 else money(ask.shipping or 0),
            "instalment": money(own // 10),
            "button": '<button class="add">Dodaj do koszyka</button>' if in_stock else "<button>Powiadom mnie</button>",
            "related": related_cards(page, articles),
        },
    )


def _organisation(base: str) -> dict[str, Any]:
    return {
        "@context": SCHEMA,
        "@type": "OnlineStore",
        "name": "ElektroPort",
        "url": base,
        "telephone": "+48 32 000 00 00",
        "priceRange": "10-10000 PLN",
    }


def _elektroport_data(page: MarketPage, url: str, articles: Sequence[Article]) -> dict[str, Any]:
    trail = page.article.category.split(" > ")
    crumbs = {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": name} for place, name in enumerate(trail, start=1)
        ],
    }
    return {"@context": SCHEMA, "@graph": [crumbs, _product_data(page, url, articles)]}


def _product_data(page: MarketPage, url: str, articles: Sequence[Article]) -> dict[str, Any]:
    if len(page.asks) > 1:
        return {
            "@type": "ProductGroup",
            "name": page.title,
            "productGroupID": f"G{_shop_code(page.article)}",
            "url": url,
            "brand": {"@type": "Brand", "name": page.article.brand},
            "variesBy": [f"{SCHEMA}/color"],
            "hasVariant": [_one_product(page, ask, f"{url}?wariant={_shop_code(ask.article)}") for ask in page.asks],
        }
    similar = [_similar(article, price) for article, price in neighbours(page, articles, 2)]
    return _one_product(page, page.asks[0], url) | {"isSimilarTo": similar}


def _one_product(page: MarketPage, ask: Ask, url: str) -> dict[str, Any]:
    article = ask.article
    data: dict[str, Any] = {
        "@type": "Product",
        "name": article.name,
        "image": [picture(page)],
        "sku": _shop_code(article),
        "brand": {"@type": "Brand", "name": article.brand},
        "offers": _offer_data(ask, url),
    }
    if page.identity is not Identity.TITLE:
        data["mpn"] = article.mpn
    if page.identity is Identity.GTIN:
        data["gtin13"] = article.gtin
    if article.variant:
        data["color"] = article.variant
    return data


def _offer_data(ask: Ask, url: str) -> dict[str, Any]:
    return {
        "@type": "Offer",
        "url": url,
        "priceCurrency": ask.currency,
        "price": plain(ask.price or 0),
        "availability": f"{SCHEMA}/{_schema_stock(ask)}",
        "itemCondition": f"{SCHEMA}/NewCondition",
        "seller": {"@type": "Organization", "name": ask.seller},
        "shippingDetails": {
            "@type": "OfferShippingDetails",
            "shippingRate": {"@type": "MonetaryAmount", "value": plain(ask.shipping or 0), "currency": ask.currency},
            "shippingDestination": {"@type": "DefinedRegion", "addressCountry": "PL"},
        },
    }


def _similar(article: Article, price: int) -> dict[str, Any]:
    offer = {"@type": "Offer", "price": plain(price), "priceCurrency": "PLN"}
    return {"@type": "Product", "name": article.name, "offers": offer}


def _elektroport_prices(page: MarketPage, ask: Ask) -> str:
    price = ask.price or 0
    whole, _, rest = number(price).partition(",")
    split = f'<span class="price__main">{whole}</span><sup class="price__dec">{rest}</sup><span>zł</span>'
    shown = split if noise(page, "split").random() < 0.4 else money(price)
    parts = [f'<div class="price-now" data-price="{plain(price)}">{shown}</div>']
    if ask.was:
        lowest = money(ask.was - (ask.was - price) // 3)
        parts.append(f'<div class="price-old">Cena regularna: <del>{money(ask.was)}</del></div>')
        parts.append(f'<div class="omnibus">Najniższa cena z 30 dni przed obniżką: {lowest}</div>')
    return "\n".join(parts)


def _variant_list(page: MarketPage, url: str) -> str:
    if len(page.asks) == 1:
        return ""
    items = (
        f'<li><a href="{url}?wariant={_shop_code(ask.article)}">{escape(ask.article.variant)} '
        f"<span>{money(ask.price or 0)}</span></a></li>"
        for ask in page.asks
    )
    return f'<ul class="variants">{"".join(items)}</ul>'


def _shop_code(article: Article) -> str:
    return f"EP{int(article.sku.removeprefix('DW-')) * 13:06d}"


# --- Majster24: microdata in Polish, German and Czech --------------------------------------------------------------


def majster24(page: MarketPage, base: str, articles: Sequence[Article]) -> str:
    """A product page with microdata; three in five prices have a machine-readable copy, the rest only text."""
    ask, words = page.asks[0], MAJSTER24[page.language]
    price, in_stock = ask.price or 0, ask.availability is Availability.IN_STOCK
    net = money(price * 100 // (100 + ask.article.vat), ask.currency)
    return fill(
        "majster24",
        dict(words)
        | {
            "language": page.language,
            "title": escape(page.title),
            "url": base + page.path,
            "image": picture(page),
            "category": escape(ask.article.category.rpartition(" > ")[2]),
            "brand": escape(ask.article.brand),
            "codes": _microdata_codes(page, ask.article, words["mpn_label"]),
            "was": f'<div class="old">{words["was"]} <s>{money(ask.was, ask.currency)}</s></div>' if ask.was else "",
            "price_content": f' content="{plain(price)}"' if noise(page, "content").random() < 0.6 else "",
            "price_number": number(price, ask.currency),
            "price_sign": {"PLN": "zł", "EUR": "€", "CZK": "Kč"}[ask.currency],
            "currency": ask.currency,
            "schema_stock": _schema_stock(ask),
            "stock": words["in_stock"] if in_stock else words["sold_out"],
            "vat_note": words["vat_note"].format(vat=ask.article.vat, net=net),
            "leasing": _leasing(words, price, ask.currency),
            "shipping_line": _shipping_line(words, ask),
            "related": related_cards(page, articles, "div", "also-item"),
            "courier_price": money(1999 if ask.currency == "PLN" else 990, ask.currency),
            "pallet_price": money(14_900 if ask.currency == "PLN" else 4900, ask.currency),
        },
    )


def _microdata_codes(page: MarketPage, article: Article, label: str) -> str:
    lines = []
    if page.identity is Identity.GTIN:
        lines.append(f'<tr><th>EAN</th><td itemprop="gtin13">{article.gtin}</td></tr>')
    if page.identity is not Identity.TITLE:
        lines.append(f'<tr><th>{label}</th><td itemprop="mpn">{escape(article.mpn)}</td></tr>')
    return "\n".join(lines)


def _leasing(words: dict[str, str], price: int, currency: str) -> str:
    rate = money(price // 24, currency)
    return f'<div class="lease">{words["leasing"].format(rate=rate)}</div>' if price >= 40_000 else ""


def _shipping_line(words: dict[str, str], ask: Ask) -> str:
    if ask.shipping is None:
        return words["shipping_later"]
    cost = words["free"] if ask.shipping == 0 else money(ask.shipping, ask.currency)
    return f'{words["shipping"]}: <b class="ship-cost">{cost}</b>'


# --- Cztery Kąty: OpenGraph and a price that only CSS finds --------------------------------------------------------


def czterykaty(page: MarketPage, base: str, articles: Sequence[Article]) -> str:
    """A product page whose price stands between a was-price, an instalment and the lowest of 30 days."""
    ask = page.asks[0]
    in_stock = ask.availability is Availability.IN_STOCK
    return fill(
        "czterykaty",
        {
            "title": escape(page.title),
            "url": base + page.path,
            "image": picture(page),
            "brand": escape(ask.article.brand),
            "og_price": _og_price(page, ask),
            "og_stock": "instock" if in_stock else "oos",
            "breadcrumbs": breadcrumbs(page),
            "badge": "Promocja" if ask.was else "Nowość",
            "prices": _czterykaty_prices(ask),
            "stock": "Produkt dostępny, wysyłka w 24 h" if in_stock else "Produkt chwilowo niedostępny",
            "button": '<button class="kup">Do koszyka</button>'
            if in_stock
            else "<button>Powiadom o dostępności</button>",
            "codes": codes(page, ask.article, '<tr class="{css}"><td>{label}</td><td>{value}</td></tr>\n'),
            "related": related_cards(page, articles, "div", "kafelek"),
        },
    )


def _og_price(page: MarketPage, ask: Ask) -> str:
    if ask.price is None or noise(page, "og").random() < 0.4:
        return ""
    amount = f'<meta property="product:price:amount" content="{plain(ask.price)}">'
    return f'{amount}\n<meta property="product:price:currency" content="{ask.currency}">'


def _czterykaty_prices(ask: Ask) -> str:
    if ask.price is None:
        return '<div class="cena-brak">Cena nieznana</div>'
    now = f'<div class="cena-aktualna">{money(ask.price)}</div>'
    instalment = f'<div class="rata">rata 10x {money(ask.price // 10 + 45)}</div>'
    if not ask.was:
        return f"{now}\n{instalment}"
    old = f'<div class="cena-stara">Cena regularna: <s>{money(ask.was)}</s></div>'
    lowest = money(ask.was - (ask.was - ask.price) // 2)
    return f'{old}\n{now}\n{instalment}\n<div class="najnizsza">Najniższa cena z 30 dni przed obniżką: {lowest}</div>'
