"""Saleor (GraphQL): the prices of variants in one of its channels, by the bulk change of a product's variants.

Only listings that are there are changed, by their own ids: a change by variant would list a variant anew in a channel
that it was taken out of. Discounts of promotions are worked out there some time after a price has changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pricewatch.channels.api import Sign
from pricewatch.channels.batches import in_batches, sent
from pricewatch.channels.form import PriceForm
from pricewatch.channels.graphql import Graph, Record, record, records, words, words_of
from pricewatch.channels.imports import ImportedRow, imported
from pricewatch.channels.shops.settings import SaleorSettings
from pricewatch.channels.shops.shop import Shop, bearer
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown, SetAside
from pricewatch.domain.listing import Desired, Listing, PushResult, PushStatus
from pricewatch.domain.money import Money
from pricewatch.domain.product import Product

PAGE = 100
_LISTING = "channelListings { id channel { slug } price { amount currency } priorPrice { amount currency } }"
_PRICE = f"""id sku name {_LISTING}
  pricing {{ price {{ gross {{ amount currency }} }} priceUndiscounted {{ gross {{ amount currency }} }} }}
  product {{ id name channelListings {{ channel {{ slug }} isPublished }} }}"""
_MORE = """stocks { quantity } details: product { description category { name } thumbnail { url }
    attributes { attribute { slug } values { name } } }"""
_LIST = f"""query Variants($ids: [ID!], $channel: String!, $first: Int!, $after: String) {{
  productVariants(ids: $ids, channel: $channel, first: $first, after: $after) {{
    pageInfo {{ hasNextPage endCursor }} edges {{ node {{ {_PRICE} }} }}
  }}
}}"""
_CATALOGUE = _LIST.replace(_PRICE, f"{_PRICE} {_MORE}").replace("query Variants", "query Catalogue")
_CHANGE = f"""p%d: productVariantBulkUpdate(product: $p%d, variants: $v%d, errorPolicy: REJECT_FAILED_ROWS) {{
    results {{ productVariant {{ id {_LISTING} }} errors {{ code message }} }} errors {{ code message }}
  }}"""
_BRANDS = frozenset({"brand", "marka", "producent", "manufacturer"})
_GTINS = frozenset({"gtin", "ean", "ean13"})


class Saleor(Shop[SaleorSettings]):
    """A channel of a Saleor shop; `remote_id` is the variant's global id."""

    announced = True
    reckons = True

    def _prepare(self) -> None:
        self._channel = self._settings.channel
        self._gross = PriceForm(self._currency.exponent)
        self._graph = Graph(self._api, self._name, "graphql/")

    def _signer(self) -> Sign:
        return bearer(self._settings.token.reveal)

    def _words(self, body: bytes) -> str:
        return words(body)

    # --- reading ------------------------------------------------------------------------------------------------

    async def listings(self) -> AsyncIterator[Listing]:
        """All variants that have a SKU and a price in the channel."""
        async for variant in self._variants(_LIST):
            if variant.get("sku"):
                yield self._listing(variant)

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by id, up to 100 a request."""
        return [self._listing(variant) for variant in await self._by_id(remote_ids)]

    async def products(self) -> AsyncIterator[Product | SetAside]:
        """The channel's catalogue; VAT by the channel's `tax`, the price as a buyer pays it now."""
        async for variant in self._variants(_CATALOGUE):
            where = f"{self._name}: variant {variant['id']}"
            yield imported(_row(variant), self._listing(variant).payable, self._tax, self._currency, where=where)

    async def _variants(self, document: str) -> AsyncIterator[Record]:
        after, more = None, True
        while more:
            variants, page = await self._page(document, {"first": PAGE, "after": after})
            for variant in variants:
                yield variant
            before, after, more = after, page.get("endCursor"), page.get("hasNextPage") is True
            if more and after == before:
                raise self._graph.malformed("list of variants: a page came again")

    async def _by_id(self, remote_ids: Sequence[str]) -> Sequence[Record]:
        found: list[Record] = []
        for batch in in_batches(list(remote_ids), PAGE):
            variants, _ = await self._page(_LIST, {"ids": list(batch), "first": PAGE})
            found += [variant for variant in variants if variant["id"] in batch]
        return found

    async def _page(self, document: str, variables: Record) -> tuple[Sequence[Record], Record]:
        """The variants of a page that are listed in our channel."""
        data = await self._graph.ask(document, {**variables, "channel": self._channel})
        connection = record(data.get("productVariants"))
        edges, page = connection.get("edges"), connection.get("pageInfo")
        if not isinstance(edges, list) or not isinstance(page, Mapping):
            raise self._graph.malformed("list of variants")
        nodes = [record(record(edge).get("node")) for edge in edges]
        if not all(map(_is_variant, nodes)):
            raise self._graph.malformed("list of variants")
        return [node for node in nodes if self._mine(node) is not None], page

    def _mine(self, variant: Record) -> Record | None:
        """The variant's listing in our channel, where it has a price."""
        for listing in records(variant["channelListings"]):
            if record(listing.get("channel")).get("slug") == self._channel and listing.get("price"):
                return listing
        return None

    def _listing(self, variant: Record) -> Listing:
        product = record(variant.get("product"))
        pricing = record(variant.get("pricing"))
        mine = record(self._mine(variant))
        regular = self._amount(record(pricing.get("priceUndiscounted")).get("gross"), self._gross)
        self._taxes.note_shown(variant["id"], _decimal(record(mine.get("price")).get("amount")), regular)
        regular = regular or self._amount(mine.get("price"), self._form)
        payable = self._amount(record(pricing.get("price")).get("gross"), self._gross) or regular
        regular = self._amount(mine.get("priorPrice"), self._form) or regular
        published = [c for c in records(product.get("channelListings")) if c.get("isPublished") is True]
        return Listing(
            channel=self._name,
            remote_id=variant["id"],
            sku=str(variant.get("sku") or ""),
            price=regular,
            sale_price=payable if payable != regular else None,
            name=" ".join(filter(None, [str(product.get("name") or ""), str(variant.get("name") or "")])),
            active=any(record(c.get("channel")).get("slug") == self._channel for c in published),
        )

    def _amount(self, money: object, form: PriceForm) -> Money | None:
        """The gross price of an amount with its currency; another currency than ours stops the channel."""
        if not isinstance(money, Mapping):
            return None
        if money.get("currency") != self._currency.code:
            message = f"its channel {self._channel} sells in {money.get('currency')}, not in {self._currency.code}"
            raise ChannelUnavailable(message, where=self._name, hint="set the channel's currency, or another channel")
        return form.shown_text(str(money.get("amount")), self._currency, self._tax)

    # --- writing ------------------------------------------------------------------------------------------------

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write prices, one change a product and many products a request; a prior price only while it is announced."""
        return await sent(self._send, batch, self._capabilities.batch_size)

    async def _send(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        listed = {variant["id"]: variant for variant in await self._by_id([d.remote_id for d in part])}
        gone = [d for d in part if d.remote_id not in listed]
        there = [d for d in part if d.remote_id in listed]
        for variant in listed.values():
            self._listing(variant)  # looks at the currency, right before it is written
        words = f"is not in the channel {self._channel} any longer"
        return [PushResult(d.remote_id, PushStatus.REFUSED, words) for d in gone] + await self._written(there, listed)

    async def _written(self, there: Sequence[Desired], listed: Mapping[str, Record]) -> list[PushResult]:
        if not there:
            return []
        products: dict[str, list[Desired]] = defaultdict(list)
        for desired in there:
            products[str(record(listed[desired.remote_id].get("product")).get("id"))].append(desired)
        variables: dict[str, Any] = {}
        for number, (product, wanted) in enumerate(products.items()):
            variables[f"p{number}"] = product
            variables[f"v{number}"] = [self._change(d, listed[d.remote_id]) for d in wanted]
        data = await self._graph.change(_document(len(products)), variables)
        answers = [(record(data.get(f"p{n}")), wanted) for n, wanted in enumerate(products.values())]
        return [result for answer, wanted in answers for result in self._results(answer, wanted)]

    def _change(self, desired: Desired, variant: Record) -> Record:
        mine = record(self._mine(variant))
        prior = self._struck(desired)
        price = self._form.text(desired.price, desired.tax)
        before = self._form.text(prior, desired.tax) if prior is not None else None
        update = {"channelListing": mine["id"], "price": price, "priorPrice": before}
        return {"id": desired.remote_id, "channelListings": {"update": [update]}}

    def _results(self, answer: Record, wanted: Sequence[Desired]) -> Sequence[PushResult]:
        results = answer.get("results")
        if answer.get("errors"):
            said = words_of(records(answer["errors"]))
            return [PushResult(d.remote_id, PushStatus.REFUSED, said) for d in wanted]
        if not isinstance(results, list) or len(results) != len(wanted):
            raise ChannelUnknown("answered with something that is no result of a change", where=self._name)
        return [self._result(d, record(result)) for d, result in zip(wanted, results, strict=True)]

    def _result(self, desired: Desired, result: Record) -> PushResult:
        variant = record(result.get("productVariant"))
        if result.get("errors"):
            return PushResult(desired.remote_id, PushStatus.REFUSED, words_of(records(result["errors"])))
        if not _is_variant(variant) or variant["id"] != desired.remote_id:
            return PushResult(desired.remote_id, PushStatus.UNKNOWN, "the answer does not mention it")
        amount = record(record(self._mine(variant)).get("price")).get("amount")
        return self._answered(desired, self._money(amount, desired.tax))


def _document(count: int) -> str:
    """One mutation that changes the variants of so many products."""
    names = ", ".join(f"$p{n}: ID!, $v{n}: [ProductVariantBulkUpdateInput!]!" for n in range(count))
    return f"mutation Prices({names}) {{ {' '.join(_CHANGE % (n, n, n) for n in range(count))} }}"


def _is_variant(node: Any) -> bool:
    """Whether it has an id and a list of listings; anything else is not believed."""
    return (
        isinstance(node, Mapping) and isinstance(node.get("id"), str) and isinstance(node.get("channelListings"), list)
    )


def _decimal(amount: object) -> Decimal | None:
    return Decimal(amount) if isinstance(amount, int | Decimal) and not isinstance(amount, bool) else None


def _row(variant: Record) -> ImportedRow:
    product, details = record(variant.get("product")), record(variant.get("details"))
    told = {
        str(record(a.get("attribute")).get("slug")): str(values[0].get("name") or "")
        for a in records(details.get("attributes"))
        if (values := records(a.get("values")))
    }
    stocks = [stock.get("quantity") for stock in records(variant.get("stocks"))]
    parts = [str(product.get("name") or ""), str(variant.get("name") or "")]
    return ImportedRow(
        remote=variant["id"],
        sku=str(variant.get("sku") or ""),
        name=" ".join(filter(None, parts)),
        brand=next((told[slug] for slug in sorted(_BRANDS & told.keys())), ""),
        gtin=next((told[slug] for slug in sorted(_GTINS & told.keys())), ""),
        category=str(record(details.get("category")).get("name") or ""),
        stock=sum(quantity for quantity in stocks if isinstance(quantity, int)) if stocks else None,
        image_url=str(record(details.get("thumbnail")).get("url") or ""),
    )
