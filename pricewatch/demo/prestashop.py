"""A strict PrestaShop webservice: whole-object PUT, net prices with six decimals, its quirks, and a log as truth."""

from __future__ import annotations

import base64
import hmac
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml.ElementTree import fromstring
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from pricewatch.demo.faults import Fault, FaultSchedule, FaultyApp, fault_of

_PRICE = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,9})?")
_FINE, _CENT = Decimal("0.000001"), Decimal("0.01")
_ALIAS = re.compile(r"price\[(\w+)\]\[(\w+)\]")
_REQUIRED = {"products": ("id", "price", "name", "link_rewrite"), "combinations": ("id", "id_product", "price")}
_SPECIAL_REQUIRED = (
    "id_shop", "id_cart", "id_product", "id_currency", "id_country", "id_group", "id_customer", "price",
    "from_quantity", "reduction", "reduction_tax", "reduction_type", "from", "to",
)  # fmt: skip
_READ_ONLY = ("manufacturer_name", "quantity")
_SINGLE = {
    "products": "product",
    "combinations": "combination",
    "specific_prices": "specific_price",
    "stock_availables": "stock_available",
}


@dataclass(frozen=True, slots=True)
class PrestaItem:
    """A product, or a combination when `product` is set; `price` is net, of a combination its impact."""

    id: int
    reference: str
    name: str
    price: str
    product: int = 0
    tax_group: str = "1"
    active: bool = True
    ean13: str = ""
    mpn: str = ""
    brand: str = ""
    cost: str = "0.000000"
    stock: int = 0
    counted_elsewhere: bool = False
    link_rewrite: str = "item"
    description: str = ""


