"""WooCommerce REST API v3: products and variations, batches of up to 100.

Basic authentication over https, OAuth 1.0a (HMAC-SHA256, one-legged) over plain http, where WooCommerce takes nothing
else. A yes proves nothing there, so prices are sent in exactly the form that it stores, sale fields are cleared with
every write, and errors are looked for in every item of a 200.
"""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeAlias

from pricewatch.channels.api import Sign, parse_json
from pricewatch.channels.batches import Sender, in_batches
from pricewatch.channels.imports import ImportedRow, imported
from pricewatch.channels.paging import Pages
from pricewatch.channels.shops.oauth1 import oauth1
from pricewatch.channels.shops.settings import WooCommerceSettings
from pricewatch.channels.shops.shop import Shop
from pricewatch.channels.shops.woo_options import objection, options
from pricewatch.channels.shops.woo_orders import order_lines
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown, SetAside
from pricewatch.domain.listing import Desired, Listing, PushResult, PushStatus
from pricewatch.domain.money import TaxRate
from pricewatch.domain.product import Product
from pricewatch.domain.sale import Sale

PAGE = 100
_FIELDS = (
    "id,parent_id,type,status,sku,name,permalink,price,regular_price,sale_price,date_on_sale_from_gmt,"
    "date_on_sale_to_gmt,tax_status,tax_class,manage_stock,stock_quantity"
)
_NO_SALE = {"sale_price": "", "date_on_sale_from_gmt": "", "date_on_sale_to_gmt": ""}
_BRANDS = frozenset({"brand", "marka", "producent", "manufacturer"})
_GTINS = frozenset({"_global_unique_id", "_gtin", "gtin", "_ean", "ean", "_alg_ean", "_wpm_gtin_code"})
_COSTS = frozenset({"_wc_cog_cost", "_alg_wc_cog_cost", "_purchase_price"})


_Change: TypeAlias = Callable[[Desired], Mapping[str, Any]]


