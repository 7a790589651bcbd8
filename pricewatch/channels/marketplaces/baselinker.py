"""BaseLinker catalogues: gross prices of one price group, 1,000 a request, within a hard budget of requests.

Beyond 100 requests a minute the token is blocked for everybody who uses it, so the budget is counted over all
processes. Errors come with status 200.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from pricewatch.channels.api import parse_json, render_json
from pricewatch.channels.batches import in_batches, sent
from pricewatch.channels.marketplaces.base import Market, Reach, account, whole, word
from pricewatch.channels.marketplaces.baselinker_orders import order_lines
from pricewatch.channels.marketplaces.settings import BaseLinkerSettings
from pricewatch.channels.paging import Pages
from pricewatch.domain.errors import (
    ChannelError,
    ChannelRefused,
    ChannelUnavailable,
    ChannelUnknown,
    PublishingStopped,
    SetAside,
)
from pricewatch.domain.listing import Desired, Listing, PushResult, PushStatus
from pricewatch.domain.sale import Sale
from pricewatch.wire import Reply

FORM = "application/x-www-form-urlencoded"
PAGE = 1_000
DETAILS = 100  # products whose details are read at once
ORDERS = 100  # a page of orders
_LIST = "getInventoryProductsList"
BLOCKED = 60.0  # seconds to leave a token alone that is told of too many requests


class BaseLinker(Market):
    """A BaseLinker catalogue as a channel; `remote_id` is `product` or `product/variant`."""

    def __init__(self, name: str, settings: BaseLinkerSettings, reach: Reach) -> None:
        super().__init__(name, settings, reach, batch=settings.batch, stock=bool(settings.warehouse))
        self._inventory = settings.inventory
        self._group = str(settings.price_group)
        self._warehouse = settings.warehouse
        self._checked = False
        self._connect(
            settings,
            settings.url,
            sign=lambda _method, _url, _params: ({"x-bltoken": settings.token.reveal()}, {}),
            words=_words,
            account=account("baselinker", name, settings.token),
        )

    # --- reading ------------------------------------------------------------------------------------------------

    async def listings(self) -> AsyncIterator[Listing]:
        """All products and variants that have a SKU; a product with variants is sold as these."""
        await self._check_group()
        before: Mapping[str, Mapping[str, Any]] = {}
        parents: set[str] = set()
        async for page in self._pages():
            parents |= {_parent(record) for record in page.values()}
            for listing in self._sold(before, parents):
                yield listing
            before = page
        for listing in self._sold(before, parents):
            yield listing

    async def sales(self, since: datetime) -> AsyncIterator[Sale | SetAside]:
        """Lines of orders that were confirmed since then, 100 orders a request; what came back is not in them."""
        begins, known = int(since.timestamp()), set[object]()
        while True:
            orders = await self._orders(begins)
            new = [order for order in orders if order.get("order_id") not in known]
            for order in new:
                for line in order_lines(self._name, order):
                    yield line
            known |= {order.get("order_id") for order in new}
            if len(orders) < ORDERS:
                return
            last = max((at for order in orders if isinstance(at := order.get("date_confirmed"), int)), default=begins)
            begins = last if last > begins else begins + 1  # orders of one second may fill a page

    async def _orders(self, begins: int) -> Sequence[Mapping[str, Any]]:
        found = (await self._ask("getOrders", {"date_confirmed_from": begins})).get("orders")
        if not isinstance(found, list) or not all(isinstance(order, Mapping) for order in found):
            raise ChannelUnavailable("answered getOrders without a list of orders", where=self._name)
        return found

    async def _pages(self) -> AsyncIterator[Mapping[str, Mapping[str, Any]]]:
        number, pages = 1, Pages(self._name, "products", PAGE)
        while pages.go_on(page := await self._products(_LIST, page=number, include_variants=True)):
            yield page
            if len(page) < PAGE:
                return
            number += 1

    def _sold(self, page: Mapping[str, Mapping[str, Any]], parents: set[str]) -> Iterator[Listing]:
        for key, record in page.items():
            if record.get("sku") and key not in parents:
                parent = _parent(record)
                yield self._listing(f"{parent}/{key}" if parent else key, record)

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by id, 100 products a request; variants with their products."""
        await self._check_group()
        wanted: dict[str, list[str]] = defaultdict(list)
        for remote_id in remote_ids:
            wanted[remote_id.partition("/")[0]].append(remote_id)
        found: list[Listing] = []
        for part in in_batches(list(wanted), DETAILS):
            page = await self._products("getInventoryProductsData", products=[int(key) for key in part])
            for key, record in page.items():
                found += [self._listing(i, own) for i in wanted.get(key, ()) if (own := _own(record, i)) is not None]
        return found

    async def _check_group(self) -> None:
        """The price group's currency has to be ours, or every price there would be another one."""
        if self._checked:
            return
        answer = await self._ask("getInventoryPriceGroups", {})
        groups = answer.get("price_groups")
        rows = [g for g in groups if isinstance(g, Mapping)] if isinstance(groups, list) else []
        mine = [g for g in rows if str(g.get("price_group_id")) == self._group]
        if not mine:
            hint = f"there are {', '.join(str(g.get('price_group_id')) for g in rows)[:200] or 'none'}"
            raise ChannelUnavailable(f"has no price group {self._group}", where=self._name, hint=hint)
        if mine[0].get("currency") != self._currency.code:
            raise ChannelUnavailable(
                f"its price group {self._group} is in {mine[0].get('currency')}, not in {self._currency.code}",
                where=self._name,
                hint="set the channel's currency, or choose another price group",
            )
        self._checked = True

    async def _products(self, method: str, **parameters: object) -> Mapping[str, Mapping[str, Any]]:
        answer = await self._ask(method, {"inventory_id": self._inventory, **parameters})
        products = answer.get("products")
        if products == []:  # an empty list of PHP
            return {}
        if not isinstance(products, Mapping) or not all(isinstance(p, Mapping) for p in products.values()):
            raise ChannelUnavailable(f"answered {method} without a list of products", where=self._name)
        return {str(key): product for key, product in products.items()}

    def _listing(self, remote_id: str, record: Mapping[str, Any]) -> Listing:
        prices = record.get("prices")
        price = self._money(prices.get(self._group)) if isinstance(prices, Mapping) else None
        return Listing(
            channel=self._name,
            remote_id=remote_id,
            sku=str(record.get("sku") or ""),
            price=price if price is not None and price.minor > 0 else None,
            name=_name(record),
            stock=whole(record["stock"].get(self._warehouse)) if isinstance(record.get("stock"), Mapping) else None,
        )

    async def _ask(self, method: str, parameters: Mapping[str, object]) -> Mapping[str, Any]:
        reply = await self._api.ask("connector.php", _form(method, json.dumps(parameters)), FORM)
        answer = _answer(reply)
        if answer is None:
            raise ChannelUnavailable(
                f"answered {method} with something else",
                where=self._name,
                hint="check the channel's url; something may stand in between",
            )
        return self._succeeded(answer, method)

    def _succeeded(self, answer: Mapping[str, Any], method: str) -> Mapping[str, Any]:
        """An answer that says SUCCESS; an error of the token or of its limit is the whole channel's."""
        if answer["status"] == "SUCCESS":
            return answer
        code = str(answer.get("error_code") or "ERROR").upper()
        words = f"{method}: {code}: {answer.get('error_message') or 'no reason given'}"[:300]
        if any(word in code for word in ("BLOCKED", "LIMIT", "TOO_MANY")):
            hint = "nothing else may use up this token's 100 requests a minute"
            raise ChannelUnavailable(words, where=self._name, hint=hint, retry_after=BLOCKED)
        if any(word in code for word in ("TOKEN", "AUTH", "ACCESS", "PERMISSION", "ACCOUNT")):
            hint = "check the token and that it may read and change this catalogue"
            raise ChannelUnavailable(f"refused our credentials: {words}", where=self._name, hint=hint)
        raise ChannelRefused(words, where=self._name)

    # --- writing ------------------------------------------------------------------------------------------------

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write prices, up to 1,000 a request; what the answer warns of is refused."""
        return await sent(self._send, batch, self._capabilities.batch_size)

    async def _send(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        """Prices first; the stock follows, and what is wrong with it is told with a price that was taken."""
        prices = {_key(d.remote_id): {self._group: Decimal(self._text(d.price))} for d in part}
        warnings, complete = await self._update("updateInventoryProductsPrices", prices)
        results = [_result(d.remote_id, warnings.get(_key(d.remote_id)), complete=complete) for d in part]
        pieces = self._stock_of(part)
        if not pieces:
            return results
        try:
            lacking, _ = await self._update("updateInventoryProductsStock", pieces)
        except (ChannelError, PublishingStopped) as error:
            lacking = dict.fromkeys(pieces, error.message)
        return [_with_stock(result, lacking.get(_key(result.remote_id))) for result in results]

    async def supply(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write pieces, up to 1,000 a request."""
        return await sent(self._stock_up, batch, self._capabilities.batch_size)

    async def _stock_up(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        warnings, complete = await self._update("updateInventoryProductsStock", self._stock_of(part))
        return [_result(d.remote_id, warnings.get(_key(d.remote_id)), complete=complete) for d in part]

    def _stock_of(self, part: Sequence[Desired]) -> Mapping[str, Mapping[str, int]]:
        """Pieces in our warehouse, by product."""
        known = ((_key(d.remote_id), self._pieces(d)) for d in part)
        return {key: {self._warehouse: pieces} for key, pieces in known if pieces is not None}

    async def _update(self, method: str, products: Mapping[str, object]) -> tuple[Mapping[str, Any], bool]:
        """The warnings by product, and whether every product is accounted for."""
        parameters = render_json({"inventory_id": self._inventory, "products": products}).decode()
        answer = _answer(await self._api.write("POST", "connector.php", _form(method, parameters), FORM))
        if answer is None:
            raise ChannelUnknown(f"answered {method} with something else", where=self._name)
        answer = self._succeeded(answer, method)
        warnings = answer.get("warnings") or {}
        if not isinstance(warnings, Mapping) or not isinstance(answer.get("counter"), int):
            raise ChannelUnknown(f"answered {method} without its outcome", where=self._name)
        return warnings, answer["counter"] + len(warnings) >= len(products)


def _with_stock(result: PushResult, wrong: object) -> PushResult:
    """A price that was taken stays taken when its stock was not."""
    if wrong is None or result.status is not PushStatus.ACCEPTED:
        return result
    return replace(result, message=f"its stock was not taken: {wrong}"[:300])


def _result(remote_id: str, warning: object, *, complete: bool) -> PushResult:
    if warning is not None:
        return PushResult(remote_id, PushStatus.REFUSED, str(warning)[:300] or "no reason given")
    if not complete:
        return PushResult(remote_id, PushStatus.UNKNOWN, "fewer were changed than sent")
    return PushResult(remote_id, PushStatus.ACCEPTED)


def _form(method: str, parameters: str) -> bytes:
    return urlencode({"method": method, "parameters": parameters}).encode()


def _key(remote_id: str) -> str:
    """Products and variants are addressed by their own id alone."""
    return remote_id.rpartition("/")[2]


def _parent(record: Mapping[str, Any]) -> str:
    parent = str(record.get("parent_id") or "")
    return "" if parent == "0" else parent


def _own(record: Mapping[str, Any], remote_id: str) -> Mapping[str, Any] | None:
    _, _, variant = remote_id.partition("/")
    if not variant:
        return record
    variants = record.get("variants")
    own = variants.get(variant) if isinstance(variants, Mapping) else None
    return own if isinstance(own, Mapping) else None


def _name(record: Mapping[str, Any]) -> str:
    texts = record.get("text_fields")
    return str(record.get("name") or (texts.get("name") if isinstance(texts, Mapping) else "") or "")


def _answer(reply: Reply) -> Mapping[str, Any] | None:
    try:
        answer = parse_json(reply.body)
    except ValueError:
        return None
    return answer if isinstance(answer, Mapping) and word(answer.get("status")) in {"SUCCESS", "ERROR"} else None


def _words(body: bytes) -> str:
    said = parse_json(body)
    return f"{said['error_code']}: {said['error_message']}"
