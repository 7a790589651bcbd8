"""Kaufland's marketplaces, Seller API v2: prices of units as whole cents, one request each, signed with HMAC-SHA256."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from pricewatch.channels.api import NotThere, parse_json, render_json
from pricewatch.channels.batches import sent
from pricewatch.channels.budgets import Now
from pricewatch.channels.marketplaces.base import JSON, Market, Reach, account, records, shipped, whole, within
from pricewatch.channels.marketplaces.settings import KauflandSettings
from pricewatch.channels.paging import Pages
from pricewatch.domain.errors import ChannelUnavailable, ConfigError, MoneyError
from pricewatch.domain.listing import Desired, Listing, PushResult, PushStatus
from pricewatch.domain.money import Money
from pricewatch.located import Secret

PAGE = 100


class Kaufland(Market):
    """A storefront of Kaufland as a channel; `remote_id` is the id of the unit, the SKU is its id_offer."""

    def __init__(self, name: str, settings: KauflandSettings, reach: Reach) -> None:
        super().__init__(name, settings, reach, batch=PAGE, stock=settings.stock, delivery=settings.delivery)
        self._storefront = settings.storefront
        self._total = 0
        self._automated: dict[str, Money] = {}
        self._connect(
            settings,
            settings.url,
            login=_Signature(name, settings.key, settings.secret, reach.now),
            words=_words,
            account=account("kaufland", name, settings.key),
        )

    async def listings(self) -> AsyncIterator[Listing]:
        """All units of the storefront that have an offer id."""
        offset, more, pages = 0, True, Pages(self._name, "units", PAGE)
        while more:
            params = {"storefront": self._storefront, "limit": str(PAGE), "offset": str(offset)}
            page = self._read(await self._api.get("units", params), "units", "data")
            units = records(page["data"])
            if not units and page.get("pagination") is None:
                raise ChannelUnavailable("answered no units without saying how many there are", where=self._name)
            if not pages.go_on(unit.get("id_unit") for unit in units):
                break
            for unit in units:
                if unit.get("id_offer") and unit.get("id_unit"):
                    yield self._listing(unit)
            offset, total = offset + len(units), within(page, "pagination", "total")
            more = offset < total if isinstance(total, int) else len(units) == PAGE
        self._total = offset

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by id, one request each, or all units where that takes fewer; those that are gone are left out."""
        if self._total and len(remote_ids) > self._total // PAGE + 1:
            wanted = set(remote_ids)
            return [listing async for listing in self.listings() if listing.remote_id in wanted]
        found: list[Listing] = []
        for remote_id in remote_ids:
            try:
                reply = await self._api.get(_path(remote_id), {"storefront": self._storefront})
            except NotThere:
                continue
            unit = within(self._read(reply, f"unit {remote_id}"), "data")
            if not isinstance(unit, Mapping) or str(unit.get("id_unit")) != remote_id:
                raise ChannelUnavailable(f"answered unit {remote_id} with something else", where=self._name)
            found.append(self._listing(unit))
        return found

    def _listing(self, unit: Mapping[str, Any]) -> Listing:
        """A buyer pays `price` where Kaufland's own repricing has made it differ from the listing price; it may do so
        down to a minimum price, where the seller has set one.
        """
        paid, number, asked, least = (unit.get(n) for n in ("price", "id_unit", "listing_price", "minimum_price"))
        self._check_currency(unit.get("currency"))
        number, room = str(number), isinstance(asked, int) and isinstance(least, int) and least < asked
        lowered = self._cents(paid) if room and paid != asked else None
        if lowered is not None:
            self._automated[number] = lowered
        else:
            self._automated.pop(number, None)
        return Listing(
            channel=self._name,
            remote_id=number,
            sku=str(unit.get("id_offer") or ""),
            price=self._cents(asked if paid is None else paid),
            name=str(within(unit, "product", "title") or ""),
            url=str(within(unit, "product", "url") or ""),
            active=str(unit.get("status") or "available") in {"available", "AVAILABLE"},
            stock=whole(unit.get("amount")),
            delivery=shipped(unit.get("handling_time")),
        )

    def _check_currency(self, code: object) -> None:
        """Cents are of the storefront's currency, whatever ours is."""
        if code not in (None, self._currency.code):
            message = f"its storefront {self._storefront} sells in {code}, not in {self._currency.code}"
            raise ChannelUnavailable(message, where=self._name, hint="set the channel's currency, or its storefront")

    def _cents(self, value: object) -> Money | None:
        try:
            return Money(value, self._currency) if isinstance(value, int) and not isinstance(value, bool) else None
        except MoneyError:
            return None

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write listing prices, one request each."""
        return await sent(self._send, batch, 1)

    async def _send(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        desired = part[0]
        if (lowered := self._automated.get(desired.remote_id)) is not None:
            why = f"Kaufland's own repricing sells it at {lowered}; take its minimum price away there first"
            return [PushResult(desired.remote_id, PushStatus.REFUSED, why)]
        path = f"{_path(desired.remote_id)}?storefront={self._storefront}"
        change = {"listing_price": desired.price.minor, **self._beside(desired)}
        reply = await self._api.write("PATCH", path, render_json(change), JSON)
        if not reply.body.strip():
            return [PushResult(desired.remote_id, PushStatus.ACCEPTED)]
        unit = within(self._written(reply, f"a price for unit {desired.remote_id}"), "data")
        said = self._cents(within(unit, "listing_price"))
        if said is not None and said != desired.price:
            return [PushResult(desired.remote_id, PushStatus.UNKNOWN, f"it answered {said} instead of {desired.price}")]
        return [PushResult(desired.remote_id, PushStatus.ACCEPTED)]

    async def supply(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write amounts and handling times, one request each."""
        return await sent(self._stock_up, batch, 1)

    async def _stock_up(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        path = f"{_path(part[0].remote_id)}?storefront={self._storefront}"
        await self._api.write("PATCH", path, render_json(self._beside(part[0])), JSON)
        return [PushResult(part[0].remote_id, PushStatus.ACCEPTED)]

    def _beside(self, desired: Desired) -> Mapping[str, int]:
        """The pieces, and the days until they are sent."""
        said = {"amount": self._pieces(desired), "handling_time": self._days(desired)}
        return {name: value for name, value in said.items() if value is not None}


def _path(remote_id: str) -> str:
    return f"units/{quote(remote_id, safe='')}"


class _Signature:
    """Signs method, address, body and time; a clock that is minutes off is refused there."""

    def __init__(self, channel: str, key: Secret, secret: Secret, now: Now) -> None:
        self._channel = channel
        self._key = key
        self._secret = secret
        self._now = now

    async def headers(self, _client: httpx.AsyncClient, method: str, url: str, body: bytes | None) -> Mapping[str, str]:
        """The signature of one request."""
        try:
            key, secret = self._key.reveal(), self._secret.reveal()
        except ConfigError as error:
            missing = error.problems[0]
            message = f"{missing.file}: {missing.message}"
            raise ChannelUnavailable(message, where=self._channel, hint=missing.hint) from error
        return {"shop-client-key": key, **signed(method, url, body or b"", self._now(), secret)}

    def forget(self) -> bool:
        """There is nothing newer to show."""
        return False


def signed(method: str, url: str, body: bytes, at: datetime, secret: str) -> Mapping[str, str]:
    """The time and the signature of a request: HMAC-SHA256 in hex over its lines."""
    moment = str(int(at.timestamp()))
    plain = b"\n".join((method.encode(), url.encode(), body, moment.encode()))
    return {
        "shop-timestamp": moment,
        "shop-signature": hmac.new(secret.encode(), plain, hashlib.sha256).hexdigest(),
    }


def _words(body: bytes) -> str:
    """A problem in words: its title and detail, and which fields are wrong."""
    said = parse_json(body)
    fields = [f"{e.get('field')}: {e.get('message')}" for e in records(said.get("errors"))]
    told = [said.get("title"), said.get("detail") or said.get("message"), *fields]
    return "; ".join(str(text) for text in told if text)
