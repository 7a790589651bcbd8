"""Allegro: offers, price commands of three kinds, their reports, and 9,000 changes a minute, 150,000 an hour."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from market_fakes import FakeTime, Server, TokenService, Window, answer, asked

RULE = "641c73feaef0a8281a3d11f8"
PUBLIC, BETA = "application/vnd.allegro.public.v1+json", "application/vnd.allegro.beta.v1+json"


HANDLING_TIMES = {
    "PT0S", "PT24H", "PT48H", "PT72H", "PT96H", "PT120H", "PT168H", "PT240H", "PT336H", "PT504H", "PT720H", "PT1440H",
    "P2D", "P3D", "P4D", "P5D", "P7D", "P10D", "P14D", "P21D", "P30D", "P60D",
}  # fmt: skip


@dataclass
class Offer:
    id: str
    sku: str
    prices: dict[str, str]
    status: str = "ACTIVE"
    base: str = "allegro-pl"
    rule: str = ""
    stock: int = 1
    handling: str = "PT24H"


@dataclass
class Command:
    id: str
    tasks: list[dict[str, Any]]
    created: str
    ends: float
    completed: str = ""
    work: list[Any] = field(default_factory=list)


class AllegroServer:
    """`queue` is how many seconds a command waits before it is done; `refuses` are offers that fail in reports."""

    def __init__(self, time: FakeTime, *, queue: float = 2.0) -> None:
        self.time, self.queue = time, queue
        self.offers: dict[str, Offer] = {}
        self.commands: dict[str, Command] = {}
        self.queued: dict[str, Command] = {}
        self.refuses: set[str] = set()
        self.auth = TokenService(rotate=True)
        self.minute, self.hour = Window(9_000, 60, time), Window(150_000, 3_600, time)
        self.server = Server(self.handle)
        self.writes: list[int] = []

    def add(self, number: str, sku: str, price: str = "100.00", **more: Any) -> None:
        self.offers[number] = Offer(number, sku, {"allegro-pl": price}, **more)

    def handle(self, request: httpx.Request) -> httpx.Response:  # noqa: C901, PLR0911
        path = request.url.path
        if path == "/auth/oauth/token":
            return self.auth.give(request)
        if not self.auth.knows(request):
            return answer(
                401, {"error": "invalid_token", "error_description": "Full authentication is required"}, PUBLIC
            )
        if request.headers["accept"] not in {PUBLIC, BETA}:
            return self._error(406, "NotAcceptableException", "Not acceptable representation requested")
        self._work()
        if path == "/sale/offers" and request.method == "GET":
            return self._list(request)
        if path == "/sale/price-automation/rules":
            rule = {"id": RULE, "name": "Lowest on the market", "type": "FOLLOW_BY_MARKET_MIN_PRICE", "default": False}
            return answer(200, {"rules": [{**rule, "updatedAt": "2026-03-02T08:00:00Z"}]}, PUBLIC)
        if found := re.fullmatch(r"/offers/([^/]+)/change-price-commands/([^/]+)", path):
            return self._single(request, *found.groups())
        if found := re.fullmatch(r"/sale/offer-price-change-commands/([^/]+)", path):
            return self._rule(request, found[1]) if request.method == "PUT" else self._report(found[1])
        if path == "/sale/offer-bulk-modification-commands":
            return self._bulk(request)
        if found := re.fullmatch(r"/sale/offer-bulk-modification-commands/([^/]+)", path):
            return self._report(found[1])
        if found := re.fullmatch(r"/sale/offer-modification-commands/([^/]+)", path):
            return self._modify(request, found[1]) if request.method == "PUT" else self._report(found[1])
        if found := re.fullmatch(r"/sale/product-offers/([^/]+)", path):
            return self._whole(found[1])
        if found := re.fullmatch(r"/sale/offer-[a-z-]+-commands/([^/]+)/tasks", path):
            return self._tasks(request, found[1])
        return self._error(404, "NotFound", path)

    def _error(self, status: int, code: str, message: str) -> httpx.Response:
        error = {
            "code": code,
            "message": message,
            "userMessage": message,
            "details": None,
            "path": None,
            "metadata": {},
        }
        return answer(status, {"errors": [error]}, PUBLIC)

    def _list(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        ids, statuses = query.get_list("offer.id"), query.get_list("publication.status")
        found = [o for o in self.offers.values() if (not ids or o.id in ids) and (not statuses or o.status in statuses)]
        start, limit = int(query.get("offset", 0)), int(query.get("limit", 20))
        page = [self._record(offer) for offer in found[start : start + limit]]
        return answer(200, {"offers": page, "count": len(page), "totalCount": len(found)}, PUBLIC)

    def _record(self, offer: Offer) -> dict[str, Any]:
        def selling(market: str) -> dict[str, Any]:
            currency = {"allegro-cz": "CZK", "allegro-sk": "EUR"}.get(market, "PLN")
            rule = {"priceAutomation": {"rule": {"id": offer.rule}}} if offer.rule else {}
            return {"price": {"amount": offer.prices[market], "currency": currency}, **rule}

        others = {m: {"sellingMode": selling(m)} for m in offer.prices if m != offer.base}
        return {
            "id": offer.id,
            "name": f"Offer {offer.id}",
            "external": {"id": offer.sku} if offer.sku else None,
            "sellingMode": {"format": "BUY_NOW", **selling(offer.base)},
            "publication": {"status": offer.status, "marketplaces": {"base": {"id": offer.base}, "additional": []}},
            "additionalMarketplaces": others,
            "stock": {"available": offer.stock, "sold": 0},
        }

    # --- commands -----------------------------------------------------------------------------------------------

    def _single(self, request: httpx.Request, offer: str, number: str) -> httpx.Response:
        if request.headers["content-type"] != PUBLIC:
            return self._error(415, "UnsupportedMediaType", "unsupported")
        UUID(number)
        price = asked(request)["input"]["buyNowPrice"]
        if offer not in self.offers:
            return self._error(404, "OfferNotFound", "The offer does not exist.")
        if number in self.commands:
            return self._error(409, "CommandAlreadyExists", "Command id was already used")
        if not self._allowed(1):
            return self._error(429, "TooManyRequests", "limit")
        wrong = self._wrong(offer, price, self.offers[offer].base)
        status = "ERROR" if wrong else "SUCCESSFUL"
        self.commands[number] = Command(number, [], "", self.time.seconds())
        if not wrong:
            self.offers[offer].prices[self.offers[offer].base] = price["amount"]
        output = {"status": status, "errors": [wrong] if wrong else []}
        return answer(200, {"id": number, "input": {"buyNowPrice": price}, "output": output}, PUBLIC)

    def _rule(self, request: httpx.Request, number: str) -> httpx.Response:
        if request.headers["content-type"] != PUBLIC:
            return self._error(415, "UnsupportedMediaType", "unsupported")
        body = asked(request)
        rule, criteria = body["modification"], body["offerCriteria"]
        ids = [offer["id"] for offer in criteria[0]["offers"]]
        assert rule["type"] == "FIXED_PRICE"
        assert criteria[0]["type"] == "CONTAINS_OFFERS"
        if not 1 <= len(ids) <= 1_000 or len(set(ids)) != len(ids):
            return self._error(422, "Unprocessable", "1 to 1000 different offers")
        market = rule.get("marketplaceId")
        return self._register(
            number, [(i, market or self._base(i), rule["price"], "price") for i in ids], subject=False
        )

    def _bulk(self, request: httpx.Request) -> httpx.Response:
        if request.headers["content-type"] != BETA or request.headers["accept"] != BETA:
            return self._error(406, "NotAcceptableException", "this resource is beta")
        body = asked(request)
        changes = body["modifications"]
        if not 1 <= len(changes) <= 25 or len({c["offerId"] for c in changes}) != len(changes):
            return self._error(422, "Unprocessable", "1 to 25 modifications of different offers")
        work = [(c["offerId"], m, p["value"], "prices") for c in changes for m, p in c.get("prices", {}).items()]
        work += [(c["offerId"], "", c["stock"]["value"], "stock") for c in changes if "stock" in c]
        return self._register(body["commandId"], work, subject=True, media=BETA)

    def _modify(self, request: httpx.Request, number: str) -> httpx.Response:
        body = asked(request)
        ids = [offer["id"] for offer in body["offerCriteria"][0]["offers"]]
        time = body["modification"]["delivery"]["handlingTime"]
        if request.headers["content-type"] != PUBLIC or time not in HANDLING_TIMES or not 1 <= len(ids) <= 1_000:
            return self._error(422, "Unprocessable", "delivery.handlingTime")
        return self._register(number, [(i, "", time, "delivery") for i in ids], subject=False)

    def _whole(self, number: str) -> httpx.Response:
        offer = self.offers.get(number)
        if offer is None:
            return self._error(404, "NotFound", "Offer not found")
        whole = {"id": number, "delivery": {"handlingTime": offer.handling, "shippingRates": None}}
        return answer(200, whole, PUBLIC)

    def _base(self, offer: str) -> str:
        return self.offers[offer].base if offer in self.offers else "allegro-pl"

    def _register(self, number: str, work: list[Any], *, subject: bool, media: str = PUBLIC) -> httpx.Response:
        UUID(number)
        if number in self.commands:
            return self._error(409, "CommandAlreadyExists", "Command id was already used")
        if not self._allowed(len(work)):
            return self._error(429, "TooManyRequests", "limit")
        self.writes.append(len(work))
        tasks = [
            {
                "status": "NEW",
                "errors": [],
                **({"subject": {"offerId": i, "field": f}} if subject else {"offer": {"id": i}, "field": f}),
            }
            for i, _, _, f in work
        ]
        created = self.time.now().isoformat().replace("+00:00", "Z")
        command = self.commands[number] = Command(number, tasks, created, self.time.seconds() + self.queue, work=work)
        self.queued[number] = command
        reply = self._general(command)
        self._work()
        return answer(201, reply, media)

    def _allowed(self, changes: int) -> bool:
        return self.minute.take(changes) and self.hour.take(changes)

    def _work(self) -> None:
        for command in list(self.queued.values()):
            if command.ends <= self.time.seconds():
                del self.queued[command.id]
                for task, (offer, market, price, what) in zip(command.tasks, command.work, strict=True):
                    if what == "delivery":
                        task["status"] = "SUCCESS" if offer in self.offers else "FAIL"
                        if task["status"] == "SUCCESS":
                            self.offers[offer].handling = price
                        continue
                    if what == "stock":
                        task["status"] = "SUCCESS" if price > 0 and offer in self.offers else "FAIL"
                        if task["status"] == "SUCCESS":
                            self.offers[offer].stock = price
                        continue
                    wrong = self._wrong(offer, price, market)
                    task["status"] = "FAIL" if wrong else "SUCCESS"
                    if wrong:
                        task |= {"message": wrong["message"], "errors": [wrong]}
                    else:
                        self.offers[offer].prices[market] = price["amount"]
                command.work = []
                command.completed = self.time.now().isoformat().replace("+00:00", "Z")

    def _wrong(self, offer: str, price: dict[str, str], market: str) -> dict[str, Any] | None:
        known = self.offers.get(offer)
        currency = {"allegro-cz": "CZK", "allegro-sk": "EUR"}.get(market, "PLN")
        message = ""
        if known is None:
            message = "The offer does not exist."
        elif offer in self.refuses:
            message = "The price of this offer cannot be changed"
        elif market not in known.prices:
            message = f"The offer is not on {market}"
        elif (
            price["currency"] != currency
            or not re.fullmatch(r"\d{1,9}\.\d{2}", price["amount"])
            or float(price["amount"]) < 0.01
        ):
            message = "The price is invalid"
        return {"code": "VALIDATION_ERROR", "message": message, "userMessage": message} if message else None

    def _general(self, command: Command) -> dict[str, Any]:
        states = [task["status"] for task in command.tasks]
        count = {"failed": states.count("FAIL"), "success": states.count("SUCCESS"), "total": len(states)}
        return {
            "id": command.id,
            "createdAt": command.created,
            "completedAt": command.completed or None,
            "taskCount": count,
        }

    def _report(self, number: str) -> httpx.Response:
        if number not in self.commands:
            return self._error(404, "NotFound", "Command not found")
        return answer(200, self._general(self.commands[number]), PUBLIC)

    def _tasks(self, request: httpx.Request, number: str) -> httpx.Response:
        if number not in self.commands:
            return self._error(404, "NotFound", "Command not found")
        start, limit = int(request.url.params.get("offset", 0)), int(request.url.params.get("limit", 100))
        return answer(200, {"tasks": self.commands[number].tasks[start : start + limit]}, PUBLIC)
