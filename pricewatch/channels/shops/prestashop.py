"""PrestaShop webservice, 1.6 and later: XML, whole objects, net prices with six decimals.

A PUT replaces the whole object, so each is read again right before it is written and compared with what the shop
answers. A combination's price is an impact on its product's net price. An announced reduction is a specific price of
ours, known by its first moment; others belong to whoever made them: where one makes another price sell, the listing is
refused with its number instead of being written around.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from pricewatch.channels.api import Forbidden, Sign
from pricewatch.channels.batches import in_batches, sent
from pricewatch.channels.imports import ImportedRow, imported
from pricewatch.channels.paging import Pages
from pricewatch.channels.shops.presta_orders import order_line, returned_line
from pricewatch.channels.shops.presta_specials import (
    DECIMALS,
    GROSS,
    Special,
    decimal_of,
    reduction,
    special_of,
    text_of,
)
from pricewatch.channels.shops.presta_stock import SHELF, SHELVES, filled, pieces_of, shelf_of, unfillable
from pricewatch.channels.shops.settings import PrestaShopSettings
from pricewatch.channels.shops.shop import Shop, bearer
from pricewatch.domain.errors import (
    ChannelError,
    ChannelRefused,
    ChannelUnavailable,
    ChannelUnknown,
    PublishingStopped,
    SetAside,
)
from pricewatch.domain.listing import Beside, Desired, Listing, PushResult, PushStatus
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import Product
from pricewatch.domain.sale import Sale

PAGE = 100
XML = "text/xml; charset=utf-8"
_DERIVED = ("manufacturer_name", "quantity", "position_in_category", "now", "full")
_PRICES = {"price[now][use_tax]": "1", "price[full][use_tax]": "1", "price[full][use_reduction]": "0"}
_SPECIALS = "specific_prices"
_UNTAXED = "0"  # the tax rules group of what has no tax


def _key(settings: PrestaShopSettings) -> str:
    return base64.b64encode(f"{settings.key.reveal()}:".encode()).decode()


class PrestaShop(Shop[PrestaShopSettings]):
    """A PrestaShop shop as a channel; `remote_id` is `product` or `product/combination`."""

    root = "/api"
    announced = True
    reckons = True

    def _prepare(self) -> None:
        self._fits = False
        self._rates = {_UNTAXED: TaxRate(0)}
        self._rates |= {group: TaxRate.parse(rate) for group, rate in self._settings.tax_groups.items()}
        self._language = str(self._settings.language)
        self._shelves: dict[tuple[str, str], Element] = {}

    def _signer(self) -> Sign:
        return bearer(lambda: _key(self._settings), scheme="Basic ")

    def _words(self, body: bytes) -> str:
        root = _parsed(body)
        messages = [] if root is None else [e.text or "" for e in root.iter("message")]
        return "; ".join(message.strip() for message in messages)

    # --- reading ------------------------------------------------------------------------------------------------

    async def listings(self) -> AsyncIterator[Listing]:
        """All products and combinations that have a reference; a product with combinations is sold only as these."""
        await self._check_shop()
        specials = await self._specials([])
        if Beside.STOCK in self._capabilities.tells:
            self._shelve([element async for element in self._all(SHELVES)])
        combinations: dict[str, list[Element]] = defaultdict(list)
        async for combination in self._all("combinations"):
            combinations[text_of(combination, "id_product")].append(combination)
        async for product in self._all("products"):
            for own in _sold_as(product, combinations):
                if text_of(product if own is None else own, "reference"):
                    yield self._listing(product, own, specials)

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by id, up to 100 a request; combinations together with their products."""
        found: list[Listing] = []
        for batch in in_batches(list(remote_ids), PAGE):
            pairs = [remote_id.partition("/") for remote_id in batch]
            products = await self._by_id("products", {product for product, _, _ in pairs})
            combinations = await self._by_id("combinations", {own for _, _, own in pairs if own})
            specials = await self._specials(sorted(products))
            if products and Beside.STOCK in self._capabilities.tells:
                await self._look_at_shelves(products)
            for product, _, own in pairs:
                if product in products and (not own or own in combinations):
                    found.append(self._listing(products[product], combinations.get(own), specials))
        return found

    async def products(self) -> AsyncIterator[Product | SetAside]:
        """The shop's catalogue; VAT by the tax groups of the settings, the price as a buyer pays it now."""
        stock = await self._stock()
        combinations: dict[str, list[Element]] = defaultdict(list)
        async for combination in self._all("combinations"):
            combinations[text_of(combination, "id_product")].append(combination)
        async for product in self._all("products"):
            for own in _sold_as(product, combinations):
                row = self._row(product, own, stock)
                price = self._listing(product, own, {}).payable
                where = f"{self._name}: product {row.remote}"
                yield imported(row, price, self._rate(product), self._currency, where=where)

    async def sales(self, since: datetime) -> AsyncIterator[Sale | SetAside]:
        """Rows of valid orders since then, and what came back of them below zero; times are the shop's, read as UTC."""
        async for order in self._since("orders", since):
            if text_of(order, "valid") == "1":
                for row in order.iter("order_row"):
                    yield order_line(self._name, order, row, self._currency)
        async for slip in self._since("order_slip", since):
            back = [detail for detail in slip.iter("order_slip_detail") if text_of(detail, "id_order_detail")]
            rows = await self._by_id("order_details", {text_of(detail, "id_order_detail") for detail in back})
            for detail in back:
                yield returned_line(
                    self._name, slip, detail, rows.get(text_of(detail, "id_order_detail")), self._currency
                )

    async def _since(self, resource: str, since: datetime) -> AsyncIterator[Element]:
        begins, ends = f"{since.astimezone(UTC):%Y-%m-%d %H:%M:%S}", "2999-12-31 00:00:00"
        async for element in self._all(resource, {"filter[date_add]": f"[{begins},{ends}]", "date": "1"}):
            yield element

    async def _check_shop(self) -> None:
        """Look once at the currency that prices are in there, where the key may read it."""
        if not self._fits and (theirs := await self._shop_currency()) not in {"", self._currency.code}:
            message = f"the shop's prices are in {theirs}, not in {self._currency.code}"
            raise ChannelUnavailable(message, where=self._name, hint="set the channel's currency")
        self._fits = True

    async def _shop_currency(self) -> str:
        """The code of the shop's own currency; empty for a key without the right to read it."""
        try:
            options = await self._list("configurations", {"filter[name]": "[PS_CURRENCY_DEFAULT]"})
            numbers = {text_of(option, "value") for option in options}
            found = [await self._object("currencies", n, "currency") for n in sorted(numbers) if n.isdecimal()]
        except (Forbidden, ChannelRefused):
            return ""
        return text_of(found[0], "iso_code") if len(found) == 1 else ""

    async def _stock(self) -> Mapping[tuple[str, str], int]:
        """Pieces by product and combination; empty when the key may not read them."""
        try:
            found = [element async for element in self._all(SHELVES)]
        except ChannelError:
            return {}
        return {shelf_of(e): pieces for e in found if (pieces := pieces_of(e)) is not None}

    async def _look_at_shelves(self, products: Iterable[str]) -> None:
        wanted = "|".join(sorted(products, key=int))
        self._shelve(await self._list(SHELVES, {"filter[id_product]": f"[{wanted}]"}))

    def _shelve(self, shelves: Iterable[Element]) -> None:
        self._shelves |= {shelf_of(shelf): shelf for shelf in shelves}

    async def _all(self, resource: str, params: Mapping[str, str] | None = None) -> AsyncIterator[Element]:
        start, pages = 0, Pages(self._name, resource, PAGE)
        while True:
            page = await self._list(resource, {"limit": f"{start},{PAGE}", "sort": "[id_ASC]", **(params or {})})
            if not pages.go_on(text_of(element, "id") for element in page):
                return
            for element in page:
                yield element
            if len(page) < PAGE:
                return
            start += len(page)

    async def _by_id(self, resource: str, ids: Iterable[str]) -> Mapping[str, Element]:
        wanted = sorted(ids, key=int)
        if not wanted:
            return {}
        page = await self._list(resource, {"filter[id]": f"[{'|'.join(wanted)}]", "limit": str(PAGE)})
        return {text_of(element, "id"): element for element in page}

    async def _list(self, resource: str, params: Mapping[str, str]) -> Sequence[Element]:
        prices = _PRICES if resource in {"products", "combinations"} else {}
        reply = await self._api.get(resource, {"display": "full", **params, **prices})
        root = _parsed(reply.body)
        listed = root.find(resource) if root is not None else None
        if listed is None:
            raise ChannelUnavailable(
                f"answered {resource} with something that is no list of them",
                where=self._name,
                hint="check the channel's url, and that the webservice is on and may read this resource",
            )
        return list(listed)

    async def _specials(self, products: Sequence[str]) -> Mapping[str, list[Special]]:
        """Specific prices for single pieces and everybody, by product; all of them when no products are named."""
        some = {"filter[id_product]": f"[{'|'.join(products)}]"} if products else {}
        found: dict[str, list[Special]] = defaultdict(list)
        for element in await self._list("specific_prices", some):
            if text_of(element, "from_quantity") in {"", "0", "1"} and text_of(element, "id_customer") in {"", "0"}:
                found[text_of(element, "id_product")].append(special_of(element))
        return found

    def _listing(
        self, product: Element, combination: Element | None, specials: Mapping[str, Sequence[Special]]
    ) -> Listing:
        shown = combination if combination is not None else product
        full = self._gross(shown, "full", product, combination)
        number = text_of(product, "id")
        own = text_of(combination, "id") if combination is not None else ""
        remote = f"{number}/{own}" if own else number
        concerned = [s for s in specials.get(number, ()) if s.concerns(own or "0", datetime.now(UTC))]
        fixed = any(s.fixed is not None for s in concerned)
        self._note_tax(remote, product, combination, full if text_of(shown, "full") and not fixed else None)
        now = self._gross(shown, "now", product, combination)
        if not text_of(shown, "now") and full is not None:
            now = min((p for s in concerned if s.runs and (p := s.price(full, self._rate(product)))), default=full)
        return Listing(
            channel=self._name,
            remote_id=remote,
            sku=text_of(shown, "reference"),
            price=full,
            sale_price=now if now != full else None,
            name=self._name_of(product),
            active=text_of(product, "active") != "0",
            upcoming=_upcoming(concerned, now, full, self._rate(product)),
            stock=pieces_of(self._shelves.get((number, own or "0"))),
        )

    def _note_tax(self, remote: str, product: Element, combination: Element | None, full: Money | None) -> None:
        """The rate that comes from the shop's own gross price, which a fixed one replaces; else its group's."""
        if full is not None:
            self._taxes.note_shown(remote, _net(product, combination), full)
        else:
            self._taxes.note(remote, self._rate(product), f"tax rules group {text_of(product, 'id_tax_rules_group')}")

    def _gross(self, shown: Element, alias: str, product: Element, combination: Element | None) -> Money | None:
        """The gross price that the shop works out itself, or from the net one when it does not offer that."""
        rate = self._rate(product)
        offered = text_of(shown, alias)
        if offered:
            return GROSS.shown_text(offered, self._currency, rate)
        if not text_of(product, "price") or not text_of(shown, "price"):
            return None
        return self._form.shown_text(f"{_net(product, combination):f}", self._currency, rate)

    def _rate(self, product: Element) -> TaxRate:
        return self._rates.get(text_of(product, "id_tax_rules_group"), self._tax)

    def _name_of(self, product: Element) -> str:
        names = product.findall("name/language")
        chosen = [n for n in names if n.get("id") == self._language] or names
        return (chosen[0].text or "") if chosen else text_of(product, "name")

    def _row(self, product: Element, combination: Element | None, stock: Mapping[tuple[str, str], int]) -> ImportedRow:
        shown = combination if combination is not None else product
        cost = text_of(shown, "wholesale_price")
        own = text_of(combination, "id") if combination is not None else "0"
        return ImportedRow(
            remote=text_of(product, "id"),
            sku=text_of(shown, "reference"),
            name=self._name_of(product),
            brand=text_of(product, "manufacturer_name"),
            gtin=text_of(shown, "ean13") or text_of(product, "ean13"),
            mpn=text_of(shown, "mpn") or text_of(product, "mpn"),
            cost=cost if cost.strip("0.") else text_of(product, "wholesale_price"),
            stock=stock.get((text_of(product, "id"), own)),
        )

    # --- writing ------------------------------------------------------------------------------------------------

    async def supply(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write pieces one shelf at a time: read it again, change its quantity alone, put it back, compare."""
        return await sent(self._stock_up, batch, 1)

    async def _stock_up(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        remote, pieces = part[0].remote_id, self.available(part[0]).stock or 0
        product, _, own = remote.partition("/")
        await self._look_at_shelves([product])
        shelf = self._shelves.get((product, own or "0"))
        if reason := unfillable(shelf):
            return [PushResult(remote, PushStatus.REFUSED, reason)]
        assert shelf is not None
        path = f"{SHELVES}/{text_of(shelf, 'id')}"
        reply = await self._api.write("PUT", path, filled(shelf, pieces), XML)
        saved = _parsed(reply.body)
        answered = pieces_of(saved.find(SHELF)) if saved is not None else None
        if answered == pieces:
            return [PushResult(remote, PushStatus.ACCEPTED)]
        return [PushResult(remote, PushStatus.UNKNOWN, f"it answered {answered} pieces instead of {pieces}")]

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write prices one object at a time: read it again, change the price alone, put it back, compare."""
        await self._check_shop()
        return await sent(self._send, batch, 1)

    async def _send(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        desired = part[0]
        number, _, own = desired.remote_id.partition("/")
        now = datetime.now(UTC)
        concerned = [s for s in (await self._specials([number])).get(number, ()) if s.concerns(own or "0", now)]
        mine = [s for s in concerned if s.ours and s.combination == (own or "0")]
        if others := [s.number for s in concerned if s not in mine]:
            reason = f"specific price {', '.join(others)} makes another price sell; end it in the shop first"
            return [PushResult(desired.remote_id, PushStatus.REFUSED, reason)]
        product = await self._object("products", number)
        for special in mine:
            await self._api.write("DELETE", f"{_SPECIALS}/{special.number}", b"", XML)
        try:
            return [await self._priced(desired, product)]
        except (ChannelUnavailable, PublishingStopped) as error:
            if not mine:
                raise
            raise ChannelUnknown(f"its old reduction was ended: {error.message}", where=self._name) from error

    async def _priced(self, desired: Desired, product: Element) -> PushResult:
        """Write the regular price, and what is taken off it while a reduction is announced."""
        own, prior = desired.remote_id.partition("/")[2], self._struck(desired)
        regular = replace(desired, price=prior) if prior is not None else desired
        net = self._stored(regular)
        if own:
            said = await self._put(
                "combinations", await self._object("combinations", own), net - _net(product, None), regular
            )
        else:
            said = await self._put("products", product, net, regular)
        if prior is None or said.status is not PushStatus.ACCEPTED:
            return said
        try:
            await self._api.write("POST", _SPECIALS, reduction(desired, prior), XML)
        except (ChannelUnavailable, PublishingStopped) as error:
            raise ChannelUnknown(f"written without its reduction: {error.message}", where=self._name) from error
        return said

    def _stored(self, desired: Desired) -> Decimal:
        return Decimal(self._form.text(desired.price, desired.tax))

    async def _object(self, resource: str, number: str, single: str = "") -> Element:
        reply = await self._api.get(f"{resource}/{number}")
        root = _parsed(reply.body)
        element = root.find(single or resource.removesuffix("s")) if root is not None else None
        if element is None or text_of(element, "id") != number:
            raise ChannelUnavailable(f"answered {resource}/{number} with something else", where=self._name)
        return element

    async def _put(self, resource: str, element: Element, net: Decimal, desired: Desired) -> PushResult:
        price = element.find("price")
        if price is None:
            raise ChannelRefused(f"{resource}/{text_of(element, 'id')} has no price field", where=self._name)
        price.text = f"{net:.{DECIMALS}f}"
        for name in _DERIVED:
            for derived in element.findall(name):
                element.remove(derived)
        root = Element("prestashop")
        root.append(element)
        path = f"{resource}/{text_of(element, 'id')}"
        reply = await self._api.write("PUT", path, tostring(root, encoding="utf-8"), XML)
        saved = _parsed(reply.body)
        answered = saved.find(resource.removesuffix("s")) if saved is not None else None
        if answered is None:
            raise ChannelUnknown(f"answered PUT {path} with something that is no object", where=self._name)
        if decimal_of(text_of(answered, "price")) != net:
            message = f"it stored {text_of(answered, 'price')} net instead of {price.text}"
            return PushResult(desired.remote_id, PushStatus.UNKNOWN, message)
        return PushResult(desired.remote_id, PushStatus.ACCEPTED)


def _sold_as(product: Element, combinations: Mapping[str, list[Element]]) -> Sequence[Element | None]:
    """A product with combinations is sold only as these."""
    return combinations.get(text_of(product, "id")) or [None]


def _upcoming(specials: Sequence[Special], now: Money | None, full: Money | None, rate: TaxRate) -> Money | None:
    """The price that the shop will switch to by itself: a sale that starts, or the full price when one ends."""
    moment = datetime.now(UTC)
    if now is None or full is None:
        return None
    for special in specials:
        begins = special.starts is not None and special.starts > moment
        then = special.price(full, rate) if begins else full
        if (begins or special.ends is not None) and then != now:
            return then
    return None


def _parsed(body: bytes) -> Element | None:
    """The answer as XML; entities and other tricks are refused."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    return root


def _net(product: Element, combination: Element | None) -> Decimal:
    impact = decimal_of(text_of(combination, "price")) if combination is not None else Decimal(0)
    return decimal_of(text_of(product, "price")) + impact
