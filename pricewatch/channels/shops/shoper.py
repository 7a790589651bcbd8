"""Shoper REST API: prices of product stocks, read and written 25 at a time by its bulk resource.

A product with options is sold only as these, each with a price of its own once it is written. An announced reduction
is a special offer of ours, known by its last day; others belong to whoever made them: where one makes another price
sell, the listing is refused with its number.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pricewatch.channels.api import Sign, parse_json, parsed, render_json
from pricewatch.channels.batches import in_batches, sent
from pricewatch.channels.graphql import JSON, Record, record, records
from pricewatch.channels.imports import ImportedRow, imported
from pricewatch.channels.paging import Pages
from pricewatch.channels.shops.settings import ShoperSettings
from pricewatch.channels.shops.shop import Shop
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown, PublishingStopped, SetAside
from pricewatch.domain.listing import Desired, Listing, PushResult, PushStatus
from pricewatch.domain.money import Money
from pricewatch.domain.product import Product

PAGE = 50
TOGETHER = 25
_OFFERS = "specialoffers"
_ROOT = "/webapi/rest"
_OWN, _ADDED, _SUBTRACTED = "1", "2", "3"  # how a stock's price is meant; "0" is the product's own
_BY_AMOUNT = frozenset({"1", "2"})
_FIXED = 2
_OURS = "2098-12-31"  # a special offer until this day is one of ours: Shoper wants an end, and we end it ourselves
_ALWAYS = frozenset({"", "0000-00-00 00:00:00", "0000-00-00"})


class Shoper(Shop[ShoperSettings]):
    """A Shoper shop as a channel; `remote_id` is `product/stock`."""

    root = _ROOT
    announced = True

    def _prepare(self) -> None:
        self._token = ""
        self._fits = False

    def _signer(self) -> Sign:
        return self._sign

    def _words(self, body: bytes) -> str:
        return _said(record(parse_json(body)))

    # --- reading ------------------------------------------------------------------------------------------------

    async def listings(self) -> AsyncIterator[Listing]:
        """All stocks that have a code; of a product with options only these."""
        bases: dict[str, Record] = {}
        options: list[Record] = []
        async for stock in self._all("product-stocks", "stock_id"):
            if _text(stock, "extended") == "1":
                options.append(stock)
            else:
                bases[_text(stock, "product_id")] = stock
        for stock in [*_without_options(bases, options), *options]:
            if _text(stock, "code"):
                yield self._listing(stock, bases.get(_text(stock, "product_id")))

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by id, 25 a request; options together with their products."""
        stocks = await self._by_id(remote_ids)
        bases = await self._bases(stocks.values())
        return [self._listing(stock, bases.get(_text(stock, "product_id"))) for stock in stocks.values()]

    async def products(self) -> AsyncIterator[Product | SetAside]:
        """The shop's catalogue; VAT by the channel's `tax`, the price as a buyer pays it now."""
        told = {_text(p, "product_id"): p async for p in self._all("products", "product_id")}
        bases: dict[str, Record] = {}
        stocks = [stock async for stock in self._all("product-stocks", "stock_id")]
        bases = {_text(s, "product_id"): s for s in stocks if _text(s, "extended") != "1"}
        options = [s for s in stocks if _text(s, "extended") == "1"]
        for stock in [*_without_options(bases, options), *options]:
            listing = self._listing(stock, bases.get(_text(stock, "product_id")))
            row = _row(stock, told.get(_text(stock, "product_id"), {}), listing)
            where = f"{self._name}: {listing.remote_id}"
            yield imported(row, listing.payable, self._tax, self._currency, where=where)

    async def _all(self, resource: str, order: str) -> AsyncIterator[Record]:
        await self._ready()
        page, last, pages = 1, 1, Pages(self._name, resource, PAGE)
        while page <= last:
            found, last = await self._page(resource, {"limit": str(PAGE), "page": str(page), "order": f"{order} ASC"})
            if not pages.go_on(_text(entry, order) for entry in found):
                return
            for entry in found:
                yield entry
            page += 1

    async def _page(self, resource: str, params: Mapping[str, str]) -> tuple[Sequence[Record], int]:
        answer = record(parsed((await self._called(lambda: self._got(resource, params))).body))
        found, pages = answer.get("list"), _whole(answer.get("pages"))
        good = _is_stock if resource == "product-stocks" else _is_record
        if not isinstance(found, list) or pages is None or not all(map(good, found)):
            raise self._malformed(resource)
        return found, pages

    async def _by_id(self, remote_ids: Sequence[str]) -> Mapping[str, Record]:
        found: dict[str, Record] = {}
        for batch in in_batches(list(remote_ids), TOGETHER):
            paths = [f"product-stocks/{remote.rpartition('/')[2]}" for remote in batch]
            for remote, (code, body) in zip(batch, await self._several(paths), strict=True):
                if code == 200 and not _is_stock(body):
                    raise self._malformed("product-stocks")
                if code == 200 and _remote(record(body)) == remote:
                    found[remote] = record(body)
        return found

    async def _bases(self, stocks: Any) -> Mapping[str, Record]:
        """The products' own stocks of options whose price depends on them."""
        numbers = sorted({_text(s, "product_id") for s in stocks if _text(s, "price_type") != _OWN})
        found: dict[str, Record] = {}
        for batch in in_batches(numbers, TOGETHER):
            answers = await self._several([f"products/{number}" for number in batch])
            found |= {
                n: record(record(body).get("stock"))
                for n, (code, body) in zip(batch, answers, strict=True)
                if code == 200
            }
        return found

    async def _several(self, paths: Sequence[str]) -> Sequence[tuple[int, object]]:
        """The answers to several questions in one request, in their order."""
        await self._ready()
        calls = [{"id": f"{n}", "path": f"{_ROOT}/{path}", "method": "GET"} for n, path in enumerate(paths)]
        reply = await self._called(lambda: self._api.ask("bulk", render_json(calls), JSON))
        answers = _bulk(parsed(reply.body), len(paths))
        if answers is None or any(code not in {200, 404} for code, _ in answers):
            raise self._malformed("answers")
        return answers

    def _malformed(self, what: str) -> ChannelUnavailable:
        return ChannelUnavailable(
            f"answered with something that is no list of {what}",
            where=self._name,
            hint="check the channel's url, and that the API user may read products",
        )

    def _listing(self, stock: Record, base: Record | None) -> Listing:
        price = self._price(stock, base)
        offer, now = record(stock.get("special_offer")), datetime.now(UTC)
        off = self._off(offer)
        reduced = Money(price.minor - off.minor, price.currency) if price is not None and off is not None else None
        starts, ends = _moment(_text(offer, "date_from")), _moment(_text(offer, "date_to"))
        over = ends is not None and ends <= now
        waits = starts is not None and starts > now
        running = reduced if not over and not waits else None
        unknown = bool(offer) and off is None and not over
        leaves = running is not None and ends is not None and not _ours(offer)
        return Listing(
            channel=self._name,
            remote_id=_remote(stock),
            sku=_text(stock, "code"),
            price=None if unknown else price,
            sale_price=running,
            active=_text(stock, "active") != "0",
            upcoming=reduced if waits else price if leaves else None,
            stock=_pieces(stock),
        )

    def _price(self, stock: Record, base: Record | None) -> Money | None:
        """A stock's own price, or what it adds to or takes from its product's."""
        own, kind = self._money(_text(stock, "price")), _text(stock, "price_type")
        if kind == _OWN or _text(stock, "extended") != "1":
            return own
        whole = self._money(_text(base or {}, "price"))
        if whole is None or own is None:
            return None
        change = {_ADDED: own.minor, _SUBTRACTED: -own.minor}.get(kind, 0)
        return Money(whole.minor + change, whole.currency)

    def _off(self, offer: Record) -> Money | None:
        return self._money(_text(offer, "discount")) if _text(offer, "discount_type") in _BY_AMOUNT else None

    # --- writing ------------------------------------------------------------------------------------------------

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write prices, 25 a request, each as the stock's own."""
        await self._ready()
        return await sent(self._send, batch, self._capabilities.batch_size)

    async def _send(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        there = await self._by_id([d.remote_id for d in part])
        refused = {d.remote_id: words for d in part if (words := self._objection(d, there.get(d.remote_id)))}
        wanted = [d for d in part if d.remote_id not in refused]
        ended = [offer for d in wanted if (offer := _text(record(there[d.remote_id].get("special_offer")), "promo_id"))]
        results = [PushResult(remote, PushStatus.REFUSED, words) for remote, words in refused.items()]
        if not wanted:
            return results
        if ended:
            await self._change([{"path": f"{_OFFERS}/{offer}", "method": "DELETE"} for offer in ended])
        try:
            return results + await self._priced(wanted)
        except (ChannelUnavailable, PublishingStopped) as error:
            if not ended:
                raise
            raise ChannelUnknown(f"an old reduction was ended: {error.message}", where=self._name) from error

    def _objection(self, desired: Desired, stock: Record | None) -> str:
        option = stock is not None and _text(stock, "extended") == "1"
        if option and self._struck(desired) is not None:
            return "an option has no special offer of its own to announce a reduction with"
        return _objection(stock)

    async def _priced(self, wanted: Sequence[Desired]) -> list[PushResult]:
        """Write the regular prices, and then what is taken off them while reductions are announced."""
        answers = await self._change([self._price_call(d) for d in wanted])
        results = [_result(d.remote_id, code, body) for d, (code, body) in zip(wanted, answers, strict=True)]
        taken = {result.remote_id for result in results if result.status is PushStatus.ACCEPTED}
        reduced = [d for d in wanted if self._struck(d) is not None and d.remote_id in taken]
        if not reduced:
            return results
        try:
            made = await self._change([self._offer_call(d) for d in reduced])
        except (ChannelUnavailable, PublishingStopped) as error:
            raise ChannelUnknown(f"written without its reduction: {error.message}", where=self._name) from error
        told = {d.remote_id: _result(d.remote_id, code, body) for d, (code, body) in zip(reduced, made, strict=True)}
        return [_half(told.get(result.remote_id, result)) for result in results]

    async def supply(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write pieces, 25 a request, each as the stock's own."""
        await self._ready()
        return await sent(self._stock_up, batch, self._capabilities.batch_size)

    async def _stock_up(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        answers = await self._change([self._call(d, {"stock": self.available(d).stock}) for d in part])
        return [_result(d.remote_id, code, body) for d, (code, body) in zip(part, answers, strict=True)]

    def _call(self, desired: Desired, body: Record) -> dict[str, object]:
        path = f"product-stocks/{desired.remote_id.rpartition('/')[2]}"
        return {"path": path, "method": "PUT", "body": body}

    def _price_call(self, desired: Desired) -> dict[str, object]:
        price = Decimal(self._form.text(self._struck(desired) or desired.price, desired.tax))
        return self._call(desired, {"price": price, "price_type": int(_OWN)})

    def _offer_call(self, desired: Desired) -> dict[str, object]:
        """A special offer from yesterday on, because the shop's own day may begin later."""
        prior = self._struck(desired) or desired.price
        off = [Decimal(self._form.text(price, desired.tax)) for price in (prior, desired.price)]
        body = {
            "product_id": int(desired.remote_id.partition("/")[0]),
            "discount": off[0] - off[1],
            "discount_type": _FIXED,
            "date_from": f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}",
            "date_to": _OURS,
        }
        return {"path": _OFFERS, "method": "POST", "body": body}

    async def _change(self, calls: Sequence[Record]) -> Sequence[tuple[int, object]]:
        """Several changes in one request; what became of each, in their order."""
        numbered = [{"id": f"{n}", **call, "path": f"{_ROOT}/{call['path']}"} for n, call in enumerate(calls)]
        reply = await self._called(lambda: self._api.write("POST", "bulk", render_json(numbered), JSON))
        answers = _bulk(parsed(reply.body), len(calls))
        if answers is None:
            raise ChannelUnknown("answered a bulk request with something that is no list of answers", where=self._name)
        return answers

    # --- who we are ---------------------------------------------------------------------------------------------

    async def _ready(self) -> None:
        """Log in, and look once at the currency that prices are in there."""
        if not self._token:
            answer = record(parsed((await self._api.ask("auth", b"", JSON)).body))
            self._token = str(answer.get("access_token") or "")
            if not self._token:
                raise ChannelUnavailable(
                    "logged us in without a token", where=self._name, hint="check the channel's url"
                )
        if not self._fits:
            found, _ = await self._page("currencies", {"limit": str(PAGE)})
            names = [_text(c, "name") for c in records(found) if _text(c, "default") == "1"]
            if names != [self._currency.code]:
                other = ", ".join(names) or "no currency"
                message = f"the shop's prices are in {other}, not in {self._currency.code}"
                raise ChannelUnavailable(message, where=self._name, hint="set the channel's currency")
            self._fits = True

    async def _called(self, call: Callable[[], Any]) -> Any:
        """A token that is refused is not kept: the next call logs in again."""
        try:
            return await call()
        except ChannelUnavailable:
            self._token = ""
            raise

    def _sign(self, _method: str, url: str, _params: Mapping[str, str]) -> tuple[Mapping[str, str], Mapping[str, str]]:
        if not url.endswith("/auth"):
            return {"authorization": f"Bearer {self._token}"}, {}
        who = f"{self._settings.username.reveal()}:{self._settings.password.reveal()}"
        return {"authorization": f"Basic {base64.b64encode(who.encode()).decode()}"}, {}


def _ours(offer: Record) -> bool:
    return _text(offer, "date_to").startswith(_OURS)


def _half(result: PushResult) -> PushResult:
    """A refused reduction leaves a price that was written."""
    if result.status is PushStatus.REFUSED:
        return PushResult(result.remote_id, PushStatus.UNKNOWN, f"written without its reduction: {result.message}")
    return result


def _objection(stock: Record | None) -> str:
    if stock is None:
        return "there is no such stock any longer"
    offer = record(stock.get("special_offer"))
    ends = _moment(_text(offer, "date_to"))
    if not offer or _ours(offer) or (ends is not None and ends <= datetime.now(UTC)):
        return ""
    return f"special offer {_text(offer, 'promo_id')} makes another price sell; end it in the shop first"


def _result(remote: str, code: int, body: object) -> PushResult:
    if code == 200:
        return PushResult(remote, PushStatus.ACCEPTED)
    late = code >= 500 or code == 429
    return PushResult(remote, PushStatus.UNKNOWN if late else PushStatus.REFUSED, f"{code}: {_said(record(body))}")


def _bulk(answer: object, count: int) -> Sequence[tuple[int, object]] | None:
    """Status and body of each call in order; None when it cannot be believed."""
    items = {str(item.get("id")): item for item in records(record(answer).get("items"))}
    found = [items.get(f"{number}") for number in range(count)]
    if len(items) != count or any(item is None or type(item.get("code")) is not int for item in found):
        return None
    return [(item["code"], item.get("body")) for item in found if item is not None]


def _said(body: Record) -> str:
    return str(body.get("error_description") or body.get("error") or "no reason given")[:300]


def _text(entry: Record, name: str) -> str:
    value = entry.get(name)
    return (
        ""
        if value is None or isinstance(value, Mapping | list)
        else str(int(value) if value is True or value is False else value)
    )


def _whole(value: object) -> int | None:
    return int(str(value)) if str(value).isdecimal() else None


def _moment(text: str) -> datetime | None:
    """The shop's own local time, taken as UTC: an hour more or less only makes us ask again."""
    try:
        return None if text in _ALWAYS else datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


def _remote(stock: Record) -> str:
    return f"{_text(stock, 'product_id')}/{_text(stock, 'stock_id')}"


def _is_record(entry: Any) -> bool:
    return isinstance(entry, Mapping)


def _is_stock(entry: Any) -> bool:
    """Whether it has its numbers and a price; anything else is not believed."""
    if not isinstance(entry, Mapping):
        return False
    numbers = _text(entry, "stock_id").isdecimal() and _text(entry, "product_id").isdecimal()
    return numbers and isinstance(entry.get("price"), str | int | Decimal) and not isinstance(entry["price"], bool)


def _without_options(bases: Mapping[str, Record], options: Sequence[Record]) -> Sequence[Record]:
    """A product with options is sold only as these."""
    parents = {_text(option, "product_id") for option in options}
    return [stock for number, stock in bases.items() if number not in parents]


def _pieces(stock: Record) -> int | None:
    """Whole pieces: Shoper tells and takes parts of them as well."""
    whole, _, part = _text(stock, "stock").partition(".")
    return int(whole) if whole.isdecimal() and not part.strip("0") else None


def _row(stock: Record, product: Record, listing: Listing) -> ImportedRow:
    texts = [record(value) for value in record(product.get("translations")).values()]
    return ImportedRow(
        remote=listing.remote_id,
        sku=listing.sku,
        name=str(texts[0].get("name") or "") if texts else "",
        gtin=_text(stock, "ean"),
        cost=_text(stock, "price_buying").strip("0.") and _text(stock, "price_buying"),
        stock=_pieces(stock),
        url=str(texts[0].get("permalink") or "") if texts else "",
        description=str(texts[0].get("short_description") or "") if texts else "",
    )
