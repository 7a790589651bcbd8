"""eBay's Inventory API: inventory items, offers, and prices with a status each; 250 revisions a day a listing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx
from market_fakes import FakeTime, Server, TokenService, Window, answer, asked

BASE = "/sell/inventory/v1"


@dataclass
class Offer:
    id: str
    sku: str
    price: str
    listing: str
    status: str = "PUBLISHED"
    site: str = "EBAY_DE"
    currency: str = "EUR"
    struck: str = ""
    stock: int = 1


class EbayServer:
    """`refuses` are offers whose price eBay does not take, `fails` those that it fails on."""

    def __init__(self, time: FakeTime) -> None:
        self.time = time
        self.offers: dict[str, Offer] = {}
        self.refuses: set[str] = set()
        self.fails: set[str] = set()
        self.auth = TokenService()
        self.server = Server(self.handle)
        self.revised: dict[str, Window] = {}
        self.writes: list[int] = []

    @property
    def breaches(self) -> int:
        return sum(window.breaches for window in self.revised.values())

    def add(self, number: str, sku: str, price: str = "100.00", **more: Any) -> None:
        self.offers[number] = Offer(number, sku, price, **{"listing": f"2{number}", **more})

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/identity/v1/oauth2/token":
            assert dict(httpx.QueryParams(request.content.decode()))["scope"].endswith("/sell.inventory")
            return self.auth.give(request)
        if not self.auth.knows(request):
            return self._error(401, 1001, "Invalid access token")
        if path == f"{BASE}/inventory_item":
            return self._items(request)
        if path == f"{BASE}/offer":
            return self._offers(request)
        if found := re.fullmatch(rf"{BASE}/offer/([^/]+)", path):
            offer = self.offers.get(found[1])
            return (
                answer(200, self._record(offer)) if offer else self._error(404, 25713, "This Offer is not available.")
            )
        if path == f"{BASE}/bulk_update_price_quantity":
            return self._change(request)
        return self._error(404, 2002, "Resource not found")

    def _error(self, status: int, code: int, message: str) -> httpx.Response:
        error = {"errorId": code, "domain": "API_INVENTORY", "category": "REQUEST", "message": message}
        return answer(status, {"errors": [error]})

    def _items(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        limit, number = int(query.get("limit", 100)), int(query.get("offset", 0))
        if not 1 <= limit <= 100:
            return self._error(400, 25706, "You have provided invalid pagination values.")
        skus = sorted({offer.sku for offer in self.offers.values()})
        page = skus[number * limit : (number + 1) * limit]
        more = (
            {"next": f"{BASE}/inventory_item?limit={limit}&offset={number + 1}"}
            if len(skus) > (number + 1) * limit
            else {}
        )
        return answer(200, {"inventoryItems": [{"sku": s} for s in page], "total": len(skus), "limit": limit, **more})

    def _offers(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        found = [
            o for o in self.offers.values() if o.sku == query["sku"] and o.site == query.get("marketplace_id", o.site)
        ]
        if not found:
            return self._error(404, 25713, "This Offer is not available.")
        return answer(
            200, {"offers": [self._record(o) for o in found], "total": len(found), "limit": 100, "size": len(found)}
        )

    def _record(self, offer: Offer) -> dict[str, Any]:
        struck = {"originalRetailPrice": {"value": offer.struck, "currency": offer.currency}} if offer.struck else {}
        return {
            "offerId": offer.id,
            "sku": offer.sku,
            "marketplaceId": offer.site,
            "format": "FIXED_PRICE",
            "status": offer.status,
            "listing": {"listingId": offer.listing, "listingStatus": "ACTIVE"},
            "pricingSummary": {"price": {"value": offer.price, "currency": offer.currency}, **struck},
            "availableQuantity": offer.stock,
        }

    def _change(self, request: httpx.Request) -> httpx.Response:
        if request.headers["content-type"] != "application/json":
            return self._error(400, 2004, "Content-Type")
        requests = asked(request)["requests"]
        changes = [offer for entry in requests for offer in entry["offers"]]
        if not 1 <= len(changes) <= 25 or len({c["offerId"] for c in changes}) != len(changes):
            return self._error(400, 25709, "Invalid value for requests.")
        self.writes.append(len(changes))
        answers = [self._one(change) for change in changes]
        status = 200 if all(a["statusCode"] == 200 for a in answers) else 207
        return answer(status, {"responses": answers})

    def _one(self, change: dict[str, Any]) -> dict[str, Any]:
        offer, price = self.offers.get(change["offerId"]), change.get("price")
        if price is None and "availableQuantity" not in change:
            error = {
                "errorId": 25709,
                "domain": "API_INVENTORY",
                "category": "REQUEST",
                "message": "Nothing to change.",
            }
            return {"offerId": change["offerId"], "statusCode": 400, "errors": [error]}
        wrong = self._wrong(offer, price)
        if wrong is not None:
            error = {"errorId": wrong[1], "domain": "API_INVENTORY", "category": "REQUEST", "message": wrong[2]}
            return {"offerId": change["offerId"], "statusCode": wrong[0], "errors": [error]}
        assert offer is not None
        offer.price = price["value"] if price is not None else offer.price
        offer.stock = change.get("availableQuantity", offer.stock)
        return {"offerId": offer.id, "sku": offer.sku, "statusCode": 200}

    def _wrong(self, offer: Offer | None, price: dict[str, str] | None) -> tuple[int, int, str] | None:
        if offer is None:
            return 404, 25713, "This Offer is not available."
        if offer.id in self.fails:
            return 500, 25001, "A system error has occurred."
        window = self.revised.setdefault(offer.listing, Window(250, 86_400, self.time))
        if not window.take():
            return 400, 25021, "The listing has been revised too often today."
        if offer.id in self.refuses or offer.status != "PUBLISHED":
            return 400, 25002, "The price is not allowed for this listing."
        if price is None:
            return None
        if price["currency"] != offer.currency or not re.fullmatch(r"\d{1,9}\.\d{2}", price["value"]):
            return 400, 25709, "Invalid value for price."
        return None
