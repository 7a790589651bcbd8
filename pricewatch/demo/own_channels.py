"""Our own sales channels in the demo: a WooCommerce and a PrestaShop shop that already list what we sell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pricewatch.demo.catalogue import Article
from pricewatch.demo.markup import plain
from pricewatch.demo.woocommerce import WooItem

FIRST_PRODUCT = 501
FIRST_PARENT = 2001


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
