"""Amazon's Selling Partner API: listings items at 5 a second, and JSON listings feeds, one in two minutes."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import httpx
from market_fakes import Bucket, FakeTime, Server, TokenService, answer, asked

SELLER, STORE = "A1SELLER99", "A1C3SOZRARQ6R3"
LISTINGS = "/listings/2021-08-01/items"
FEEDS = "/feeds/2021-06-30"
PATH = "/attributes/purchasable_offer"
PAGED = 1_000
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass
class Item:
    sku: str
    price: str
    created: str
    kind: str = "LUGGAGE"
    business: str = ""
    regular: str = ""
    days: tuple[str, str] | None = None
    shelf: str = "DEFAULT"
    stock: int | None = 1
    lead: int | None = None


@dataclass
class Feed:
    id: str
    document: str
    done: float
    applied: bool = False
    result: str = ""
    status: str = "DONE"


SHELF = "/attributes/fulfillment_availability"


class AmazonServer:
    """`late` is how long an accepted patch takes to show, `work` how long a feed takes; `host` is where documents are.

    `refuses` are SKUs whose price Amazon calls invalid.
    """

    def __init__(self, time: FakeTime, *, late: float = 0.0, work: float = 240.0) -> None:
        self.time, self.late, self.work = time, late, work
        self.items: dict[str, Item] = {}
        self.refuses: set[str] = set()
        self.pending: list[tuple[float, str, str]] = []
        self.documents: dict[str, bytes] = {}
        self.feeds: dict[str, Feed] = {}
        self.feed_status = "DONE"
        self.auth = TokenService(basic=False)
        self.limits = {
            "patch": Bucket(5, 5, time),
            "get": Bucket(5, 5, time),
            "search": Bucket(5, 5, time),
            "createFeed": Bucket(0.0083, 1, time),
            "createFeedDocument": Bucket(0.5, 15, time),
            "getFeed": Bucket(2, 15, time),
            "getFeedDocument": Bucket(0.0222, 10, time),
        }
        self.host = "https://documents.test"
        self.server = Server(self.handle)
        self.writes: list[int] = []
        self.validated: list[str] = []

    @property
    def breaches(self) -> int:
        return sum(bucket.breaches for bucket in self.limits.values())

    def add(self, sku: str, price: str = "100.00", **more: Any) -> None:
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=len(self.items))
        self.items[sku] = Item(sku, price, at.isoformat().replace("+00:00", "Z"), **more)

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/auth/o2/token":
            return self.auth.give(request)
        if path.startswith("/document/"):
            assert "x-amz-access-token" not in request.headers, "a token was shown to a foreign address"
            return self._stored(request, path.removeprefix("/document/"))
        if not self.auth.knows(request, "x-amz-access-token", ""):
            return self._error(403, "Unauthorized", "Access to requested resource is denied.")
        self.catch_up()
        return self._listings(request) if path.startswith(LISTINGS) else self._feeds(request)

    def _error(self, status: int, code: str, message: str) -> httpx.Response:
        return answer(status, {"errors": [{"code": code, "message": message, "details": ""}]})

    def _limited(self, name: str) -> httpx.Response | None:
        return None if self.limits[name].take() else self._error(429, "QuotaExceeded", "You exceeded your quota.")

    # --- listings -----------------------------------------------------------------------------------------------

    def _listings(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.raw_path.decode().partition("?")[0].removeprefix(f"{LISTINGS}/").split("/")
        assert parts[0] == SELLER
        assert request.url.params["marketplaceIds"] == STORE
        if len(parts) == 1:
            return self._limited("search") or self._search(request.url.params)
        sku = unquote(parts[1])
        if request.method == "PATCH":
            return self._limited("patch") or self._patch(request, sku)
        if sku not in self.items:
            return self._error(404, "NOT_FOUND", f"SKU '{sku}' not found in marketplace {STORE}")
        return self._limited("get") or answer(200, self._record(self.items[sku]))

    def _search(self, query: httpx.QueryParams) -> httpx.Response:
        found = sorted(self.items.values(), key=lambda item: item.created)
        if "identifiers" in query:
            assert query["identifiersType"] == "SKU"
            wanted = query["identifiers"].split(",")
            assert len(wanted) <= 20
            found = [item for item in found if item.sku in wanted]
        found = [item for item in found if item.created >= query.get("createdAfter", "")]
        start, size = int(query.get("pageToken", "0")), int(query.get("pageSize", "10"))
        page = found[start : min(start + size, PAGED)]
        more = start + size < min(len(found), PAGED)
        pagination = {"pagination": {"nextToken": str(start + size)}} if more else {}
        return answer(200, {"numberOfResults": len(found), "items": [self._record(i) for i in page], **pagination})

    def _record(self, item: Item) -> Mapping[str, Any]:
        offers = [{"marketplaceId": STORE, "offerType": "B2C", "price": {"currencyCode": "PLN", "amount": item.price}}]
        if item.business:
            price = {"currencyCode": "PLN", "amount": item.business}
            offers.insert(0, {"marketplaceId": STORE, "offerType": "B2B", "price": price})
        summary = {
            "marketplaceId": STORE,
            "asin": "B000000001",
            "productType": item.kind,
            "status": ["BUYABLE", "DISCOVERABLE"],
            "itemName": f"Item {item.sku}",
            "createdDate": item.created,
            "lastUpdatedDate": item.created,
        }
        return {"sku": item.sku, "summaries": [summary], "offers": offers, **self._details(item)}

    def _details(self, item: Item) -> Mapping[str, Any]:
        """What was submitted of the offer, and who sends the item."""
        price = {"marketplace_id": STORE, "currency": "PLN", "audience": "ALL"}
        price["our_price"] = [{"schedule": [{"value_with_tax": float(item.regular or item.price)}]}]
        if item.days:
            schedule = {"value_with_tax": float(item.price), "start_at": item.days[0], "end_at": item.days[1]}
            price["discounted_price"] = [{"schedule": [schedule]}]
        shelf = {"fulfillmentChannelCode": item.shelf, "quantity": item.stock}
        said = {"fulfillment_channel_code": item.shelf, "quantity": item.stock}
        if item.lead is not None:
            said["lead_time_to_ship_max_days"] = item.lead
        attributes = {"purchasable_offer": [price], "fulfillment_availability": [said]}
        return {"attributes": attributes, "fulfillmentAvailability": [shelf]}

    def _patch(self, request: httpx.Request, sku: str) -> httpx.Response:
        body = asked(request)
        preview = request.url.params.get("mode") == "VALIDATION_PREVIEW"
        if not preview:
            self.writes.append(1)
        if sku not in self.items:
            return self._error(404, "NOT_FOUND", f"SKU '{sku}' not found in marketplace {STORE}")
        wrong, price = self._judge(sku, body)
        if not wrong and not preview:
            self._submit(sku, body)
        status = "INVALID" if wrong else "VALID" if preview else "ACCEPTED"
        if preview:
            self.validated.append(sku)
        elif not wrong:
            self.pending.append((self.time.seconds() + self.late, sku, price))
            self.catch_up()
        issues = (
            [{"code": "90244", "message": wrong, "severity": "ERROR", "categories": ["INVALID_PRICE"]}] if wrong else []
        )
        return answer(200, {"sku": sku, "status": status, "submissionId": "s-1", "issues": issues})

    def _judge(self, sku: str, body: Mapping[str, Any]) -> tuple[str, str]:
        """What is wrong with a patch, and the price in it."""
        item = self.items.get(sku)
        patch = body["patches"][0]
        if patch["path"] == SHELF:
            return (f"SKU {sku} does not exist", "") if item is None else ("", item.price)
        offer = patch["value"][0]
        amount = offer["our_price"][0]["schedule"][0]["value_with_tax"]
        if item is None:
            return f"SKU {sku} does not exist", ""
        if sku in self.refuses:
            return "The price is outside the allowed range", ""
        if body["productType"] not in {item.kind, "PRODUCT"}:
            return "The product type is not the listing's", ""
        for days in [s for d in offer.get("discounted_price", ()) for s in d["schedule"]]:
            if not DAY.fullmatch(days.get("start_at", "")) or not DAY.fullmatch(days.get("end_at", "")):
                return "A discounted price needs start_at and end_at", ""
            if days["start_at"] > days["end_at"] or days["value_with_tax"] >= amount:
                return "The discounted price is not below the price", ""
            amount = days["value_with_tax"]
        shape = (patch["op"], patch["path"], offer["marketplace_id"], offer["currency"], offer["audience"])
        if shape != ("replace", PATH, STORE, "PLN", "ALL") or not isinstance(amount, Decimal | int) or amount <= 0:
            return "The offer is malformed", ""
        return "", f"{Decimal(amount):.2f}"

    def _submit(self, sku: str, body: Mapping[str, Any]) -> None:
        """Keep what was said of the offer and the stock; the price itself shows later."""
        item = self.items[sku]
        for patch in body["patches"]:
            assert patch["op"] == "replace"
            self._replace(item, patch["path"], patch["value"][0])

    def _replace(self, item: Item, path: str, value: Mapping[str, Any]) -> None:
        """What a patch of an attribute does not say of it is gone."""
        if path == SHELF:
            item.shelf, item.stock = value["fulfillment_channel_code"], value.get("quantity")
            item.lead = value.get("lead_time_to_ship_max_days")
            return
        item.regular = f"{Decimal(value['our_price'][0]['schedule'][0]['value_with_tax']):.2f}"
        days = [s for d in value.get("discounted_price", ()) for s in d["schedule"]]
        item.days = (days[0]["start_at"], days[0]["end_at"]) if days else None

    def catch_up(self) -> None:
        """Apply what is due."""
        due = [entry for entry in self.pending if entry[0] <= self.time.seconds()]
        self.pending = [entry for entry in self.pending if entry[0] > self.time.seconds()]
        for _, sku, price in due:
            self.items[sku].price = price
        for feed in self.feeds.values():
            if not feed.applied and feed.done <= self.time.seconds():
                self._process(feed)

    # --- feeds --------------------------------------------------------------------------------------------------

    def _feeds(self, request: httpx.Request) -> httpx.Response:
        path, method = request.url.path, request.method
        if (method, path) == ("POST", f"{FEEDS}/documents"):
            number = f"doc-{len(self.documents) + 1}"
            self.documents[number] = b""
            made = {"feedDocumentId": number, "url": f"{self.host}/document/{number}"}
            return self._limited("createFeedDocument") or answer(201, made)
        if (method, path) == ("POST", f"{FEEDS}/feeds"):
            return self._limited("createFeed") or self._create(asked(request))
        if found := re.fullmatch(rf"{FEEDS}/feeds/([^/]+)", path):
            return self._limited("getFeed") or self._status(found[1])
        found = re.fullmatch(rf"{FEEDS}/documents/([^/]+)", path)
        assert found is not None, path
        known = {"feedDocumentId": found[1], "url": f"{self.host}/document/{found[1]}", "compressionAlgorithm": "GZIP"}
        return self._limited("getFeedDocument") or answer(200, known)

    def _stored(self, request: httpx.Request, number: str) -> httpx.Response:
        if request.method == "PUT":
            assert request.headers["content-type"] == "application/json; charset=UTF-8"
            self.documents[number] = request.content
            return httpx.Response(200)
        return httpx.Response(200, content=self.documents[number])

    def _create(self, body: Mapping[str, Any]) -> httpx.Response:
        assert body["feedType"] == "JSON_LISTINGS_FEED"
        assert body["marketplaceIds"] == [STORE]
        messages = json.loads(self.documents[body["inputFeedDocumentId"]])["messages"]
        if not 1 <= len(messages) <= 25_000:
            return self._error(400, "InvalidInput", "1 to 25000 messages")
        self.writes.append(len(messages))
        number = f"feed-{len(self.feeds) + 1}"
        self.feeds[number] = Feed(
            number, body["inputFeedDocumentId"], self.time.seconds() + self.work, status=self.feed_status
        )
        return answer(202, {"feedId": number})

    def _status(self, number: str) -> httpx.Response:
        feed = self.feeds[number]
        status = feed.status if feed.applied else "IN_PROGRESS"
        known = {"feedId": number, "feedType": "JSON_LISTINGS_FEED", "createdTime": "2026-03-02T08:00:00Z"}
        result = {"resultFeedDocumentId": feed.result} if feed.applied else {}
        return answer(200, {**known, "processingStatus": status, **result})

    def _process(self, feed: Feed) -> None:
        feed.applied, feed.result = True, f"{feed.document}-report"
        if feed.status != "DONE":
            return
        messages = json.loads(self.documents[feed.document], parse_float=Decimal)["messages"]
        issues = []
        for message in messages:
            wrong, price = self._judge(message["sku"], message)
            if wrong:
                issues.append(
                    {"messageId": message["messageId"], "code": "90244", "severity": "ERROR", "message": wrong}
                )
            else:
                self._submit(message["sku"], message)
                self.items[message["sku"]].price = price
        summary = {
            "errors": len(issues),
            "warnings": 0,
            "messagesProcessed": len(messages),
            "messagesAccepted": len(messages) - len(issues),
            "messagesInvalid": len(issues),
        }
        report = {
            "header": {"sellerId": SELLER, "version": "2.0", "feedId": feed.id},
            "issues": issues,
            "summary": summary,
        }
        self.documents[feed.result] = gzip.compress(json.dumps(report).encode())
