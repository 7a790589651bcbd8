"""Our own sales channels in the demo: a WooCommerce and a PrestaShop shop that already list what we sell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from pricewatch.demo.catalogue import Article, slug
from pricewatch.demo.markup import plain
from pricewatch.demo.prestashop import PrestaItem
from pricewatch.demo.woocommerce import WooItem

FIRST_PRODUCT = 501
FIRST_PARENT = 2001
TAX_GROUPS = {"1": 23, "2": 8, "3": 5}
PRESTASHOP_SELLS = ("Narzędzia", "Ogród", "Elektronika", "Dom")
_MICRO = Decimal("0.000001")


def woocommerce_items(articles: Sequence[Article]) -> list[WooItem]:
    """Every article as a product; colours and sizes as variations of a variable product."""
    parents = {model: FIRST_PARENT + place for place, model in enumerate(_models_with_variants(articles))}
    items = [
        WooItem(id=number, sku="", name=model, regular_price="", type="variable") for model, number in parents.items()
    ]
    return items + [_woocommerce_item(FIRST_PRODUCT + n, a, parents.get(a.model, 0)) for n, a in enumerate(articles)]


def _woocommerce_item(number: int, article: Article, parent: int) -> WooItem:
    return WooItem(
        id=number,
        sku=article.sku,
        name=article.name,
        regular_price=plain(article.price),
        parent=parent,
        type="variation" if parent else "simple",
        stock=article.stock,
    )


def _models_with_variants(articles: Sequence[Article]) -> Iterator[str]:
    seen = set()
    for article in articles:
        if article.variant and article.model not in seen:
            seen.add(article.model)
            yield article.model


def prestashop_items(articles: Sequence[Article]) -> list[PrestaItem]:
    """The larger departments, at net prices; colours and sizes as combinations, whose price is an impact."""
    sold = [article for article in articles if article.department in PRESTASHOP_SELLS]
    parents = {model: FIRST_PARENT + place for place, model in enumerate(_models_with_variants(sold))}
    base = {model: next(a for a in sold if a.model == model) for model in parents}
    items = [
        _prestashop_item(parents[model], first, name=model, reference="", price=_net(first))
        for model, first in base.items()
    ]
    for number, article in enumerate(sold, start=FIRST_PRODUCT):
        parent = parents.get(article.model, 0)
        price = _net(article) - (_net(base[article.model]) if parent else 0)
        items.append(
            _prestashop_item(number, article, name=article.name, reference=article.sku, price=price, parent=parent)
        )
    return items


def _prestashop_item(
    number: int, article: Article, *, name: str, reference: str, price: Decimal, parent: int = 0
) -> PrestaItem:
    return PrestaItem(
        id=number,
        reference=reference,
        name=name,
        price=f"{price:f}",
        product=parent,
        tax_group=next(group for group, percent in TAX_GROUPS.items() if percent == article.vat),
        ean13=article.gtin if reference else "",
        mpn=article.mpn if reference else "",
        brand=article.brand,
        stock=article.stock,
        link_rewrite=slug(name),
    )


def _net(article: Article) -> Decimal:
    return (Decimal(article.price) / (100 + article.vat)).quantize(_MICRO)
