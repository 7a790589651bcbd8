"""Our own products from a file: every usable row a Product, every other one set aside with its line and reasons."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pricewatch.domain.errors import PricewatchError, SetAside
from pricewatch.domain.money import Currency, Money, Rounding, TaxRate, known_currency_codes
from pricewatch.domain.product import Product, Sku
from pricewatch.intake.columns import NET_PRICE, PRODUCT, candidates, fold, sale_dates
from pricewatch.intake.exports import plain
from pricewatch.intake.records import json_table, xml_table
from pricewatch.intake.settings import CatalogueSettings
from pricewatch.intake.table import Cell, Row, Table, parse_table
from pricewatch.intake.text import read_text
from pricewatch.intake.values import (
    Unreadable,
    amount,
    decimal_of,
    exact,
    flag,
    moment,
    pieces,
    scaled,
    tax_rate,
    text_of,
)
from pricewatch.matching.identifiers import printed_gtin, read_gtin

STAGE = "catalogue"
LONGEST_SKU = 200
ONLY_ONE = ("price", "cost")  # of which another column than the meant one does harm
_PRICE_LIKE = re.compile(r"\b(price|cena|ceny|preis|prijs)\b")
MONEY = ("price", "sale_price", "cost", "floor", "ceiling", "rrp", "map_price")
T = TypeVar("T")


def read_catalogue(
    path: Path, settings: CatalogueSettings, currency: str, now: datetime
) -> Iterator[Product | SetAside]:
    """Read a CSV, JSON, JSON Lines or XML product file; amounts are in `currency`, sale prices those in force `now`,
    whose time zone is that of days without one.

    No row ever raises: what cannot be used is set aside with its line; a bad GTIN, address or stock count is
    reported and the product is kept without it. The first of several rows of one SKU counts. Raises PricewatchError
    when the file as a whole cannot be read.
    """
    export = plain(_table(path, settings))
    table = export.table
    columns = table.columns(PRODUCT, {**export.columns, **settings.columns}, currency)
    columns = {**columns, **sale_dates(table.header, columns)}
    for needed in ("sku", "name"):
        if needed not in columns:
            raise PricewatchError(
                f"no column holds the {needed}",
                where=table.file,
                hint=f'say which: [catalogue] columns = {{ {needed} = "…" }}; it has {", ".join(table.header)}',
            )
    for name in ONLY_ONE:
        _insist_on_one(table, name, columns, settings, currency)
    _insist_on_dates(table, columns)
    reader = _Reader(table, columns, settings, Currency.of(currency), now)
    return chain(_without_prices(table, columns, currency), _products(table, reader))


def _insist_on_one(
    table: Table, name: str, columns: Mapping[str, int], settings: CatalogueSettings, currency: str
) -> None:
    """Raise PricewatchError when several columns could be a field and say different things."""
    places = candidates(table.header, PRODUCT[name], currency)
    if name in settings.columns or len(places) < 2:
        return
    cells = ([text_of(row.cells[place]) for place in places] for row in table.rows if isinstance(row, Row))
    if any(len(set(said)) > 1 for said in cells):
        shown = ", ".join(repr(table.header[place]) for place in places)
        raise PricewatchError(
            f"{len(places)} columns may hold the {name}, and they differ: {shown}",
            where=table.file,
            hint=f'say which: [catalogue] columns = {{ {name} = "{table.header[columns.get(name, places[0])]}" }}',
        )


def _insist_on_dates(table: Table, columns: Mapping[str, int]) -> None:
    """Raise PricewatchError when a column that was not taken has dates where, and only where, there are sale prices;
    where all rows have both, it may be any date.
    """
    if "sale_price" not in columns or "sale_from" in columns or "sale_until" in columns:
        return
    rows = [row for row in table.rows if isinstance(row, Row)]
    for place in (place for place in range(len(table.header)) if place not in columns.values()):
        said = [row for row in rows if text_of(row.cells[place])]
        on_sale = all(text_of(row.cells[columns["sale_price"]]) for row in said)
        if said and on_sale and len(said) < len(rows) and all(_is_date(text_of(row.cells[place])) for row in said):
            raise PricewatchError(
                f"the sale price {table.header[columns['sale_price']]!r} has dates in {table.header[place]!r}",
                where=table.file,
                hint=f'say which: [catalogue] columns = {{ sale_from = "{table.header[place]}" }}, or sale_until',
            )


def _is_date(text: str) -> bool:
    return bool(re.match(r"\d{4}-\d\d-\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{2}", text))


def _month_first(cells: Iterable[str]) -> bool | None:
    """Whether 12/05/2026 is in May or in December, as the clear ones of a file say; None = it has no clear one."""
    slashed = [found for cell in cells if (found := re.match(r"(\d{1,2})/(\d{1,2})/", cell))]
    month, day = (any(int(found[part]) > 12 for found in slashed) for part in (2, 1))
    return month if month != day else None


def _without_prices(table: Table, columns: Mapping[str, int], currency: str) -> Iterator[SetAside]:
    """Tell that no column was taken for the price although one looks like it: nothing is decided without one."""
    if "price" in columns:
        return
    net = candidates(table.header, NET_PRICE, currency)
    like = net or [place for place, name in enumerate(table.header) if _PRICE_LIKE.search(fold(name))]
    others = {code.lower() for code in known_currency_codes()} - {currency.lower()}
    names = [table.header[place] for place in like if place not in columns.values()]
    free = [name for name in names if fold(name).split()[-1] not in others]
    if free:
        hint = f'[catalogue] columns = {{ price = "{free[0]}" }}' + (' and prices = "net"' if net else "")
        reason = (
            f"no column was taken for the price, though {free[0]!r} looks like it; without prices nothing is decided"
        )
        yield SetAside(STAGE, table.file, reason, table.file, hint)


def _table(path: Path, settings: CatalogueSettings) -> Table:
    text = read_text(path, settings.encoding)
    start = text.lstrip()[:1]
    if start == "<":
        return xml_table(text, path.name)
    if start in ("{", "["):
        return json_table(text, path.name, STAGE)
    return parse_table(text, path.name, PRODUCT, settings.delimiter, STAGE, settings.columns)


def _products(table: Table, reader: _Reader) -> Iterator[Product | SetAside]:
    seen: dict[Sku, str] = {}
    for row in table.rows:
        if isinstance(row, SetAside):
            yield row
            continue
        draft = _Draft(reader, row)
        product = draft.product()
        if product is not None and product.sku in seen:
            draft.refuse(f"the SKU stands at {seen[product.sku]} already; the first one counts")
            product = None
        if product is not None:
            seen[product.sku] = row.place
            yield product
        yield from draft.reports()


class _Reader:
    """What is the same for all rows of a file."""

    def __init__(
        self,
        table: Table,
        columns: Mapping[str, int],
        settings: CatalogueSettings,
        currency: Currency,
        now: datetime,
    ) -> None:
        self.columns, self.settings, self.currency, self.now = columns, settings, currency, now
        self.decimal: str = settings.decimal
        if settings.decimal == "auto":
            places = [columns[name] for name in MONEY if name in columns]
            rows = (row for row in table.rows if isinstance(row, Row))
            self.decimal = decimal_of(row.cells[place] for row in rows for place in places)
        self.custom = _custom(table.header, columns, settings)
        dates = [columns[name] for name in ("sale_from", "sale_until") if name in columns]
        said = (text_of(row.cells[place]) for row in table.rows if isinstance(row, Row) for place in dates)
        self.month_first = _month_first(said)


def _custom(header: Sequence[str], columns: Mapping[str, int], settings: CatalogueSettings) -> Mapping[str, int]:
    """The further columns that are kept as text."""
    used = set(columns.values())
    further = {name: place for place, name in enumerate(header) if name and place not in used}
    if settings.custom is None:
        return further
    missing = [name for name in settings.custom if name not in header]
    if missing:
        raise PricewatchError(
            f"there is no column {missing[0]!r}", where="[catalogue] custom", hint=f"it has {', '.join(header)}"
        )
    return {name: header.index(name) for name in settings.custom}


@dataclass
class _Draft:
    """One row on its way to a product: collects everything that is wrong with it, not only the first thing."""

    reader: _Reader
    row: Row
    refused: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)

    def product(self) -> Product | None:
        """The product, or None when something that matters is wrong."""
        tax = self._tax()
        self._read("currency", self._currency)
        known = Product(
            sku=self._sku(),
            name=self._name(),
            tax=tax,
            price=self._price(tax),
            cost=self._amount("cost", tax),
            floor=self._amount("floor", tax),
            ceiling=self._amount("ceiling", tax),
            rrp=self._amount("rrp", tax),
            map_price=self._amount("map_price", tax),
            stock=self._read("stock", lambda cell: pieces(cell, self.reader.decimal), matters=False),
            brand=self._text("brand"),
            gtin=self._read("gtin", _gtin, matters=False) or "",
            mpn=self._text("mpn"),
            category=self._text("category"),
            supplier=self._text("supplier"),
            tags=tuple(tag for tag in re.split(r"\s*[;,|]\s*", self._text("tags")) if tag),
            kvi=self._read("kvi", flag, matters=False) or False,
            url=self._read("url", _address, matters=False) or "",
            image_url=self._read("image_url", _address, matters=False) or "",
            description=self._text("description"),
            custom=self._custom(),
        )
        if known.floor and known.ceiling and known.floor > known.ceiling:
            self.refuse(f"floor {known.floor} is above ceiling {known.ceiling}")
        return None if self.refused else known

    def refuse(self, reason: str, hint: str = "") -> None:
        """The row cannot be a product."""
        self.refused.append((reason, hint))

    def reports(self) -> Iterator[SetAside]:
        """What was refused, or left out of the product."""
        item = self._text("sku") or self.row.place
        reported = self.refused or self.left_out
        if reported:
            hint = next((hint for _, hint in reported if hint), "")
            kept = "" if self.refused else "; the product is kept without it"
            yield SetAside(STAGE, item, "; ".join(reason for reason, _ in reported) + kept, self.row.place, hint)

    def _cell(self, name: str) -> Cell:
        place = self.reader.columns.get(name)
        return "" if place is None else self.row.cells[place]

    def _text(self, name: str) -> str:
        return text_of(self._cell(name), lines=name == "description")

    def _read(self, name: str, read: Callable[[Cell], T], *, matters: bool = True) -> T | None:
        """Read a cell that may be empty; what is unreadable in it is noted."""
        cell = self._cell(name)
        if not text_of(cell):
            return None
        try:
            return read(cell)
        except Unreadable as error:
            (self.refused if matters else self.left_out).append((f"{name}: {error}", error.hint))
            return None

    def _sku(self) -> Sku:
        sku = self._text("sku")
        if not sku:
            self.refuse("the SKU is missing")
        elif len(sku) > LONGEST_SKU:
            self.refuse(f"the SKU has {len(sku)} characters", f"at most {LONGEST_SKU}")
        return sku

    def _name(self) -> str:
        name = self._text("name")
        if not name:
            self.refuse("the name is missing")
        return name

    def _tax(self) -> TaxRate:
        settings = self.reader.settings
        rate = self._read("tax", lambda cell: tax_rate(cell, settings.tax_as))
        if rate is None and not text_of(self._cell("tax")):
            if settings.tax is not None:
                return TaxRate.parse(settings.tax)
            self.refuse("the VAT rate is missing", 'tax = "23" in [catalogue] is for rows without one')
        return rate or TaxRate(0)

    def _currency(self, cell: Cell) -> None:
        code = text_of(cell).upper()
        if code != self.reader.currency.code:
            raise Unreadable(f"is {code[:10]}, and the catalogue is in {self.reader.currency}")

    def _price(self, tax: TaxRate) -> Money | None:
        """What a buyer pays now: the sale price where it is the lower one and in force."""
        regular = self._amount("price", tax)
        written = re.search(r"[1-9]", text_of(self._cell("sale_price")))  # 0, "-" or "n/a" say that there is none
        sale = self._amount("sale_price", tax) if written else None
        lower = sale is not None and (regular is None or sale < regular)
        return sale if lower and self._on_sale() else regular

    def _on_sale(self) -> bool:
        """Whether now lies between the dates of the sale; a day without a time is all of it."""
        first, _, last = text_of(self._cell("sale_from")).partition("/")
        begins = self._moment("sale_from", first)
        ends = self._moment("sale_until", last or text_of(self._cell("sale_until")), end=True)
        return (begins is None or begins <= self.reader.now) and (ends is None or self.reader.now < ends)

    def _moment(self, name: str, text: str, *, end: bool = False) -> datetime | None:
        if not text or text.startswith("0000"):
            return None
        try:
            at = moment(self._day_first(text), self.reader.now.tzinfo or UTC)
        except Unreadable as error:
            self.refuse(f"{name}: {error}", error.hint)
            return None
        whole = re.fullmatch(r"[^\sT]+([ T]0?0:00(:00(\.0+)?)?)?", text)  # midnight is how many shops write a day
        return at + timedelta(days=1) if end and whole else at

    def _day_first(self, text: str) -> str:
        """A date with slashes in the order of this file, the day first."""
        found = re.match(r"(\d{1,2})/(\d{1,2})/", text)
        if not found or found[1] == found[2]:
            return text
        if self.reader.month_first is None:
            raise Unreadable(f"{text[:40]!r} has its day or its month first", "write 2026-11-22 or 22.11.2026")
        return f"{found[2]}/{found[1]}/{text[found.end() :]}" if self.reader.month_first else text

    def _amount(self, name: str, tax: TaxRate) -> Money | None:
        """Costs are net and rounded up, so that a margin is never overstated; the rest is gross and exact."""
        currency, settings = self.reader.currency, self.reader.settings
        gross = (10_000 + tax.basis_points, 10_000)

        def read(cell: Cell) -> Money:
            value = amount(cell, currency, self.reader.decimal)
            if name == "cost":
                return scaled(value, currency, gross[::-1] if settings.costs == "gross" else (1, 1), Rounding.UP)
            if settings.prices == "net":
                return scaled(value, currency, gross, Rounding.HALF_UP)
            return exact(value, currency)

        return self._read(name, read)

    def _custom(self) -> Mapping[str, str]:
        texts = {name: text_of(self.row.cells[place]) for name, place in self.reader.custom.items()}
        return MappingProxyType({name: text for name, text in texts.items() if text})


def _gtin(cell: Cell) -> str:
    """The number as it was written, once it is known to be one; an ISBN-10 becomes its 13 digits."""
    text = text_of(cell)
    reading = read_gtin(text)
    if not reading.key:
        raise Unreadable(f"{text[:40]!r} {reading.refused}")
    return printed_gtin(text)


def _address(cell: Cell) -> str:
    text = text_of(cell).split(" ")[0].rstrip(",;")
    if not re.fullmatch(r"https?://[^\s/]+\S*", text) or len(text) > 2_000:
        raise Unreadable(f"{text[:40]!r} is no web address")
    return text
