"""Accuracy on real pages and price texts with their truth beside them; skipped where that material is missing."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.extract import Accuracy, accuracy, half_of, load
from pricewatch.scraping.extract.price_text import parse_price


@pytest.fixture(scope="module", params=[0, 1], ids=["developed on", "checked on"])
def found(request: pytest.FixtureRequest, shared: Path) -> Accuracy:
    """The accuracy on each half of the pages: rules were made on one and only looked at on the other."""
    pages = shared / "pages"
    return accuracy(pages, [truth for truth in load(pages) if half_of(truth["file"]) == request.param])


def test_the_price_is_right(found: Accuracy) -> None:
    """Price and currency: F1 of at least 0.97, precision of at least 0.985."""
    assert found.price.f1 >= 0.97, found.price.faults
    assert found.price.precision >= 0.985, found.price.faults


def test_out_of_stock_is_found(found: Accuracy) -> None:
    """F1 of at least 0.80 on each half (a half holds only a few of them)."""
    assert found.out_of_stock.f1 >= 0.80, found.out_of_stock.faults


def test_blocked_pages_are_found_and_no_other_page_is_called_blocked(found: Accuracy) -> None:
    """All of them, and none by mistake."""
    assert found.blocked.f1 == 1, found.blocked.faults


def test_listings_are_told_from_products(found: Accuracy) -> None:
    """All of them, and none by mistake."""
    assert found.listing.f1 == 1, found.listing.faults


def test_price_texts_are_read(shared: Path) -> None:
    """Every text that its own source reads rightly is read rightly, or is called ambiguous with the truth among it."""
    wrong = [case["price_raw"] for case in _cases(shared, xfail=False) if not _right(case)]
    assert wrong == []


def test_most_texts_that_defeat_their_own_source_are_read(shared: Path) -> None:
    """At least half of them, as a floor."""
    cases = _cases(shared, xfail=True)
    assert 2 * sum(map(_right, cases)) >= len(cases)


def _cases(shared: Path, *, xfail: bool) -> list[dict[str, str]]:
    text = (shared / "price_strings" / "cases.jsonl").read_text(encoding="utf-8")
    cases = [json.loads(line) for line in text.splitlines()]
    return [case for case in cases if bool(case["xfail"]) is xfail]


def _right(case: dict[str, str]) -> bool:
    reading = parse_price(case["price_raw"], currency=case["currency_raw"], decimal=case["decimal_separator"] or "")
    wanted = None if case["amount"] is None else Decimal(case["amount"])
    if reading.ambiguous:
        return wanted in map(Decimal, reading.readings)
    return reading.amount == wanted
