"""From a feed's row to an offer in plain values, with what shows where it came from. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, TypeAlias

from pricewatch.domain.money import Currency, Money
from pricewatch.domain.offer import Availability, Condition, Evidence, Item, ItemKey, Offer, PriceRole
from pricewatch.ports import Finding
from pricewatch.scraping.extract.identifiers import clean_gtin
from pricewatch.scraping.sources import words
from pricewatch.scraping.sources.columns import Columns
from pricewatch.scraping.sources.rows import Raw
from pricewatch.scraping.urls import canonical_url, is_web_address

_NEXT_COUNTRY = re.compile(r",(?=[A-Z]{2}:)")
_FINISHED = re.compile(r"(?:[.,]\d\d|[^\d.,\s])\s*$")  # nothing can follow in a price that ends so
SNIPPET = 400
SHOWN = ("price", "sale_price", "currency", "shipping", "availability", "stock", "condition", "seller", "gtin", "name")


Said: TypeAlias = Mapping[str, tuple[str, str]]  # for each field: its column, and what it says


class Terms(NamedTuple):
    """What holds for all rows of a feed."""

    file: str
    columns: Mapping[str, str]
    decimal: str
    key: str
    condition: Condition
    seller: str
    currency: str
    locale: str
    now: datetime


class Row(NamedTuple):
    """An offer in plain values; amounts in minor units of `currency`."""

    item: str
    variant: str
    url: str
    title: str
    brand: str
    gtin: str
    mpn: str
    category: str
    image: str
    seller: str
    currency: str
    price: int | None
    was: int | None
    shipping: int | None
    availability: str
    condition: str
    pieces: int | None
    conflict: str


class Fault(NamedTuple):
    """Why a row is not used, with what it says there, and the key of its item where it has one."""

    reason: str
    detail: str = ""
    item: str = ""


def said_by(raw: Raw, columns: Columns) -> Said:
    """What a row says: for each field the first of its columns that says something, and what."""
    columns.learn(raw.cells)
    cells, said = raw.cells, {}
    for field, keys in columns.places.items():
        for key in keys:
            value = cells.get(key)
            if value and (value := value.strip()):
                said[field] = (key, value)
                break
    return said


def decimal_of(rows: Iterable[Raw], columns: Columns) -> str:
    """The decimal separator that a feed's unmistakable prices use; empty when there is none, or when they differ."""
    found = (said_by(raw, columns) for raw in rows)
    return words.decimal_style(said[field][1] for said in found for field in ("price", "sale_price") if field in said)


def read_row(raw: Raw, said: Said, terms: Terms) -> Row | Fault:
    """Read one row."""
    if raw.fault:
        return Fault(raw.fault)

    def text(field: str, limit: int = 300) -> str:
        return said[field][1][:limit] if field in said else ""

    gtin = clean_gtin(text("gtin")) if "gtin" in said else ""
    url = text("url", 2_000)
    url = url if url and is_web_address(url) else ""
    item = _key(terms.key, text("id"), url, gtin, text("brand"), text("mpn"))
    if not item:
        return Fault("nothing tells which item it is: no id, url, GTIN or part number")
    if raw.unended and (part := _may_go_on(said, raw.unended)):
        return Fault(f"the file ends in the {part} of this row, without a line end: it may be cut off", item=item)
    price = _price(text("price"), text("sale_price"), text("sale_period"), text("currency"), terms)
    if isinstance(price, Fault):
        return price._replace(item=item)
    minor, was, code, conflict = price
    count, stocked = words.pieces(text("stock")) if "stock" in said else (None, Availability.UNKNOWN)
    key, phrase = said.get("availability", ("", ""))
    stated = words.availability(phrase[:300], key) if phrase else Availability.UNKNOWN
    state = stated if stated is not Availability.UNKNOWN else stocked
    if minor is None and state is Availability.UNKNOWN:
        return Fault("neither a price nor a stock state", item=item)
    return Row(
        item, text("variant"), url, text("name", 500), text("brand"), gtin, text("mpn"), text("category"),
        text("image", 1_000), text("seller") or terms.seller, code, minor, was,
        _shipping(text("shipping"), code, terms), state.value, _condition(text("condition"), terms).value,
        count, conflict,
    )  # fmt: skip


