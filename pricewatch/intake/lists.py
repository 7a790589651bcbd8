"""Short lists from our own side: stock counts, prices of a market, matches that people made, pages to watch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias, TypeVar

from pricewatch.domain.errors import PricewatchError, SetAside
from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.money import Currency, Money
from pricewatch.domain.offer import ItemKey
from pricewatch.domain.product import Sku
from pricewatch.intake.columns import MATCHES, PRICES, STOCK
from pricewatch.intake.settings import CatalogueSettings
from pricewatch.intake.table import Row, Table, read_table
from pricewatch.intake.values import Unreadable, amount, pieces, text_of
from pricewatch.ports import Target

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
Locate: TypeAlias = Callable[[str], tuple[str, str] | None]
"""Finds the site that an address belongs to, and the address in its one spelling; None = no site has it."""

MAX_FACTOR = 10_000


def read_stock(path: Path, settings: CatalogueSettings | None = None) -> Iterator[tuple[Sku, int] | SetAside]:
    """Read stock counts from a CSV with SKU and stock; counts are rounded down, less than nothing is none.

    Raises PricewatchError when the file cannot be read or lacks one of the columns.
    """
    given = settings or CatalogueSettings()
    table, columns = _as_in_the_catalogue(path, given, STOCK, "stock")
    return _each(table, "stock", columns, lambda cells: _count(cells, given.decimal))


def read_prices(
    path: Path, currency: str, settings: CatalogueSettings | None = None
) -> Iterator[tuple[Sku, Money] | SetAside]:
    """Read gross prices in one currency from a CSV with SKU and price.

    Raises PricewatchError when the file cannot be read or lacks one of the columns.
    """
    given = settings or CatalogueSettings()
    table, columns = _as_in_the_catalogue(path, given, PRICES, "prices")
    return _each(table, "prices", columns, lambda cells: _price(cells, Currency.of(currency), given.decimal))


def read_matches(path: Path, *, locate: Locate | None = None) -> Iterator[tuple[str, Match | SetAside]]:
    """Read a map file, line by line with its place: CSV with sku, and url or site and item; variant, kind, factor and
    status are optional.

    An address without a site is looked up by `locate`. A row counts as accepted unless its status says otherwise.
    Raises PricewatchError when the file cannot be read or lacks a column.
    """
    table = read_table(path, MATCHES, stage="match import")
    columns = _needed(table, MATCHES, ("sku",))
    if "url" not in columns and not {"site", "item"} <= set(columns):
        raise PricewatchError("no column says which item is meant", where=table.file, hint="url, or site and item")
    return _placed(table, "match import", columns, lambda cells: _match(cells, locate))


def read_targets(path: Path, *, locate: Locate | None = None) -> Iterator[Target | SetAside]:
    """Read pages to watch: CSV with url, and optionally sku and site; a missing site is looked up by `locate`.

    Raises PricewatchError when the file cannot be read or has no addresses.
    """
    table = read_table(path, MATCHES, stage="targets")
    columns = _needed(table, MATCHES, ("url",))
    return _each(table, "targets", columns, lambda cells: _target(cells, locate))


def _as_in_the_catalogue(
    path: Path, given: CatalogueSettings, names: Mapping[str, str], stage: str
) -> tuple[Table, Mapping[str, int]]:
    """A table with encoding, delimiter and names of columns as the catalogue's file has them; all are needed."""
    mapping = {field: column for field, column in given.columns.items() if field in names}
    table = read_table(path, names, encoding=given.encoding, delimiter=given.delimiter, stage=stage, mapping=mapping)
    mapping = {field: column for field, column in mapping.items() if column in table.header}
    return table, _needed(table, names, tuple(names), mapping)


def _needed(
    table: Table, names: Mapping[str, str], needed: tuple[str, ...], mapping: Mapping[str, str] | None = None
) -> Mapping[str, int]:
    columns = table.columns(names, mapping)
    for name in needed:
        if name not in columns:
            raise PricewatchError(
                f"no column holds the {name}", where=table.file, hint=f"the file has {', '.join(table.header)}"
            )
    return columns


