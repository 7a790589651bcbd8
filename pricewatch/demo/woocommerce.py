"""A strict WooCommerce REST v3 server: it enforces what a real shop does, quirks included, and keeps a log as truth."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from pricewatch.demo.faults import Fault, FaultSchedule, FaultyApp, fault_of

BATCH_LIMIT = 100
CLOCK_TOLERANCE = 15 * 60
_ORDERS = frozenset({"date", "id", "include", "title", "slug", "price", "modified"})
_STATUSES = frozenset({"any", "draft", "pending", "private", "publish"})


@dataclass(frozen=True, slots=True)
class WooItem:
    """A product or variation as the shop stores it; prices are text, `price` is what a buyer pays."""

    id: int
    sku: str
    name: str
    regular_price: str
    parent: int = 0
    type: str = "simple"
    sale_price: str = ""
    sale_from: str = ""
    sale_to: str = ""
    price: str = ""
    tax_class: str = ""
    status: str = "publish"
    stock: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    modified: int = 0


@dataclass(frozen=True, slots=True)
class Applied:
    """One line of the log: the price that a buyer pays for an item from now on, and who did it."""

    sku: str
    remote_id: str
    price: str
    by: str


class WooShop:
    """The shop: `app` serves it, `log` is the append-only truth of all prices that were ever shown.

    `seconds` is its clock for late writes and sales; `on_change` hears every change as it happens. `options` are what a
    manager's key may read of its settings.
    """

    def __init__(
        self,
        items: Iterable[WooItem],
        *,
        key: str,
        secret: str,
        faults: FaultSchedule | None = None,
        late: float = 2.0,
        requests_per_second: int = 0,
        tls: bool = False,
        seconds: Callable[[], float] = time.time,
        on_change: Callable[[Applied], None] | None = None,
    ) -> None:
        self.items = {item.id: _priced(item, seconds()) for item in items}
        self.before: dict[int, WooItem] = {}
        self.options: dict[str, dict[str, str]] = {"general": {}, "tax": {}}
        self.manager = True
        self.log: list[Applied] = []
        self.requests: list[tuple[str, str]] = []
        self.faults = faults or FaultSchedule()
        self.key, self.secret, self.tls = key, secret, tls
        self.address = ""
        self._late = late
        self._limit = requests_per_second
        self._recent: list[float] = []
        self._nonces: set[str] = set()
        self._pending: list[tuple[float, int, Mapping[str, Any]]] = []
        self._seconds = seconds
        self._on_change = on_change

    @property
    def app(self) -> ASGIApp:
        """The shop as an ASGI app."""
        base = "/wp-json/wc/v3/products"
        one = "{parent:int}/variations"
        routes = [
            Route("/wp-json/wc/v3/settings/{group}", self._settings, methods=["GET"]),
            Route(base, self._list, methods=["GET"]),
            Route(f"{base}/batch", self._batch, methods=["POST", "PUT"]),
            Route(f"{base}/{{id:int}}", self._one, methods=["GET", "PUT", "POST"]),
            Route(f"{base}/{one}", self._list, methods=["GET"]),
            Route(f"{base}/{one}/batch", self._batch, methods=["POST", "PUT"]),
            Route(f"{base}/{one}/{{id:int}}", self._one, methods=["GET", "PUT", "POST"]),
        ]
        return FaultyApp(Starlette(routes=routes), self.faults)

    # --- behind its back ----------------------------------------------------------------------------------------

    def set_price(self, sku: str, price: str) -> None:
        """A person edits the price in the shop's own pages."""
        self._apply(self._by_sku(sku).id, {"regular_price": price, "sale_price": ""}, by="human")

    def edit(self, sku: str, /, **changes: Any) -> None:
        """A person edits any other field."""
        item = self._by_sku(sku)
        self.items[item.id] = _priced(replace(item, **changes), self._seconds())

    def delete(self, sku: str) -> None:
        """A person deletes the product."""
        del self.items[self._by_sku(sku).id]

    def shown(self, sku: str) -> str:
        """What a buyer pays now."""
        self._catch_up()
        return self._by_sku(sku).price

    def run_daily_job(self) -> None:
        """Switch scheduled sales on and off, as the shop does once a day and never on time."""
        for item in list(self.items.values()):
            switched = _priced(item, self._seconds())
            if switched.price != item.price:
                self._store(switched, by="schedule")

    def _by_sku(self, sku: str) -> WooItem:
        return next(item for item in self.items.values() if item.sku == sku)

    # --- requests -----------------------------------------------------------------------------------------------

    async def _list(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        query = request.query_params
        if wrong := _wrong_parameter(query):
            return _error("rest_invalid_param", f"Invalid parameter(s): {wrong}", 400)
        found = self._matching(request)
        size, page = int(query.get("per_page", "10")), int(query.get("page", "1"))
        shown = [self._record(item, request) for item in found[(page - 1) * size : page * size]]
        headers = {"x-wp-total": str(len(found)), "x-wp-totalpages": str(-(-len(found) // size))}
        return JSONResponse([_chosen(record, query.get("_fields", "")) for record in shown], headers=headers)

    async def _settings(self, request: Request) -> Response:
        """The options of a group, for keys of somebody who manages the shop."""
        if (refused := self._refusal(request)) is not None:
            return refused
        if not self.manager:
            return _error("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.", 401)
        group = self.options.get(request.path_params["group"])
        if group is None:
            return _error("rest_setting_setting_group_invalid", "Invalid setting group.", 404)
        return JSONResponse([{"id": name, "value": value} for name, value in group.items()])

    async def _one(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        item = self.items.get(request.path_params["id"])
        if item is None or item.parent != request.path_params.get("parent", 0):
            return _error("woocommerce_rest_product_invalid_id", "Invalid ID.", 404)
        if request.method == "GET":
            return JSONResponse(_chosen(self._record(item, request), request.query_params.get("_fields", "")))
        changes = await _body(request)
        for name in ("regular_price", "sale_price"):
            if changes is not None and name in changes and not isinstance(changes[name], str):
                return _error("rest_invalid_param", f"Invalid parameter(s): {name}", 400)
        if changes is None:
            return _error("rest_invalid_json", "Invalid JSON body passed.", 400)
        self._write(item.id, changes, fault_of(request.scope))
        return JSONResponse(self._record(self.items[item.id], request))

    async def _batch(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        body = await _body(request)
        if body is None:
            return _error("rest_invalid_json", "Invalid JSON body passed.", 400)
        updates = body.get("update", [])
        if sum(len(body.get(part, [])) for part in ("create", "update", "delete")) > BATCH_LIMIT:
            message = f"Unable to accept more than {BATCH_LIMIT} items for this request."
            return _error("woocommerce_rest_request_entity_too_large", message, 413)
        fault = fault_of(request.scope)
        if fault is Fault.PARTIAL:
            updates = updates[: len(updates) // 2]
        answers = [self._update(request, entry, fault) for entry in updates]
        if "_fields" in request.query_params:
            return JSONResponse([])
        return JSONResponse({"update": answers})

    def _update(self, request: Request, entry: Mapping[str, Any], fault: Fault | None) -> Mapping[str, Any]:
        item = self.items.get(entry.get("id", 0))
        if item is None or item.parent != request.path_params.get("parent", 0):
            problem = {"code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID.", "data": {"status": 400}}
            return {"id": entry.get("id", 0), "error": problem}
        self._write(item.id, entry, fault)
        return self._record(self.items[item.id], request)

    def _matching(self, request: Request) -> Sequence[WooItem]:
        query = request.query_params
        wanted = {int(i) for i in query.get("include", "").split(",") if i}
        parent, status = request.path_params.get("parent", 0), query.get("status", "any")
        found = [
            item
            for item in self.items.values()
            if item.parent == parent and (not wanted or item.id in wanted) and status in {"any", item.status}
        ]
        return sorted(found, key=lambda item: item.id, reverse=query.get("order", "desc") == "desc")

    def _record(self, item: WooItem, request: Request) -> Mapping[str, Any]:
        if fault_of(request.scope) is Fault.STALE:
            item = self.before.get(item.id, item)
        return {
            "id": item.id,
            "parent_id": item.parent,
            "type": item.type,
            "status": item.status,
            "sku": item.sku,
            "name": item.name,
            "permalink": f"{self.address or request.url.replace(path='', query='')}/product/{item.id}/",
            "price": item.price,
            "regular_price": item.regular_price,
            "sale_price": item.sale_price,
            "date_on_sale_from_gmt": item.sale_from or None,
            "date_on_sale_to_gmt": item.sale_to or None,
            "date_modified_gmt": datetime.fromtimestamp(item.modified, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "tax_class": item.tax_class,
            "manage_stock": item.stock is not None,
            "stock_quantity": item.stock,
            **item.extra,
        }

    # --- writing ------------------------------------------------------------------------------------------------

    def _write(self, item: int, changes: Mapping[str, Any], fault: Fault | None) -> None:
        if fault is Fault.LIE:
            return
        if fault is Fault.LATE:
            self._pending.append((self._seconds() + self._late, item, changes))
            return
        self._apply(item, changes, by="api")

    def _apply(self, number: int, changes: Mapping[str, Any], *, by: str) -> None:
        item = self.items.get(number)
        if item is None:
            return
        names = {"date_on_sale_from_gmt": "sale_from", "date_on_sale_to_gmt": "sale_to"}
        new: dict[str, Any] = {names[key]: str(value or "") for key, value in changes.items() if key in names}
        new |= {k: _decimal(str(changes[k])) for k in ("regular_price", "sale_price") if k in changes}
        if item.stock is not None and "stock_quantity" in changes:  # without counting there, it is ignored
            new["stock"] = int(changes["stock_quantity"] or 0)
        self._store(_priced(replace(item, **new), self._seconds()), by=by)

    def _store(self, item: WooItem, *, by: str) -> None:
        self.before[item.id] = self.items[item.id]
        self.items[item.id] = replace(item, modified=int(self._seconds()))
        applied = Applied(item.sku, f"{item.parent}/{item.id}" if item.parent else str(item.id), item.price, by)
        self.log.append(applied)
        if self._on_change is not None:
            self._on_change(applied)

    def _catch_up(self) -> None:
        """Apply the late writes that are due, in the order of their times: they overtake newer ones."""
        due = sorted((entry for entry in self._pending if entry[0] <= self._seconds()), key=lambda entry: entry[0])
        self._pending = [entry for entry in self._pending if entry not in due]
        for _, item, changes in due:
            self._apply(item, changes, by="late")

    # --- who may ------------------------------------------------------------------------------------------------

    def _refusal(self, request: Request) -> Response | None:
        self._catch_up()
        self.requests.append((request.method, request.url.path))
        now = time.monotonic()
        self._recent = [at for at in self._recent if now - at < 1.0] + [now]
        if self._limit and len(self._recent) > self._limit:
            return JSONResponse({"code": "too_many", "message": "Slow down."}, 429, {"retry-after": "1"})
        wrong = self._wrong_basic(request) if self.tls else self._wrong_oauth(request)
        return _error("woocommerce_rest_cannot_view", wrong, 401) if wrong else None

    def _wrong_basic(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        known = base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        right = scheme.lower() == "basic" and hmac.compare_digest(token, known)
        return "" if right else "Sorry, you cannot list resources."

    def _wrong_oauth(self, request: Request) -> str:
        """Over plain http only OAuth 1.0a is taken; Basic is 401."""
        pairs = dict(parse_qsl(request.url.query, keep_blank_values=True))
        signature = pairs.pop("oauth_signature", "")
        nonce, stamp = pairs.get("oauth_nonce", ""), pairs.get("oauth_timestamp", "0")
        if pairs.get("oauth_consumer_key") != self.key:
            return "Consumer key is invalid."
        if not stamp.isdecimal() or abs(time.time() - int(stamp)) > CLOCK_TOLERANCE:
            return "Invalid timestamp."
        if not nonce or nonce in self._nonces:
            return "Invalid nonce - nonce has already been used."
        self._nonces.add(nonce)
        return "" if hmac.compare_digest(signature, self._signature(request, pairs)) else "Invalid signature."

    def _signature(self, request: Request, pairs: Mapping[str, str]) -> str:
        def enc(text: str) -> str:
            return quote(text, safe="~")

        joined = "&".join(f"{k}={v}" for k, v in sorted((enc(k), enc(v)) for k, v in pairs.items()))
        address = str(request.url).partition("?")[0]
        message = f"{request.method}&{enc(address)}&{enc(joined)}"
        known = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}
        method = known.get(pairs.get("oauth_signature_method", ""), hashlib.sha256)
        digest = hmac.new(f"{self.secret}&".encode(), message.encode(), method).digest()
        return base64.b64encode(digest).decode()


def _decimal(text: str) -> str:
    """Keep what looks like a number, the way the shop does: `83,99` is 8399, `1e3` is 13, `abc` is no price."""
    return re.sub(r"[^0-9.\-]", "", text)


def _priced(item: WooItem, now: float) -> WooItem:
    """Work out what a buyer pays; a sale price that is not below the regular one is dropped without a word."""
    if item.type == "variable":
        return item
    sale = item.sale_price
    if sale and item.regular_price and Decimal(sale) >= Decimal(item.regular_price):
        sale = ""
    on_sale = sale and _moment(item.sale_from, 0.0) <= now <= _moment(item.sale_to, float("inf"))
    return replace(item, sale_price=sale, price=sale if on_sale else item.regular_price)


def _moment(text: str, default: float) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() if text else default


def _wrong_parameter(query: Mapping[str, str]) -> str:
    size, page = query.get("per_page", "10"), query.get("page", "1")
    if not size.isdecimal() or not 1 <= int(size) <= 100:
        return "per_page"
    if not page.isdecimal() or int(page) < 1:
        return "page"
    if query.get("orderby", "date") not in _ORDERS:
        return "orderby"
    if not all(part.isdecimal() for part in query.get("include", "0").split(",")):
        return "include"
    return "" if query.get("status", "any") in _STATUSES else "status"


def _chosen(record: Mapping[str, Any], fields: str) -> Mapping[str, Any]:
    names = fields.split(",")
    return {name: record[name] for name in names if name in record} if fields else record


async def _body(request: Request) -> dict[str, Any] | None:
    try:
        body = json.loads(await request.body())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _error(code: str, message: str, status: int) -> Response:
    return JSONResponse({"code": code, "message": message, "data": {"status": status}}, status)