def evidence_of(raw: Raw, said: Said, terms: Terms) -> tuple[str, str]:
    """Where a row stands, with the column of its price, and the cells that its offer rests on."""
    column = (said.get("sale_price") or said.get("price") or ("",))[0]
    shown = "; ".join(map(": ".join, [said[field] for field in SHOWN if field in said]))
    return f"{terms.file}:{raw.number} {column}".rstrip(), shown[:SNIPPET]


def finding_of(row: Row, site: str, place: str, snippet: str, page_hash: str, *, tax_included: bool | None) -> Finding:
    """The offer of a row with its evidence."""
    unit = Currency.of(row.currency) if row.currency else None

    def money(minor: int | None) -> Money | None:
        return None if minor is None or unit is None else Money(minor, unit)

    item = Item(
        ItemKey(site, row.item, row.variant), row.url, row.title, row.brand, row.gtin, row.mpn, row.category, row.image
    )
    offer = Offer(
        item=item,
        seller=row.seller,
        price=money(row.price),
        role=PriceRole.REGULAR if row.was is None else PriceRole.SALE,
        availability=Availability(row.availability),
        condition=Condition(row.condition),
        shipping=money(row.shipping),
        was_price=money(row.was),
        pieces=row.pieces,
        tax_included=tax_included,
        url=row.url,
    )
    evidence = Evidence(page_hash, "feed", place, snippet)
    return Finding(offer, evidence, conflict=row.conflict)


def _may_go_on(said: Said, column: str) -> str:
    """What of a row may be a part only because the file ends in its column; empty = what matters is whole."""
    if any(said.get(field, ("",))[0] == column for field in ("id", "variant")):
        return "id"
    prices = [said[field] for field in ("price", "sale_price") if field in said]
    return "price" if any(own == column and not _FINISHED.search(value) for own, value in prices) else ""


def _key(kind: str, own: str, url: str, gtin: str, brand: str, mpn: str) -> str:
    """What tells the item from all others; web addresses in one spelling, GTINs with 14 digits."""
    if own and kind in ("auto", "id"):
        return own
    if url and kind in ("auto", "url"):
        return canonical_url(url)
    if gtin and kind in ("auto", "gtin"):
        return gtin.zfill(14)
    return f"{brand} {mpn}".strip().lower() if mpn and kind == "auto" else ""


def _price(
    regular: str, sale: str, period: str, code: str, terms: Terms
) -> tuple[int | None, int | None, str, str] | Fault:
    """The price now, the one before where it is reduced, the currency, and a contradiction."""
    stated = words.currency_code(code) if code else ""
    if code and not stated:
        return Fault("the currency is unknown", code[:20])
    if sale and not words.in_period(period, terms.now):
        sale = ""
    if not regular and not sale:
        return None, None, stated or terms.currency, ""
    found = [
        words.amount(text, currency=stated or terms.currency, locale=terms.locale, decimal=terms.decimal)
        for text in (sale, regular)
        if text
    ]
    for each in found:
        if each.fault:
            return Fault(each.fault, each.text)
    now, before = found[0], found[-1]
    conflict = f"the price is in {now.currency}, the row says {stated}" if stated not in ("", now.currency) else ""
    if sale and now.minor == 0:
        now = before  # many feeds write 0 where there is no sale price
    if not now.minor:
        return Fault("a price of 0 is no price")
    assert before.minor is not None
    reduced = before.minor > now.minor and before.currency == now.currency
    return now.minor, before.minor if reduced else None, now.currency, conflict


def _shipping(text: str, code: str, terms: Terms) -> int | None:
    """The delivery cost in the price's currency; unknown where it can't be read. Google writes PL:::9.99 PLN."""
    if not text or not code:
        return None
    last = _NEXT_COUNTRY.split(text, maxsplit=1)[0].rpartition(":")[2] if text.count(":") > 1 else text
    found = words.amount(last.strip(), currency=code, locale=terms.locale, decimal=terms.decimal)
    return found.minor if found.currency == code else None


def _condition(text: str, terms: Terms) -> Condition:
    found = words.condition(text) if text else Condition.UNKNOWN
    return terms.condition if found is Condition.UNKNOWN else found
