"""BaseLinker's connector: everything by POST, errors with status 200, a token blocked beyond 100 requests a minute."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
from market_fakes import FakeTime, Server, Window, answer

PAGE = 1_000


@dataclass
class Item:
    id: str
    sku: str
    price: Decimal
    parent: str = ""
    variants: list[str] = field(default_factory=list)


class BaseLinkerServer:
    """One catalogue, 307, with one price group of ours, 105; `refuses` are products that it warns of."""

    def __init__(self, time: FakeTime, *, currency: str = "PLN") -> None:
        self.token, self.currency = "token-1", currency
        self.items: dict[str, Item] = {}
        self.refuses: set[str] = set()
        self.rate = Window(100, 60, time)
        self.blocked = False
        self.server = Server(self.handle)
        self.writes: list[int] = []
        self.code = ""
        self.orders: list[dict[str, Any]] = []
        self.stock: dict[str, int] = {}

    def add(self, number: str, sku: str, price: str = "100.00", parent: str = "") -> None:
        self.items[number] = Item(number, sku, Decimal(price), parent)
        if parent:
            self.items[parent].variants.append(number)

    def handle(self, request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/connector.php")
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        if request.headers.get("x-bltoken") != self.token:
            return self._error("ERROR_BAD_TOKEN", "Invalid user token")
        self.blocked = not self.rate.take() or self.blocked
        if self.blocked:
            return self._error("ERROR_BLOCKED_TOKEN", "Query limit exceeded, token blocked")
        if self.code:
            return self._error(self.code, "told by the test")
        form = dict(httpx.QueryParams(request.content.decode()))
        parameters = json.loads(form["parameters"], parse_float=Decimal)
        method = getattr(self, form["method"], None)
        if method is None:
            return self._error("ERROR_UNKNOWN_METHOD", "An unknown method has been used")
        if form["method"] not in ("getInventoryPriceGroups", "getOrders") and parameters.get("inventory_id") != 307:
            return self._error("ERROR_STORAGE_ID", "Invalid inventory_id")
        return answer(200, {"status": "SUCCESS", **method(parameters)})

    def _error(self, code: str, message: str) -> httpx.Response:
        return answer(200, {"status": "ERROR", "error_code": code, "error_message": message})

    def getInventoryPriceGroups(self, _parameters: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: N802
        groups = [{"price_group_id": 104, "name": "Other", "currency": "USD", "is_default": False}]
        return {"price_groups": [*groups, {"price_group_id": 105, "currency": self.currency, "is_default": True}]}

    def getOrders(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: N802
        later = [each for each in self.orders if each["date_confirmed"] >= parameters["date_confirmed_from"]]
        return {"orders": sorted(later, key=lambda each: each["date_confirmed"])[:100]}

    def getInventoryProductsList(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: N802
        start = (parameters.get("page", 1) - 1) * PAGE
        found = [i for i in self.items.values() if not i.parent or parameters.get("include_variants")]
        page = {
            i.id: {"id": int(i.id), "parent_id": int(i.parent or 0), **self._record(i)}
            for i in found[start : start + PAGE]
        }
        return {"products": page or []}

    def getInventoryProductsData(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: N802
        assert all(isinstance(number, int) for number in parameters["products"])
        found = [self.items[str(n)] for n in parameters["products"] if str(n) in self.items]
        products = {
            i.id: {**self._record(i), "variants": {v: self._record(self.items[v]) for v in i.variants}}
            for i in found
            if not i.parent
        }
        return {"products": products or []}

    def _record(self, item: Item) -> Mapping[str, Any]:
        stock = {"bl_205": 99, "bl_206": self.stock.get(item.id, 0)}
        prices = {"104": Decimal("1.5"), "105": item.price}
        return {"sku": item.sku, "name": f"Item {item.id}", "prices": prices, "stock": stock}

    def updateInventoryProductsPrices(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: N802
        products = parameters["products"]
        assert 1 <= len(products) <= 1_000
        self.writes.append(len(products))
        warnings = {}
        for number, prices in products.items():
            item = self.items.get(number)
            assert set(prices) == {"105"}
            assert isinstance(prices["105"], Decimal | int)
            if item is None:
                warnings[number] = "Product not found"
            elif number in self.refuses or prices["105"] < 0:
                warnings[number] = "The price cannot be set"
            else:
                item.price = Decimal(prices["105"])
        return {"counter": len(products) - len(warnings), "warnings": warnings or []}

    def updateInventoryProductsStock(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: N802
        products, warnings = parameters["products"], {}
        assert 1 <= len(products) <= 1_000
        for number, pieces in products.items():
            if set(pieces) != {"bl_206"} or type(pieces["bl_206"]) is not int:
                warnings[number] = "Unknown warehouse"
            else:
                self.stock[number] = pieces["bl_206"]
        return {"counter": len(products) - len(warnings), "warnings": warnings or []}