@dataclass(frozen=True, slots=True)
class SpecificPrice:
    """A reduction for one product; `reduction` is a share of 1 for `percentage`, else gross money."""

    id: int
    product: int
    reduction: str = "0.000000"
    reduction_type: str = "percentage"
    combination: int = 0
    starts: str = "0000-00-00 00:00:00"
    ends: str = "0000-00-00 00:00:00"
    from_quantity: int = 1


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the log: the gross price that a buyer pays from now on, and who did it."""

    sku: str
    remote_id: str
    price: str
    by: str


class PrestaShopServer:
    """The shop: `app` serves it, `log` is the append-only truth of all prices that were ever shown.

    `rates` are VAT rates in percent by tax group; `offer_gross` answers `price[…][use_tax]` as later versions do.
    """

    def __init__(
        self,
        items: Iterable[PrestaItem],
        *,
        key: str,
        rates: Mapping[str, int] | None = None,
        faults: FaultSchedule | None = None,
        offer_gross: bool = True,
        late: float = 2.0,
        seconds: Callable[[], float] = time.time,
        on_change: Callable[[Shown], None] | None = None,
    ) -> None:
        everything = list(items)
        self.products = {item.id: item for item in everything if not item.product}
        self.combinations = {item.id: item for item in everything if item.product}
        self.specials: list[SpecificPrice] = []
        self.before: dict[tuple[str, int], PrestaItem] = {}
        self.log: list[Shown] = []
        self.requests: list[tuple[str, str]] = []
        self.faults = faults or FaultSchedule()
        self.key = key
        self.currency = ""
        self.rates = dict(rates or {"1": 23})
        self._offer_gross = offer_gross
        self._late = late
        self._pending: list[tuple[float, str, PrestaItem]] = []
        self._seconds = seconds
        self._on_change = on_change

    @property
    def app(self) -> ASGIApp:
        """The shop as an ASGI app."""
        routes = [
            Route("/api/{resource}", self._many, methods=["GET", "POST", "PATCH"]),
            Route("/api/{resource}/{id:int}", self._one, methods=["GET", "PUT", "PATCH", "DELETE"]),
        ]
        return FaultyApp(Starlette(routes=routes), self.faults)

    # --- behind its back ----------------------------------------------------------------------------------------

    def set_price(self, sku: str, gross: str) -> None:
        """A person edits the price in the shop's own pages, which take it with tax."""
        resource, item = self._by_sku(sku)
        net = (Decimal(gross) / self._factor(item)).quantize(_FINE, ROUND_HALF_UP)
        base = self._net(self.products[item.product]) if item.product else Decimal(0)
        self._store(resource, replace(item, price=f"{net - base:f}"), by="human")

    def edit(self, sku: str, /, **changes: Any) -> None:
        """A person edits any other field."""
        resource, item = self._by_sku(sku)
        self._table(resource)[item.id] = replace(item, **changes)

    def delete(self, sku: str) -> None:
        """A person deletes the product or combination."""
        resource, item = self._by_sku(sku)
        del self._table(resource)[item.id]

    def shown(self, sku: str) -> str:
        """What a buyer pays now, with tax."""
        self._catch_up()
        return self._buyer_pays(self._by_sku(sku)[1])

    def _by_sku(self, sku: str) -> tuple[str, PrestaItem]:
        for resource in ("combinations", "products"):
            for item in self._table(resource).values():
                if item.reference == sku:
                    return resource, item
        raise KeyError(sku)

    def _table(self, resource: str) -> dict[int, PrestaItem]:
        return self.combinations if resource == "combinations" else self.products

    # --- requests -----------------------------------------------------------------------------------------------

    async def _many(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        resource = request.path_params["resource"]
        if resource == "configurations":
            return self._told({"configuration": {"id": "1", "name": "PS_CURRENCY_DEFAULT", "value": "1"}}, resource)
        if resource not in _SINGLE:
            return _error(400, f'Resource of type "{resource}" does not exist.')
        if request.method == "POST" and resource == "specific_prices":
            return await self._add_special(request)
        if request.method != "GET":
            return _error(405, f"Method {request.method} is not allowed for this resource.")
        root = Element("prestashop")
        listed = SubElement(root, resource)
        full = request.query_params.get("display") == "full"
        for number, element in self._selected(resource, request):
            if full:
                listed.append(element)
            else:
                SubElement(listed, _SINGLE[resource], {"id": str(number)})
        return _xml(root)

    async def _one(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        resource, number = request.path_params["resource"], request.path_params["id"]
        if resource == "currencies":
            return self._told({"currency": {"id": str(number), "iso_code": self.currency}})
        if request.method == "DELETE" and resource == "specific_prices":
            return self._delete_special(number)
        if resource == "stock_availables" and request.method == "PUT":
            return await self._put_stock(request, number)
        item = self._table(resource).get(number) if resource in _REQUIRED else None
        if request.method == "PATCH":
            return _error(405, "Method PATCH is not allowed.")
        if item is None:
            return _error(404, f"{_SINGLE.get(resource, resource)} does not exist.")
        if request.method == "PUT":
            return await self._put(request, resource, item)
        return self._object(resource, item, request)

    def _told(self, said: Mapping[str, Mapping[str, str]], listed: str = "") -> Response:
        """What only a key with the right to it may read; without a `currency`, ours has none."""
        if not self.currency:
            return _error(401, "This resource is not allowed with this authentication key.")
        root = Element("prestashop")
        inside = SubElement(root, listed) if listed else root
        for name, fields in said.items():
            element = SubElement(inside, name)
            for field, text in fields.items():
                SubElement(element, field).text = text
        return _xml(root)

    def _object(self, resource: str, item: PrestaItem, request: Request) -> Response:
        root = Element("prestashop")
        root.append(self._element(resource, item, request))
        return _xml(root)

    async def _put(self, request: Request, resource: str, item: PrestaItem) -> Response:
        sent = _read(await request.body(), _SINGLE[resource])
        if sent is None:
            return _error(400, "The XML is not well-formed or has no object.")
        if wrong := _wrong(resource, sent):
            return _error(400, wrong)
        if _value(sent, "position_in_category") == "0":  # counted from 0 when it is read, from 1 when it is set
            return _error(500, "You cannot set 0 or a negative position, the minimum for a position is 1.")
        if _value(sent, "id") != str(item.id):
            return _error(400, "The id in the XML is not the one of the address.")
        changed = replace(
            item,
            price=f"{Decimal(_value(sent, 'price')).quantize(_FINE, ROUND_HALF_UP):f}",
            reference=_value(sent, "reference"),
            name=_value(sent, "name/language") or item.name,
            active=_value(sent, "active") != "0",
            link_rewrite=_value(sent, "link_rewrite/language") or item.link_rewrite,
            description=_value(sent, "description/language"),
        )
        fault = fault_of(request.scope)
        if fault is Fault.LATE:
            self._pending.append((self._seconds() + self._late, resource, changed))
        elif fault is not Fault.LIE:
            self._store(resource, changed, by="api")
        return self._object(resource, changed, request)

    async def _put_stock(self, request: Request, number: int) -> Response:
        """A shelf is put back whole; its number and place may not change."""
        sent = _read(await request.body(), "stock_available")
        known = dict(self._elements("stock_availables", request)).get(number)
        if sent is None or known is None:
            return _error(400 if known is not None else 404, "The stock_available is not there.")
        for name in ("id", "id_product", "id_product_attribute", "depends_on_stock", "out_of_stock", "quantity"):
            if sent.find(name) is None or (name != "quantity" and _value(sent, name) != _value(known, name)):
                return _error(400, f'parameter "{name}" required')
        if not _value(sent, "quantity").removeprefix("-").isdecimal():
            return _error(400, 'Validation error: "Property StockAvailable->quantity is not valid"')
        own = int(_value(sent, "id_product_attribute"))
        table = self.combinations if own else self.products
        item = table[own or int(_value(sent, "id_product"))]
        table[item.id] = replace(item, stock=int(_value(sent, "quantity")))
        root = Element("prestashop")
        root.append(_stock(number, table[item.id]))
        return _xml(root)

    async def _add_special(self, request: Request) -> Response:
        sent = _read(await request.body(), "specific_price")
        if sent is None:
            return _error(400, "The XML is not well-formed or has no object.")
        if missing := [name for name in _SPECIAL_REQUIRED if not _value(sent, name)]:
            return _error(400, f'parameter "{missing[0]}" required')
        special = SpecificPrice(
            max((known.id for known in self.specials), default=0) + 1,
            int(_value(sent, "id_product")),
            _value(sent, "reduction"),
            _value(sent, "reduction_type"),
            int(_value(sent, "id_product_attribute") or 0),
            _value(sent, "from"),
            _value(sent, "to"),
            int(_value(sent, "from_quantity")),
        )
        place = (special.product, special.combination, special.starts, special.ends, special.from_quantity)
        if place in {(s.product, s.combination, s.starts, s.ends, s.from_quantity) for s in self.specials}:
            return _error(500, "Unable to save resource")
        self.specials.append(special)
        self._tell(special, by="api")
        return _xml(Element("prestashop"), 201)

    def _delete_special(self, number: int) -> Response:
        gone = [special for special in self.specials if special.id == number]
        if not gone:
            return _error(404, "specific_price does not exist.")
        self.specials.remove(gone[0])
        self._tell(gone[0], by="api")
        return Response(b"", 200)

    def _tell(self, special: SpecificPrice, *, by: str) -> None:
        """Log what a buyer pays from now on for what a specific price concerns."""
        own = [item for item in self.combinations.values() if item.product == special.product]
        concerned = [i for i in own if special.combination in {0, i.id}] or [self.products[special.product]]
        for item in concerned:
            resource = "combinations" if item.product else "products"
            self._store(resource, item, by=by)

    def _selected(self, resource: str, request: Request) -> Iterable[tuple[int, Element]]:
        query = request.query_params
        found = sorted(self._elements(resource, request), key=lambda entry: entry[0])
        for name in ("id", "id_product"):
            if wanted := query.get(f"filter[{name}]", ""):
                values = set(wanted.strip("[]").split("|"))
                found = [entry for entry in found if (entry[1].findtext(name) or "") in values]
        start, _, count = query.get("limit", "0,1000000").rpartition(",")
        first = int(start or 0)
        return found[first : first + int(count)]

    def _elements(self, resource: str, request: Request) -> Iterable[tuple[int, Element]]:
        if resource == "specific_prices":
            return [(special.id, _special(special)) for special in self.specials]
        if resource == "stock_availables":
            everything = [*self.products.values(), *self.combinations.values()]
            return [(n, _stock(n, item)) for n, item in enumerate(everything, start=1)]
        return [(item.id, self._element(resource, item, request)) for item in self._table(resource).values()]

    def _element(self, resource: str, item: PrestaItem, request: Request) -> Element:
        if fault_of(request.scope) is Fault.STALE:
            item = self.before.get((resource, item.id), item)
        element = Element(_SINGLE[resource])
        common = {"id": str(item.id), "reference": item.reference, "ean13": item.ean13, "mpn": item.mpn}
        costs = {"wholesale_price": item.cost, "price": item.price}
        if item.product:
            own = {"id_product": str(item.product), "minimal_quantity": "1", "quantity": str(item.stock)}
        else:
            own = {"id_tax_rules_group": item.tax_group, "active": str(int(item.active)), "quantity": "0"}
            own |= {"manufacturer_name": item.brand, "date_upd": "2026-01-01 00:00:00", "position_in_category": "0"}
        for name, value in {**common, **costs, **own}.items():
            SubElement(element, name).text = value
        if not item.product:
            for name in ("name", "link_rewrite", "description"):
                SubElement(SubElement(element, name), "language", {"id": "1"}).text = getattr(item, name)
        for alias, options in self._asked_prices(request).items():
            reduced = options.get("use_reduction", "1") == "1"
            SubElement(element, alias).text = f"{self._price(item, options.get('use_tax') == '1', reduced):f}"
        return element

    def _asked_prices(self, request: Request) -> Mapping[str, Mapping[str, str]]:
        asked: dict[str, dict[str, str]] = {}
        for name, value in request.query_params.items():
            found = _ALIAS.fullmatch(name)
            if found and self._offer_gross:
                asked.setdefault(found[1], {})[found[2]] = value
        return asked

    # --- prices -------------------------------------------------------------------------------------------------

    def _factor(self, item: PrestaItem) -> Decimal:
        product = self.products.get(item.product, item)
        return 1 + Decimal(self.rates.get(product.tax_group, 23)) / 100

    def _net(self, item: PrestaItem) -> Decimal:
        base = Decimal(self.products[item.product].price) if item.product in self.products else Decimal(0)
        return base + Decimal(item.price)

    def _price(self, item: PrestaItem, with_tax: bool, reduced: bool) -> Decimal:
        factor = self._factor(item)
        gross = self._net(item) * factor
        if reduced:
            for special in self._running(item):
                cut = Decimal(special.reduction)
                gross = gross * (1 - cut) if special.reduction_type == "percentage" else gross - cut
        return (gross if with_tax else gross / factor).quantize(_FINE, ROUND_HALF_UP)

    def _running(self, item: PrestaItem) -> Iterable[SpecificPrice]:
        now = datetime.fromtimestamp(self._seconds(), UTC).strftime("%Y-%m-%d %H:%M:%S")
        number, own = (item.product, item.id) if item.product else (item.id, 0)
        return [
            special
            for special in self.specials
            if special.product == number
            and special.combination in {0, own}
            and special.from_quantity <= 1
            and (special.starts.startswith("0000") or special.starts <= now)
            and (special.ends.startswith("0000") or special.ends > now)
        ]

    def _buyer_pays(self, item: PrestaItem) -> str:
        return f"{self._price(item, True, True).quantize(_CENT, ROUND_HALF_UP):f}"

    def _store(self, resource: str, item: PrestaItem, *, by: str) -> None:
        table = self._table(resource)
        if item.id not in table:
            return
        self.before[resource, item.id] = table[item.id]
        table[item.id] = item
        remote = f"{item.product}/{item.id}" if item.product else str(item.id)
        shown = Shown(item.reference, remote, self._buyer_pays(item), by)
        self.log.append(shown)
        if self._on_change is not None:
            self._on_change(shown)

    def _catch_up(self) -> None:
        due = sorted((entry for entry in self._pending if entry[0] <= self._seconds()), key=lambda entry: entry[0])
        self._pending = [entry for entry in self._pending if entry not in due]
        for _, resource, item in due:
            self._store(resource, item, by="late")

    def _refusal(self, request: Request) -> Response | None:
        self._catch_up()
        self.requests.append((request.method, request.url.path))
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        known = base64.b64encode(f"{self.key}:".encode()).decode()
        if scheme.lower() == "basic" and hmac.compare_digest(token, known):
            return None
        return _error(401, "Authentication key is empty or invalid.")


def _wrong(resource: str, sent: Element) -> str:
    for name in _READ_ONLY:
        if sent.find(name) is not None:
            return f'parameter "{name}" not writable. Please remove this attribute of this XML'
    for name in _REQUIRED[resource]:
        if sent.find(name) is None:
            return f'parameter "{name}" required'
    price = _value(sent, "price")
    signed = resource == "combinations"  # an impact may be negative
    if _PRICE.fullmatch(price) is None or (price.startswith("-") and not signed):
        return 'Validation error: "Property Product->price is not valid"'
    return ""


def _read(body: bytes, name: str) -> Element | None:
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, ValueError):
        return None
    return root.find(name)


def _value(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _special(special: SpecificPrice) -> Element:
    values = {
        "id": special.id,
        "id_product": special.product,
        "id_product_attribute": special.combination,
        "id_customer": 0,
        "price": "-1.000000",
        "from_quantity": special.from_quantity,
        "reduction": special.reduction,
        "reduction_type": special.reduction_type,
        "from": special.starts,
        "to": special.ends,
    }
    return _filled("specific_price", values)


def _stock(number: int, item: PrestaItem) -> Element:
    product, own = (item.product, item.id) if item.product else (item.id, 0)
    values = {"id": number, "id_product": product, "id_product_attribute": own, "id_shop": 1, "quantity": item.stock}
    values |= {"depends_on_stock": int(item.counted_elsewhere), "out_of_stock": 2}
    return _filled("stock_available", values)


def _filled(name: str, values: Mapping[str, object]) -> Element:
    element = Element(name)
    for field_name, value in values.items():
        SubElement(element, field_name).text = str(value)
    return element


def _xml(root: Element, status: int = 200) -> Response:
    return Response(tostring(root, encoding="utf-8", xml_declaration=True), status, media_type="text/xml")


def _error(status: int, message: str) -> Response:
    root = Element("prestashop")
    error = SubElement(SubElement(root, "errors"), "error")
    SubElement(error, "code").text = str(status)
    SubElement(error, "message").text = message
    return _xml(root, status)
