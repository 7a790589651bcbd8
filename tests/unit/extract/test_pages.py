"""Made-up pages in the markup shapes of real platforms, each with the record that must be read from it.

`pages/*.txt` holds them: a line `#### name | address | verdict | price | stock | offers`, then the page. A price of `-`
means that none may be read, a stock of `*` that it is not looked at; offers are `seller=price+shipping`, separated by
`;`, shipping empty where the page does not say, and `*` before the one that the page puts first. `%HEAD language title`,
`%NAV language` and `%FOOT language` stand for what every shop has around its item.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pricewatch.ports import Page
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.extract.page import read_page
from pricewatch.scraping.extract.report import record

FOLDER = Path(__file__).parent / "pages"
STOCK = {"in": "InStock", "out": "OutOfStock", "pre": "PreOrder", "back": "BackOrder", "?": None}
FRAME = dict(re.findall(r"^%(\w+ \w+) (.*)$", (FOLDER / "frame.txt").read_text(encoding="utf-8"), flags=re.MULTILINE))


def pages() -> Iterator[Any]:
    """Every page of the folder with its expected record."""
    for file in sorted(FOLDER.glob("*.txt")):
        for part in re.split(r"^#### ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            line, _, body = part.partition("\n")
            name, *expected = (cell.strip() for cell in line.split("|"))
            yield pytest.param(expected, framed(body), id=f"{file.stem}:{name}")


def framed(body: str) -> bytes:
    """The page with its frame put in."""
    head = r'<!doctype html><html lang="\1"><head><meta charset="utf-8"><title>\2</title>'
    body = re.sub(r"^%HEAD (\S+) (.*)$", head, body, flags=re.MULTILINE)
    return re.sub(r"^%(\w+ \w+)$", lambda found: FRAME[found[1]], body, flags=re.MULTILINE).encode()


def money(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None


def offers_told(text: str) -> set[tuple[str, Decimal | None, Decimal | None, bool]]:
    rows = (row.strip() for row in text.split(";"))
    parts = (re.fullmatch(r"(\*?)(.*)=([\d.]+)\+([\d.]*)", row) for row in rows)
    return {(p[2], money(p[3]), money(p[4]), bool(p[1])) for p in parts if p}


@pytest.mark.parametrize(("expected", "body"), list(pages()))
def test_a_page_reads_as_its_record_says(expected: list[str], body: bytes) -> None:
    """Verdict, price with its currency, stock, and every seller's offer."""
    url, verdict, price, stock, *offers = expected
    read = record(read_page(Page(url, url, 200, {}, body, datetime(2026, 1, 1, tzinfo=UTC)), SiteContext()))
    amount, _, currency = price.partition(" ")
    told = (money(read["price"]), read["currency"] if read["price"] else "")
    assert (read["verdict"], *told) == (verdict, money(amount) if currency else None, currency)
    if stock != "*" and verdict == "product":
        assert read["availability"] == STOCK[stock]
    if offers:
        found = {(o["seller"], money(o["price"]), money(o["shipping"]), o["featured"]) for o in read["offers"]}
        assert found == offers_told(offers[0])
