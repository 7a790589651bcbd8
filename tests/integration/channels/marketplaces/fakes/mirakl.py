"""A Mirakl marketplace: offers (OF21), price imports (PRI01 to PRI03) and stock imports (STO01 to STO03), at most so
many a minute.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from email.parser import BytesParser
from typing import Any

import httpx
from market_fakes import FakeTime, Server, Window, answer

HEADER = ["offer-sku", "price", "discount-price", "discount-start-date", "discount-end-date"]
STOCK_HEADER = ["offer-sku", "quantity"]


@dataclass
class Offer:
    sku: str
    price: str
    discount: str = ""
    channels: dict[str, str] = field(default_factory=dict)
    active: bool = True
    quantity: int = 1


@dataclass
class Import:
    id: str
    rows: list[dict[str, str]]
    done: float
    errors: list[tuple[int, str]] = field(default_factory=list)
    applied: bool = False
    failed: bool = False


class MiraklServer:
    """`refuses` are offers whose price it does not take; `work` is how many seconds an import takes."""

    def __init__(self, time: FakeTime, *, work: float = 30.0) -> None:
        self.time, self.work = time, work
        self.key = "key-1"
        self.offers: dict[str, Offer] = {}
        self.imports: dict[str, Import] = {}
        self.refuses: set[str] = set()
        self.fail = False
        self.imported, self.reported = Window(1, 60, time), Window(1, 60, time)
        self.stocked, self.stock_reported = Window(1, 60, time), Window(1, 15, time)
        self.wrong_stock: set[str] = set()
        self.server = Server(self.handle)
        self.writes: list[int] = []

    def add(self, sku: str, price: str = "100.00", **more: Any) -> None:
        self.offers[sku] = Offer(sku, price, **more)

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != self.key:
            return answer(401, {"message": "Unauthorized", "status": 401})
        self.catch_up()
        path = request.url.path
        if path == "/api/offers":
            return self._list(request)
        if path == "/api/offers/pricing/imports":
            return self._import(request) if request.method == "POST" else self._status(request)
        if path == "/api/offers/stock/imports" and request.method == "POST":
            return self._import_stock(request)
        if found := re.fullmatch(r"/api/offers/stock/imports/([^/]+)/status", path):
            return self._stock_status(found[1])
        if found := re.fullmatch(r"/api/offers/(?:pricing|stock)/imports/([^/]+)/error_report", path):
            return self._errors(found[1])
        return answer(404, {"message": "Not found", "status": 404})

    def _list(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        found = [o for o in self.offers.values() if query.get("sku", o.sku) == o.sku]
        size, start = int(query.get("max", 10)), int(query.get("offset", 0))
        assert 1 <= size <= 100
        return answer(
            200, {"offers": [self._record(o) for o in found[start : start + size]], "total_count": len(found)}
        )

    def _record(self, offer: Offer) -> dict[str, Any]:
        paid = offer.discount or offer.price
        usual = {
            "channel_code": None,
            "unit_origin_price": float(offer.price),
            "price": float(paid),
            "volume_prices": [{}],
        }
        others = [{**usual, "channel_code": code, "price": float(price)} for code, price in offer.channels.items()]
        discount = (
            {"origin_price": float(offer.price), "discount_price": float(offer.discount)} if offer.discount else None
        )
        return {
            "shop_sku": offer.sku,
            "offer_id": 1,
            "active": offer.active,
            "quantity": offer.quantity,
            "currency_iso_code": "PLN",
            "product_title": f"Offer {offer.sku}",
            "price": float(paid),
            "applicable_pricing": {"price": float(paid), "unit_origin_price": float(offer.price), "channel_code": None},
            "all_prices": [usual, *others],
            "discount": discount,
        }

    # --- imports ------------------------------------------------------------------------------------------------

    def _import(self, request: httpx.Request) -> httpx.Response:
        reader = self._table(request)
        if reader.fieldnames != HEADER:
            return answer(400, {"message": "The file has not the right columns", "status": 400})
        if not self.imported.take():
            return httpx.Response(429, headers={"retry-after": "60"}, text="too many imports")
        rows = list(reader)
        self.writes.append(len(rows))
        number = f"8f1a-{len(self.imports) + 1}"
        self.imports[number] = Import(number, rows, self.time.seconds() + self.work, failed=self.fail)
        return answer(201, {"import_id": number})

    @staticmethod
    def _table(request: httpx.Request) -> csv.DictReader[str]:
        head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
        parts = BytesParser().parsebytes(head + request.content).get_payload()
        assert isinstance(parts, list)
        part = parts[0]
        assert part.get_param("name", header="content-disposition") == "file"
        text = part.get_payload(decode=True).decode()  # type: ignore[union-attr]
        return csv.DictReader(io.StringIO(text), delimiter=";")

    def _import_stock(self, request: httpx.Request) -> httpx.Response:
        reader = self._table(request)
        if reader.fieldnames != STOCK_HEADER:
            return answer(400, {"message": "The file has not the right columns", "status": 400})
        if not self.stocked.take():
            return httpx.Response(429, headers={"retry-after": "60"}, text="too many imports")
        number = f"57ac-{len(self.imports) + 1}"
        self.imports[number] = Import(number, list(reader), self.time.seconds() + self.work)
        return answer(201, {"import_id": number})

    def _stock_status(self, number: str) -> httpx.Response:
        if not self.stock_reported.take():
            return httpx.Response(429, headers={"retry-after": "15"}, text="too many requests")
        job = self.imports[number]
        status = "COMPLETE" if job.applied else "RUNNING"
        record = {"import_id": number, "status": status, "has_error_report": bool(job.errors), "shop_id": 1}
        return answer(200, {**record, "date_created": "2026-03-02T08:00:00Z"})

    def catch_up(self) -> None:
        """Apply the imports that are done by now."""
        for job in self.imports.values():
            if not job.applied and job.done <= self.time.seconds():
                job.applied = True
                for line, row in enumerate(job.rows, start=2):
                    self._apply(job, line, row)

    def _apply(self, job: Import, line: int, row: dict[str, str]) -> None:
        offer = self.offers.get(row["offer-sku"])
        if "quantity" in row:
            self._apply_stock(job, line, row, offer)
            return
        wrong = "The offer does not exist" if offer is None else ""
        if offer is not None and offer.sku in self.refuses:
            wrong = "The price is locked by the operator"
        if not re.fullmatch(r"\d{1,9}\.\d{2}", row["price"]):
            wrong = "The price is invalid"
        if job.failed:
            return
        if wrong:
            job.errors.append((line, wrong))
        elif offer is not None:
            offer.price, offer.discount, offer.channels = row["price"], row["discount-price"], {}

    def _apply_stock(self, job: Import, line: int, row: dict[str, str], offer: Offer | None) -> None:
        if offer is None or offer.sku in self.wrong_stock or not row["quantity"].isdecimal():
            job.errors.append((line, "The stock of this offer is kept by warehouse"))
        else:
            offer.quantity = int(row["quantity"])

    def _status(self, request: httpx.Request) -> httpx.Response:
        if not self.reported.take():
            return httpx.Response(429, headers={"retry-after": "60"}, text="too many requests")
        job = self.imports[request.url.params["import_id"]]
        status = ("FAILED" if job.failed else "COMPLETE") if job.applied else "RUNNING"
        record = {"import_id": job.id, "status": status, "has_error_report": bool(job.errors), "reason_status": None}
        return answer(200, {"data": [record]})

    def _errors(self, number: str) -> httpx.Response:
        text = io.StringIO()
        rows = csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL)
        rows.writerow(["line", "error-message"])
        rows.writerows(self.imports[number].errors)
        return httpx.Response(200, headers={"content-type": "text/csv"}, text=text.getvalue())
