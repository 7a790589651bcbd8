"""Channels that believe too much fail the checks that say so."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from pricewatch.channels.plain import PlainChannel
from pricewatch.domain.errors import ChannelUnavailable
from pricewatch.domain.listing import Capabilities, ChannelRole, Listing, PushResult, PushStatus
from pricewatch.domain.money import Money
from pricewatch.testing import CHECKS, HttpLab, Unfit

PAGE = 100


class Careful(PlainChannel):
    """A channel that reads a list, page by page, and believes only what can be meant."""

    def __init__(self, transport):
        super().__init__("plain", Capabilities(ChannelRole.CHECKOUT, 10, 1_000, "PLN"))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://shop.test")

    async def listings(self):
        number, before, more = 1, None, True
        while more:
            page = await self.page(number)
            if page and page == before:
                raise ChannelUnavailable("a page came again")
            for item in page:
                yield self.listing(item)
            number, before, more = number + 1, page, len(page) == PAGE

    async def read(self, remote_ids):
        return [listing async for listing in self.listings() if listing.remote_id in remote_ids]

    async def page(self, number):
        reply = await self._client.get("/items", params={"page": number})
        try:
            return [dict(item) for item in json.loads(reply.content)]
        except (ValueError, TypeError) as error:
            raise ChannelUnavailable("answered no list") from error

    def listing(self, item):
        whole = re.fullmatch(r"\d+\.\d\d", str(item["price"])) and item["currency"] == "PLN"
        price = Money.parse(item["price"], "PLN") if whole else None
        return Listing("plain", item["id"], item["sku"], price)

    async def push(self, batch):
        return [PushResult(d.remote_id, PushStatus.REFUSED, "it only reads") for d in batch]

    async def close(self):
        await self._client.aclose()


class TakesAHalf(Careful):
    async def page(self, number):
        text = (await self._client.get("/items", params={"page": number})).text
        return [json.loads(part) for part in re.findall(r"\{[^{}]*\}", text)]


class ReadsPricesByParts(Careful):
    def listing(self, item):
        digits = re.sub(r"[^0-9]", "", str(item["price"])) or "0"
        return Listing("plain", item["id"], item["sku"], Money(int(digits), self._currency))


class TakesEveryCurrency(Careful):
    def listing(self, item):
        return super().listing({**item, "currency": "PLN"})


class NeverEnds(Careful):
    async def listings(self):
        number, page = 1, [{}] * PAGE
        while len(page) == PAGE:
            page, number = await self.page(number), number + 1
            for item in page:
                yield self.listing(item)


class TakesTheFirstPage(Careful):
    async def listings(self):
        for item in await self.page(1):
            yield self.listing(item)


class ListLab(HttpLab):
    """A list of prices, a hundred a page."""

    currency, unknown_id = "PLN", "nobody"

    def __init__(self, kind=Careful):
        self.kind, self.items = kind, {}
        super().__init__(httpx.MockTransport(self.serve), lambda _request: 0)

    def serve(self, request):
        first = (int(request.url.params["page"]) - 1) * PAGE
        return httpx.Response(200, json=list(self.items.values())[first : first + PAGE])

    def connect(self, stopped):
        return self.kind(self.transport)

    def fill(self, count):
        made = [{"id": f"r{n}", "sku": f"S{n}", "price": "100.00", "currency": "PLN"} for n in range(count)]
        self.items = {item["id"]: item for item in made}
        return [(item["id"], item["sku"]) for item in made]

    def shown(self, remote_id):
        return Money.parse(self.items[remote_id]["price"], "PLN")

    def edit(self, remote_id, price):
        self.items[remote_id]["price"] = price.text

    def refuse(self, remote_id):
        raise NotImplementedError


MINE = {check.name: check for check in CHECKS if check.body.__module__.endswith("disbelief")}


@pytest.mark.parametrize("name", MINE)
def test_a_careful_channel_passes(name):
    """It refuses or leaves without a price what cannot be meant."""
    MINE[name](ListLab())


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (TakesAHalf, "believes-no-half-answer"),
        (ReadsPricesByParts, "believes-no-absurd-amount"),
        (TakesEveryCurrency, "believes-no-other-currency"),
        (NeverEnds, "ends-when-pages-come-again"),
        (TakesTheFirstPage, "ends-when-pages-come-again"),
    ],
)
def test_a_credulous_channel_fails(kind, name):
    """Each is told what it promised."""
    with pytest.raises(Unfit, match=f"{name}: (.|\n)*promised: "):
        MINE[name](ListLab(kind))
