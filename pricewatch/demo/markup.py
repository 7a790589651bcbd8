"""What the pages of all rivals share: templates, numbers as people write them, and the noise around the offer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from importlib.resources import files
from random import Random
from string import Template

from pricewatch.demo.catalogue import Article, slug
from pricewatch.demo.market import Identity, MarketPage

NO_BREAK = "\u00a0"  # what Polish and Czech prices are grouped with
SIGNS = {"PLN": "zł", "EUR": "€", "CZK": "Kč"}
RELATED = 4


@lru_cache
def template(name: str) -> Template:
    """The named template of this package."""
    return Template(files("pricewatch.demo").joinpath("templates", f"{name}.html").read_text(encoding="utf-8"))


def fill(name: str, values: Mapping[str, str]) -> str:
    """Fill a template with values that are HTML already."""
    return template(name).substitute(values)


def number(minor: int, currency: str = "PLN") -> str:
    """An amount as the shop's country writes it: `1 299,99`, `1.299,99`, `12 990`."""
    whole, rest = divmod(minor, 100)
    grouped = f"{whole:,}".replace(",", "." if currency == "EUR" else NO_BREAK)
    return grouped if currency == "CZK" and not rest else f"{grouped},{rest:02d}"


def money(minor: int, currency: str = "PLN") -> str:
    """An amount with its currency sign."""
    return f"{number(minor, currency)} {SIGNS[currency]}"


def plain(minor: int) -> str:
    """An amount as machines write it: `1299.99`."""
    return f"{minor // 100}.{minor % 100:02d}"


def json_block(data: object) -> str:
    """Data for a script element: nothing in it can end the element."""
    return json.dumps(data, ensure_ascii=False, indent=1).replace("</", "<\\/")


def noise(page: MarketPage, purpose: str) -> Random:
    """A dice for what belongs to the page alone and stays the same in every round."""
    return Random(f"{page.site}{page.path}/{purpose}")


def neighbours(page: MarketPage, articles: Sequence[Article], count: int = RELATED) -> list[tuple[Article, int]]:
    """Other articles, each with a price that is not this page's."""
    own = {ask.article.sku for ask in page.asks}
    others = [a for a in articles if a.sku not in own]
    random = noise(page, "related")
    return [(article, article.price * random.randint(94, 106) // 100) for article in random.sample(others, count)]


def related_cards(page: MarketPage, articles: Sequence[Article], tag: str = "li", css: str = "tile") -> str:
    """The tiles of related products, each with its own name and price."""
    return "\n".join(
        f'<{tag} class="{css}"><a href="/inne/{slug(article.name)}">{escape(article.name)}</a> '
        f'<span class="price">{money(price)}</span></{tag}>'
        for article, price in neighbours(page, articles)
    )


def breadcrumbs(page: MarketPage) -> str:
    """The path from the department to the product."""
    levels = page.article.category.split(" > ")
    links = [f'<a href="/kategoria/{slug(level)}">{escape(level)}</a>' for level in levels]
    return " / ".join([*links, f"<span>{escape(page.title)}</span>"])


def picture(page: MarketPage) -> str:
    """The address of the main picture."""
    return f"/zdjecia/{slug(page.title)}.jpg"


def codes(page: MarketPage, article: Article, form: str) -> str:
    """What the page says of an article's identity: `form` takes {label}, {css} and {value}."""
    maker = ("Kod producenta", "mpn", article.mpn)
    known = {
        Identity.GTIN: [("EAN", "ean", article.gtin), maker],
        Identity.MPN: [maker],
        Identity.TITLE: [],
    }
    return "".join(form.format(label=label, css=css, value=escape(value)) for label, css, value in known[page.identity])
