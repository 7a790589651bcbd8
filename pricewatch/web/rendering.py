"""The price list as others see it: JSON and CSV, whole or what changed."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from pricewatch.channels.tablefile import cell
from pricewatch.domain.decision import PriceEntry, Terms
from pricewatch.domain.product import Sku

COLUMNS = (
    "sku", "price", "net", "currency", "version", "valid_from", "prior_price", "announced_from", "announced_until",
    "loyalty_price", "coupon_price", "coupon_code", "unit_price", "unit", "withdrawn",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Changes:
    """What is news for a puller: prices, and the products that are sold no longer; `cursor` is where to go on."""

    cursor: str
    at: datetime
    prices: tuple[PriceEntry, ...]
    withdrawn: tuple[Sku, ...] = ()

    @property
    def tag(self) -> str:
        """What tells two answers to the same question apart."""
        told = (f"{entry.sku}\0{bool(entry.announced_at(self.at))}" for entry in self.prices)
        return f"{self.cursor}-{digest((*self.withdrawn, '', *told))}"


def digest(skus: Iterable[Sku]) -> str:
    """A short fingerprint of a set of products."""
    return hashlib.sha256("\0".join(sorted(skus)).encode()).hexdigest()[:16]


def render(
    cursor: str, group: str, entries: Iterable[PriceEntry], at: datetime, withdrawn: Sequence[Sku] | None = None
) -> bytes:
    """Write entries as one JSON object; amounts are decimal strings, floors and costs stay inside. What was withdrawn
    stands there where changes are asked for.
    """
    prices = [price_fields(entry, at) for entry in entries]
    version = int(cursor.partition("-")[0])
    body: dict[str, Any] = {"version": version, "cursor": cursor, "group": group, "prices": prices}
    return orjson.dumps(body if withdrawn is None else {**body, "withdrawn": list(withdrawn)})


def price_fields(entry: PriceEntry, at: datetime) -> dict[str, Any]:
    """What others may know of a price; a prior price stands there while its reduction runs, and no longer."""
    announced = entry.announced_at(at)
    return {
        "sku": entry.sku,
        "price": entry.gross.text,
        "net": entry.net.text,
        "currency": entry.gross.currency.code,
        "version": entry.version,
        "valid_from": entry.valid_from.isoformat(),
        "prior_price": announced.prior.text if announced else None,
        "announced_from": announced.starts.isoformat() if announced else None,
        "announced_until": announced.ends.isoformat() if announced and announced.ends else None,
        **terms_fields(entry.terms),
    }


def terms_fields(terms: Terms) -> dict[str, str | None]:
    """What is sold beside the price that everybody pays."""
    return {
        "loyalty_price": terms.loyalty.text if terms.loyalty else None,
        "coupon_price": terms.coupon.price.text if terms.coupon else None,
        "coupon_code": terms.coupon.code if terms.coupon else None,
        "unit_price": terms.unit.price.text if terms.unit else None,
        "unit": terms.unit.per if terms.unit else None,
    }


def render_csv(entries: Iterable[PriceEntry], at: datetime, withdrawn: Sequence[Sku] = ()) -> bytes:
    """Write entries as CSV with the columns of COLUMNS; what was withdrawn has nothing but its SKU and that word."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        fields = price_fields(entry, at)
        writer.writerow(["" if fields.get(name) is None else cell(str(fields[name])) for name in COLUMNS])
    for sku in withdrawn:
        writer.writerow([cell(sku), *[""] * (len(COLUMNS) - 2), "yes"])
    return text.getvalue().encode()
