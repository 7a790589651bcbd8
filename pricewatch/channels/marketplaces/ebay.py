"""eBay, Inventory API v1: prices of up to 25 offers a request, with a status for each in the answer.

A listing may be revised 250 times a day, changes by people included; revisions are counted over all processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from pricewatch.channels.api import NotThere, parse_json, render_json
from pricewatch.channels.batches import Sender, in_batches, sent
from pricewatch.channels.marketplaces.base import JSON, Market, Reach, account, records, whole, within
from pricewatch.channels.marketplaces.settings import EbaySettings
from pricewatch.channels.oauth import Grant, Tokens
from pricewatch.domain.errors import ChannelUnavailable
from pricewatch.domain.limits import Limit
from pricewatch.domain.listing import Desired, Listing, PushResult, PushStatus

BATCH = 25
PAGE = 100
DAY = 86_400
_UNPUBLISHED = "the offer is not published, and eBay changes prices of published ones only; publish it first"
SCOPE = "https://api.ebay.com/oauth/api_scope/sell.inventory"


class Ebay(Market):
    """The offers of a seller on one eBay site as a channel; `remote_id` is the offer's id."""

    def __init__(self, name: str, settings: EbaySettings, reach: Reach) -> None:
        super().__init__(name, settings, reach, batch=BATCH, stock=settings.stock)
        self._site = settings.marketplace
        self._listing_of: dict[str, str] = {}
        self._unpublished: set[str] = set()
        grant = Grant(settings.token_url, settings.client_id, settings.client_secret, settings.refresh_token, SCOPE)
        self._connect(
            settings,
            settings.url,
            login=Tokens(name, grant, seconds=reach.seconds),
            words=_words,
            account=account("ebay", name, settings.refresh_token),
        )
        self._revisions = self._budget([Limit(settings.revisions, DAY)], "revisions")

    # --- reading ------------------------------------------------------------------------------------------------

    async def listings(self) -> AsyncIterator[Listing]:
        """The fixed-price offers of all inventory items on this site; one request an item, eBay has no other way."""
        params: Mapping[str, str] | None = {"limit": str(PAGE)}
        while params is not None:
            page = self._read(await self._api.get("inventory_item", params), "inventory items")
            for item in records(page.get("inventoryItems")):
                if item.get("sku"):
                    for listing in await self._offers(str(item["sku"])):
                        yield listing
            before, params = params.get("offset", "0"), _next(page)
            if params is not None and params["offset"] == before:
                raise ChannelUnavailable("answered a page of inventory items again", where=self._name)

    async def _offers(self, sku: str) -> Sequence[Listing]:
        """An item without offers answers 404, or a number of 0 and no list."""
        params = {"sku": sku, "marketplace_id": self._site, "format": "FIXED_PRICE"}
        try:
            page = self._read(await self._api.get("offer", params), f"the offers of {sku}")
        except NotThere:
            return []
        if page.get("total") == 0:
            return []
        if not isinstance(page.get("offers"), list):
            raise ChannelUnavailable(f"answered the offers of {sku} with something else", where=self._name)
        mine = [o for o in records(page["offers"]) if o.get("marketplaceId") == self._site and o.get("offerId")]
        return [self._listing(offer) for offer in mine if offer.get("format") == "FIXED_PRICE"]

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by id, one request each; offers that are gone are left out."""
        found: list[Listing] = []
        for remote_id in remote_ids:
            try:
                reply = await self._api.get(f"offer/{quote(remote_id, safe='')}")
            except NotThere:
                continue
            offer = self._read(reply, f"offer {remote_id}")
            if str(offer.get("offerId")) != remote_id:
                raise ChannelUnavailable(f"answered offer {remote_id} with something else", where=self._name)
            found.append(self._listing(offer))
        return found

    def _listing(self, offer: Mapping[str, Any]) -> Listing:
        """EBay strikes an original retail price where the seller may have one; it is seen, and never ours."""
        price, number = within(offer, "pricingSummary", "price"), within(offer, "listing", "listingId")
        struck = within(offer, "pricingSummary", "originalRetailPrice")
        paid = self._money(within(price, "value"), within(price, "currency"))
        before = self._money(within(struck, "value"), within(struck, "currency"))
        on_sale = before is not None and paid is not None and before.currency == paid.currency and before > paid
        published = offer.get("status") == "PUBLISHED"
        (self._unpublished.discard if published else self._unpublished.add)(str(offer["offerId"]))
        if number:
            self._listing_of[str(offer["offerId"])] = str(number)
        return Listing(
            channel=self._name,
            remote_id=str(offer["offerId"]),
            sku=str(offer.get("sku") or ""),
            price=before if on_sale else paid,
            sale_price=paid if on_sale else None,
            url=f"https://www.ebay.com/itm/{number}" if number else "",
            active=published,
            stock=whole(offer.get("availableQuantity")),
        )

    # --- writing ------------------------------------------------------------------------------------------------

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write prices, 25 a request; a listing that was revised often enough today is refused until tomorrow, an offer
        that is not published altogether.
        """
        sender = Sender(self._send)
        hidden = [d.remote_id for d in batch if d.remote_id in self._unpublished]
        for part in in_batches([d for d in batch if d.remote_id not in self._unpublished], BATCH):
            await sender.send(part)
        return sender.results + [PushResult(i, PushStatus.REFUSED, _UNPUBLISHED) for i in hidden]

    async def supply(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write quantities, 25 a request; each is a revision of its listing as a price is."""
        return await sent(lambda part: self._send(part, priced=False), batch, BATCH)

    async def _send(self, part: Sequence[Desired], *, priced: bool = True) -> Sequence[PushResult]:
        waits = self._revise(part)
        late = [
            PushResult(d.remote_id, PushStatus.REFUSED, _too_often(waits[d.remote_id]))
            for d in part
            if d.remote_id in waits
        ]
        leaving = [d for d in part if d.remote_id not in waits]
        return [*late, *(await self._write(leaving, priced=priced) if leaving else ())]

    def _revise(self, part: Sequence[Desired]) -> Mapping[str, float]:
        """Count a revision of each offer's listing: variations of one listing share its revisions."""
        keys = {d.remote_id: self._listing_of.get(d.remote_id, d.remote_id) for d in part}
        waits = self._revisions.admit(Counter(keys.values()))
        return {remote_id: waits[key] for remote_id, key in keys.items() if key in waits}

    async def _write(self, part: Sequence[Desired], *, priced: bool) -> Sequence[PushResult]:
        requests = [{"offers": [self._offer(d, priced=priced)]} for d in part]
        reply = await self._api.write("POST", "bulk_update_price_quantity", render_json({"requests": requests}), JSON)
        answers = records(self._written(reply, "a change of prices", "responses")["responses"])
        by_offer = {str(answer.get("offerId")): answer for answer in answers}
        return [_result(d.remote_id, by_offer.get(d.remote_id)) for d in part]

    def _offer(self, desired: Desired, *, priced: bool) -> Mapping[str, object]:
        price = {"price": self._price(desired)} if priced else {}
        offer: dict[str, object] = {"offerId": desired.remote_id, **price}
        pieces = self._pieces(desired)
        return offer if pieces is None else {**offer, "availableQuantity": pieces}

    def _price(self, desired: Desired) -> Mapping[str, str]:
        return {"currency": desired.price.currency.code, "value": self._text(desired.price)}


def _result(remote_id: str, answer: Mapping[str, Any] | None) -> PushResult:
    status = answer.get("statusCode") if answer else None
    if answer is None or not isinstance(status, int):
        return PushResult(remote_id, PushStatus.UNKNOWN, "the answer does not mention it")
    message = "; ".join(_error(error) for error in records(answer.get("errors")))[:300]
    if 200 <= status < 300 and not message:
        return PushResult(remote_id, PushStatus.ACCEPTED)
    refused = 400 <= status < 500
    return PushResult(remote_id, PushStatus.REFUSED if refused else PushStatus.UNKNOWN, message or f"status {status}")


def _too_often(wait: float) -> str:
    return f"its listing was revised as often as eBay takes within a day; there is room in {wait / 3600:.1f} hours"


def _next(page: Mapping[str, Any]) -> Mapping[str, str] | None:
    """The next page's number, from the address that eBay gives; the address itself is not followed."""
    query = parse_qs(urlsplit(str(page.get("next") or "")).query)
    return {"limit": str(PAGE), "offset": query["offset"][0]} if query.get("offset") else None


def _error(error: Mapping[str, Any]) -> str:
    return f"{error.get('errorId')}: {error.get('longMessage') or error.get('message') or 'no reason given'}"


def _words(body: bytes) -> str:
    return "; ".join(_error(error) for error in records(parse_json(body)["errors"]))
