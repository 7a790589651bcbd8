"""A strict IdoSell Admin API v6: searches of up to 100, edits that say of each product what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY = "application3-secret"
_ELEMENTS = {
    "code", "lang_data", "currency", "retail_price", "strikethrough_retail_price", "vat", "visible", "sizes_attributes",
    "shops_attributes", "producer_name", "category_name", "purchase_price_net_last", "quantities", "icon",
}  # fmt: skip
_PARAMS = {
    "returnProducts", "returnElements", "skipDefaultProduct", "showPromotionsPrices", "ordersBy", "resultsPage",
    "resultsLimit", "productParams",
}  # fmt: skip
_PRICES = {"productRetailPrice", "productStrikethroughRetailPrice"}


@dataclass
class Item:
    """A product: `sizes` are (code, price or None), `shops` its prices by shop."""

    number: int
    code: str
    price: Decimal
    struck: Decimal = Decimal(0)
    promoted: Decimal | None = None
    currency: str = "PLN"
    sizes: list[tuple[str, Decimal | None]] = field(default_factory=list)
    shops: dict[int, Decimal] = field(default_factory=dict)


class IdoSellFake:
    """The shop."""

    def __init__(self) -> None:
        self.items: dict[int, Item] = {}
        self.frozen: set[int] = set()
        self.requests: list[str] = []
        routes = [
            Route("/api/admin/v6/products/products/search", self._search, methods=["POST"]),
            Route("/api/admin/v6/products/products", self._put, methods=["PUT"]),
        ]
        self.app = Starlette(routes=routes)

    def fill(self, count: int) -> None:
        """Hold so many products at 100.00."""
        self.items = {n: Item(n, f"S{n}", Decimal("100.00")) for n in range(1, count + 1)}

    def shown(self, number: int) -> Decimal:
        """What a buyer pays."""
        item = self.items[number]
        return item.promoted or item.price

    # --- requests -----------------------------------------------------------------------------------------------

    def _guard(self, request: Request) -> Response | None:
        self.requests.append(f"{request.method} {request.url.path}")
        if request.headers.get("x-api-key") != KEY:
            return JSONResponse({"errors": {"faultCode": 1, "faultString": "Authorization error"}}, 401)
        if request.headers.get("content-type") != "application/json":
            return _invalid("Invalid data format")
        return None

    async def _search(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        params = json.loads(await request.body())["params"]
        if (set(params) - _PARAMS) or set(params["returnElements"]) - _ELEMENTS:
            return _invalid(f"unknown: {sorted(set(params) - _PARAMS)}")
        size, page = params["resultsLimit"], params["resultsPage"]
        if type(size) is not int or not 1 <= size <= 100 or type(page) is not int or page < 0:
            return _invalid("resultsLimit: value from 1 to 100")
        wanted = {entry["productId"] for entry in params.get("productParams", [])}
        found = [item for item in self.items.values() if not wanted or item.number in wanted]
        told = [self._told(item) for item in found[page * size : (page + 1) * size]]
        if not told:
            return JSONResponse({"errors": {"faultCode": 2, "faultString": "No results"}}, 207)
        counts = {"resultsNumberAll": len(found), "resultsNumberPage": -(-len(found) // size)}
        return JSONResponse({**counts, "resultsPage": page, "resultsLimit": size, "results": told})

    def _told(self, item: Item) -> Mapping[str, Any]:
        promoted = {"productPromoRetailPrice": float(item.promoted)} if item.promoted else {}
        prices = {
            "productRetailPrice": float(item.price),
            "productStrikethroughRetailPrice": float(item.struck),
            **promoted,
        }
        sizes = [
            {
                "sizeId": f"{n}",
                "productSizeCodeExternal": code,
                "productSizeCodeProducer": "5901234123457",
                "productRetailPrice": float(item.price if price is None else price),
            }
            for n, (code, price) in enumerate(item.sizes or [(item.code, None)])
        ]
        shops = [
            {"shopId": s, "currencyId": item.currency, "productRetailPrice": float(p)} for s, p in item.shops.items()
        ]
        return {
            "productId": item.number,
            "productDisplayedCode": "" if item.sizes else item.code,
            "currencyId": item.currency,
            "productVat": 23.0,
            "productIsVisible": "y",
            "productDescriptionsLangData": [
                {"langId": "pol", "productName": f"Item {item.number}", "productDescription": "Good"}
            ],
            "productSizesAttributes": sizes,
            "productShopsAttributes": shops,
            "producerName": "Acme",
            "categoryName": "Tools",
            "productPurchasePriceNetLast": 61.5,
            "productStocksData": {
                "productStocksQuantities": [{"stockId": 1, "productSizesData": [{"productSizeQuantity": 7}]}]
            },
            **prices,
        }

    async def _put(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        params = json.loads(await request.body(), parse_float=Decimal)["params"]
        if params["settings"] != {"settingModificationType": "edit"} or not 1 <= len(params["products"]) <= 100:
            return _invalid("settings or products")
        results = [self._edit(change) for change in params["products"]]
        failed = any(result["faults"] for result in results)
        errors = {"errors": {"faultCode": "9", "faultString": "Some products were not changed"}} if failed else {}
        return JSONResponse({"results": {"productsResults": results}, **errors}, 207 if failed else 200)

    def _edit(self, change: Mapping[str, Any]) -> Mapping[str, Any]:
        number = change["productId"]
        item, shops = self.items.get(number), change.get("productShopsAttributes", [])
        wrong = ""
        priced = [shops[0]] if shops else [change]
        amounts = [entry[name] for entry in priced for name in _PRICES]
        if item is None:
            wrong = "The product does not exist"
        elif number in self.frozen:
            wrong = "The price is locked"
        elif any(isinstance(a, bool) or not isinstance(a, int | Decimal) or a < 0 for a in amounts):
            wrong = "The price is not a number"
        elif shops:
            item.shops[shops[0]["shopId"]] = Decimal(shops[0]["productRetailPrice"])
        else:
            item.price = Decimal(change["productRetailPrice"]).quantize(Decimal("0.01"))
            item.struck = Decimal(change["productStrikethroughRetailPrice"])
        faults = [{"faultCode": "4", "faultString": wrong}] if wrong else []
        return {"productId": number, "faults": faults, "productResultDetails": []}


def _invalid(words: str) -> Response:
    return JSONResponse({"errors": {"faultCode": 3, "faultString": words}}, 422)
