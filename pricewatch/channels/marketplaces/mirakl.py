"""Marketplaces on Mirakl: a price import (PRI01) and its report (PRI02, PRI03), at most one import a minute.

An import replaces all prices of the offers in it: prices by channel, by quantity and discounts that are not in the
file are deleted. A discount is in it only while its reduction is announced; an offer that has the others is refused.
Pieces in stock follow by an import of their own (STO01 to STO03), which touches nothing else of an offer.
"""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pricewatch.channels.api import parse_json
from pricewatch.channels.batches import Sender, in_batches, sent
from pricewatch.channels.marketplaces.base import Market, Reach, account, records, unknown, whole, within, word
from pricewatch.channels.marketplaces.settings import MiraklSettings
from pricewatch.channels.paging import Pages
from pricewatch.domain.errors import ChannelError, ChannelUnavailable, ChannelUnknown, PublishingStopped
from pricewatch.domain.limits import Limit
from pricewatch.domain.listing import Desired, Listing, PushResult, PushStatus
from pricewatch.domain.money import Money

PAGE = 100
FIRST_REPORT = 10.0  # seconds after an import that its report is first asked for: it may be asked for once a minute
IMPORTS, STOCKS = "api/offers/pricing/imports", "api/offers/stock/imports"
_HEADER = ("offer-sku", "price", "discount-price", "discount-start-date", "discount-end-date")
_STOCK_HEADER = ("offer-sku", "quantity")
_DONE, _UNDER_WAY = frozenset({"COMPLETE", "FAILED"}), frozenset({"WAITING", "RUNNING", "QUEUED", "PENDING"})
_SPECIAL = "has prices by channel or quantity, which a price import would delete; change it on the marketplace"


