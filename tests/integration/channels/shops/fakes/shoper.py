"""A strict Shoper REST API: a log-in, pages of 50, 25 calls in a bulk request, numbers as text, special offers."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

USER, PASSWORD, TOKEN = "api_user", "pass_secret", "token_secret"
MOST_CALLS, MOST_PAGE = 25, 50


@dataclass
class Stock:
    """A stock: `kind` says how its price is meant, `option` whether it is one of a product's options."""

    number: int
    product: int
    code: str
    price: Decimal
    kind: int = 1
    option: bool = False
    offer: dict[str, Any] | None = None
    pieces: int = 7


class ShoperFake:
    """The shop; a product's own stock has the product's number."""

    def __init__(self, *, net: bool = False, currency: str = "PLN") -> None:
        self.stocks: dict[int, Stock] = {}
        self.frozen: set[int] = set()
        self.net, self.currency = net, currency
        self.token = TOKEN
        self.requests: list[str] = []
        routes = [
            Route("/webapi/rest/auth", self._auth, methods=["POST"]),
            Route("/webapi/rest/bulk", self._bulk, methods=["POST"]),
            Route("/webapi/rest/{resource}", self._list, methods=["GET"]),
        ]
        self.app = Starlette(routes=routes)

    def fill(self, count: int) -> None:
        """Hold so many products at about 100.00."""
        price = Decimal("81.30") if self.net else Decimal("100.00")
        self.stocks = {n: Stock(n, n, f"S{n}", price) for n in range(1, count + 1)}

    def shown(self, number: int) -> Decimal:
        """What a buyer pays."""
        stock = self.stocks[number]
        base = next(s.price for s in self.stocks.values() if s.product == stock.product and not s.option)
        own = {0: base, 1: stock.price, 2: base + stock.price, 3: base - stock.price}[stock.kind if stock.option else 1]
        paid = own - Decimal(stock.offer["discount"]) if stock.offer else own
        return (paid * Decimal("1.23")).quantize(Decimal("0.01"), "ROUND_HALF_UP") if self.net else paid

    # --- requests -----------------------------------------------------------------------------------------------

    async def _auth(self, request: Request) -> Response:
        known = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self.requests.append("auth")
        if request.headers.get("authorization") != f"Basic {known}":
            return _error(401, "invalid_client", "The client credentials are invalid")
        return JSONResponse({"access_token": self.token, "expires_in": 2592000, "token_type": "bearer"})

    def _guard(self, request: Request) -> Response | None:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _error(401, "unauthorized_client", "Provided access token is invalid")
        return None

    async def _list(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        resource, query = request.path_params["resource"], request.query_params
        self.requests.append(f"GET {resource}")
        size, page = int(query.get("limit", "10")), int(query.get("page", "1"))
        if size > MOST_PAGE:
            return _error(400, "invalid_request", "limit: value must not be greater than 50")
        entries = {
            "currencies": [{"currency_id": "1", "name": self.currency, "default": "1"}],
            "product-stocks": [_told(s) for s in self.stocks.values()],
            "products": [self._product(s) for s in self.stocks.values() if not s.option],
        }[resource]
        pages = -(-len(entries) // size)
        found = entries[(page - 1) * size : page * size]
        return JSONResponse({"count": str(len(entries)), "pages": pages, "page": page, "list": found})

    def _product(self, stock: Stock) -> dict[str, Any]:
        names = {"name": f"Item {stock.product}", "short_description": "Good", "permalink": "https://shop.example/1"}
        return {"product_id": str(stock.product), "translations": {"pl_PL": names}, "stock": _told(stock)}

    async def _bulk(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        calls = json.loads(await request.body())
        self.requests.append(f"bulk {len(calls)}")
        if len(calls) > MOST_CALLS:
            return _error(400, "invalid_request", "Too many calls in a bulk request")
        items = [{"id": call["id"], **self._call(call)} for call in calls]
        return JSONResponse({"errors": any(item["code"] != 200 for item in items), "items": items})

    def _call(self, call: Mapping[str, Any]) -> dict[str, Any]:
        _, _, path = call["path"].partition("/webapi/rest/")
        resource, _, number = path.partition("/")
        if resource == "specialoffers":
            return self._offer(call["method"], number, call.get("body", {}))
        stock = self.stocks.get(int(number)) if number.isdecimal() else None
        if stock is None:
            return _answer(404, {"error": "server_error", "error_description": "Object doesn't exist"})
        if call["method"] == "GET":
            return _answer(200, self._product(stock) if resource == "products" else _told(stock))
        return self._put(stock, call["body"])

    def _offer(self, method: str, number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Special offers belong to products: one each, with a first and a last day."""
        if method == "DELETE":
            found = [s for s in self.stocks.values() if s.offer and s.offer["promo_id"] == number]
            for stock in found:
                stock.offer = None
            return _answer(200, 1) if found else _answer(404, {"error": "server_error", "error_description": "gone"})
        wrong = {"product_id", "discount", "discount_type", "date_from", "date_to"} ^ set(body)
        stock = next((s for s in self.stocks.values() if s.product == body.get("product_id") and not s.option), None)
        if wrong or stock is None or stock.offer or body["discount_type"] not in (2, 3) or body["discount"] <= 0:
            return _answer(400, {"error": "invalid_request", "error_description": f"special offer: {sorted(wrong)}"})
        kinds = {"discount": f"{body['discount']:.2f}", "discount_type": str(body["discount_type"])}
        days = {name: f"{body[name]} 00:00:00" for name in ("date_from", "date_to")}
        stock.offer = {"promo_id": str(1_000 + stock.number), **kinds, **days}
        return _answer(200, 1_000 + stock.number)

    def _put(self, stock: Stock, body: Mapping[str, Any]) -> dict[str, Any]:
        pieces = body.get("stock", stock.pieces)
        if type(pieces) is not int or pieces < 0:
            return _answer(400, {"error": "invalid_request", "error_description": "stock: invalid value"})
        if "price" not in body and "stock" in body:
            stock.pieces = pieces
            return _answer(200, 1)
        price = body.get("price")
        if isinstance(price, bool) or not isinstance(price, int | float) or price < 0:
            return _answer(400, {"error": "invalid_request", "error_description": "price: invalid value"})
        if not stock.option and body.get("price_type", 1) != 1:
            return _answer(400, {"error": "invalid_request", "error_description": "price_type: invalid value"})
        if stock.number in self.frozen:
            return _answer(400, {"error": "invalid_request", "error_description": "the price is locked"})
        stock.price, stock.kind = Decimal(str(price)).quantize(Decimal("0.01")), body.get("price_type", stock.kind)
        return _answer(200, 1)


def _told(stock: Stock) -> dict[str, Any]:
    return {
        "stock_id": str(stock.number),
        "product_id": str(stock.product),
        "extended": "1" if stock.option else "0",
        "code": stock.code,
        "ean": "5901234123457",
        "price": f"{stock.price:.2f}",
        "price_type": str(stock.kind),
        "price_buying": "61.50",
        "active": "1",
        "stock": f"{stock.pieces}.000",
        **({"special_offer": stock.offer} if stock.offer else {}),
    }


def _answer(code: int, body: object) -> dict[str, Any]:
    return {"code": code, "body": body}


def _error(status: int, kind: str, words: str) -> Response:
    return JSONResponse({"error": kind, "error_description": words}, status)
