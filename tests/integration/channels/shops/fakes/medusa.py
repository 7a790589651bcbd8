"""A strict Medusa 2 Admin API: prices replaced as a whole, price lists with dates, floats, currencies unchecked."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY, PLACE = "sk_secret", "sloc_1"
MOST_IDS = 20  # longer lists are parsed as objects, and refused
_VARIANT_KEYS = {"id", "title", "sku", "prices", "options", "manage_inventory", "allow_backorder", "metadata"}
_PRICE_KEYS = ("id", "currency_code", "amount", "min_quantity", "max_quantity", "rules")


@dataclass
class Variant:
    """A variant: `prices` as they are stored, each with its id."""

    id: str
    product: str
    sku: str
    prices: list[dict[str, Any]]
    stock: int = 6
    scattered: bool = False  # its pieces lie in two places


@dataclass
class PriceList:
    """A price list; `prices` as (variant, price)."""

    id: str
    title: str
    prices: list[tuple[str, dict[str, Any]]]
    starts_at: str | None = None
    ends_at: str | None = None
    status: str = "active"
    rules: list[dict[str, str]] = field(default_factory=list)


class MedusaFake:
    """The shop; `old` = before 2.12.3, when a price list's prices had no list of their own."""

    def __init__(self, *, net: bool = False, old: bool = False, nameless: bool = False) -> None:
        self.variants: dict[str, Variant] = {}
        self.lists: list[PriceList] = []
        self.frozen: set[str] = set()
        self.net, self.old, self.nameless = net, old, nameless
        self.requests: list[str] = []
        self.included, self.rates = not net, [23]
        self._ids = itertools.count(1)
        self.app = Starlette(
            routes=[
                Route("/admin/price-preferences", self._preferences, methods=["GET"]),
                Route("/admin/tax-rates", self._rates, methods=["GET"]),
                Route("/admin/product-variants", self._variants, methods=["GET"]),
                Route("/admin/price-lists", self._lists, methods=["GET"]),
                Route("/admin/price-lists", self._make_list, methods=["POST"]),
                Route("/admin/price-lists/{id}/prices/batch", self._change_list, methods=["POST"]),
                Route("/admin/price-lists/{id}", self._list, methods=["GET"]),
                Route("/admin/price-lists/{id}/prices", self._list_prices, methods=["GET"]),
                Route("/admin/inventory-items/location-levels/batch", self._levels, methods=["POST"]),
                Route("/admin/products/{id}/variants/batch", self._batch, methods=["POST"]),
            ]
        )

    def price(self, amount: float, currency: str = "pln", **more: Any) -> dict[str, Any]:
        """A stored price."""
        return {"id": f"price_{next(self._ids)}", "currency_code": currency, "amount": amount, **more}

    def fill(self, count: int, per_product: int = 5) -> None:
        """Hold so many variants at about 100.00, each also with a price in EUR."""
        for n in range(1, count + 1):
            prices = [self.price(25.5, "eur"), self.price(81.3 if self.net else 100)]
            self.variants[f"variant_{n}"] = Variant(
                f"variant_{n}", f"prod_{(n - 1) // per_product + 1}", f"S{n}", prices
            )

    def own(self, variant: str, currency: str = "pln") -> float | None:
        """The stored price for everybody."""
        found = [p for p in self.variants[variant].prices if p["currency_code"] == currency and not p.get("rules")]
        return found[0]["amount"] if found else None

    # --- requests -----------------------------------------------------------------------------------------------

    def _guard(self, request: Request) -> Response | None:
        query = f"?{request.url.query}" if request.url.query else ""
        self.requests.append(f"{request.method} {request.url.path}{query}")
        known = {f"Basic {KEY}", f"Basic {base64.b64encode(f'{KEY}:'.encode()).decode()}"}
        if request.headers.get("authorization") not in known:
            return JSONResponse({"message": "Unauthorized"}, 401)
        return None

    async def _variants(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        query = request.query_params
        ids = query.getlist("id[]")
        if len(ids) > MOST_IDS:
            return _error("invalid_data", "Invalid request: Value for field 'id' is invalid", 400)
        found = [v for v in self.variants.values() if not ids or v.id in ids]
        fields = query.get("fields", "")
        asked = {"with_stock": "+inventory_quantity" in fields, "with_items": "+inventory_items." in fields}
        return _page(query, "variants", [self._told(v, **asked) for v in found])

    async def _preferences(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        told = {"id": "prpref_1", "attribute": "currency_code", "value": "pln", "is_tax_inclusive": self.included}
        return _page(request.query_params, "price_preferences", [told])

    async def _rates(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        rates = [{"id": f"txr_{n}", "rate": rate, "code": "vat"} for n, rate in enumerate(self.rates)]
        return _page(request.query_params, "tax_rates", rates)

    async def _lists(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        return _page(request.query_params, "price_lists", [_told_of(listed) for listed in self.lists])

    async def _make_list(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        body = json.loads(await request.body())
        known = {"title", "description", "type", "status", "prices", "starts_at", "ends_at", "rules"}
        if missing := {"title", "description"} - set(body):
            return _error("invalid_data", f"Invalid request: Field '{min(missing)}' is required", 400)
        if unknown := set(body) - known:
            return _error("invalid_data", f"Invalid request: Unrecognized fields: '{min(unknown)}'", 400)
        listed = PriceList(f"plist_{next(self._ids)}", body["title"], [], status=body.get("status", "draft"))
        self.lists.append(listed)
        self._list_new(listed, body.get("prices", []))
        return JSONResponse({"price_list": _told_of(listed)})

    def _list_new(self, listed: PriceList, prices: list[Mapping[str, Any]]) -> None:
        for sent in prices:
            listed.prices.append((sent["variant_id"], self.price(sent["amount"], sent["currency_code"])))

    async def _change_list(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        body = json.loads(await request.body())
        listed = next(entry for entry in self.lists if entry.id == request.path_params["id"])
        known = {price["id"] for _, price in listed.prices}
        if not set(body) <= {"create", "update", "delete"} or not set(body.get("delete", [])) <= known:
            return _error("invalid_data", "Invalid request", 400)
        gone = set(body.get("delete", []))
        listed.prices = [(variant, price) for variant, price in listed.prices if price["id"] not in gone]
        self._list_new(listed, body.get("create", []))
        return JSONResponse({"created": [], "updated": [], "deleted": {"ids": sorted(gone), "object": "price"}})

    async def _list(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        listed = next((entry for entry in self.lists if entry.id == request.path_params["id"]), None)
        if listed is None:
            return _error("not_found", "Price list was not found", 404)
        prices = [{**price, **({} if self.nameless else {"variant_id": v})} for v, price in listed.prices]
        return JSONResponse({"price_list": {**_told_of(listed), **({"prices": prices} if self.old else {})}})

    async def _list_prices(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        if self.old:
            return _error("not_found", "Not Found", 404)
        listed = next(entry for entry in self.lists if entry.id == request.path_params["id"])
        prices = [
            {**price, "price_set": {} if self.nameless else {"variant": {"id": variant}}}
            for variant, price in listed.prices
        ]
        return _page(request.query_params, "prices", prices)

    async def _batch(self, request: Request) -> Response:
        if (refused := self._guard(request)) is not None:
            return refused
        body = json.loads(await request.body())
        changes = body.get("update", [])
        for change in changes:
            if (fault := self._fault(change, request.path_params["id"])) is not None:
                return fault
        for change in changes:
            self._apply(change)
        updated = [self._told(self.variants[change["id"]]) for change in changes]
        return JSONResponse({"created": [], "updated": updated, "deleted": {"ids": [], "object": "variant"}})

    def _fault(self, change: Mapping[str, Any], product: str) -> Response | None:
        if unknown := set(change) - _VARIANT_KEYS:
            return _error("invalid_data", f"Invalid request: Unrecognized fields: '{', '.join(sorted(unknown))}'", 400)
        for price in change.get("prices", []):
            if isinstance(price.get("amount"), bool) or not isinstance(price.get("amount"), int | float):
                return _error("invalid_data", "Invalid request: Expected type: 'number' for field 'amount'", 400)
            if any(name in price and price[name] is None for name in ("min_quantity", "max_quantity")):
                return _error("invalid_data", "Invalid request: Expected type: 'number' for field 'min_quantity'", 400)
        variant = self.variants.get(change["id"])
        if variant is None or variant.product != product:
            return _error("not_found", f"Cannot update non-existing variants with ids: {change['id']}", 404)
        return _error("not_allowed", "The price is locked", 400) if change["id"] in self.frozen else None

    def _apply(self, change: Mapping[str, Any]) -> None:
        """What is not among the prices is deleted; two that are sent without what tells them apart become one."""
        if "prices" not in change:
            return
        variant = self.variants[change["id"]]
        known = {price["id"]: price for price in variant.prices}
        new: dict[str, dict[str, Any]] = {}
        for sent in change["prices"]:
            stored = dict(known.get(sent.get("id"), self.price(0)))
            stored |= {name: sent[name] for name in _PRICE_KEYS if sent.get(name) is not None}
            same = (stored["currency_code"], sent.get("rules"), stored.get("min_quantity"), stored.get("max_quantity"))
            new[json.dumps(same)] = stored
        variant.prices = list(new.values())

    async def _levels(self, request: Request) -> Response:
        """One transaction: an item that is not stocked there undoes them all."""
        if (refused := self._guard(request)) is not None:
            return refused
        changes = json.loads(await request.body())["update"]
        for change in changes:
            item, place = change["inventory_item_id"], change["location_id"]
            if item.removeprefix("iitem_") not in self.variants or place != PLACE:
                return _error("not_found", f"Item {item} is not stocked at location {place}", 404)
            if change["stocked_quantity"] < 0:
                words = "Value for field 'update, 0, stocked_quantity' too small, expected at least: '0'"
                return _error("invalid_data", f"Invalid request: {words}", 400)
        for change in changes:
            self.variants[change["inventory_item_id"].removeprefix("iitem_")].stock = change["stocked_quantity"]
        updated = [{"id": "ilev_1", "available_quantity": 7, **change} for change in changes]  # of before, seen on 2.21
        return JSONResponse({"created": [], "updated": updated, "deleted": {"ids": [], "object": "inventory-level"}})

    def _told(self, variant: Variant, *, with_stock: bool = False, with_items: bool = False) -> dict[str, Any]:
        level = {"location_id": PLACE, "stocked_quantity": variant.stock}
        elsewhere = {"location_id": "sloc_2", "stocked_quantity": 1}
        levels = [level, elsewhere] if variant.scattered else [level]
        item = {"required_quantity": 1, "inventory_item_id": f"iitem_{variant.id}", "variant_id": variant.id}
        items = {"inventory_items": [{**item, "inventory": {"location_levels": levels}}]} if with_items else {}
        product = {"id": variant.product, "title": f"Item {variant.product}", "status": "published"}
        stock = {"inventory_quantity": variant.stock} if with_stock else {}
        return {
            "id": variant.id,
            "product_id": variant.product,
            "title": variant.id,
            "sku": variant.sku,
            "ean": "5901234123457",
            "manage_inventory": True,
            "product": {**product, "description": "Good", "thumbnail": "https://shop.example/a.jpg"},
            "prices": [_told_price(price) for price in variant.prices],
            **stock,
            **items,
        }


def _told_price(price: Mapping[str, Any]) -> dict[str, Any]:
    empty = {"min_quantity": None, "max_quantity": None}
    rules = [{"attribute": name, "value": value} for name, value in (price.get("rules") or {}).items()]
    return {**empty, **price, "rules": dict(price.get("rules") or {}), "price_rules": rules}


def _told_of(listed: PriceList) -> dict[str, Any]:
    return {
        "id": listed.id,
        "title": listed.title,
        "type": "sale",
        "status": listed.status,
        "starts_at": listed.starts_at,
        "ends_at": listed.ends_at,
        "price_list_rules": listed.rules,
    }


def _page(query: Mapping[str, str], name: str, entries: list[dict[str, Any]]) -> Response:
    offset, limit = int(query.get("offset", "0")), int(query.get("limit", "50"))
    page = entries[offset : offset + limit]
    return JSONResponse({name: page, "count": len(entries), "offset": offset, "limit": limit})


def _error(kind: str, message: str, status: int) -> Response:
    return JSONResponse({"type": kind, "message": message}, status)


def tomorrow() -> str:
    """A moment to come."""
    return datetime(2099, 1, 1, tzinfo=UTC).isoformat()
