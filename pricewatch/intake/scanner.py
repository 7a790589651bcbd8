"""Scanner panels as text books and retailers publish them: a brand, its price and what was sold, line by line."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pricewatch.domain.errors import PricewatchError, SetAside
from pricewatch.intake.columns import SCANNER, fold
from pricewatch.intake.table import Row, read_table
from pricewatch.intake.values import Unreadable, number, text_of

STAGE = "panel"
_PRICE_OF = re.compile(r"price ?(\d+)")


@dataclass(frozen=True, slots=True)
class ScannerPanel:
    """One entry a line: the brand, the price, and the natural logarithm of what was sold."""

    brand: tuple[str, ...]
    price: tuple[float, ...]
    logmove: tuple[float, ...]
    set_aside: tuple[SetAside, ...]


def read_scanner(path: Path) -> ScannerPanel:
    """Read a CSV with brand, price (or logprice) and sales (or logmove, their logarithm); other columns are left alone.

    Lines without a sale or a price above 0 are set aside: they have no logarithm. Raises PricewatchError when the file
    cannot be read or lacks a column.
    """
    table = read_table(path, SCANNER, stage=STAGE)
    columns = table.columns(SCANNER)
    wide = {} if {"price", "logprice"} & set(columns) else _wide(table.header)
    for wanted in (("brand",), ("price", "logprice"), ("sales", "logmove")):
        if not set(wanted) & set(columns) and not (wide and "price" in wanted):
            hint = f"the file has {', '.join(table.header)}"
            raise PricewatchError(f"no column holds the {' or '.join(wanted)}", where=table.file, hint=hint)
    kept: list[tuple[str, float, float]] = []
    aside: list[SetAside] = []
    for row in table.rows:
        if isinstance(row, SetAside):
            aside.append(row)
            continue
        cells = {name: row.cells[place] for name, place in columns.items()}
        try:
            own = row.cells[wide[_place(text_of(cells["brand"]))]] if wide else cells.get("price", "")
            price = _value(text_of(own), text_of(cells.get("logprice", "")))
            sold = _value(text_of(cells.get("sales", "")), text_of(cells.get("logmove", "")))
            kept.append((_brand(row, columns["brand"]), price, math.log(sold)))
        except KeyError:
            aside.append(
                SetAside(STAGE, row.place, f"no price column is of brand {text_of(cells['brand'])[:40]!r}", row.place)
            )
        except (Unreadable, OverflowError, ValueError) as error:
            aside.append(SetAside(STAGE, row.place, str(error), row.place))
    brands, prices, moves = zip(*kept, strict=True) if kept else ((), (), ())
    return ScannerPanel(brands, prices, moves, tuple(aside))


def _wide(header: Sequence[str]) -> dict[str, int]:
    """The columns of panels that give the prices of all brands in every line, price1 to price11, by brand number."""
    found = {_PRICE_OF.fullmatch(fold(name)): place for place, name in enumerate(header)}
    prices = {match[1]: place for match, place in found.items() if match is not None}
    return prices if len(prices) > 1 else {}


def _place(brand: str) -> str:
    """A brand's number as it stands behind `price`."""
    return brand.removesuffix(".0")


def _brand(row: Row, place: int) -> str:
    return text_of(row.cells[place]) or "-"


def _value(plain: str, logarithm: str) -> float:
    """A number above zero, told as it is or by its natural logarithm."""
    found = _number(plain) if plain else math.exp(_number(logarithm))
    if not (math.isfinite(found) and found > 0):
        raise Unreadable(f"{plain or logarithm} has no logarithm")
    return found


def _number(text: str) -> float:
    try:
        return float(Decimal(text.lstrip("$€£ ")))
    except ArithmeticError:
        return float(number(text))
