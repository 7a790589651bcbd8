"""A BigCommerce store's price list: records by variant and currency, batches that are refused with 422."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
from market_fakes import Server, answer, asked


@dataclass
class Record:
    variant: int
    sku: str
    price: Decimal
    sale: Decimal | None = None
    currency: str = "pln"


class BigCommerceServer:
    """Price list 2; `refuses` are variants that it takes no price for."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.refuses: set[str] = set()
        self.server = Server(self.handle)
        self.writes: list[int] = []

    def add(self, number: str, sku: str, price: str = "100.00", **more: Any) -> None:
        self.records[number] = Record(int(number), sku, Decimal(price), **more)

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("x-auth-token") != "token-1":
            return answer(401, {"status": 401, "title": "X-Auth-Token header is required", "type": "", "errors": {}})
        if request.url.path != "/stores/s/v3/pricelists/2/records":
            return answer(404, {"status": 404, "title": "The price list does not exist", "type": "", "errors": {}})
        return self._list(request) if request.method == "GET" else self._upsert(request)

    def _list(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        wanted = query["variant_id:in"].split(",") if "variant_id:in" in query else list(self.records)
        found = [r for r in self.records.values() if str(r.variant) in wanted and r.currency == query["currency"]]
        limit, page = int(query["limit"]), int(query.get("page", 1))
        data = [self._record(r) for r in found[(page - 1) * limit : page * limit]]
        pagination = {"total": len(found), "count": len(data), "per_page": limit, "current_page": page}
        pages = max(1, -(-len(found) // limit))
        return answer(200, {"data": data, "meta": {"pagination": {**pagination, "total_pages": pages}}})

    def _record(self, record: Record) -> dict[str, Any]:
        sale = {} if record.sale is None else {"sale_price": record.sale}
        paid = record.price if record.sale is None else record.sale
        known = {"price_list_id": 2, "variant_id": record.variant, "sku": record.sku, "currency": record.currency}
        return {**known, "price": record.price, **sale, "calculated_price": paid}

    def _upsert(self, request: httpx.Request) -> httpx.Response:
        rows = asked(request)
        assert 1 <= len(rows) <= 1_000
        self.writes.append(len(rows))
        wrong = [r for r in rows if str(r["variant_id"]) in self.refuses or str(r["variant_id"]) not in self.records]
        if wrong:
            one = {"data": {"variant_id": wrong[0]["variant_id"]}, "errors": {"variant_id": "Variant is not valid"}}
            return answer(422, {"batch_errors": [one]})
        for row in rows:
            record = self.records[str(row["variant_id"])]
            record.price = Decimal(row["price"])
            record.sale = Decimal(row["sale_price"]) if "sale_price" in row else record.sale
        return answer(200, {"data": {}, "meta": {}})
