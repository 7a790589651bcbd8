"""Vendure Admin API (GraphQL): variants of one channel, prices in whole minor units.

A batch is one transaction there: an unknown variant rolls all of it back, so a refused batch is sent again in halves.
Each price is written with its currency, because without one the channel's default would be taken. One variant without a
price in our currency makes every list that holds it an internal error: then the others are asked for by their ids.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pricewatch.channels.api import Forbidden, Sign, parse_json, render_json
from pricewatch.channels.batches import in_batches, sent
from pricewatch.channels.form import PriceForm
from pricewatch.channels.graphql import JSON, Graph, Record, record, records, words
from pricewatch.channels.imports import ImportedRow, imported
from pricewatch.channels.paging import Pages
from pricewatch.channels.shops.settings import VendureSettings
from pricewatch.channels.shops.shop import Shop
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown, MoneyError, SetAside
from pricewatch.domain.listing import Desired, Listing, PushResult, PushStatus
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import Product

PAGE = 100
_BRANDS = frozenset({"brand", "marka", "producent", "manufacturer"})
_PRICE = "id sku name enabled currencyCode price priceWithTax product { id name slug enabled }"
_SHOP = "query Shop { activeChannel { pricesIncludeTax } }"
_BARE = """query Bare($options: ProductVariantListOptions) {
  productVariants(options: $options) { totalItems items {
    id sku name enabled prices { currencyCode } product { id name slug enabled }
  } }
}"""
_UNPRICED = "No price information"
_LEVELS = "trackInventory stockLevels { stockLocationId stockOnHand }"
_LIST = f"""query Variants($options: ProductVariantListOptions) {{
  productVariants(options: $options) {{ totalItems items {{ {_PRICE} }} }}
}}"""
_CATALOGUE = f"""query Catalogue($options: ProductVariantListOptions) {{
  productVariants(options: $options) {{ totalItems items {{
    {_PRICE} taxRateApplied {{ value }} stockLevels {{ stockOnHand }} featuredAsset {{ preview }}
    details: product {{ description featuredAsset {{ preview }} facetValues {{ name facet {{ code }} }} }}
  }} }}
}}"""
_UPDATE = """mutation Prices($input: [UpdateProductVariantInput!]!) {
  updateProductVariants(input: $input) { id currencyCode price priceWithTax }
}"""
_STOCK = """mutation Stock($input: [UpdateProductVariantInput!]!) {
  updateProductVariants(input: $input) { id currencyCode priceWithTax stockLevels { stockLocationId stockOnHand } }
}"""
_LOGIN = """mutation LogIn($user: String!, $password: String!) {
  login(username: $user, password: $password) {
    __typename ... on CurrentUser { id } ... on ErrorResult { errorCode message }
  }
}"""


_NO_PLACE = "its pieces lie in several stock locations, or are not counted there"


class Vendure(Shop[VendureSettings]):
    """A channel of a Vendure shop; `remote_id` is the variant's id."""

    reckons = True

    def _prepare(self) -> None:
        self._session = ""
        self._fits = False
        self._places: dict[str, str] = {}
        self._gross = PriceForm(self._form.decimals)
        self._path = f"{self._settings.path}?currencyCode={self._currency.code}"
        self._graph = Graph(self._api, self._name, self._path)

    def _signer(self) -> Sign:
        return self._sign

    def _words(self, body: bytes) -> str:
        return words(body)

    # --- reading ------------------------------------------------------------------------------------------------

    async def listings(self) -> AsyncIterator[Listing]:
        """All variants of the channel."""
        async for variant in self._variants(self._seen):
            yield self._listing(variant)

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by id, up to 100 a request."""
        found: list[Listing] = []
        for batch in in_batches(list(remote_ids), PAGE):
            items, _ = await self._page(self._seen, {"filter": {"id": {"in": list(batch)}}, "take": PAGE})
            found += [self._listing(item) for item in items if item["id"] in batch]
        return found

    async def products(self) -> AsyncIterator[Product | SetAside]:
        """The channel's catalogue; VAT as the shop applies it, the price as a buyer pays it now."""
        async for variant in self._variants(_CATALOGUE):
            where = f"{self._name}: variant {variant['id']}"
            rate = _rate(variant) or self._tax
            yield imported(_row(variant), self._shown(variant), rate, self._currency, where=where)

    async def _variants(self, document: str) -> AsyncIterator[Record]:
        done, total, pages = 0, 1, Pages(self._name, "variants", PAGE)
        while done < total:
            items, total = await self._page(document, {"skip": done, "take": PAGE, "sort": {"id": "ASC"}})
            if not pages.go_on(item["id"] for item in items):
                return
            for item in items:
                yield item
            done += len(items)

    async def _page(self, document: str, options: Record) -> tuple[Sequence[Record], int]:
        await self._check_shop()
        try:
            return await self._priced(document, options)
        except ChannelUnavailable as error:
            if _UNPRICED not in error.message:
                raise
        return await self._around(document, options)

    async def _priced(self, document: str, options: Record) -> tuple[Sequence[Record], int]:
        items, total = await self._list(document, options)
        if not all(map(_is_variant, items)):
            raise self._graph.malformed("list of variants")
        for item in items:
            self._check_currency(item)
        return items, total

    async def _around(self, document: str, options: Record) -> tuple[Sequence[Record], int]:
        """A page with variants that have no price in our currency: the others by their ids, these without a price."""
        bare, total = await self._list(_BARE, options)
        ids = [
            v["id"] for v in bare if any(p.get("currencyCode") == self._currency.code for p in records(v.get("prices")))
        ]
        items, _ = await self._priced(document, {"filter": {"id": {"in": ids}}, "take": PAGE}) if ids else ([], 0)
        priced = {item["id"]: item for item in items}
        unpriced = {"currencyCode": self._currency.code, "priceWithTax": None}
        return [priced.get(v["id"], {**v, **unpriced}) for v in bare if v["id"] in priced or v["id"] not in ids], total

    def _has_price(self, variant: Record) -> bool:
        return any(price.get("currencyCode") == self._currency.code for price in records(variant.get("prices")))

    async def _list(self, document: str, options: Record) -> tuple[Sequence[Record], int]:
        page = record((await self._ask(document, {"options": options})).get("productVariants"))
        items, total = page.get("items"), page.get("totalItems")
        if not isinstance(items, list) or not isinstance(total, int) or not all(map(_is_named, items)):
            raise self._graph.malformed("list of variants")
        return items, total

    async def _check_shop(self) -> None:
        """Look once whether the channel's prices are on the tax side that the section says."""
        if self._fits:
            return
        included = record((await self._ask(_SHOP, {})).get("activeChannel")).get("pricesIncludeTax")
        if isinstance(included, bool) and included is self._form.net:
            side, other = ("with", "false") if included else ("without", "true")
            message, hint = f"the channel's prices are entered {side} tax", f"set net = {other} on the channel"
            raise ChannelUnavailable(message, where=self._name, hint=hint)
        self._fits = True

    def _check_currency(self, variant: Record) -> None:
        if variant["currencyCode"] != self._currency.code:
            message = f"variant {variant['id']} is priced in {variant['currencyCode']}, not in {self._currency.code}"
            hint = "set the channel's currency, or make it available in Vendure's channel"
            raise ChannelUnavailable(message, where=self._name, hint=hint)

    def _listing(self, variant: Record) -> Listing:
        product, net = record(variant.get("product")), variant.get("price")
        if type(net) is int:
            self._taxes.note_shown(variant["id"], Decimal(net).scaleb(-self._form.decimals), self._shown(variant))
        return Listing(
            channel=self._name,
            remote_id=variant["id"],
            sku=str(variant.get("sku") or ""),
            price=self._shown(variant),
            name=str(variant.get("name") or product.get("name") or ""),
            active=variant.get("enabled") is True and product.get("enabled") is not False,
            stock=self._pieces(variant),
        )

    @property
    def _seen(self) -> str:
        """A list with the pieces, where they are the catalogue's."""
        return _LIST.replace(_PRICE, f"{_PRICE} {_LEVELS}") if self._capabilities.tells else _LIST

    def _pieces(self, variant: Record) -> int | None:
        """The pieces at the one place where they lie, if they are counted there."""
        levels = records(variant.get("stockLevels"))
        if variant.get("trackInventory") == "FALSE" or len(levels) != 1:
            return None
        place, pieces = str(levels[0].get("stockLocationId")), levels[0].get("stockOnHand")
        self._places[variant["id"]] = place
        return pieces if type(pieces) is int else None

    def _shown(self, variant: Record) -> Money | None:
        """What a buyer pays: the shop works out the tax itself."""
        amount = variant["priceWithTax"]
        return None if amount is None else self._gross.shown(amount, self._currency, self._tax)

    # --- writing ------------------------------------------------------------------------------------------------

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write prices, one transaction a batch; where the shop refuses it, its halves, down to the bad item."""
        await self._check_shop()
        return await sent(self._send, batch, self._capabilities.batch_size, atomic=True)

    async def _send(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        changes = [{"id": d.remote_id, "prices": [self._entry(d)]} for d in part]
        answers = (await self._change(_UPDATE, changes)).get("updateProductVariants")
        if not isinstance(answers, list):
            raise ChannelUnknown("answered with something that is no list of variants", where=self._name)
        shown = {
            a["id"]: self._shown(a) for a in answers if _is_variant(a) and a["currencyCode"] == self._currency.code
        }
        return [self._answered(d, shown.get(d.remote_id)) for d in part]

    async def supply(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write pieces where they lie, as prices are written; of what lies in several places none are."""
        await self._check_shop()
        lost = [d for d in batch if d.remote_id not in self._places]
        there = [d for d in batch if d.remote_id in self._places]
        results = await sent(self._stock_up, there, self._capabilities.batch_size, atomic=True)
        return [*results, *(PushResult(d.remote_id, PushStatus.REFUSED, _NO_PLACE) for d in lost)]

    async def _stock_up(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        levels = {d.remote_id: {"stockLocationId": self._places[d.remote_id], "stockOnHand": self.available(d).stock}
                  for d in part}  # fmt: skip
        changes = [{"id": remote, "stockLevels": [level]} for remote, level in levels.items()]
        answers = (await self._change(_STOCK, changes)).get("updateProductVariants")
        if not isinstance(answers, list):
            raise ChannelUnknown("answered with something that is no list of variants", where=self._name)
        known = {record(answer).get("id") for answer in answers}
        return [PushResult(remote, PushStatus.ACCEPTED if remote in known else PushStatus.UNKNOWN) for remote in levels]

    def _entry(self, desired: Desired) -> Record:
        return {"currencyCode": self._currency.code, "price": self._form.stored(desired.price, desired.tax)}

    # --- who we are ---------------------------------------------------------------------------------------------

    async def _ask(self, document: str, variables: Record) -> Record:
        return await self._known(lambda: self._graph.ask(document, variables))

    async def _change(self, document: str, changes: Sequence[Record]) -> Record:
        return await self._known(lambda: self._graph.change(document, {"input": changes}))

    async def _known(self, request: Callable[[], Awaitable[Record]]) -> Record:
        """Where the session that we had is refused, it may have run out: once more with a new one."""
        had = bool(self._session)
        await self._log_in()
        try:
            return await request()
        except Forbidden:
            self._session = ""
            if not had:
                raise
        await self._log_in()
        return await request()

    async def _log_in(self) -> None:
        user, password = self._settings.username, self._settings.password
        if self._session or self._settings.key is not None or user is None or password is None:
            return
        who = {"user": self._revealed(user), "password": self._revealed(password)}
        reply = await self._api.ask(self._path, render_json({"query": _LOGIN, "variables": who}), JSON)
        try:
            answer = record(record(parse_json(reply.body).get("data")).get("login"))
        except (ValueError, AttributeError):
            answer = {}
        if answer.get("__typename") != "CurrentUser":
            said = str(answer.get("message") or "no reason given")[:300]
            hint = "check the channel's username and password, then `pricewatch channel test`"
            raise ChannelUnavailable(f"refused our credentials: {said}", where=self._name, hint=hint)
        self._session = reply.headers.get("vendure-auth-token", "")
        if not self._session:
            hint = "let the shop's authOptions.tokenMethod include bearer, or use an API key"
            raise ChannelUnavailable("logged us in without a token", where=self._name, hint=hint)

    def _sign(self, _method: str, _url: str, _params: Mapping[str, str]) -> tuple[Mapping[str, str], Mapping[str, str]]:
        headers: dict[str, str] = {}
        if self._settings.key is not None:
            headers["vendure-api-key"] = self._settings.key.reveal()
        if self._session:
            headers["authorization"] = f"Bearer {self._session}"
        if self._settings.channel_token is not None:
            headers["vendure-token"] = self._settings.channel_token.reveal()
        return headers, {}


def _is_named(item: Any) -> bool:
    return isinstance(item, Mapping) and isinstance(item.get("id"), str)


def _is_variant(item: Any) -> bool:
    """Whether it has an id, a currency and a gross price in whole minor units; anything else is not believed."""
    return (
        isinstance(item, Mapping)
        and isinstance(item.get("id"), str)
        and isinstance(item.get("currencyCode"), str)
        and type(item.get("priceWithTax")) is int
    )


def _rate(variant: Record) -> TaxRate | None:
    try:
        return TaxRate.parse(str(record(variant.get("taxRateApplied"))["value"]))
    except (LookupError, MoneyError):
        return None


def _row(variant: Record) -> ImportedRow:
    details = record(variant.get("details"))
    levels = [level.get("stockOnHand") for level in records(variant.get("stockLevels"))]
    facets = records(details.get("facetValues"))
    brands = [str(f.get("name") or "") for f in facets if str(record(f.get("facet")).get("code")) in _BRANDS]
    image = record(variant.get("featuredAsset")) or record(details.get("featuredAsset"))
    return ImportedRow(
        remote=variant["id"],
        sku=str(variant.get("sku") or ""),
        name=str(variant.get("name") or ""),
        brand=brands[0] if brands else "",
        stock=sum(level for level in levels if isinstance(level, int)) if levels else None,
        image_url=str(image.get("preview") or ""),
        description=str(details.get("description") or ""),
    )
