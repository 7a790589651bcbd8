"""A reading as one plain record: what `pricewatch extract --json` prints for a page."""

from __future__ import annotations

from typing import Any

from pricewatch.domain.offer import Availability, Condition, Verdict
from pricewatch.ports import Page
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.extract.page import read_page
from pricewatch.scraping.extract.reading import Reading, money
from pricewatch.scraping.extract.records import RowFacts

Record = dict[str, Any]

AVAILABILITY = {
    Availability.IN_STOCK: "InStock",
    Availability.OUT_OF_STOCK: "OutOfStock",
    Availability.PRE_ORDER: "PreOrder",
    Availability.BACK_ORDER: "BackOrder",
}
MAX_OFFERS = 300


def page_record(page: Page, site: SiteContext) -> Record:
    """Read a page and report it; runs in a parsing process, so what it returns is plain data."""
    return record(read_page(page, site))


def record(reading: Reading) -> Record:
    """The fields of a reading; amounts are decimal strings, what is unknown is None."""
    known = reading.identity
    product = reading.verdict is Verdict.PRODUCT
    return {
        "verdict": reading.verdict.value,
        "price": reading.price.text if reading.price else None,
        "currency": (reading.price.currency.code if reading.price else reading.currency) or None,
        "availability": AVAILABILITY.get(reading.availability),
        "name": (known.name or None) if product else None,
        "gtin": known.gtin or None,
        "sku": known.sku or None,
        "brand": known.brand or None,
        "condition": reading.condition.value if reading.condition is not Condition.UNKNOWN else None,
        "shipping": reading.shipping.text if reading.shipping is not None else None,
        "ambiguous": reading.ambiguous,
        "readings": list(reading.readings) if reading.ambiguous else [],
        "offers": [_offer(row) for row in (reading.rows or reading.variants or reading.siblings)[:MAX_OFFERS]],
        "evidence": _evidence(reading),
    }


def unreadable(error: str) -> Record:
    """The record of a page that could not be read at all."""
    return {**record(Reading(Verdict.UNREADABLE, error)), "error": error}


def _offer(row: RowFacts) -> Record:
    price = money(row.price.amount, row.currency) if row.price and len(row.price.amounts) == 1 else None
    shipping, bid = money(row.shipping, row.currency), money(row.bid, row.currency)
    return {
        "seller": row.seller or None,
        "price": price.text if price else None,
        "currency": row.currency or None,
        "shipping": shipping.text if shipping is not None else None,
        "availability": AVAILABILITY.get(row.availability),
        "featured": row.featured,
        "condition": row.condition.value if row.condition is not Condition.UNKNOWN else None,
        "name": row.name or None,
        "url": row.url or None,
        "sku": row.sku or None,
        "gtin": row.gtin or None,
        "bid": bid.text if bid is not None else None,
        "bids": row.bids,
        "ends_at": row.ends_at or None,
    }


def _evidence(reading: Reading) -> Record:
    return {
        "page_hash": reading.page_hash or None,
        "message": reading.message or None,
        "source": reading.source.value if reading.source else None,
        "selector": reading.where or None,
        "snippet": reading.snippet or None,
        "role": reading.role.value if reading.source else None,
        "was": reading.was.text if reading.was else None,
        "confidence": reading.confidence if reading.source else None,
        "conflict": reading.conflict or None,
        "agreeing": list(dict.fromkeys(c.source.value for c in reading.agreeing)),
        "rejected": [str(candidate) for candidate in reading.rejected],
        "notes": list(reading.notes),
    }
