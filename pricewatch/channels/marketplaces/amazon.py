"""Amazon, Selling Partner API: one PATCH a listing for small sends, one JSON listings feed for large ones.

ACCEPTED says that Amazon will look at a price, not that it shows: only reading back proves it. A patch replaces our
whole purchasable offer for everybody, so that no sale price of somebody else's goes on. An announced reduction is a
discounted price; Amazon wants an end for it, so it gets one years away, and we end it ourselves.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from pricewatch.channels.api import NotThere, parse_json, render_json
from pricewatch.channels.batches import Sender, in_batches
from pricewatch.channels.marketplaces.amazon_feed import ListingsFeed
from pricewatch.channels.marketplaces.base import (
    JSON,
    Market,
    Reach,
    account,
    listed,
    records,
    shipped,
    whole,
    within,
    word,
)
from pricewatch.channels.marketplaces.settings import AmazonSettings
from pricewatch.channels.oauth import Grant, Tokens
from pricewatch.channels.paging import Pages
from pricewatch.domain.errors import ChannelUnavailable
from pricewatch.domain.limits import Limit
from pricewatch.domain.listing import Desired, Listing, PushResult, PushStatus
from pricewatch.domain.money import Money

PAGE = 20
PAGED = 1_000  # listings that one search shows altogether
ANY_PRODUCT = "PRODUCT"
FEEDS = Limit(1, 120)
_DATA = ("summaries", "offers", "attributes")
_STOCK = "fulfillmentAvailability"
_SHELF, _LEAD = "fulfillment_availability", "lead_time_to_ship_max_days"
_NOT_OURS = "Amazon sends it: its stock is what lies in Amazon's warehouse"
OWN_SHELF = "DEFAULT"  # the fulfilment channel of what the seller sends himself
LASTS = timedelta(days=730)  # how long a discount of ours is set for
SOON = timedelta(days=365)  # one that ends within this time is set to end by itself


class Amazon(Market):
    """A seller's listings in one Amazon store as a channel; `remote_id` is the seller's SKU."""

    def __init__(self, name: str, settings: AmazonSettings, reach: Reach) -> None:
        super().__init__(
            name,
            settings,
            reach,
            batch=settings.feed_messages,
            announces=True,
            stock=settings.stock,
            delivery=settings.delivery,
        )
        self._data = ",".join([*_DATA, *([_STOCK] if self._capabilities.tells else [])])
        self._own_shelf: dict[str, Mapping[str, Any]] = {}
        self._seller, self._store = settings.seller, settings.marketplace
        self._preview, self._feed_from = settings.preview, settings.feed_from
        self._types: dict[str, str] = {}
        grant = Grant(
            settings.token_url,
            settings.client_id,
            settings.client_secret,
            settings.refresh_token,
            basic=False,
            header="x-amz-access-token",
            prefix="",
        )
        self._connect(
            settings,
            settings.url,
            login=Tokens(name, grant, seconds=reach.seconds),
            words=_words,
            account=account("amazon", name, settings.refresh_token),
        )
        self._feed_turn = self._budget([FEEDS], "feeds")
        self._feed = ListingsFeed(name, self._api, self._seller, self._store)

    # --- reading ------------------------------------------------------------------------------------------------

    async def listings(self) -> AsyncIterator[Listing]:
        """All listings in the store; one search shows 1,000, so the next one starts where the last one ended."""
        since, seen = "", set[str]()
        while True:
            fresh, newest = 0, since
            async for item in self._search(since):
                newest = str(within(_own(item.get("summaries"), self._store), "createdDate") or newest)
                if str(item["sku"]) not in seen:
                    fresh += 1
                    seen.add(str(item["sku"]))
                    yield self._listing(item)
            if fresh == 0 or newest == since:
                return
            since = newest

    async def _search(self, since: str) -> AsyncIterator[Mapping[str, Any]]:
        """One search from a date of creation on, oldest first, page by page; empty when the last one had it all."""
        query = {"sortBy": "createdDate", "sortOrder": "ASC", **({"createdAfter": since} if since else {})}
        token, count, pages = "", 0, Pages(self._name, "listings", PAGE)
        while True:
            page = await self._page({**query, **({"pageToken": token} if token else {})})
            items = records(page["items"])
            if items and not pages.go_on(item["sku"] for item in items):
                return
            for item in items:
                count += 1
                yield item
            before, token = token, str(within(page, "pagination", "nextToken") or "")
            if not token or count >= PAGED:
                return
            if token == before and not items:
                raise ChannelUnavailable("answered a page without listings again", where=self._name)

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by SKU, 20 a request; a SKU with a comma is asked for alone."""
        found: list[Listing] = []
        for skus in in_batches([sku for sku in remote_ids if "," not in sku], PAGE):
            page = await self._page({"identifiers": ",".join(skus), "identifiersType": "SKU"})
            found += [self._listing(item) for item in records(page["items"]) if item["sku"] in set(skus)]
        for sku in remote_ids:
            if "," in sku:
                found += await self._alone(sku)
        return found

    async def _page(self, query: Mapping[str, str]) -> Mapping[str, Any]:
        params = {**query, "marketplaceIds": self._store, "includedData": self._data, "pageSize": str(PAGE)}
        path = f"listings/2021-08-01/items/{self._seller}"
        page: Mapping[str, Any] = self._read(await self._api.get(path, params), "listings", "items")
        if not all(word(item.get("sku")) for item in records(page["items"])):
            raise ChannelUnavailable("answered listings without their SKUs", where=self._name)
        return page

    async def _alone(self, sku: str) -> Sequence[Listing]:
        try:
            reply = await self._api.get(self._path(sku), {"marketplaceIds": self._store, "includedData": self._data})
        except NotThere:
            return []
        item = self._read(reply, f"listing {sku}")
        return [self._listing(item)] if item.get("sku") == sku else []

    def _path(self, sku: str) -> str:
        return f"listings/2021-08-01/items/{self._seller}/{quote(sku, safe='')}"

    def _listing(self, item: Mapping[str, Any]) -> Listing:
        sku = str(item["sku"])
        summary = _own(item.get("summaries"), self._store)
        offers = [o for o in records(item.get("offers")) if o.get("marketplaceId") == self._store]
        everybody = [o for o in offers if o.get("offerType") == "B2C" and _for_all(o)]
        price = everybody[0].get("price") if everybody else None
        if kind := within(summary, "productType"):
            self._types[sku] = str(kind)
        shelves = [shelf for shelf in records(item.get(_STOCK)) if shelf.get("fulfillmentChannelCode") == OWN_SHELF]
        said = self._own_attributes(item)
        if shelves:
            self._own_shelf[sku] = said
        asin = within(summary, "asin")
        paid = self._money(within(price, "amount"), within(price, "currencyCode") or within(price, "currency"))
        regular, upcoming = self._scheduled(item, paid)
        return Listing(
            channel=self._name,
            remote_id=sku,
            sku=sku,
            price=regular or paid,
            sale_price=paid if regular is not None else None,
            upcoming=upcoming,
            name=str(within(summary, "itemName") or ""),
            url=f"https://www.amazon.com/dp/{asin}" if asin else "",
            active="BUYABLE" in listed(within(summary, "status")),
            stock=whole(shelves[0].get("quantity")) if shelves else None,
            delivery=shipped(said.get(_LEAD)) if shelves else "",
        )

    def _own_attributes(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """What was submitted of the shelf that the seller sends from: a patch of it replaces all of that."""
        shelves = records(within(item, "attributes", _SHELF))
        mine = [shelf for shelf in shelves if shelf.get("fulfillment_channel_code") == OWN_SHELF]
        return mine[0] if mine else {}

    def _scheduled(self, item: Mapping[str, Any], paid: Money | None) -> tuple[Money | None, Money | None]:
        """The regular price beside a discounted one that is paid now, and the price that it is set to switch to."""
        offers = records(within(item, "attributes", "purchasable_offer"))
        here = [offer for offer in offers if offer.get("marketplace_id") in (None, self._store)]
        mine = [offer for offer in here if offer.get("audience") in (None, "ALL")]
        if not mine or paid is None:
            return None, None
        regular, _, _ = self._first(mine[0].get("our_price"))
        discounted, starts, ends = self._first(mine[0].get("discounted_price"))
        now = self._reach.now()
        if discounted is None or regular is None or (ends is not None and ends <= now):
            return None, None
        if starts is not None and starts > now:
            return None, discounted
        return (
            regular if regular > paid else None,
            regular if ends is not None and ends - now < SOON and regular != paid else None,
        )

    def _first(self, prices: object) -> tuple[Money | None, datetime | None, datetime | None]:
        """The amount of a price's first schedule, and from when until when it holds."""
        schedules = (entry for price in records(prices) for entry in records(price.get("schedule")))
        first: Mapping[str, Any] = next(schedules, {})
        return self._money(first.get("value_with_tax")), _day(first.get("start_at")), _day(first.get("end_at"))

    # --- writing ------------------------------------------------------------------------------------------------

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write prices: one request each, or one feed when there are many."""
        feed = len(batch) >= self._feed_from
        sender = Sender(self._send_prices if feed else self._send_one)
        for part in in_batches(batch, self._capabilities.batch_size if feed else 1):
            await sender.send(part)
        return sender.results

    def _patches(self, desired: Desired) -> Mapping[str, object]:
        """What makes one listing show a price to everybody."""
        told, amount = desired.announcement, Decimal(self._text(desired.price))
        regular = Decimal(self._text(told.prior)) if told is not None else amount
        offer: dict[str, object] = {
            "marketplace_id": self._store,
            "currency": desired.price.currency.code,
            "audience": "ALL",
            "our_price": [{"schedule": [{"value_with_tax": regular}]}],
        }
        if told is not None:
            today = self._reach.now().date()
            days = {"start_at": f"{today - timedelta(days=1)}", "end_at": f"{today + LASTS}"}
            offer["discounted_price"] = [{"schedule": [{**days, "value_with_tax": amount}]}]
        return self._patched(desired, [_replaced("purchasable_offer", offer), *self._beside(desired)])

    def _patched(self, desired: Desired, patches: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
        return {"productType": self._types.get(desired.remote_id, ANY_PRODUCT), "patches": patches}

    def _beside(self, desired: Desired) -> Sequence[Mapping[str, object]]:
        """Pieces and days until they are sent, of what the seller sends himself; the rest of it stays as it is."""
        known = self._own_shelf.get(desired.remote_id)
        said = {"quantity": self._pieces(desired), _LEAD: self._days(desired)}
        news = {name: value for name, value in said.items() if value is not None}
        if known is None or not news:
            return []
        place = {"fulfillment_channel_code": OWN_SHELF, "marketplace_id": self._store}
        return [_replaced(_SHELF, {**known, **place, **news})]

    async def supply(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write pieces and lead times, one request each, or one feed when there are many."""
        await self.read([d.remote_id for d in batch if d.remote_id not in self._own_shelf])
        mine = [d for d in batch if self._beside(d)]
        others = [PushResult(d.remote_id, PushStatus.REFUSED, _NOT_OURS) for d in batch if not self._beside(d)]
        feed = len(mine) >= self._feed_from
        sender = Sender(self._feed_stock if feed else self._stock_up)
        for part in in_batches(mine, self._capabilities.batch_size if feed else 1):
            await sender.send(part)
        return [*sender.results, *others]

    async def _stock_up(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        body = self._patched(part[0], self._beside(part[0]))
        return [_submitted(part[0].remote_id, await self._patch(part[0].remote_id, body))]

    async def _feed_stock(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        return await self._send_feed(part, [self._patched(d, self._beside(d)) for d in part])

    async def _send_one(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        desired = part[0]
        if self._preview:
            tried = await self._patch(desired.remote_id, self._patches(desired), mode="VALIDATION_PREVIEW")
            if tried.get("status") != "VALID":
                return [_submitted(desired.remote_id, tried)]
        return [_submitted(desired.remote_id, await self._patch(desired.remote_id, self._patches(desired)))]

    async def _patch(self, sku: str, patches: Mapping[str, object], **more: str) -> Mapping[str, Any]:
        query = urlencode({"marketplaceIds": self._store, "includedData": "issues", **more})
        path, body = f"{self._path(sku)}?{query}", render_json(patches)
        answer: Mapping[str, Any] = self._written(await self._api.write("PATCH", path, body, JSON), "a price")
        return answer

    async def _send_prices(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        return await self._send_feed(part, [self._patches(d) for d in part])

    async def _send_feed(
        self, part: Sequence[Desired], patches: Sequence[Mapping[str, object]]
    ) -> Sequence[PushResult]:
        await self._feed_turn.turn()
        number = await self._feed.submit([(d.remote_id, p) for d, p in zip(part, patches, strict=True)])
        return await self._afterwards(part, lambda: self._processed(part, number))

    async def _processed(self, part: Sequence[Desired], number: str) -> Sequence[PushResult] | None:
        report = await self._reported(lambda: self._feed.report(number, len(part)))
        if report is None:
            return None
        return [_message(d.remote_id, report.get(line)) for line, d in enumerate(part, start=1)]


def _replaced(attribute: str, value: Mapping[str, object]) -> Mapping[str, object]:
    return {"op": "replace", "path": f"/attributes/{attribute}", "value": [value]}


def _day(value: object) -> datetime | None:
    """A day or a moment as Amazon writes it, plain or as the value of an object; None when it is none."""
    text = within(value, "value") if isinstance(value, Mapping) else value
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _submitted(remote_id: str, answer: Mapping[str, Any]) -> PushResult:
    issues = [i for i in records(answer.get("issues")) if i.get("severity") == "ERROR"]
    words = "; ".join(f"{i.get('code')}: {i.get('message')}" for i in issues)[:300]
    match answer.get("status"):
        case "ACCEPTED" if answer.get("sku") == remote_id:
            return PushResult(remote_id, PushStatus.ACCEPTED)
        case "INVALID":
            return PushResult(remote_id, PushStatus.REFUSED, words or "invalid, no reason given")
        case _:
            return PushResult(remote_id, PushStatus.UNKNOWN, "the answer is malformed")


def _message(remote_id: str, errors: str | None) -> PushResult:
    if errors is None:
        return PushResult(remote_id, PushStatus.ACCEPTED)
    return PushResult(remote_id, PushStatus.REFUSED, errors[:300] or "no reason given")


def _own(summaries: object, store: str) -> Mapping[str, Any] | None:
    return next((s for s in records(summaries) if s.get("marketplaceId") == store), None)


def _for_all(offer: Mapping[str, Any]) -> bool:
    return word(within(offer, "audience", "value")) in {"", "ALL"}


def _words(body: bytes) -> str:
    return "; ".join(f"{e['code']}: {e['message']}" for e in records(parse_json(body)["errors"]))
