"""Exchange rates from files: a plain CSV, the NBP's table A (CSV, XML, JSON) and the ECB's reference rates (XML).

Sources: api.nbp.pl and static.nbp.pl (mid rates in PLN for 1, 100 or 10,000 units), ecb.europa.eu
eurofxref-daily.xml (units of each currency for 1 EUR).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from pricewatch.domain.errors import PricewatchError, SetAside
from pricewatch.domain.money import Rounding, divide, known_currency_codes
from pricewatch.domain.product import ExchangeRate
from pricewatch.intake.columns import RATES
from pricewatch.intake.records import parse_json, parse_xml
from pricewatch.intake.table import Row, Table, parse_table
from pricewatch.intake.text import read_text
from pricewatch.intake.values import Unreadable, number, text_of

STAGE = "fx"
_NBP_COLUMN = re.compile(r"(\d+)([A-Z]{3})")
_NO_MONEY = frozenset({"XDR"})  # units of account in official tables that nobody pays with
Line = tuple[str, str, str, object, int, str, str]  # place, base, quote, rate, for so many units, day, source


def read_rates(path: Path) -> Iterator[ExchangeRate | SetAside]:
    """Read exchange rates, kept in millionths and rounded half up; what cannot be one is set aside.

    Raises PricewatchError when the file is none of the known kinds.
    """
    text = read_text(path)
    start = text.lstrip()[:1]
    if start == "<":
        lines = _xml(parse_xml(text, path.name), path.name)
    elif start in ("{", "["):
        lines = _nbp_json(parse_json(text, path.name), path.name)
    elif re.match(r"data;\d+[A-Z]{3};", text.lstrip()):
        lines = _nbp_csv(text, path.name)
    else:
        return _plain(parse_table(text, path.name, RATES, "auto", STAGE, {}))
    return _rates(lines)


def _plain(table: Table) -> Iterator[ExchangeRate | SetAside]:
    columns = table.columns(RATES)
    missing = [name for name in ("base", "quote", "rate", "day") if name not in columns]
    if missing:
        hint = "the columns are base, quote, rate, date and, if you like, source"
        raise PricewatchError(f"there is no column for the {missing[0]}", where=table.file, hint=hint)
    for row in table.rows:
        if isinstance(row, SetAside):
            yield row
        else:
            yield from _rates([_line(row, columns)])


def _line(row: Row, columns: Mapping[str, int]) -> Line:
    cells = {name: text_of(row.cells[place]) for name, place in columns.items()}
    return row.place, cells["base"], cells["quote"], cells["rate"], 1, cells["day"], cells.get("source") or "file"


def _xml(root: Element, file: str) -> Iterator[Line]:
    if any(element.get("rate") for element in root.iter()):
        return _ecb(root, file)
    return _nbp_xml(root, file)


def _ecb(root: Element, file: str) -> Iterator[Line]:
    for of_day in (element for element in root.iter() if element.get("time")):
        day = of_day.get("time", "")
        for rate in of_day:
            code = rate.get("currency", "")
            yield f"{file} {code}", "EUR", code, rate.get("rate", ""), 1, day, "ECB"


def _nbp_xml(root: Element, file: str) -> Iterator[Line]:
    """Both forms: of the web page (tabela_kursow) and of the API (ExchangeRatesTable)."""
    for table in (element for element in root.iter() if element.tag in ("tabela_kursow", "ExchangeRatesTable")):
        day = _text(table, "data_publikacji", "EffectiveDate")
        for element in (*table.iter("pozycja"), *table.iter("Rate")):
            code, units = _text(element, "kod_waluty", "Code"), _text(element, "przelicznik") or "1"
            rate = _text(element, "kurs_sredni", "Mid")
            yield f"{file} {code}", code, "PLN", rate, int(units) if units.isdecimal() else 0, day, "NBP"


def _text(element: Element, *names: str) -> str:
    found = (child.text for name in names for child in element.iter(name))
    return (next(found, "") or "").strip()


def _nbp_json(data: Any, file: str) -> Iterator[Line]:
    for table in data if isinstance(data, list) else [data]:
        if not isinstance(table, dict) or not isinstance(table.get("rates"), list):
            raise PricewatchError("the JSON is no table of the NBP", where=file, hint="api.nbp.pl/api/…/tables/A")
        for rate in table["rates"]:
            known = rate if isinstance(rate, dict) else {}
            code, day = str(known.get("code", table.get("code", ""))), known.get("effectiveDate")
            day = str(day or table.get("effectiveDate", ""))
            yield f"{file} {code}", code, "PLN", known.get("mid", ""), 1, day, "NBP"


def _nbp_csv(text: str, file: str) -> Iterator[Line]:
    """The archive of a year: one line a day, one column a currency such as 100HUF."""
    lines = text.strip().splitlines()
    header = [_NBP_COLUMN.fullmatch(name.strip()) for name in lines[0].split(";")]
    for number_, line in enumerate(lines[1:], 2):
        cells = line.split(";")
        if not re.fullmatch(r"\d{8}", cells[0]):
            continue  # the second header and the footer
        day = f"{cells[0][:4]}-{cells[0][4:6]}-{cells[0][6:]}"
        for found, cell in zip(header, cells, strict=False):
            if found:
                yield f"{file}:{number_} {found[2]}", found[2], "PLN", cell, int(found[1]), day, "NBP"


def _rates(lines: Iterable[Line]) -> Iterator[ExchangeRate | SetAside]:
    read = False
    for line in lines:
        read = True
        if line[1] in _NO_MONEY or line[2] in _NO_MONEY:
            continue
        try:
            yield _rate(line)
        except Unreadable as error:
            yield SetAside(STAGE, f"{line[1]}/{line[2]}", str(error), line[0], error.hint)
    if not read:
        raise PricewatchError("the file has no exchange rates", hint="CSV, or tables of the NBP (A) or the ECB")


def _rate(line: Line) -> ExchangeRate:
    _, base, quote, cell, units, day, source = line
    base, quote = base.upper(), quote.upper()
    for code in (base, quote):
        if code not in known_currency_codes():
            raise Unreadable(f"{code!r} is no currency")
    value = cell if isinstance(cell, Decimal) else number(str(cell), "," if "," in str(cell) else ".")
    top, bottom = value.as_integer_ratio()
    micros = divide(top * 1_000_000, bottom * units, Rounding.HALF_UP) if units > 0 else 0
    if not 0 < micros < 10**15:
        raise Unreadable(f"{cell} is no exchange rate")
    if base == quote:
        raise Unreadable("a currency has no rate in itself")
    return ExchangeRate(base, quote, micros, _day(day), source)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise Unreadable(f"{text[:20]!r} is no date", "write it as in 2026-01-31") from None
