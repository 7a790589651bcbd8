"""Kaufland's Seller API: signed requests, prices as whole cents, one unit a request."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any

import httpx
from market_fakes import FakeTime, Server, answer, asked

KEY, SECRET = "0123456789abcdef0123456789abcdef", "f" * 64
CURRENCIES = {"pl": "PLN", "cz": "CZK", "de": "EUR"}


@dataclass
class Unit:
    id: str
    sku: str
    cents: int
    storefront: str = "pl"
    status: str = "available"
    repriced: int | None = None
    amount: int = 1
    minimum: int | None = None
    handling: int = 1


class KauflandServer:
    """`refuses` are units whose price it does not take; `silent` answers a change without a body."""

    def __init__(self, time: FakeTime) -> None:
        self.time = time
        self.units: dict[str, Unit] = {}
        self.refuses: set[str] = set()
        self.silent = False
        self.server = Server(self.handle)

    def add(self, number: str, sku: str, cents: int = 10_000, **more: Any) -> None:
        self.units[number] = Unit(number, sku, cents, **more)

    def handle(self, request: httpx.Request) -> httpx.Response:
        if wrong := self._unsigned(request):
            return answer(401, {"message": wrong})
        path, storefront = request.url.path, request.url.params.get("storefront")
        if not storefront:
            return answer(400, {"message": "storefront: This value should not be blank."})
        if path == "/v2/units":
            return self._list(request, storefront)
        found = re.fullmatch(r"/v2/units/(\d+)", path)
        unit = self.units.get(found[1]) if found else None
        if unit is None or unit.storefront != storefront:
            return answer(404, {"message": "Unit not found"})
        return self._change(request, unit) if request.method == "PATCH" else answer(200, {"data": self._record(unit)})

    def _unsigned(self, request: httpx.Request) -> str:
        """The contract itself, written out: method, whole address, body, timestamp, joined by line feeds."""
        moment = request.headers.get("shop-timestamp", "0")
        text = f"{request.method}\n{request.url}\n{request.content.decode()}\n{moment}"
        right = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        if request.headers.get("shop-client-key") != KEY:
            return "Invalid client key"
        if abs(int(moment) - self.time.seconds()) > 300:
            return "Timestamp is too far off"
        return "" if hmac.compare_digest(request.headers.get("shop-signature", ""), right) else "Invalid signature"

    def _list(self, request: httpx.Request, storefront: str) -> httpx.Response:
        limit, offset = int(request.url.params.get("limit", 30)), int(request.url.params.get("offset", 0))
        assert 1 <= limit <= 100
        found = [unit for unit in self.units.values() if unit.storefront == storefront]
        pagination = {"offset": offset, "limit": limit, "total": len(found)}
        return answer(
            200, {"data": [self._record(u) for u in found[offset : offset + limit]], "pagination": pagination}
        )

    def _record(self, unit: Unit) -> dict[str, Any]:
        return {
            "id_unit": int(unit.id),
            "id_offer": unit.sku,
            "status": unit.status.upper(),
            "listing_price": unit.cents,
            "minimum_price": unit.cents if unit.minimum is None else unit.minimum,
            "price": unit.cents if unit.repriced is None else unit.repriced,
            "amount": unit.amount,
            "handling_time": unit.handling,
            "currency": CURRENCIES[unit.storefront],
            "storefront": unit.storefront,
        }

    def _change(self, request: httpx.Request, unit: Unit) -> httpx.Response:
        body = asked(request)
        price, amount = body.get("listing_price", unit.cents), body.get("amount", unit.amount)
        handling = body.get("handling_time", unit.handling)
        if not set(body) <= {"listing_price", "amount", "handling_time"} or type(amount) is not int or amount < 0:
            return answer(400, {"message": "amount: This value should be either positive or zero."})
        if type(handling) is not int or not 0 <= handling <= 100:
            return answer(400, {"message": "handling_time: This value should be between 0 and 100."})
        if request.headers["content-type"] != "application/json" or type(price) is not int or price <= 0:
            return answer(400, {"message": "listing_price: This value should be a positive integer."})
        if unit.id in self.refuses and "listing_price" in body:
            return answer(422, {"message": "The price of this unit is locked."})
        unit.cents, unit.amount, unit.handling = price, amount, handling
        return answer(200) if self.silent else answer(200, {"data": self._record(unit)})
