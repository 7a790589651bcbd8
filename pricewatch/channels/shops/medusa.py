"""Medusa 2 Admin API: the prices of variants, which a write replaces as a whole, whatever their currency.

So each variant is read right before it is written, and what is not ours goes back as it was. Sales are price lists
there: announced reductions stand in one of ours, known by its title; where another one makes another price sell, the
listing is refused with its name instead of being written around.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from pricewatch.channels.api import Sign, parse_json, render_json
from pricewatch.channels.batches import Sender, in_batches, sent
from pricewatch.channels.graphql import JSON, Record, record, records
from pricewatch.channels.imports import ImportedRow, imported
from pricewatch.channels.paging import Pages
from pricewatch.channels.shops.medusa_stock import FIELDS, NO_PLACE, Place, pieces_of, write
from pricewatch.channels.shops.medusa_taxes import objection
from pricewatch.channels.shops.settings import MedusaSettings
from pricewatch.channels.shops.shop import Shop, bearer
from pricewatch.domain.errors import ChannelRefused, ChannelUnavailable, ChannelUnknown, PublishingStopped, SetAside
from pricewatch.domain.listing import Desired, Listing, PushResult, PushStatus
from pricewatch.domain.money import Money
from pricewatch.domain.product import Product
from pricewatch.wire import Reply

PAGE = 100
TOGETHER = 20  # ids in one question; its parser takes longer lists for something else
_VARIANTS = "admin/product-variants"
_LISTS = "admin/price-lists"
_KEPT = ("id", "currency_code", "amount", "min_quantity", "max_quantity")


@dataclass(frozen=True, slots=True)
class Special:
    """Another price of a variant than its own, for everybody: `starts` and `ends` None = no limit."""

    origin: str
    price: Money
    starts: datetime | None = None
    ends: datetime | None = None
    ours: str = ""  # the id of the price in our price list


class Medusa(Shop[MedusaSettings]):
    """A Medusa shop as a channel; `remote_id` is `product/variant`."""

    def _shows_prior(self, settings: MedusaSettings) -> bool:
        return settings.price_lists

    def _prepare(self) -> None:
        self._code = self._currency.code.lower()
        self._lists = self._settings.price_lists
        self._ours = ""
        self._fits = False
        self._seen: Mapping[str, Sequence[Special]] = {}
        self._places: dict[str, Place] = {}
        self._besides = f"&{FIELDS}" if self._capabilities.tells else ""

    def _signer(self) -> Sign:
        return bearer(lambda: _basic(self._settings), scheme="Basic ")

    def _words(self, body: bytes) -> str:
        said = parse_json(body)
        return f"{said.get('type') or 'error'}: {said['message']}"

    # --- reading ------------------------------------------------------------------------------------------------

    async def listings(self) -> AsyncIterator[Listing]:
        """All variants that have a SKU."""
        await self._check_shop()
        specials = await self._specials()
        async for variant in self._all(_VARIANTS, "variants", f"order=id{self._besides}"):
            if variant.get("sku"):
                yield self._listing(variant, specials)

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by id, up to 20 a request."""
        if not remote_ids:
            return []
        specials = await self._specials()
        return [self._listing(variant, specials) for variant in await self._by_id(remote_ids)]

    async def products(self) -> AsyncIterator[Product | SetAside]:
        """The shop's catalogue; VAT by the channel's `tax`, the price as a buyer pays it now."""
        specials = await self._specials()
        async for variant in self._all(_VARIANTS, "variants", "order=id&fields=%2Binventory_quantity"):
            listing = self._listing(variant, specials)
            where = f"{self._name}: {listing.remote_id}"
            yield imported(_row(variant, listing), listing.payable, self._tax, self._currency, where=where)

    async def _check_shop(self) -> None:
        """Look once whether the shop adds tax to its prices in our currency."""
        if self._fits:
            return
        message, hint = await objection(self._api.get, self._name, self._currency.code, net=self._form.net)
        if message:
            raise ChannelUnavailable(message, where=self._name, hint=hint)
        self._fits = True

    async def _by_id(self, remote_ids: Sequence[str]) -> Sequence[Record]:
        found: list[Record] = []
        for batch in in_batches(list(remote_ids), TOGETHER):
            query = urlencode([("limit", TOGETHER), *(("id[]", i.rpartition("/")[2]) for i in batch)])
            variants, _ = await self._page(f"{_VARIANTS}?{query}{self._besides}", "variants")
            found += [variant for variant in variants if _remote(variant) in batch]
        return found

    async def _all(self, path: str, name: str, query: str = "") -> AsyncIterator[Record]:
        done, total, pages = 0, 1, Pages(self._name, name, PAGE)
        while done < total:
            page, total = await self._page(f"{path}?limit={PAGE}&offset={done}{query and f'&{query}'}", name)
            if not pages.go_on(str(entry.get("id") or entry) for entry in page):
                return
            for entry in page:
                yield entry
            done += len(page)

    async def _page(self, path: str, name: str) -> tuple[Sequence[Record], int]:
        answer = self._parsed((await self._fetch(path)).body)
        page, total = answer.get(name), answer.get("count")
        good = isinstance(page, list) and all(map(_is_variant if name == "variants" else _is_record, page))
        if not good or not isinstance(total, int):
            raise self._malformed(name)
        return records(page), total

    async def _fetch(self, path: str) -> Reply:
        """Old versions have no list of a price list's prices; everything else is always there."""
        return await (self._api.get(path) if path.startswith(f"{_LISTS}/") else self._got(path))

    def _parsed(self, body: bytes) -> Record:
        try:
            return record(parse_json(body))
        except ValueError:
            return {}

    def _malformed(self, name: str) -> ChannelUnavailable:
        return ChannelUnavailable(
            f"answered with something that is no list of {name}",
            where=self._name,
            hint="check the channel's url; a proxy or a plug-in may stand in between",
        )

    def _listing(self, variant: Record, specials: Mapping[str, Sequence[Special]]) -> Listing:
        product, now = record(variant.get("product")), datetime.now(UTC)
        own = self._own(variant)
        price = self._money(own["amount"]) if own is not None else None
        others = [s for s in [*self._regional(variant), *specials.get(variant["id"], ())] if s.price != price]
        running = [s for s in others if s.starts is None or s.starts <= now]
        payable = min((s.price for s in running), default=price)
        waiting = [s.price for s in others if s not in running]
        parts = [str(product.get("title") or ""), str(variant.get("title") or "")]
        return Listing(
            channel=self._name,
            remote_id=_remote(variant),
            sku=str(variant.get("sku") or ""),
            price=price if price is not None else payable,
            sale_price=payable if price is not None and payable != price else None,
            name=" ".join(filter(None, parts)),
            active=product.get("status") == "published",
            stock=self._pieces(variant),
            upcoming=waiting[0] if waiting else price if any(s.ends is not None for s in running) else None,
        )

    def _pieces(self, variant: Record) -> int | None:
        found = pieces_of(variant)
        if found is None:
            return None
        self._places[_remote(variant)] = found[0]
        return found[1]

    # --- other prices of a variant ------------------------------------------------------------------------------

    def _own(self, variant: Record) -> Record | None:
        """The price in our currency that holds for one piece, for everybody and everywhere."""
        return next((p for p in _prices(variant) if self._is_ours(p) and not _rules(p)), None)

    def _is_ours(self, price: Record) -> bool:
        return str(price.get("currency_code")).lower() == self._code and _for_one_piece(price)

    def _regional(self, variant: Record) -> Sequence[Special]:
        """Prices of the variant in our currency that hold in a region."""
        found = [(p, _rules(p)) for p in _prices(variant) if self._is_ours(p)]
        return [self._special(f"its price for {_named(rules)}", p) for p, rules in found if set(rules) == {"region_id"}]

    def _special(
        self, origin: str, price: Record, starts: datetime | None = None, ends: datetime | None = None
    ) -> Special:
        shown = self._money(price.get("amount"))
        if shown is None:
            raise self._malformed("prices")
        return Special(origin, shown, starts, ends)

    async def _specials(self) -> Mapping[str, Sequence[Special]]:
        """Prices in price lists that hold for everybody, now or later, by variant."""
        found: dict[str, list[Special]] = defaultdict(list)
        if not self._lists:
            return found
        async for listed in self._all(_LISTS, "price_lists"):
            starts, ends = _moment(listed.get("starts_at")), _moment(listed.get("ends_at"))
            over = ends is not None and ends <= datetime.now(UTC)
            if listed.get("status") != "active" or over or _rules(listed):
                continue
            number, title = str(listed.get("id")), str(listed.get("title") or listed.get("id"))
            ours = title == self._settings.sale_list and listed.get("type") == "sale" and starts is None is ends
            self._ours = number if ours else self._ours
            async for price in self._listed_prices(number):
                if self._is_ours(price) and set(_rules(price)) <= {"region_id"}:
                    made = self._special(f"price list {title!r}", price, starts, ends)
                    mine = ours and not _rules(price)
                    variant = self._variant_of(price, made.origin)
                    found[variant].append(replace(made, ours=str(price.get("id") or "")) if mine else made)
        return found

    async def _listed_prices(self, number: str) -> AsyncIterator[Record]:
        """From Medusa 2.12.3 on they have a list of their own, before that they came with their price list."""
        try:
            async for price in self._all(f"{_LISTS}/{number}/prices", "prices"):
                yield price
        except ChannelRefused:
            path = f"{_LISTS}/{number}?fields=id,*prices,prices.price_set.variant.id"
            whole = record(self._parsed((await self._api.get(path)).body).get("price_list"))
            if not isinstance(whole.get("prices"), list):
                raise self._malformed("prices") from None
            for price in records(whole["prices"]):
                yield price

    def _variant_of(self, price: Record, origin: str) -> str:
        variant = price.get("variant_id") or record(record(price.get("price_set")).get("variant")).get("id")
        if not isinstance(variant, str):
            message = f"does not say which variant a price of {origin} belongs to"
            hint = "update Medusa, or set price_lists = false if no price list changes what everybody pays"
            raise ChannelUnavailable(message, where=self._name, hint=hint)
        return variant

    # --- writing ------------------------------------------------------------------------------------------------

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write prices, one request a product, each with all other prices of its variants as they were just read."""
        sender = Sender(self._send, atomic=True)
        products: dict[str, list[Desired]] = defaultdict(list)
        for desired in batch:
            products[desired.remote_id.partition("/")[0]].append(desired)
        await self._check_shop()
        self._seen = await self._specials()
        for variants in products.values():
            for part in in_batches(variants, min(self._capabilities.batch_size, TOGETHER)):
                await sender.send(part)
        return sender.results

    async def supply(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write pieces where they lie; of what lies in several places none are."""
        lost = [PushResult(d.remote_id, PushStatus.REFUSED, NO_PLACE) for d in batch if d.remote_id not in self._places]
        there = [d for d in batch if d.remote_id in self._places]
        return [*await sent(self._stock_up, there, self._capabilities.batch_size, atomic=True), *lost]

    async def _stock_up(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        wanted = {d.remote_id: (self._places[d.remote_id], self.available(d).stock) for d in part}
        known = {remote: (place, amount) for remote, (place, amount) in wanted.items() if amount is not None}
        return await write(self._api, self._name, known)

    async def _send(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        there = {_remote(variant): variant for variant in await self._by_id([d.remote_id for d in part])}
        refused = {d.remote_id: reason for d in part if (reason := self._objection(d, there.get(d.remote_id)))}
        wanted = [d for d in part if d.remote_id not in refused]
        ended = [special.ours for d in wanted for special in self._reductions(d)]
        if ended:
            await self._change_sale({"delete": ended})
        try:
            written = await self._write(wanted, there)
            await self._reduce([d for d in wanted if self._struck(d) is not None], written)
        except (ChannelUnavailable, PublishingStopped) as error:
            if not ended and not any(self._struck(d) is not None for d in wanted):
                raise
            raise ChannelUnknown(f"written in part: {error.message}", where=self._name) from error
        return [*written, *(PushResult(i, PushStatus.REFUSED, reason) for i, reason in refused.items())]

    def _objection(self, desired: Desired, variant: Record | None) -> str:
        if variant is None:
            return "there is no such variant any longer"
        others = [*self._regional(variant), *self._seen.get(variant["id"], ())]
        blocking = [special.origin for special in others if special.price != desired.price and not special.ours]
        return f"{blocking[0]} makes another price sell; end it in the shop first" if blocking else ""

    # --- announced reductions -----------------------------------------------------------------------------------

    def _reductions(self, desired: Desired) -> Sequence[Special]:
        """What our price list says of a variant."""
        return [special for special in self._seen.get(_variant_id(desired), ()) if special.ours]

    async def _reduce(self, wanted: Sequence[Desired], written: Sequence[PushResult]) -> None:
        """Put the reduced prices of variants whose regular price was taken into our price list."""
        taken = {result.remote_id for result in written if result.status is PushStatus.ACCEPTED}
        prices = [
            {
                "variant_id": _variant_id(d),
                "currency_code": self._code,
                "amount": Decimal(self._form.text(d.price, d.tax)),
            }
            for d in wanted
            if d.remote_id in taken
        ]
        if not prices:
            return
        if self._ours:
            await self._change_sale({"create": prices})
            return
        words = "Announced reductions; kept by pricewatch"
        listed = {"title": self._settings.sale_list, "description": words, "type": "sale", "status": "active"}
        reply = await self._api.write("POST", _LISTS, render_json({**listed, "prices": prices}), JSON)
        made = record(self._parsed(reply.body).get("price_list")).get("id")
        if not isinstance(made, str):
            raise ChannelUnknown("made a price list without its number", where=self._name)
        self._ours = made

    async def _change_sale(self, change: Record) -> None:
        await self._api.write("POST", f"{_LISTS}/{self._ours}/prices/batch", render_json(change), JSON)

    async def _write(self, wanted: Sequence[Desired], there: Mapping[str, Record]) -> Sequence[PushResult]:
        """Write the regular prices."""
        if not wanted:
            return []
        product = wanted[0].remote_id.partition("/")[0]
        regular = [replace(d, price=self._struck(d) or d.price) for d in wanted]
        update = [{"id": _variant_id(d), "prices": self._merged(d, there[d.remote_id])} for d in regular]
        reply = await self._api.write(
            "POST", f"admin/products/{product}/variants/batch", render_json({"update": update}), JSON
        )
        updated = self._parsed(reply.body).get("updated")
        if not isinstance(updated, list):
            raise ChannelUnknown("answered a change with something that is no list of variants", where=self._name)
        owns = {variant["id"]: self._own(variant) for variant in updated if _is_variant(variant)}
        return [self._answered(d, self._amount_of(owns.get(_variant_id(d)))) for d in regular]

    def _amount_of(self, price: Record | None) -> Money | None:
        return self._money(price["amount"]) if price is not None else None

    def _merged(self, desired: Desired, variant: Record) -> list[Record]:
        """All prices of the variant as they are, ours alone changed or added."""
        amount = Decimal(self._form.text(desired.price, desired.tax))
        own = self._own(variant)
        kept: list[Record] = [{**_kept(p), "amount": amount} if p is own else _kept(p) for p in _prices(variant)]
        return kept if own is not None else [*kept, {"currency_code": self._code, "amount": amount}]


def _basic(settings: MedusaSettings) -> str:
    return base64.b64encode(f"{settings.key.reveal()}:".encode()).decode()


def _kept(price: Record) -> dict[str, Any]:
    """What a write has to say of a price so that it stays as it is."""
    values = {name: price[name] for name in _KEPT if price.get(name) is not None}
    return {**values, "rules": dict(rules)} if (rules := _rules(price)) else values


def _rules(priced: Record) -> Mapping[str, Any]:
    """For whom it holds; empty = for everybody."""
    rules = priced.get("rules")
    if isinstance(rules, Mapping):
        return rules
    told = [*records(priced.get("price_rules")), *records(priced.get("price_list_rules"))]
    return {str(rule.get("attribute")): rule.get("value") for rule in told}


def _named(rules: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in rules.items())


def _for_one_piece(price: Record) -> bool:
    return price.get("min_quantity") in (None, 0, 1) and price.get("max_quantity") is None


def _remote(variant: Record) -> str:
    return f"{variant['product_id']}/{variant['id']}"


def _variant_id(desired: Desired) -> str:
    return desired.remote_id.rpartition("/")[2]


def _is_record(entry: Any) -> bool:
    return isinstance(entry, Mapping)


def _is_variant(entry: Any) -> bool:
    """Whether it has ids, and prices that are numbers where it has any; anything else is not believed."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("prices") or [], list):
        return False
    named = isinstance(entry.get("id"), str) and isinstance(entry.get("product_id"), str)
    return named and all(isinstance(p, Mapping) and _is_amount(p.get("amount")) for p in entry.get("prices") or [])


def _prices(variant: Record) -> Sequence[Record]:
    """All its prices; a variant that never had one has no list of them."""
    return records(variant.get("prices"))


def _is_amount(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if isinstance(text, str) else None
    except ValueError:
        return None


def _row(variant: Record, listing: Listing) -> ImportedRow:
    product = record(variant.get("product"))
    codes = [str(variant.get(name) or "") for name in ("ean", "upc", "barcode")]
    return ImportedRow(
        remote=listing.remote_id,
        sku=listing.sku,
        name=listing.name,
        gtin=next(filter(None, codes), ""),
        stock=variant.get("inventory_quantity") if variant.get("manage_inventory") is True else None,
        image_url=str(variant.get("thumbnail") or product.get("thumbnail") or ""),
        description=str(product.get("description") or ""),
    )