class WooCommerce(Shop[WooCommerceSettings]):
    """A WooCommerce shop as a channel; `remote_id` is `product` or `product/variation`."""

    root = "/wp-json/wc/v3"
    announced = True

    def _prepare(self) -> None:
        self._fits = False
        self._rates = {"": self._tax}
        self._rates |= {key: TaxRate.parse(rate) for key, rate in self._settings.tax_classes.items()}

    def _signer(self) -> Sign:
        return _signer(self._settings)

    def _words(self, body: bytes) -> str:
        said = parse_json(body)
        return f"{said['code']}: {said['message']}"

    # --- reading ------------------------------------------------------------------------------------------------

    async def listings(self) -> AsyncIterator[Listing]:
        """All products and variations that have a SKU and a price of their own."""
        await self._check_shop()
        async for record, parent in self._records(_FIELDS):
            if record.get("sku"):
                yield self._listing(record, parent)

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by id, up to 100 a request; variations under their parents."""
        found: list[Listing] = []
        for parent, ids in _by_parent(remote_ids).items():
            wanted = set(ids)
            for batch in in_batches(ids, PAGE):
                params = {"include": ",".join(batch), "per_page": str(PAGE), "_fields": _FIELDS, "status": "any"}
                page, _ = await self._page(_path(parent), params)
                found += [self._listing(record, parent) for record in page if str(record.get("id")) in wanted]
        return found

    async def products(self) -> AsyncIterator[Product | SetAside]:
        """The shop's catalogue; VAT by the tax classes of the settings, the price as a buyer pays it now."""
        async for record, parent in self._records(""):
            price = self._listing(record, parent).payable
            where = f"{self._name}: product {record['id']}"
            yield imported(_row(record), price, self._rate(record), self._currency, where=where)

    async def sales(self, since: datetime) -> AsyncIterator[Sale | SetAside]:
        """Lines of orders that were paid, made or changed since then; refunded pieces below zero."""
        params = {
            "modified_after": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
            "dates_are_gmt": "true",
            "status": "processing,completed,refunded",
        }
        async for order in self._pages("orders", params):
            for line in order_lines(self._name, order, order):
                yield line
            if order.get("refunds"):
                async for refund in self._pages(f"orders/{order['id']}/refunds", {}):
                    for line in order_lines(self._name, order, refund):
                        yield line

    async def _check_shop(self) -> None:
        """Look once at the currency that the shop sells in, and whether tax is in its prices."""
        if self._fits:
            return
        message, hint = objection(await options(self._api.get, self._name), self._currency.code, net=self._form.net)
        if message:
            raise ChannelUnavailable(message, where=self._name, hint=hint)
        self._fits = True

    async def _records(self, fields: str) -> AsyncIterator[tuple[Mapping[str, Any], str]]:
        """Sellable records with the id of their parent, page by page in the order of ids."""
        params = {"_fields": fields} if fields else {}
        async for record in self._pages("products", params | {"status": "any"}):
            if record.get("type") == "variable":
                async for variation in self._pages(f"products/{record['id']}/variations", params):
                    shared = {key: record.get(key) for key in ("name", "brands", "categories", "attributes")}
                    yield {**shared, **{k: v for k, v in variation.items() if v or k not in shared}}, str(record["id"])
            elif record.get("type") != "grouped":
                yield record, ""

    async def _pages(self, path: str, params: Mapping[str, str]) -> AsyncIterator[Mapping[str, Any]]:
        """A page that does not say how many there are is the last one when it is not full."""
        number, more, pages = 1, True, Pages(self._name, path, PAGE)
        while more:
            order = {"per_page": str(PAGE), "page": str(number), "orderby": "id", "order": "asc"}
            page, total = await self._page(path, {**params, **order})
            if not pages.go_on(record["id"] for record in page):
                return
            for record in page:
                yield record
            more = len(page) == PAGE if total is None else number < total
            number += 1

    async def _page(self, path: str, params: Mapping[str, str]) -> tuple[Sequence[Mapping[str, Any]], int | None]:
        reply = await self._api.get(path, params)
        try:
            page = parse_json(reply.body)
            said = reply.headers.get("x-wp-totalpages")
            total = int(said) if said is not None else None
        except ValueError:
            page, total = None, None
        if not isinstance(page, list) or not all(isinstance(r, dict) and isinstance(r.get("id"), int) for r in page):
            raise ChannelUnavailable(
                f"answered {path} with something that is no list of products",
                where=self._name,
                hint="check the channel's url; a cache or a plugin may stand in between",
            )
        return page, total

    def _listing(self, record: Mapping[str, Any], parent: str) -> Listing:
        rate = self._rate(record)
        payable, regular, sale = (self._money(record.get(f), rate) for f in ("price", "regular_price", "sale_price"))
        remote = f"{parent}/{record['id']}" if parent else str(record["id"])
        self._taxes.note(remote, self._known_rate(record), _tax_words(record))
        return Listing(
            channel=self._name,
            remote_id=remote,
            sku=str(record.get("sku") or ""),
            price=regular if payable is not None else None,
            sale_price=payable if payable != regular else None,
            name=str(record.get("name") or ""),
            url=str(record.get("permalink") or ""),
            active=record.get("status") == "publish",
            upcoming=sale if sale is not None and sale != payable else None,
            stock=_stock(record) if record.get("manage_stock") is True else None,
        )

    def _rate(self, record: Mapping[str, Any]) -> TaxRate:
        return self._known_rate(record) or self._tax

    def _known_rate(self, record: Mapping[str, Any]) -> TaxRate | None:
        """The rate of its tax class; None for a class that the settings do not name."""
        if record.get("tax_status") in {"none", "shipping"}:
            return TaxRate(0)
        return self._rates.get(_tax_class(record))

    # --- writing ------------------------------------------------------------------------------------------------

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write prices, one request per parent and 100 items; all sale fields with them, so that nothing else sells."""
        await self._check_shop()
        return await self._sent(batch, self._change)

    async def supply(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write pieces, as prices are written; where the shop does not count them, it goes on without counting."""
        return await self._sent(batch, self._pieces)

    async def _sent(self, batch: Sequence[Desired], change: _Change) -> Sequence[PushResult]:
        sender = Sender(partial(self._send, change=change))
        by_remote = {desired.remote_id: desired for desired in batch}
        for parent, ids in _by_parent(by_remote).items():
            for part in in_batches(ids, self._capabilities.batch_size):
                await sender.send([by_remote[f"{parent}/{i}" if parent else i] for i in part])
        return sender.results

    async def _send(self, part: Sequence[Desired], *, change: _Change) -> Sequence[PushResult]:
        parent = part[0].remote_id.rpartition("/")[0]
        body = json.dumps({"update": [change(d) for d in part]}).encode()
        reply = await self._api.write("POST", f"{_path(parent)}/batch", body, "application/json")
        try:
            answers = {record["id"]: record for record in parse_json(reply.body)["update"]}
        except (ValueError, LookupError, TypeError) as error:
            raise ChannelUnknown(
                "answered a batch with something that is no list of results", where=self._name
            ) from error
        return [_result(d.remote_id, answers.get(_number(d.remote_id))) for d in part]

    def _change(self, desired: Desired) -> Mapping[str, Any]:
        """A plain price, or a sale without dates while it is announced: by dates the shop switches up to a day late."""
        price, prior = self._form.text(desired.price, desired.tax), self._struck(desired)
        if prior is None:
            return {"id": _number(desired.remote_id), "regular_price": price, **_NO_SALE}
        regular = self._form.text(prior, desired.tax)
        return {"id": _number(desired.remote_id), **_NO_SALE, "regular_price": regular, "sale_price": price}

    def _pieces(self, desired: Desired) -> Mapping[str, Any]:
        return {"id": _number(desired.remote_id), "stock_quantity": self.available(desired).stock}


