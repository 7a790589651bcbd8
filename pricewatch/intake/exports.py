"""Product exports of shop software as plain tables: one row a product that is sold, completed from its parent's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pricewatch.domain.errors import SetAside
from pricewatch.intake.columns import PRODUCT, fold
from pricewatch.intake.table import Row, Table
from pricewatch.intake.values import text_of

_VARIED = frozenset({"variable", "configurable"})  # sold as one of their variants only
_PARENTS = _VARIED | {"grouped", "bundle"}  # some of which have a price of their own
_NOT_OFFERED = frozenset({"draft", "archived"})
_NO_OPTION = "Default Title"
_KINDS = frozenset({"simple", "variable", "variation"})
_SHARED = (
    "categor",
    "kategor",
    "tags",
    "tagi",
    "znaczniki",
    "schlagw",
    "brand",
    "marka",
    "marke",
    "merk",
    "vat",
    "tax",
)


@dataclass(frozen=True, slots=True)
class Export:
    """A table of which each row is a product, and columns that this software names in its own way."""

    table: Table
    columns: Mapping[str, str]


def plain(table: Table) -> Export:
    """The same table, or what Shopify, WooCommerce and Magento mean by theirs: variants are products, and say what
    their parents say; parents, pictures and drafts are none.
    """
    names = [fold(name) for name in table.header]
    if _first(names, "handle", "url handle") is not None and "option1 name" in names:
        meant = {"brand": _first(names, "vendor"), "category": _first(names, "product category", "type")}
        columns = {field: table.header[place] for field, place in meant.items() if place is not None}
        return Export(_rows(table, _Shopify(names).products), columns)
    prices = [place for place, name in enumerate(names) if name in PRODUCT["price"].split(", ")]
    if "store view code" in names and "product type" in names:
        return Export(_rows(table, _Magento(names, prices).products), {})
    kind = next((place for place in range(len(names)) if _is_kind(table, place)), None)
    return Export(table, {}) if kind is None else Export(_rows(table, _WooCommerce(names, kind, prices).products), {})


def _rows(table: Table, products: Callable[[Sequence[Row]], Iterator[Row]]) -> Table:
    broken = [row for row in table.rows if isinstance(row, SetAside)]
    rows = [row for row in table.rows if isinstance(row, Row)]
    return replace(table, rows=[*broken, *products(rows)])


def _first(names: Sequence[str], *wanted: str) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _is_kind(table: Table, place: int) -> bool:
    """Whether a column says of each row whether it is a product or a variation of one, as WooCommerce writes it."""
    said = {_kind(row, place) for row in table.rows if isinstance(row, Row)}
    return "variation" in said and said <= _KINDS | _PARENTS | {"external", ""}


def _kind(row: Row, place: int) -> str:
    return text_of(row.cells[place]).partition(",")[0].lower()


def _is_sold(kind: str, row: Row, prices: Sequence[int]) -> bool:
    """Whether a row is a product that is sold as itself."""
    return kind not in _PARENTS or (kind not in _VARIED and any(text_of(row.cells[place]) for place in prices))


class _Shopify:
    """Rows of one handle: the first says all, each further one a variant or only a picture."""

    def __init__(self, names: Sequence[str]) -> None:
        self._handle = _first(names, "handle", "url handle") or 0
        self._name = _first(names, "title", "product title")
        self._status = _first(names, "status")
        self._own = [_first(names, *wanted) for wanted in (("variant sku", "sku"), ("variant price", "price"))]
        self._options = [place for place, name in enumerate(names) if name.startswith("option") and "value" in name]
        variant = ("variant", "option", "cost per item", "sku", "price", "barcode", "inventory", "compare at")
        self._shared = [place for place, name in enumerate(names) if not name.startswith(variant)]

    def products(self, rows: Sequence[Row]) -> Iterator[Row]:
        firsts = {text_of(row.cells[self._handle]): row for row in reversed(rows) if self._says_all(row)}
        for row in rows:
            first = firsts.get(text_of(row.cells[self._handle]), row)
            offered = self._status is None or text_of(first.cells[self._status]).lower() not in _NOT_OFFERED
            if offered and any(place is not None and text_of(row.cells[place]) for place in self._own):
                yield self._named(_completed(row, first, self._shared))

    def _says_all(self, row: Row) -> bool:
        return self._name is None or bool(text_of(row.cells[self._name]))

    def _named(self, row: Row) -> Row:
        said = (text_of(row.cells[place]) for place in self._options)
        options = [value for value in said if value and value != _NO_OPTION]
        if self._name is None or not options:
            return row
        cells = list(row.cells)
        cells[self._name] = f"{text_of(cells[self._name])} {' / '.join(options)}"
        return replace(row, cells=cells)


class _WooCommerce:
    """Variations name their parent in one of the columns, by SKU or as `id:12`."""

    def __init__(self, names: Sequence[str], kind: int, prices: Sequence[int]) -> None:
        self._kind, self._prices = kind, prices
        self._number, self._sku = _first(names, "id"), _first(names, "sku", "artikelnummer sku")
        self._shared = [place for place, name in enumerate(names) if name.startswith(_SHARED)]

    def products(self, rows: Sequence[Row]) -> Iterator[Row]:
        parents = {key: row for row in rows if _kind(row, self._kind) in _PARENTS for key in self._keys(row)}
        variations = [row for row in rows if _kind(row, self._kind) == "variation"]
        width = range(len(rows[0].cells)) if rows else ()
        named = [place for place in width if all(text_of(row.cells[place]) in parents for row in variations)]
        for row in rows:
            kind = _kind(row, self._kind)
            if kind == "variation" and named:
                yield _completed(row, parents[text_of(row.cells[named[0]])], self._shared)
            elif _is_sold(kind, row, self._prices):
                yield row

    def _keys(self, row: Row) -> Iterator[str]:
        if self._number is not None:
            yield f"id:{text_of(row.cells[self._number])}"
        if self._sku is not None and text_of(row.cells[self._sku]):
            yield text_of(row.cells[self._sku])


class _Magento:
    """A row of a store view changes texts of the row before it."""

    def __init__(self, names: Sequence[str], prices: Sequence[int]) -> None:
        self._prices = prices
        self._view, self._kind = names.index("store view code"), names.index("product type")

    def products(self, rows: Sequence[Row]) -> Iterator[Row]:
        for row in rows:
            if not text_of(row.cells[self._view]) and _is_sold(_kind(row, self._kind), row, self._prices):
                yield row


def _completed(row: Row, parent: Row, shared: Sequence[int]) -> Row:
    """A variant with what only its parent's row says."""
    cells = list(row.cells)
    for place in shared:
        if not text_of(cells[place]):
            cells[place] = parent.cells[place]
    return replace(row, cells=cells)
