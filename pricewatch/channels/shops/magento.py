"""Magento 2 REST API: base prices and special prices by SKU, in one scope; it answers only what failed.

A buyer pays the lower of the two, so an announced reduction is a special price below the base price, and a plain price
has none. The order of the writes sees to it that no price in between is above both the old and the new one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pricewatch.channels.api import Sign, parse_json, parsed, render_json
from pricewatch.channels.batches import in_batches, sent
from pricewatch.channels.graphql import Record, record, records
from pricewatch.channels.imports import ImportedRow, imported
from pricewatch.channels.paging import Pages
from pricewatch.channels.shops.oauth1 import authorization, oauth1
from pricewatch.channels.shops.settings import MagentoSettings
from pricewatch.channels.shops.shop import Shop, bearer
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown, PublishingStopped, SetAside
from pricewatch.domain.listing import Beside, Desired, Listing, PushResult, PushStatus
from pricewatch.domain.money import TaxRate
from pricewatch.domain.product import Product

PAGE = 100
TOGETHER = 50  # SKUs in one question, which is an address
_FIELDS = "items[id,sku,name,price,status,type_id,tier_prices,custom_attributes],total_count"
_PRICED = frozenset({"simple", "virtual", "downloadable"})
_EVERYBODY = (0, 32000)  # customer groups: not logged in, all
_GTINS = ("gtin", "ean", "ean13", "barcode")
_UNTAXED = "0"  # the tax class None
_DONE, _AGAIN, _FAILED, _OPEN, _REJECTED = 1, 2, 3, 4, 5


class Magento(Shop[MagentoSettings]):
    """A Magento shop, or one of its store views, as a channel; `remote_id` is the SKU."""

    announced = True

    def _prepare(self) -> None:
        self._root = f"rest/{self._settings.store}"
        self._fits = False
        self._pieces: dict[str, int | None] = {}
        self._rates = {_UNTAXED: TaxRate(0)}
        self._rates |= {number: TaxRate.parse(rate) for number, rate in self._settings.tax_classes.items()}

    def _signer(self) -> Sign:
        return _signer(self._settings)

    def _words(self, body: bytes) -> str:
        return _told(record(parse_json(body)))

    # --- reading ------------------------------------------------------------------------------------------------

    async def listings(self) -> AsyncIterator[Listing]:
        """All products that have a price of their own."""
        async for product in self._products():
            yield self._listing(product)

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by SKU, up to 50 a request."""
        if remote_ids:
            await self._check_shop()
        return [self._listing(product) for product in await self._by_sku(remote_ids)]

    async def products(self) -> AsyncIterator[Product | SetAside]:
        """The shop's catalogue; VAT by the tax classes of the settings, the price as a buyer pays it now."""
        async for product in self._products():
            where = f"{self._name}: product {product['sku']}"
            price = self._listing(product).payable
            yield imported(_row(product), price, self._rate(product), self._currency, where=where)

    async def _products(self) -> AsyncIterator[Record]:
        """In the order of ids; a page beyond the last would be the last one again."""
        await self._check_shop()
        page, done, total, pages = 1, 0, 1, Pages(self._name, "products", PAGE)
        while done < total:
            order = {"searchCriteria[sortOrders][0][field]": "entity_id"}
            criteria = {"searchCriteria[currentPage]": str(page), "searchCriteria[pageSize]": str(PAGE)}
            items, total = await self._page({**criteria, **order, "searchCriteria[sortOrders][0][direction]": "ASC"})
            if not pages.go_on(item["sku"] for item in items):
                return
            for item in items:
                if str(item.get("type_id")) in _PRICED:
                    yield item
            page, done = page + 1, done + len(items)

    async def _by_sku(self, skus: Sequence[str]) -> Sequence[Record]:
        """A list of SKUs is parted by commas, so that one with a comma is asked for alone."""
        together = [sku for sku in skus if "," not in sku]
        parts = [*in_batches(together, TOGETHER), *([sku] for sku in skus if "," in sku)]
        found: list[Record] = []
        for part in parts:
            condition = "in" if len(part) > 1 else "eq"
            filters = {"field": "sku", "value": ",".join(part), "condition_type": condition}
            asked = {f"searchCriteria[filterGroups][0][filters][0][{key}]": value for key, value in filters.items()}
            items, _ = await self._page({**asked, "searchCriteria[pageSize]": str(PAGE)})
            found += [item for item in items if item["sku"] in part and str(item.get("type_id")) in _PRICED]
        return found

    async def _page(self, params: Mapping[str, str]) -> tuple[Sequence[Record], int]:
        reply = await self._got(f"{self._root}/V1/products", {**params, "fields": _FIELDS})
        answer = record(parsed(reply.body))
        items, total = answer.get("items"), answer.get("total_count")
        if not isinstance(items, list) or not isinstance(total, int) or not all(map(_is_product, items)):
            raise self._malformed("products")
        await self._count([str(item["sku"]) for item in items])
        return items, total

    # --- stock --------------------------------------------------------------------------------------------------

    async def _count(self, skus: Sequence[str]) -> None:
        """Know the pieces of these products at our source, where they are the catalogue's."""
        if Beside.STOCK not in self._capabilities.tells:
            return
        for part in [*in_batches([s for s in skus if "," not in s], TOGETHER), *([s] for s in skus if "," in s)]:
            found = {sku: pieces for sku, pieces in await self._at_source(part) if sku in part}
            self._pieces |= {sku: found.get(sku) for sku in part}

    async def _at_source(self, skus: Sequence[str]) -> Sequence[tuple[str, int | None]]:
        several = "in" if len(skus) > 1 else "eq"
        filters = [("sku", ",".join(skus), several), ("source_code", self._settings.source, "eq")]
        asked = {
            f"searchCriteria[filterGroups][{n}][filters][0][{key}]": value
            for n, (name, text, condition) in enumerate(filters)
            for key, value in (("field", name), ("value", text), ("condition_type", condition))
        }
        reply = await self._got(f"{self._root}/V1/inventory/source-items", asked)
        items = record(parsed(reply.body)).get("items")
        if not isinstance(items, list):
            raise self._malformed("source items")
        return [(str(item.get("sku")), _whole(item.get("quantity"))) for item in records(items)]

    async def supply(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write pieces at our source; what is above zero is in stock there."""
        return await sent(self._stock_up, batch, self._capabilities.batch_size, atomic=True)

    async def _stock_up(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        pieces = {d.remote_id: self.available(d).stock or 0 for d in part}
        rows = [
            {"sku": sku, "source_code": self._settings.source, "quantity": count, "status": int(count > 0)}
            for sku, count in pieces.items()
        ]
        path = f"{self._root}/V1/inventory/source-items"
        reply = await self._api.write("POST", path, render_json({"sourceItems": rows}), "application/json")
        if parsed(reply.body) != []:
            raise ChannelUnknown("answered a change of stock with something else", where=self._name)
        return [PushResult(sku, PushStatus.ACCEPTED) for sku in pieces]

    async def _check_shop(self) -> None:
        """Look once at the currency that prices are in there."""
        if self._fits:
            return
        stores = parsed((await self._got(f"{self._root}/V1/store/storeConfigs")).body)
        if not isinstance(stores, list) or not records(stores):
            raise self._malformed("stores")
        mine = [s for s in records(stores) if self._settings.store in ("all", s.get("code"))]
        for store in mine:
            if store.get("base_currency_code") != self._currency.code:
                code, other = store.get("code"), store.get("base_currency_code")
                message = f"prices of its store view {code} are in {other}, not in {self._currency.code}"
                raise ChannelUnavailable(message, where=self._name, hint="set the channel's currency, or another store")
        if not mine:
            hint = f"its store views: {', '.join(str(s.get('code')) for s in records(stores))[:200]}"
            raise ChannelUnavailable(f"has no store view {self._settings.store}", where=self._name, hint=hint)
        self._fits = True

    def _malformed(self, what: str) -> ChannelUnavailable:
        return ChannelUnavailable(
            f"answered with something that is no list of {what}",
            where=self._name,
            hint="check the channel's url; a cache or a module may stand in between",
        )

    def _listing(self, product: Record) -> Listing:
        rate, now = self._rate(product), datetime.now(UTC)
        base = self._money(product.get("price"), rate)
        special = self._money(_attribute(product, "special_price"), rate)
        starts, ends = (_day(_attribute(product, f"special_{edge}_date")) for edge in ("from", "to"))
        waits = starts is not None and starts > now
        over = ends is not None and ends + timedelta(days=1) <= now  # its last day is meant as a whole
        running = special is not None and not waits and not over
        others = [self._money(tier.get("value"), rate) for tier in _for_one_piece(product)]
        prices = [price for price in [base, special if running else None, *others] if price is not None]
        payable = min(prices, default=None)
        then = special if special is not None and waits and (base is None or special < base) else None
        self._taxes.note(product["sku"], rate, f"tax class {_attribute(product, 'tax_class_id') or 'None'}")
        return Listing(
            channel=self._name,
            remote_id=product["sku"],
            sku=product["sku"],
            price=base,
            sale_price=payable if payable != base else None,
            name=str(product.get("name") or ""),
            active=product.get("status") == 1,
            upcoming=base if running and ends is not None and payable != base else then,
            stock=self._pieces.get(product["sku"]),
        )

    def _rate(self, product: Record) -> TaxRate:
        return self._rates.get(str(_attribute(product, "tax_class_id")), self._tax)

    # --- writing ------------------------------------------------------------------------------------------------

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write prices; what the shop limits to fewer items a request goes again in halves."""
        await self._check_shop()
        return await sent(self._send, batch, self._capabilities.batch_size, atomic=True)

    async def _send(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        there = {product["sku"]: product for product in await self._by_sku([d.remote_id for d in part])}
        refused = {d.remote_id: "there is no such product with a price any longer" for d in part}
        refused = {sku: words for sku, words in refused.items() if sku not in there}
        wanted = [d for d in part if d.remote_id in there]
        specials = [d for d in wanted if self._struck(d) is not None]
        written = False
        try:
            if specials:
                refused |= await self._write("special-price", [self._special(d) for d in specials])
                written = True
            bases = [d for d in wanted if d.remote_id not in refused]
            if bases:
                refused |= await self._write("base-prices", [self._base(d) for d in bases])
                written = True
            ended = await self._end_specials([d for d in bases if self._ends_special(d, there)], refused)
        except (ChannelUnavailable, PublishingStopped) as error:
            if not written:
                raise
            raise ChannelUnknown(f"written in part: {error.message}", where=self._name) from error
        return [self._outcome(d.remote_id, refused, ended) for d in part]

    def _outcome(self, sku: str, refused: Mapping[str, str], ended: Mapping[str, str]) -> PushResult:
        if sku in refused:
            return PushResult(sku, PushStatus.REFUSED, refused[sku])
        if sku in ended:
            return PushResult(sku, PushStatus.UNKNOWN, f"its old special price still stands: {ended[sku]}")
        return PushResult(sku, PushStatus.ACCEPTED)

    def _base(self, desired: Desired) -> Record:
        price = self._struck(desired) or desired.price
        amount = Decimal(self._form.text(price, desired.tax))
        return {"price": amount, "store_id": self._settings.store_id, "sku": desired.remote_id}

    def _special(self, desired: Desired) -> Record:
        """Without an end, since pricewatch ends it; from yesterday, because the shop's own day may begin later."""
        begins = datetime.now(UTC) - timedelta(days=1)
        amount = Decimal(self._form.text(desired.price, desired.tax))
        place = {"store_id": self._settings.store_id, "sku": desired.remote_id}
        return {"price": amount, **place, "price_from": f"{begins:%Y-%m-%d} 00:00:00"}

    def _ends_special(self, desired: Desired, there: Mapping[str, Record]) -> bool:
        special = _attribute(there[desired.remote_id], "special_price")
        return self._struck(desired) is None and special not in (None, "")

    async def _end_specials(self, wanted: Sequence[Desired], refused: Mapping[str, str]) -> Mapping[str, str]:
        """Delete the special prices that the shop still has of these products in our scope."""
        skus = [d.remote_id for d in wanted if d.remote_id not in refused]
        if not skus:
            return {}
        path = f"{self._root}/V1/products/special-price-information"
        rows = parsed((await self._api.ask(path, render_json({"skus": skus}), "application/json")).body)
        if not isinstance(rows, list):
            raise self._malformed("special prices")
        ours = [row for row in records(rows) if row.get("store_id") == self._settings.store_id]
        return await self._write("special-price-delete", ours) if ours else {}

    async def _write(self, what: str, prices: Sequence[Record]) -> Mapping[str, str]:
        """Send prices; the reasons of those that failed, by SKU."""
        if self._settings.bulk:
            return await self._write_bulk(what, prices)
        path = f"{self._root}/V1/products/{what}"
        reply = await self._api.write("POST", path, render_json({"prices": prices}), "application/json")
        return self._failures(parsed(reply.body), [str(price.get("sku")) for price in prices])

    def _failures(self, failed: object, skus: Sequence[str]) -> Mapping[str, str]:
        if not isinstance(failed, list) or len(records(failed)) != len(failed):
            raise ChannelUnknown("answered a change with something that is no list of failures", where=self._name)
        reasons: dict[str, str] = {}
        for failure in records(failed):
            named = [sku for sku in skus if sku in _values(failure)] or (list(skus) if len(skus) == 1 else [])
            if not named:
                raise ChannelUnknown(f"says that one failed, not which: {_told(failure)}", where=self._name)
            reasons |= dict.fromkeys(named, _told(failure))
        return reasons

    # --- the asynchronous bulk API ------------------------------------------------------------------------------

    async def _write_bulk(self, what: str, prices: Sequence[Record]) -> Mapping[str, str]:
        path = f"{self._root}/async/bulk/V1/products/{what}"
        reply = await self._api.write("POST", path, render_json([{"prices": prices}]), "application/json")
        number = record(parsed(reply.body)).get("bulk_uuid")
        if not isinstance(number, str):
            raise ChannelUnknown("answered a bulk request without its number", where=self._name)
        try:
            report = await self._report(number)
        except ChannelUnavailable as error:
            raise ChannelUnknown(f"no report on what was sent: {error.message}", where=self._name) from error
        return self._failures(report, [str(price.get("sku")) for price in prices])

    async def _report(self, number: str) -> object:
        """What the one operation of a bulk request came to; raises ChannelUnknown when there is no report in time."""
        until, pause = time.monotonic() + self._settings.bulk_wait, 0.1
        while time.monotonic() < until:
            await asyncio.sleep(pause)
            reply = await self._got(f"{self._root}/V1/bulk/{number}/detailed-status")
            operations = records(record(parsed(reply.body)).get("operations_list"))
            status = operations[0].get("status") if operations else _OPEN
            if status == _DONE:
                return _result(operations[0])
            if status in (_AGAIN, _FAILED, _REJECTED):
                said = str(operations[0].get("result_message") or "no reason given")[:300]
                raise ChannelUnknown(f"bulk request {number} failed: {said}", where=self._name)
            pause = min(pause * 2, 5.0)
        raise ChannelUnknown(f"no report on bulk request {number} in time", where=self._name)


def _signer(settings: MagentoSettings) -> Sign:
    key, secret, token_secret = settings.consumer_key, settings.consumer_secret, settings.token_secret
    if key is None or secret is None or token_secret is None:
        return bearer(settings.token.reveal)

    def sign(method: str, url: str, params: Mapping[str, str]) -> tuple[Mapping[str, str], Mapping[str, str]]:
        proof = oauth1(
            method,
            url,
            params,
            key=key.reveal(),
            secret=secret.reveal(),
            token=settings.token.reveal(),
            token_secret=token_secret.reveal(),
        )
        return {"authorization": authorization(proof)}, {}

    return sign


def _result(operation: Record) -> object:
    """The failures inside a report; a report without them says that there were none."""
    text = operation.get("result_serialized_data")
    return parsed(text.encode()) if isinstance(text, str) and text else []


def _whole(quantity: object) -> int | None:
    """Whole pieces; a part of one is no number of pieces."""
    counts = isinstance(quantity, int | Decimal) and not isinstance(quantity, bool) and quantity == int(quantity)
    return int(quantity) if counts and isinstance(quantity, int | Decimal) else None


def _is_product(item: Any) -> bool:
    """Whether it has a SKU, and a price that is a number where it has one; anything else is not believed."""
    if not isinstance(item, Mapping) or not isinstance(item.get("sku"), str):
        return False
    price = item.get("price")
    return price is None or (isinstance(price, int | Decimal) and not isinstance(price, bool))


def _attribute(product: Record, code: str) -> object:
    """A custom attribute's value."""
    found = [a for a in records(product.get("custom_attributes")) if a.get("attribute_code") == code]
    return found[0].get("value") if found else None


def _for_one_piece(product: Record) -> Sequence[Record]:
    """Tier prices that everybody pays for a single piece."""
    tiers = records(product.get("tier_prices"))
    return [tier for tier in tiers if tier.get("customer_group_id") in _EVERYBODY and tier.get("qty") in (0, 1)]


def _day(text: object) -> datetime | None:
    """The shop's own local date, taken as UTC: a day more or less only makes us ask again."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if isinstance(text, str) and text else None
    except ValueError:
        return None


def _values(failure: Record) -> Sequence[str]:
    """What a failure is about: its parameters, which come as a list or by name."""
    parameters = failure.get("parameters")
    values = list(parameters.values()) if isinstance(parameters, Mapping) else parameters
    return [str(value) for value in values] if isinstance(values, list) else []


def _told(failure: Record) -> str:
    """The shop's words, with the parameters put where they belong."""
    text = str(failure.get("message") or "no reason given")
    parameters = failure.get("parameters")
    if isinstance(parameters, Mapping):
        for name in sorted(parameters, key=len, reverse=True):
            text = text.replace(f"%{name}", str(parameters[name]))
    elif isinstance(parameters, list):
        for number, value in enumerate(parameters, 1):
            text = text.replace(f"%{number}", str(value))
        text = f"{text} ({', '.join(map(str, parameters))})" if "%" in text else text
    return text[:300]


def _row(product: Record) -> ImportedRow:
    found = {code: str(_attribute(product, code) or "") for code in (*_GTINS, "cost", "short_description")}
    return ImportedRow(
        remote=product["sku"],
        sku=product["sku"],
        name=str(product.get("name") or ""),
        gtin=next((found[code] for code in _GTINS if found[code]), ""),
        cost=found["cost"],
        description=found["short_description"],
    )
