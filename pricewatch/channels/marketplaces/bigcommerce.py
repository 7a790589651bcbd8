"""BigCommerce price lists, API v3: the records of one price list in one currency, up to 1,000 a request.

A batch is refused as a whole or in part with 422, so a refused one is sent again in halves. A record's sale price can
be set but not taken away, so one that is there becomes our price as well.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pricewatch.channels.api import parse_json, render_json
from pricewatch.channels.batches import in_batches, sent
from pricewatch.channels.marketplaces.base import JSON, Market, Reach, account, records, within
from pricewatch.channels.marketplaces.settings import BigCommerceSettings
from pricewatch.channels.paging import Pages
from pricewatch.domain.errors import ChannelUnavailable
from pricewatch.domain.listing import Desired, Listing, PushResult, PushStatus

PAGE = 250


class BigCommerce(Market):
    """A price list of a BigCommerce store as a channel; `remote_id` is the id of the variant."""

    def __init__(self, name: str, settings: BigCommerceSettings, reach: Reach) -> None:
        super().__init__(name, settings, reach, batch=settings.batch, announces=True)
        self._path = f"pricelists/{settings.price_list}/records"
        self._on_sale: set[str] = set()
        self._connect(
            settings,
            settings.url,
            sign=lambda _m, _u, _p: ({"x-auth-token": settings.token.reveal(), "accept": JSON}, {}),
            words=_words,
            account=account("bigcommerce", name, settings.token),
        )

    async def listings(self) -> AsyncIterator[Listing]:
        """All variants that the price list has a price for in the channel's currency."""
        number, last, pages = 1, 1, Pages(self._name, "price records", PAGE)
        while number <= last:
            rows, last = await self._page({"page": str(number)})
            if not pages.go_on(row["variant_id"] for row in rows):
                return
            for listing in self._mine(rows):
                yield listing
            number += 1

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by id, 250 a request."""
        found: list[Listing] = []
        for ids in in_batches([i for i in remote_ids if i.isdecimal()], PAGE):
            rows, _ = await self._page({"variant_id:in": ",".join(ids)})
            found += [listing for listing in self._mine(rows) if listing.remote_id in set(ids)]
        return found

    async def _page(self, more: Mapping[str, str]) -> tuple[Sequence[Mapping[str, Any]], int]:
        params = {"currency": self._currency.code.lower(), "include": "sku", "limit": str(PAGE), **more}
        answer = self._read(await self._api.get(self._path, params), "price records", "data")
        last = within(answer, "meta", "pagination", "total_pages")
        rows = records(answer["data"])
        if not isinstance(last, int) or not all(isinstance(r.get("variant_id"), int) for r in rows):
            raise ChannelUnavailable("answered price records without their variants or number", where=self._name)
        return rows, last

    def _mine(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Listing]:
        return [self._listing(r) for r in rows if str(r.get("currency")).upper() == self._currency.code]

    def _listing(self, record: Mapping[str, Any]) -> Listing:
        """A sale price that is the price itself is none."""
        number = str(record["variant_id"])
        price, sale = self._money(record.get("price")), self._money(record.get("sale_price") or None)
        (self._on_sale.add if sale is not None else self._on_sale.discard)(number)
        return Listing(
            channel=self._name,
            remote_id=number,
            sku=str(record.get("sku") or ""),
            price=price,
            sale_price=sale if sale != price else None,
        )

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write records, one request after the other; a batch that is refused is sent again in halves."""
        return await sent(self._send, batch, self._capabilities.batch_size, atomic=True)

    async def _send(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        body = render_json([self._record(desired) for desired in part])
        self._written(await self._api.write("PUT", self._path, body, JSON), "price records")
        return [PushResult(desired.remote_id, PushStatus.ACCEPTED) for desired in part]

    def _record(self, desired: Desired) -> Mapping[str, object]:
        price = Decimal(self._text(desired.price))
        told = desired.announcement
        record: dict[str, object] = {"variant_id": int(desired.remote_id), "currency": self._currency.code.lower()}
        if told is not None:
            return {**record, "price": Decimal(self._text(told.prior)), "sale_price": price}
        return {**record, "price": price, **({"sale_price": price} if desired.remote_id in self._on_sale else {})}


def _words(body: bytes) -> str:
    """The title of an error, or what was wrong with the first record of a batch."""
    said = parse_json(body)
    wrong = records(said.get("batch_errors"))
    return str(wrong[0].get("errors") or wrong[0].get("field_errors")) if wrong else str(said["title"])
