"""products.csv as a wholesale program exports it: Polish headers, decimal commas, a few rows that cannot be meant."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from pricewatch.demo.catalogue import Article, slug

SHOP = "https://dobry-warsztat.example"
HEADER = (
    "Symbol", "Nazwa", "Producent", "Kod producenta", "EAN", "Kategoria", "Stawka VAT", "Zakup netto", "Cena brutto",
    "Cena minimalna", "Stan magazynowy", "Dostawca", "Sezon", "Adres URL", "Zdjęcie", "Opis",
)  # fmt: skip

# After which row a bad one stands, and what is wrong with it: cells that replace those of the row before.
BAD_ROWS = {
    20: {"Symbol": "DW-9001", "EAN": "", "Zakup netto": "-12,40"},
    61: {"Symbol": "DW-9002", "EAN": "", "Stawka VAT": "zw?"},
    104: {"Cena brutto": "1,00"},  # the same SKU once more, at another price
    150: {"Symbol": "DW-9003", "EAN": "", "Cena brutto": "do uzgodnienia"},
    199: {"Symbol": "", "EAN": ""},
}


def write_products(file: Path, articles: Sequence[Article]) -> None:
    """Write the file that `pricewatch catalogue import` reads."""
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(HEADER)
        writer.writerows(_rows(articles))


def _rows(articles: Sequence[Article]) -> Iterator[list[str]]:
    for number, article in enumerate(articles, start=1):
        row = _row(article)
        yield row
        if number in BAD_ROWS:
            wrong = dict(zip(HEADER, row, strict=True)) | BAD_ROWS[number]
            yield list(wrong.values())


def _row(article: Article) -> list[str]:
    return [
        article.sku,
        article.name,
        article.brand,
        article.mpn,
        article.gtin,
        article.category,
        f"{article.vat}%",
        _amount(article.cost),
        _amount(article.price),
        _amount(article.floor),
        str(article.stock),
        article.supplier,
        article.season,
        f"{SHOP}/{slug(article.name)}",
        f"{SHOP}/img/{article.sku.lower()}.jpg",
        f"{article.name}. Producent: {article.brand}. Wysyłka w 24 godziny.",
    ]


def _amount(grosze: int | None) -> str:
    return "" if grosze is None else f"{grosze // 100},{grosze % 100:02d}"
