"""An app that is told of prices: a strict one, which checks every signature as its documentation says."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pricewatch.channels.offline.settings import WebhookSettings
from pricewatch.channels.offline.webhook import Webhook
from pricewatch.channels.surroundings import Surroundings
from pricewatch.domain.decision import Announcement, Coupon, Terms, UnitPrice
from pricewatch.domain.errors import ChannelUnavailable
from pricewatch.domain.listing import Desired, Listing, PushStatus
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import Assortment, Sku
from pricewatch.located import Secret
from pricewatch.testing import CHECKS, HttpLab

SECRET = "whsec_" + base64.b64encode(b"a secret of 32 bytes, well mixed").decode()
VAT = TaxRate(2300)
NOW = datetime.now(UTC)
PAGE = 100


class App:
    """Holds prices by id; refuses requests that are not signed, are old, or were seen before with another content."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, str]] = {}
        self.refused: set[str] = set()
        self.seen: dict[str, bytes] = {}
        self.told: list[dict[str, object]] = []
        self.http = Starlette(
            routes=[Route("/hook/prices", self.read), Route("/hook/prices", self.write, methods=["POST"])]
        )

    def objection(self, request: Request, body: bytes) -> Response | None:
        name, moment = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "0")
        plain = body or f"{request.method} {request.url.path}?{request.url.query}".rstrip("?").encode()
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        proof = hmac.new(key, f"{name}.{moment}.".encode() + plain, hashlib.sha256).digest()
        given = request.headers.get("webhook-signature", "").removeprefix("v1,")
        if not hmac.compare_digest(base64.b64encode(proof).decode(), given):
            return JSONResponse({"message": "wrong signature"}, 401)
        if abs(datetime.now(UTC).timestamp() - int(moment)) > 300:
            return JSONResponse({"message": "too old"}, 401)
        if self.seen.setdefault(name, plain) != plain:
            return JSONResponse({"message": "this id had another content"}, 409)
        return None

    async def read(self, request: Request) -> Response:
        if problem := self.objection(request, b""):
            return problem
        if asked := request.query_params.get("ids"):
            return JSONResponse({"prices": [self.items[key] for key in asked.split(",") if key in self.items]})
        begin = int(request.query_params.get("cursor", "0"))
        page = list(self.items.values())[begin : begin + PAGE]
        more = begin + PAGE < len(self.items)
        return JSONResponse({"prices": page, "next": str(begin + PAGE) if more else None})

    async def write(self, request: Request) -> Response:
        body = await request.body()
        if problem := self.objection(request, body):
            return problem
        prices = json.loads(body)["prices"]
        if len(prices) > 500:
            return JSONResponse({"message": "at most 500"}, 413)
        return JSONResponse({"results": [self.take(price) for price in prices]})

    def take(self, price: dict[str, object]) -> dict[str, str]:
        key = str(price["id"])
        if key not in self.items:
            return {"id": key, "status": "refused", "message": "unknown item"}
        if key in self.refused or not isinstance(price["price"], str) or Decimal(price["price"]) <= 0:
            return {"id": key, "status": "refused", "message": "the price is not taken"}
        self.items[key] |= {"price": price["price"], "currency": str(price["currency"])}
        self.told.append(price)
        return {"id": key, "status": "ok"}


class AppLab(HttpLab):
    """The app, and the trouble that HTTP makes."""

    currency, unknown_id, secrets = "PLN", "gone", (SECRET,)

    def __init__(self) -> None:
        self.app = App()
        super().__init__(httpx.ASGITransport(self.app.http), self.prices_in)

    @staticmethod
    def prices_in(request: httpx.Request) -> int:
        return len(json.loads(request.content)["prices"]) if request.method == "POST" else 0

    def connect(self, stopped: Callable[[], bool]) -> Webhook:
        return hook(self.transport, stopped)

    def fill(self, count: int) -> Sequence[tuple[str, Sku]]:
        self.app.items = {
            f"i{n}": {"id": f"i{n}", "sku": f"S{n}", "price": "100.00", "currency": "PLN"} for n in range(count)
        }
        return [(item["id"], item["sku"]) for item in self.app.items.values()]

    def shown(self, remote_id: str) -> Money | None:
        item = self.app.items.get(remote_id)
        return Money.parse(item["price"], "PLN") if item else None

    def edit(self, remote_id: str, price: Money) -> None:
        self.app.items[remote_id]["price"] = price.text

    def refuse(self, remote_id: str) -> None:
        self.app.refused.add(remote_id)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)


