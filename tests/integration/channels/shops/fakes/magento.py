"""A strict Magento 2.4 REST API: prices by SKU and scope, failures alone in the answers, OAuth 1.0a, bulk requests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN, TOKEN_SECRET, KEY, SECRET = "token_secret1", "token_secret2", "key_secret3", "consumer_secret4"
STORES = {0: "admin", 1: "default"}


@dataclass
class Item:
    """A product; prices by store id, as decimals with six places."""

    sku: str
    price: Decimal
    type: str = "simple"
    special: Decimal | None = None
    starts: str | None = None
    ends: str | None = None
    tiers: list[dict[str, Any]] = field(default_factory=list)
    tax_class: str = "2"
    pieces: int = 1


class MagentoFake:
    """The shop; `limit` is the most items one request may have, as Magento's input limiting sets it;
    `slow` how often the report of a bulk request is asked for before it is there.
    """

    def __init__(
        self, *, net: bool = False, currency: str = "PLN", bearer: bool = True, limit: int = 0, slow: int = 1
    ) -> None:
        self.items: dict[str, Item] = {}
        self.frozen: set[str] = set()
        self.net, self.currency, self.bearer, self.limit, self.slow = net, currency, bearer, limit, slow
        self.rights = {"products", "store"}
        self.requests: list[str] = []
        self.history: list[Decimal] = []
        self._nonces: set[str] = set()
        self._bulks: dict[str, list[Any]] = {}
        routes = [
            Route("/rest/{store}/V1/products", self._search, methods=["GET"]),
            Route("/rest/{store}/V1/store/storeConfigs", self._stores, methods=["GET"]),
            Route("/rest/{store}/V1/inventory/source-items", self._sources, methods=["GET", "POST"]),
            Route("/rest/{store}/V1/products/special-price-information", self._specials, methods=["POST"]),
            Route("/rest/{store}/V1/products/{what}", self._write, methods=["POST"]),
            Route("/rest/{store}/async/bulk/V1/products/{what}", self._bulk, methods=["POST"]),
            Route("/rest/{store}/V1/bulk/{number}/detailed-status", self._status, methods=["GET"]),
        ]
        self.app = Starlette(routes=routes)

    def fill(self, count: int) -> None:
        """Hold so many products at about 100.00."""
        price = Decimal("81.300000") if self.net else Decimal("100.000000")
        self.items = {f"S{n}": Item(f"S{n}", price) for n in range(1, count + 1)}

    def shown(self, sku: str) -> Decimal:
        """What a buyer pays now: the lower of base and running special price, with tax."""
        item, today = self.items[sku], datetime.now(UTC).date().isoformat()
        running = item.special is not None and (item.starts or "")[:10] <= today <= (item.ends or "9999")[:10]
        stored = min(item.price, item.special) if running and item.special is not None else item.price
        stored = stored.quantize(Decimal("0.01"), "ROUND_HALF_UP")
        return (stored * Decimal("1.23")).quantize(Decimal("0.01"), "ROUND_HALF_UP") if self.net else stored

    # --- who may ------------------------------------------------------------------------------------------------

    def _guard(self, request: Request, right: str = "products") -> Response | None:
        self.requests.append(f"{request.method} {request.url.path}")
        header = request.headers.get("authorization", "")
        known = self.bearer and header == f"Bearer {TOKEN}"
        if not known and not (header.startswith("OAuth ") and self._signed(request, header)):
            return _error("The consumer isn't authorized to access %resources.", 401, {"resources": "self"})
        if right not in self.rights:
            return _error(
                "The consumer isn't authorized to access %resources.", 401, {"resources": f"Magento::{right}"}
            )
        return None

    def _signed(self, request: Request, header: str) -> bool:
        """RFC 5849 by the letter: HMAC-SHA256 over method, address and all parameters but the body's."""
        proof = {k: unquote(v) for k, v in re.findall(r'(\w+)="([^"]*)"', header)}
        signature, nonce = proof.pop("oauth_signature", ""), proof.get("oauth_nonce", "")
        named = (proof.get("oauth_consumer_key"), proof.get("oauth_token"), proof.get("oauth_signature_method"))
        if named != (KEY, TOKEN, "HMAC-SHA256") or not nonce or nonce in self._nonces:
            return False
        self._nonces.add(nonce)
        pairs = [*parse_qsl(request.url.query, keep_blank_values=True), *proof.items()]
        joined = "&".join(f"{k}={v}" for k, v in sorted((_enc(k), _enc(v)) for k, v in pairs))
        message = f"{request.method}&{_enc(str(request.url).partition('?')[0])}&{_enc(joined)}"
        digest = hmac.new(f"{SECRET}&{TOKEN_SECRET}".encode(), message.encode(), hashlib.sha256).digest()
        return hmac.compare_digest(signature, base64.b64encode(digest).decode())

    # --- reading ------------------------------------------------------------------------------------------------

    async def _stores(self, request: Request) -> Response:
        if (refused := self._guard(request, "store")) is not None:
            return refused
        return JSONResponse([{"id": 1, "code": "default", "base_currency_code": self.currency}])

    async def _search(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        query = request.query_params
        asked = "searchCriteria[filterGroups][0][filters][0]"
        value, condition = query.get(f"{asked}[value]"), query.get(f"{asked}[condition_type]", "eq")
        wanted = None if value is None else set(value.split(",") if condition == "in" else [value])
        found = [i for i in self.items.values() if wanted is None or i.sku.lower() in {w.lower() for w in wanted}]
        size, page = int(query["searchCriteria[pageSize]"]), int(query.get("searchCriteria[currentPage]", "1"))
        page = min(page, max(-(-len(found) // size), 1))  # beyond the last page comes the last one again
        items = [self._told(item) for item in found[(page - 1) * size : page * size]]
        return JSONResponse({"items": items, "total_count": len(found)})

    def _told(self, item: Item) -> dict[str, Any]:
        values = {"tax_class_id": item.tax_class, "cost": "61.500000", "ean": "5901234123457"}
        if item.special is not None:
            values |= {"special_price": f"{item.special:.6f}"}
        values |= {f"special_{k}_date": v for k, v in (("from", item.starts), ("to", item.ends)) if v}
        attributes = [{"attribute_code": code, "value": value} for code, value in values.items()]
        return {
            "id": 1,
            "sku": item.sku,
            "name": f"Item {item.sku}",
            "price": float(item.price),
            "status": 1,
            "type_id": item.type,
            "tier_prices": item.tiers,
            "custom_attributes": attributes,
        }

    async def _sources(self, request: Request) -> Response:
        """Pieces by SKU and source; a written row is taken whole, and nothing is answered."""
        if (refused := self._guard(request)) is not None:
            return refused
        if request.method == "POST":
            rows = json.loads(await request.body())["sourceItems"]
            if wrong := [r for r in rows if r["sku"] not in self.items or r["source_code"] != "default"]:
                errors = [{"message": f"Product with SKU {wrong[0]['sku']!r} does not exist"}]
                return JSONResponse({"message": "Validation Failed", "errors": errors}, 400)
            for row in rows:
                assert row["status"] == int(row["quantity"] > 0)
                self.items[row["sku"]].pieces = row["quantity"]
            return JSONResponse([])
        asked = "searchCriteria[filterGroups][0][filters][0]"
        wanted = request.query_params[f"{asked}[value]"].split(",")
        assert request.query_params["searchCriteria[filterGroups][1][filters][0][value]"] == "default"
        items = [
            {"sku": i.sku, "source_code": "default", "quantity": float(i.pieces), "status": 1}
            for i in self.items.values()
            if i.sku in wanted
        ]
        return JSONResponse({"items": items, "search_criteria": {}, "total_count": len(items)})

    async def _specials(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        skus = json.loads(await request.body())["skus"]
        if missing := [sku for sku in skus if sku not in self.items]:
            return _error("Requested products don't exist: %sku", 404, {"sku": ", ".join(missing)})
        items = [self.items[sku] for sku in skus if self.items[sku].special is not None]
        return JSONResponse([_special_row(item) for item in items])

    # --- writing ------------------------------------------------------------------------------------------------

    async def _write(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        prices = json.loads(await request.body())["prices"]
        if self.limit and len(prices) > self.limit:
            return _error('Maximum items of type "%type" is %max', 400, {"type": "Price", "max": self.limit})
        return JSONResponse(self._change(request.path_params["what"], prices))

    def _change(self, what: str, prices: list[dict[str, Any]]) -> list[dict[str, Any]]:
        failed = []
        for price in prices:
            if (fault := self._fault(price)) is not None:
                failed.append(fault)
            else:
                self._apply(what, price)
        return failed

    def _fault(self, price: Mapping[str, Any]) -> dict[str, Any] | None:
        sku = price.get("sku")
        if sku not in self.items or self.items[sku].type not in {"simple", "virtual", "downloadable"}:
            named = {"fieldName": "SKU", "fieldValue": sku}
            return {"message": "Invalid attribute %fieldName = %fieldValue.", "parameters": named}
        if price.get("store_id") not in STORES:
            message = "Requested store is not found. Row ID: SKU = %SKU, Store ID: %storeId."
            return {"message": message, "parameters": {"SKU": sku, "storeId": price.get("store_id")}}
        if not isinstance(price.get("price"), int | float) or price["price"] < 0:
            named = {"fieldName": "Price", "fieldValue": price.get("price")}
            return {"message": "Invalid attribute %fieldName = %fieldValue.", "parameters": named}
        if price.get("price_from") and not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", price["price_from"]):
            return {"message": "Invalid attribute %label = %priceTo.", "parameters": ["Price From", sku]}
        return {"message": "Price of %1 is locked.", "parameters": [sku]} if sku in self.frozen else None

    def _apply(self, what: str, price: Mapping[str, Any]) -> None:
        item = self.items[price["sku"]]
        amount = Decimal(str(price["price"])).quantize(Decimal("0.000001"))
        if what == "base-prices":
            item.price = amount
        elif what == "special-price":
            item.special, item.starts = amount, price.get("price_from")
            item.ends = price.get("price_to", item.ends)
        elif what == "special-price-delete" and _special_row(item)["price"] == price["price"]:
            item.special = item.starts = item.ends = None
        self.history.append(self.shown(item.sku))

    # --- bulk ---------------------------------------------------------------------------------------------------

    async def _bulk(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        number, what = f"bulk-{len(self._bulks) + 1}", request.path_params["what"]
        prices = json.loads(await request.body())[0]["prices"]
        done = None if self.slow else self._change(what, prices)
        self._bulks[number] = [self.slow, what, prices, done]
        items = [{"id": 0, "data_hash": "x", "status": "accepted"}]
        return JSONResponse({"bulk_uuid": number, "request_items": items, "errors": False}, 202)

    async def _status(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        bulk = self._bulks[request.path_params["number"]]
        bulk[0] -= 1
        if bulk[0] < 0 and bulk[3] is None:
            bulk[3] = self._change(bulk[1], bulk[2])
        done = bulk[3] is not None
        operation = {
            "id": 0,
            "status": 1 if done else 4,
            "result_message": "Service execution success" if done else None,
        }
        result = {"result_serialized_data": json.dumps(bulk[3])} if done else {}
        return JSONResponse({"operations_list": [{**operation, **result}], "operation_count": 1})


def _special_row(item: Item) -> dict[str, Any]:
    dates = {"price_from": item.starts or "", "price_to": item.ends or ""}
    return {"sku": item.sku, "price": float(item.special or 0), "store_id": 0, **dates}


def _error(message: str, status: int, parameters: Mapping[str, Any]) -> Response:
    return JSONResponse({"message": message, "parameters": parameters}, status)


def _enc(text: str) -> str:
    return quote(text, safe="-._~")


def day(offset: int) -> str:
    """A day from now, as Magento writes it."""
    return f"{datetime.now(UTC) + timedelta(days=offset):%Y-%m-%d} 00:00:00"