def _result(remote_id: str, answer: Mapping[str, Any] | None) -> PushResult:
    if not isinstance(answer, Mapping):
        return PushResult(remote_id, PushStatus.UNKNOWN, "the answer does not mention it")
    error = answer.get("error")
    if not error:
        return PushResult(remote_id, PushStatus.ACCEPTED)
    if not isinstance(error, Mapping):
        return PushResult(remote_id, PushStatus.UNKNOWN, "the answer is malformed")
    data = error.get("data")
    status = data.get("status") if isinstance(data, Mapping) else None
    late = isinstance(status, int) and status >= 500
    message = f"{error.get('code', 'error')}: {error.get('message', 'no reason given')}"[:300]
    return PushResult(remote_id, PushStatus.UNKNOWN if late else PushStatus.REFUSED, message)


def _tax_class(record: Mapping[str, Any]) -> str:
    return str(record.get("tax_class") or "")


def _tax_words(record: Mapping[str, Any]) -> str:
    """Where the shop says what a product is taxed with."""
    name = _tax_class(record)
    if record.get("tax_status") in {"none", "shipping"}:
        return f"tax status {record['tax_status']}"
    return f"tax class {name}, see tax_classes" if name else "no tax class"


def _by_parent(remote_ids: Iterable[str]) -> Mapping[str, list[str]]:
    parents: dict[str, list[str]] = defaultdict(list)
    for remote_id in remote_ids:
        parent, _, own = remote_id.rpartition("/")
        parents[parent].append(own)
    return parents


def _path(parent: str) -> str:
    return f"products/{parent}/variations" if parent else "products"


def _number(remote_id: str) -> int:
    return int(remote_id.rpartition("/")[2])


def _row(record: Mapping[str, Any]) -> ImportedRow:
    attributes = {str(a.get("name", "")).casefold(): a for a in _records_of(record, "attributes")}
    meta = {str(m.get("key", "")): str(m.get("value") or "") for m in _records_of(record, "meta_data")}
    options = [_first(attributes[name].get("options")) for name in _BRANDS & attributes.keys()]
    brands = [str(b.get("name") or "") for b in _records_of(record, "brands")] + options
    images = _records_of(record, "images") or [record.get("image") or {}]
    costs = _records_of(record.get("cost_of_goods_sold") or {}, "values")
    return ImportedRow(
        remote=str(record["id"]),
        sku=str(record.get("sku") or ""),
        name=str(record.get("name") or ""),
        brand=next(filter(None, brands), ""),
        gtin=str(record.get("global_unique_id") or "") or next((meta[k] for k in sorted(_GTINS & meta.keys())), ""),
        category=next((str(c.get("name") or "") for c in _records_of(record, "categories")), ""),
        cost=str(costs[0].get("defined_value") or "")
        if costs
        else next((meta[k] for k in sorted(_COSTS & meta.keys())), ""),
        stock=_stock(record),
        url=str(record.get("permalink") or ""),
        image_url=str(images[0].get("src") or ""),
        description=str(record.get("short_description") or record.get("description") or ""),
    )


def _stock(record: Mapping[str, Any]) -> int | None:
    """The pieces where stock is kept at all; a variation may leave that to its product (`parent`)."""
    pieces = record.get("stock_quantity") if record.get("manage_stock") else None
    return pieces if isinstance(pieces, int) else None


def _records_of(record: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    found = record.get(field)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


def _first(options: object) -> str:
    return str(options[0]) if isinstance(options, list) and options else ""


# --- who we are ------------------------------------------------------------------------------------------------


def _signer(settings: WooCommerceSettings) -> Sign:
    def sign(method: str, url: str, params: Mapping[str, str]) -> tuple[Mapping[str, str], Mapping[str, str]]:
        key, secret = settings.key.reveal(), settings.secret.reveal()
        if settings.url.startswith("https://"):
            token = base64.b64encode(f"{key}:{secret}".encode()).decode()
            return {"authorization": f"Basic {token}"}, {}
        return {}, oauth1(method, url, params, key=key, secret=secret)

    return sign