def hook(
    transport: httpx.AsyncBaseTransport | None,
    stopped: Callable[[], bool] = lambda: False,
    url: str = "http://app.test/hook",
) -> Webhook:
    settings = WebhookSettings(type="webhook", url=url, secret=Secret(env="HOOK_SECRET"), rate=100_000)
    around = Surroundings(Path(), "PLN", lambda: Assortment({}), transport=transport, stopped=stopped)
    return Webhook("app", settings, around)


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_an_app_keeps_every_promise(check: Callable[[AppLab], None]) -> None:
    """All of them: an app can do everything that a shop can."""
    check(AppLab())


def test_everything_that_travels_with_a_price_is_told() -> None:
    """The prior price of a running reduction, the price of a unit, stock and delivery; amounts are decimal text."""
    lab = AppLab()
    lab.fill(1)
    money = Money.parse("83.99", "PLN")
    wish = Desired(
        "app", "i0", "S0", 7, money, VAT, None, None, announcement=Announcement(Money.parse("99", "PLN"), NOW, None),
        terms=Terms(None, Coupon("SPRING", Money.parse("80", "PLN")), UnitPrice(Money.parse("167.98", "PLN"), "1 kg")),
        stock=4, delivery="24 h",
    )  # fmt: skip
    (result,) = asyncio.run(lab.connect(lambda: False).push([wish]))
    assert result.status is PushStatus.ACCEPTED
    told = lab.app.told[0]
    assert {key: told[key] for key in told if key != "sale_from"} == {
        "id": "i0", "sku": "S0", "version": 7, "price": "83.99", "net": "68.28", "currency": "PLN",
        "prior_price": "99.00", "sale_until": None, "loyalty_price": None, "unit_price": "167.98", "unit": "1 kg",
        "coupon_price": "80.00", "coupon_code": "SPRING", "stock": 4, "delivery": "24 h",
    }  # fmt: skip


def test_the_same_prices_are_the_same_message() -> None:
    """An app that has seen the id may answer from its memory."""
    lab = AppLab()
    lab.fill(1)
    wish = Desired("app", "i0", "S0", 7, Money.parse("9.99", "PLN"), VAT, None, None)
    for _ in range(2):
        asyncio.run(lab.connect(lambda: False).push([wish]))
    assert len(lab.app.seen) == 1


@pytest.mark.parametrize(
    ("secret", "words"), [("short", "too short"), ("whsec_???", "too short"), (None, "HOOK_SECRET")]
)
def test_without_a_good_secret_nothing_leaves(secret: str | None, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unsigned price would be anybody's."""
    monkeypatch.delenv("HOOK_SECRET") if secret is None else monkeypatch.setenv("HOOK_SECRET", secret)
    lab = AppLab()
    ids = lab.fill(1)
    with pytest.raises(ChannelUnavailable, match=words):
        asyncio.run(lab.connect(lambda: False).read([ids[0][0]]))
    assert lab.app.seen == {}


def test_an_app_that_goes_round_in_circles_is_left() -> None:
    """The same cursor twice is no list."""

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(b'{"prices": [], "next": "again"}'))

    async def all_of_it() -> None:
        async for _ in hook(httpx.MockTransport(answer)).listings():
            pass

    with pytest.raises(ChannelUnavailable, match="twice"):
        asyncio.run(all_of_it())


def test_an_address_is_signed_as_it_is_sent(served: Callable[..., str]) -> None:
    """Over real HTTP several odd ids in one question arrive under the address that was signed."""
    app = App()
    ids = ["i0", "i1", *(f"a{sign}b" for sign in "!$'()*/:?@ +&=%#;~[]|\"<ż")]
    app.items = {i: {"id": i, "sku": i, "price": "100.00", "currency": "PLN"} for i in ids}
    channel = hook(None, url=f"{served(SimpleNamespace(app=app.http))}/hook")

    async def job() -> Sequence[Listing]:
        try:
            return await channel.read(ids)
        finally:
            await channel.close()

    assert [listing.remote_id for listing in asyncio.run(job())] == ids