def _each(
    table: Table, stage: str, columns: Mapping[str, int], read: Callable[[Mapping[str, str]], T]
) -> Iterator[T | SetAside]:
    return (row for _, row in _placed(table, stage, columns, read))


def _placed(
    table: Table, stage: str, columns: Mapping[str, int], read: Callable[[Mapping[str, str]], T]
) -> Iterator[tuple[str, T | SetAside]]:
    for row in table.rows:
        if isinstance(row, SetAside):
            yield row.where, row
            continue
        cells = _cells(row, columns)
        try:
            yield row.place, read(cells)
        except Unreadable as error:
            item = cells.get("sku") or cells.get("url") or row.place
            yield row.place, SetAside(stage, item, str(error), row.place, error.hint)


def _cells(row: Row, columns: Mapping[str, int]) -> Mapping[str, str]:
    return {name: text_of(row.cells[place]) for name, place in columns.items()}


def _count(cells: Mapping[str, str], decimal: str) -> tuple[Sku, int]:
    return _sku(cells), pieces(cells["stock"], decimal)


def _price(cells: Mapping[str, str], currency: Currency, decimal: str) -> tuple[Sku, Money]:
    value = amount(cells["price"], currency, decimal)
    try:
        return _sku(cells), Money.parse(value, currency)
    except ValueError as error:
        raise Unreadable(f"price: {error}") from None


def _sku(cells: Mapping[str, str]) -> Sku:
    if not cells.get("sku"):
        raise Unreadable("the SKU is missing")
    return cells["sku"]


def _match(cells: Mapping[str, str], locate: Locate | None) -> Match:
    sku = _sku(cells)
    site, item = cells.get("site", ""), cells.get("item", "")
    if not item:
        site, item = _located(cells.get("url", ""), site, locate)
    if not site:
        raise Unreadable("the site is missing", "write the name of its definition into a column `site`")
    kind = _member(MatchKind, cells.get("kind", ""), MatchKind.EXACT)
    factor = _factor(cells.get("factor", ""))
    if factor != 1 and kind is MatchKind.EXACT:
        if cells.get("kind"):
            raise Unreadable(f"an exact match has the factor 1, not {factor}", "write pack as its kind")
        kind = MatchKind.PACK
    status = _member(MatchStatus, cells.get("status", ""), MatchStatus.ACCEPTED)
    return Match(sku, ItemKey(site, item, cells.get("variant", "")), status, kind, factor, 10_000, "map")


def _target(cells: Mapping[str, str], locate: Locate | None) -> Target:
    site, url = _located(cells["url"], cells.get("site", ""), locate)
    return Target(site=site, url=url, sku=cells.get("sku") or None)


def _located(url: str, site: str, locate: Locate | None) -> tuple[str, str]:
    if not re.fullmatch(r"https?://[^\s/]+\S*", url):
        raise Unreadable(f"{url[:60]!r} is no web address", "write it with https://")
    found = locate(url) if locate else None
    if found is not None and site in ("", found[0]):
        return found
    if found is None and not site:
        raise Unreadable("no site definition has this address", "`pricewatch site list` shows what there is")
    if found is not None:
        raise Unreadable(f"the address belongs to {found[0]}, not to {site}")
    return site, url


def _member(kind: type[E], word: str, default: E) -> E:
    if not word:
        return default
    try:
        return kind(word.casefold())
    except ValueError:
        raise Unreadable(f"{word[:40]!r} is none of {', '.join(kind)}") from None


def _factor(text: str) -> int:
    if not text:
        return 1
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:6]) <= MAX_FACTOR:
        raise Unreadable(f"{text[:40]!r} is no pack factor", f"a whole number from 1 to {MAX_FACTOR}")
    return int(text)