class Mirakl(Market):
    """A shop on a Mirakl marketplace as a channel; `remote_id` is the shop's SKU of the offer."""

    def __init__(self, name: str, settings: MiraklSettings, reach: Reach) -> None:
        super().__init__(name, settings, reach, batch=settings.batch, announces=True, stock=settings.stock)
        self._shop = {"shop_id": str(settings.shop)} if settings.shop else {}
        self._special: dict[str, bool] = {}
        self._total = 0
        self._connect(
            settings,
            settings.url,
            sign=lambda _m, _u, _p: ({"authorization": settings.key.reveal(), "accept": "*/*"}, {}),
            words=_words,
            account=account("mirakl", name, settings.key),
        )
        self._import_turn = self._budget([Limit(1, 60)], "imports")
        self._report_turn = self._budget([Limit(1, 60)], "import reports")
        self._stock_turn = self._budget([Limit(1, 60)], "stock imports")
        self._stock_report_turn = self._budget([Limit(1, 15)], "stock import reports")

    # --- reading ------------------------------------------------------------------------------------------------

    async def listings(self) -> AsyncIterator[Listing]:
        """All offers of the shop."""
        offset, total, pages = 0, 1, Pages(self._name, "offers", PAGE)
        while offset < total:
            page = await self._offers({"max": str(PAGE), "offset": str(offset)})
            total = self._total = page["total_count"]
            if not pages.go_on(offer.get("shop_sku") for offer in records(page["offers"])):
                return
            for offer in records(page["offers"]):
                if offer.get("shop_sku"):
                    yield self._listing(offer)
            offset += len(page["offers"])

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by SKU: one request each, or all offers where that takes fewer."""
        wanted = set(remote_ids)
        if self._total and len(wanted) > self._total // PAGE + 1:
            return [listing async for listing in self.listings() if listing.remote_id in wanted]
        found: list[Listing] = []
        for remote_id in remote_ids:
            page = await self._offers({"sku": remote_id, "max": str(PAGE)})
            found += [self._listing(o) for o in records(page["offers"]) if o.get("shop_sku") == remote_id]
        return found

    async def _offers(self, params: Mapping[str, str]) -> Mapping[str, Any]:
        page: Mapping[str, Any] = self._read(
            await self._api.get("api/offers", {**params, **self._shop}), "offers", "offers"
        )
        if not isinstance(page.get("total_count"), int):
            raise ChannelUnavailable("answered offers without saying how many there are", where=self._name)
        return page

    def _listing(self, offer: Mapping[str, Any]) -> Listing:
        """What a buyer pays is the price that applies now; the origin price is struck while a discount runs."""
        sku, currency = str(offer["shop_sku"]), offer.get("currency_iso_code")
        paid = self._money(_amount(within(offer, "applicable_pricing", "price"), offer.get("price")), currency)
        origin = self._money(within(offer, "applicable_pricing", "unit_origin_price"), currency)
        self._special[sku] = _has_special(offer)
        on_sale = origin is not None and origin != paid
        return Listing(
            channel=self._name,
            remote_id=sku,
            sku=sku,
            price=origin if on_sale else paid,
            sale_price=paid if on_sale else None,
            name=str(offer.get("product_title") or ""),
            active=offer.get("active") is not False,
            stock=whole(offer.get("quantity")),
            upcoming=origin if on_sale and within(offer, "discount", "end_date") else self._coming(offer, paid),
        )

    def _coming(self, offer: Mapping[str, Any], paid: Money | None) -> Money | None:
        """The price of a discount that has not begun."""
        price = self._money(within(offer, "discount", "discount_price"), offer.get("currency_iso_code"))
        return price if price is not None and price != paid else None

    # --- writing ------------------------------------------------------------------------------------------------

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Import prices and wait for the report; offers whose other prices would be lost are refused."""
        unseen = [d.remote_id for d in batch if d.remote_id not in self._special]
        await self.read(unseen)
        refused = {d.remote_id: reason for d in batch if (reason := self._objection(d.remote_id))}
        sender = Sender(self._send)
        for part in in_batches([d for d in batch if d.remote_id not in refused], self._capabilities.batch_size):
            await sender.send(part)
        return sender.results + [PushResult(i, PushStatus.REFUSED, reason) for i, reason in refused.items()]

    def _objection(self, sku: str) -> str:
        if sku not in self._special:
            return "there is no offer of this SKU"
        return _SPECIAL if self._special[sku] else ""

    async def _send(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        await self._import_turn.turn()
        number = await self._import(IMPORTS, _file(_HEADER, map(self._row, part)))
        results = await self._afterwards(part, lambda: self._outcome(part, number))
        return await self._with_stock(part, results)

    async def _import(self, path: str, file: bytes) -> str:
        """Hand a file over; returns the number of its import."""
        body, content_type = _multipart(file)
        query = "".join(f"?shop_id={shop}" for shop in self._shop.values())
        reply = await self._api.write("POST", f"{path}{query}", body, content_type)
        given = within(self._written(reply, "an import"), "import_id")
        number = str(given) if isinstance(given, int) else word(given)
        if not number.replace("-", "").isalnum():
            raise ChannelUnknown("took an import without giving its number", where=self._name)
        return number

    def _row(self, desired: Desired) -> tuple[str, ...]:
        """A plain price, or the prior one with ours as its discount; without dates, because we end it ourselves."""
        price = self._text(desired.price)
        if desired.announcement is None:
            return desired.remote_id, price, "", "", ""
        return desired.remote_id, self._text(desired.announcement.prior), price, "", ""

    # --- stock --------------------------------------------------------------------------------------------------

    async def supply(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Import pieces alone and wait for the report."""
        return await sent(self._stock_up, batch, self._capabilities.batch_size)

    async def _stock_up(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        wrong = await self._import_stock({d.remote_id: n for d in part if (n := self._pieces(d)) is not None})
        return [_result(d.remote_id, wrong.get(d.remote_id)) for d in part]

    async def _with_stock(self, part: Sequence[Desired], results: Sequence[PushResult]) -> Sequence[PushResult]:
        """Import the pieces of what was not refused, and tell what is wrong with them beside prices that were taken."""
        refused = {result.remote_id for result in results if result.status is PushStatus.REFUSED}
        pieces = {d.remote_id: n for d in part if d.remote_id not in refused and (n := self._pieces(d)) is not None}
        if not pieces:
            return results
        try:
            wrong = await self._import_stock(pieces)
        except (ChannelError, PublishingStopped) as error:
            wrong = dict.fromkeys(pieces, error.message)
        return [_lacking(result, wrong.get(result.remote_id)) for result in results]

    async def _import_stock(self, pieces: Mapping[str, int]) -> Mapping[str, str]:
        """What was wrong, by SKU."""
        await self._stock_turn.turn()
        rows = ((sku, str(amount)) for sku, amount in pieces.items())
        number = await self._import(STOCKS, _file(_STOCK_HEADER, rows))
        report = await self._reported(lambda: self._stock_status(number))
        if report is None or report["status"] == "FAILED":
            words = "is not reported yet" if report is None else "failed"
            return dict.fromkeys(pieces, f"import {number} {words}")
        errors = await self._errors(STOCKS, number) if report.get("has_error_report") else {}
        return {sku: errors[line] for line, sku in enumerate(pieces, start=2) if line in errors}

    async def _stock_status(self, number: str) -> Mapping[str, Any] | None:
        await self._stock_report_turn.turn()
        path = f"{STOCKS}/{number}/status"
        return self._ended(self._read(await self._api.get(path, self._shop), "a stock import"), number)

    # --- reports ------------------------------------------------------------------------------------------------

    async def _outcome(self, part: Sequence[Desired], number: str) -> Sequence[PushResult] | None:
        await self._reach.sleep(min(FIRST_REPORT, self._wait))
        report = await self._reported(lambda: self._status(number))
        if report is None:
            return None
        errors = await self._errors(IMPORTS, number) if report.get("has_error_report") else {}
        if report["status"] == "FAILED" and not errors:
            return unknown(part, f"import {number} failed: {report.get('reason_status') or 'no reason given'}"[:300])
        return [_result(d.remote_id, errors.get(line)) for line, d in enumerate(part, start=2)]

    async def _status(self, number: str) -> Mapping[str, Any] | None:
        await self._report_turn.turn()
        found = self._read(await self._api.get(IMPORTS, {"import_id": number, **self._shop}), "an import", "data")
        mine = [row for row in records(found["data"]) if str(row.get("import_id")) == number]
        return self._ended(mine[0] if mine else {}, number)

    def _ended(self, said: Mapping[str, Any], number: str) -> Mapping[str, Any] | None:
        """What is said of an import that has ended; None while it is under way."""
        status = word(said.get("status"))
        if status not in _DONE | _UNDER_WAY:
            raise ChannelUnavailable(f"says nothing known of import {number}: {status!r}", where=self._name)
        return said if status in _DONE else None

    async def _errors(self, path: str, number: str) -> Mapping[int, str]:
        """What was wrong, by line of the file: the first column is the line, the second the reason."""
        reply = await self._api.get(f"{path}/{number}/error_report", self._shop)
        text = reply.body.decode("utf-8-sig", "replace")
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=";") if len(row) > 1 and row[0].isdecimal()]
        if not rows:
            raise ChannelUnavailable(f"the error report of import {number} cannot be read", where=self._name)
        return {int(row[0]): row[1] for row in rows}


def _file(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    lines = csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
    lines.writerow(header)
    lines.writerows(rows)
    return text.getvalue().encode()


def _lacking(result: PushResult, wrong: str | None) -> PushResult:
    """A price that was taken stays taken when its stock was not."""
    if wrong is None or result.status is not PushStatus.ACCEPTED:
        return result
    return replace(result, message=f"its stock was not taken: {wrong}"[:300])


def _result(remote_id: str, error: str | None) -> PushResult:
    status = PushStatus.ACCEPTED if error is None else PushStatus.REFUSED
    return PushResult(remote_id, status, (error or "")[:300])


def _has_special(offer: Mapping[str, Any]) -> bool:
    """Prices by channel, by quantity, or of a discount by quantity: more than one price to lose."""
    prices = records(offer.get("all_prices"))
    channels = [price for price in prices if price.get("channel_code") or within(price, "context", "channel_codes")]
    volumes = [price for price in prices if len(records(price.get("volume_prices"))) > 1]
    return bool(channels or volumes or (offer.get("price_ranges") and len(records(offer["price_ranges"])) > 1))


def _amount(first: object, second: object) -> object:
    return second if first is None else first


def _multipart(file: bytes) -> tuple[bytes, str]:
    boundary = secrets.token_hex(16)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="prices.csv"\r\n'
        "Content-Type: text/csv; charset=utf-8\r\n\r\n"
    )
    return head.encode() + file + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _words(body: bytes) -> str:
    said = parse_json(body)
    return str(said.get("message") or said["errors"])
