"""Allegro, REST API: price commands with ids of our own, queued there, polled until each offer's fate is reported.

The id of a command is a UUIDv5 of channel, listings and versions, so a command that was sent before is found again
(409) and its report read. A finished command that no longer shows (somebody changed the price back) is followed by
the next id in line. Offers of one price go together by one rule, others 25 a request by the mixed modification, as do
all that take their stock along. An offer whose price Allegro's own automation sets is refused by its rule's name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode
from uuid import NAMESPACE_URL, uuid4, uuid5

from pricewatch.channels.api import NotThere, Taken, parse_json, render_json
from pricewatch.channels.batches import Sender, in_batches, sent
from pricewatch.channels.marketplaces.base import Market, Reach, account, records, whole, within, word
from pricewatch.channels.marketplaces.settings import AllegroSettings
from pricewatch.channels.oauth import Grant, Tokens
from pricewatch.channels.paging import Pages
from pricewatch.domain.errors import ChannelError, ChannelRefused, ChannelUnavailable
from pricewatch.domain.limits import Limit
from pricewatch.domain.listing import Beside, Desired, Listing, PushResult, PushStatus
from pricewatch.domain.money import Money
from pricewatch.domain.shipping import days_of, in_days

PUBLIC, BETA = "application/vnd.allegro.public.v1+json", "application/vnd.allegro.beta.v1+json"
ONE_RULE, MIXED = 1_000, 25  # offers in one command
PAGE, IDS, TASKS = 1_000, 100, 100
LIMITS = (Limit(9_000, 60), Limit(150_000, 3_600))  # changes of offers by one user of an application
TRIES = 20  # ids in line for the same prices
SETTLED = timedelta(seconds=30)  # a command that ended longer ago and does not show was undone by somebody
_RULES, _BULK = "sale/offer-price-change-commands", "sale/offer-bulk-modification-commands"
_MODIFY = "sale/offer-modification-commands"
HANDLING = (0, 1, 2, 3, 4, 5, 7, 10, 14, 21, 30, 60)  # days
NO_ZERO = "Allegro takes no stock of 0; end the offer there, or let Allegro count its pieces"
_LISTED = ("ACTIVE", "ACTIVATING", "INACTIVE")
_FAILURES = frozenset({"ERROR"})


@dataclass(frozen=True, slots=True)
class _Command:
    """One command: how it is sent, and where its report is; a command for one offer has none."""

    method: str
    target: str
    body: Mapping[str, object]
    report: str | None = None
    media: str = PUBLIC


class Allegro(Market):
    """A seller's offers on one Allegro marketplace as a channel; `remote_id` is the offer's id, the SKU its
    external id.
    """

    def __init__(self, name: str, settings: AllegroSettings, reach: Reach) -> None:
        super().__init__(name, settings, reach, batch=ONE_RULE, stock=settings.stock, delivery=settings.delivery)
        self._market = settings.marketplace
        self._mixed = settings.mixed
        self._abroad: set[str] = set()
        self._automated: dict[str, str] = {}
        self._rules: Mapping[str, str] | None = None
        grant = Grant(
            settings.token_url, settings.client_id, settings.client_secret, settings.refresh_token, rotates=True
        )
        self._connect(
            settings,
            settings.url,
            sign=lambda _method, url, _params: ({"accept": BETA if url.endswith(_BULK) else PUBLIC}, {}),
            login=Tokens(name, grant, seconds=reach.seconds),
            words=_words,
            account=account("allegro", name, settings.client_id),
        )
        self._changes = self._budget(LIMITS, "changes")

    # --- reading ------------------------------------------------------------------------------------------------

    async def listings(self) -> AsyncIterator[Listing]:
        """All offers with a fixed price and an external id that have not ended."""
        offset, total, pages = 0, 1, Pages(self._name, "offers", PAGE)
        while offset < total:
            status = [("publication.status", word) for word in _LISTED]
            query = [*status, ("sellingMode.format", "BUY_NOW"), ("limit", PAGE), ("offset", offset)]
            page = await self._offers(query)
            total = page["totalCount"]
            if not pages.go_on(offer["id"] for offer in records(page["offers"])):
                return
            for offer in records(page["offers"]):
                if within(offer, "external", "id"):
                    yield await self._with_delivery(self._listing(offer))
            offset += len(page["offers"])

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by id, 100 a request."""
        found: list[Listing] = []
        for ids in in_batches(remote_ids, IDS):
            page = await self._offers([("offer.id", i) for i in ids] + [("limit", IDS)])
            mine = [self._listing(o) for o in records(page["offers"]) if str(o.get("id")) in set(ids)]
            found += [await self._with_delivery(listing) for listing in mine]
        return found

    async def _with_delivery(self, listing: Listing) -> Listing:
        """Its handling time, which only the offer itself tells: one request each, where it is the catalogue's."""
        if Beside.DELIVERY not in self._capabilities.tells:
            return listing
        try:
            reply = await self._api.get(f"sale/product-offers/{quote(listing.remote_id, safe='')}")
        except NotThere:
            return listing
        offer = self._read(reply, f"offer {listing.remote_id}")
        return replace(listing, delivery=handled_in(within(offer, "delivery", "handlingTime")))

    async def _offers(self, query: Sequence[tuple[str, object]]) -> Mapping[str, Any]:
        page: Mapping[str, Any] = self._read(await self._api.get(f"sale/offers?{urlencode(query)}"), "offers", "offers")
        if not isinstance(page.get("totalCount"), int) or not all(o.get("id") for o in records(page["offers"])):
            raise ChannelUnavailable("answered offers without their ids or number", where=self._name)
        return page

    def _listing(self, offer: Mapping[str, Any]) -> Listing:
        number = str(offer["id"])
        base = within(offer, "publication", "marketplaces", "base", "id")
        shown = offer
        if base is not None and base != self._market:
            self._abroad.add(number)
            shown = within(offer, "additionalMarketplaces", self._market) or {}
        price = within(shown, "sellingMode", "price")
        self._automated[number] = str(within(shown, "sellingMode", "priceAutomation", "rule", "id") or "")
        return Listing(
            channel=self._name,
            remote_id=number,
            sku=str(within(offer, "external", "id") or ""),
            price=self._money(within(price, "amount"), within(price, "currency")),
            name=str(offer.get("name") or ""),
            url=f"https://allegro.pl/oferta/{quote(number)}",
            active=within(offer, "publication", "status") == "ACTIVE",
            stock=whole(within(offer, "stock", "available")),
        )

    # --- writing ------------------------------------------------------------------------------------------------

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Send commands and wait for their reports: one rule for offers of one price, the rest mixed or one by one."""
        await self.read([d.remote_id for d in batch if d.remote_id not in self._automated])
        refused = {d.remote_id: await self._rule_of(rule) for d in batch if (rule := self._automated.get(d.remote_id))}
        sender = Sender(self._send, atomic=True)
        for part in self._parts([d for d in batch if d.remote_id not in refused]):
            await sender.send(part)
        return sender.results + [PushResult(i, PushStatus.REFUSED, why) for i, why in refused.items()]

    async def _rule_of(self, rule: str) -> str:
        """Why an offer under Allegro's price automation is left alone, by its rule's name there."""
        if self._rules is None:
            try:
                page = self._read(await self._api.get("sale/price-automation/rules"), "its pricing rules", "rules")
                found = records(page["rules"])
            except ChannelError:
                found = []
            self._rules = {str(r.get("id")): f"{r.get('name')!r} ({r.get('type')})" for r in found}
        name = self._rules.get(rule, rule)
        return f"Allegro's price automation sets its price by the rule {name}; take the offer out of the rule first"

    def _sent_within(self, words: str) -> str:
        """The next longer one of the handling times that Allegro knows."""
        days = days_of(words)
        longer = [each for each in HANDLING if days is not None and each >= days]
        return in_days(longer[0]) if longer else ""

    async def supply(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Change pieces, 25 offers a command, and handling times, 1,000 offers of one time a command."""
        none = [d for d in batch if self._pieces(d) == 0]
        wanted = [d for d in batch if d not in none]
        stocks = await sent(self._stock_up, [d for d in wanted if self._pieces(d)], MIXED)
        refused = {r.remote_id for r in stocks if r.status is PushStatus.REFUSED}
        times: dict[str, list[Desired]] = defaultdict(list)
        for desired in wanted:
            if (time := self.available(desired).delivery) and desired.remote_id not in refused:
                times[time].append(desired)
        sender = Sender(self._handle, atomic=True)
        for group in times.values():
            for part in in_batches(group, ONE_RULE):
                await sender.send(part)
        told = {result.remote_id: result for result in [*stocks, *sender.results]}
        return [*told.values(), *(PushResult(d.remote_id, PushStatus.REFUSED, NO_ZERO) for d in none)]

    async def _stock_up(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        number = str(uuid4())
        changes = [{"offerId": d.remote_id, "stock": _fixed(self._pieces(d))} for d in part]
        body = {"commandId": number, "modifications": changes}
        return await self._commanded(part, _Command("POST", _BULK, body, f"{_BULK}/{number}", BETA))

    async def _handle(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        target = f"{_MODIFY}/{uuid4()}"
        time = {"handlingTime": _duration(days_of(self.available(part[0]).delivery) or 0)}
        offers = [{"id": d.remote_id} for d in part]
        criteria = [{"type": "CONTAINS_OFFERS", "offers": offers}]
        body = {"modification": {"delivery": time}, "offerCriteria": criteria}
        return await self._commanded(part, _Command("PUT", target, body, target))

    async def _commanded(self, part: Sequence[Desired], command: _Command) -> Sequence[PushResult]:
        """Send a command that was never sent before, and wait for its report."""
        await self._changes.turn(len(part))
        await self._sent(command)
        return await self._afterwards(part, partial(self._outcome, part, command, len(part)))

    def _parts(self, batch: Sequence[Desired]) -> list[Sequence[Desired]]:
        if Beside.STOCK in self._capabilities.carries:
            return list(in_batches(batch, MIXED))
        by_price: dict[Money, list[Desired]] = defaultdict(list)
        for desired in batch:
            by_price[desired.price].append(desired)
        size = MIXED if self._mixed else 1
        alike = [group for group in by_price.values() if len(group) > size]
        others = [d for group in by_price.values() if len(group) <= size for d in group]
        return [part for group in alike for part in in_batches(group, ONE_RULE)] + list(in_batches(others, size))

    async def _send(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        """Send the command under the first id that is free, or find the report of the one that was sent before."""
        for line in range(TRIES):
            command = self._command(part, _identity(part, line))
            await self._changes.turn(len(part))
            reply = await self._sent(command)
            if reply is not None and command.report is None:
                return [_single(part[0].remote_id, reply)]
            if reply is not None or not await self._undone(command):
                return await self._afterwards(part, partial(self._outcome, part, command))
        raise ChannelRefused(
            f"{TRIES} commands for these prices were undone: somebody else sets them", where=self._name
        )

    def _command(self, part: Sequence[Desired], number: str) -> _Command:
        price = self._price(part[0])
        if any(self._pieces(d) for d in part):
            return self._mixed_command(part, number)
        if len(part) == 1 and part[0].remote_id not in self._abroad:
            target = f"offers/{quote(part[0].remote_id, safe='')}/change-price-commands/{number}"
            return _Command("PUT", target, {"id": number, "input": {"buyNowPrice": price}})
        if len({d.price for d in part}) == 1:
            rule = {"type": "FIXED_PRICE", "marketplaceId": self._market, "price": price}
            offers = [{"id": d.remote_id} for d in part]
            body = {"modification": rule, "offerCriteria": [{"type": "CONTAINS_OFFERS", "offers": offers}]}
            return _Command("PUT", f"{_RULES}/{number}", body, report=f"{_RULES}/{number}")
        return self._mixed_command(part, number)

    def _mixed_command(self, part: Sequence[Desired], number: str) -> _Command:
        """Each offer's own price, and its pieces in stock, which Allegro takes above zero only."""
        changes: list[Mapping[str, object]] = []
        for desired in part:
            price = {"offerId": desired.remote_id, "prices": {self._market: _fixed(self._price(desired))}}
            pieces = self._pieces(desired)
            changes.append({**price, "stock": _fixed(pieces)} if pieces else price)
        return _Command("POST", _BULK, {"commandId": number, "modifications": changes}, f"{_BULK}/{number}", BETA)

    def _price(self, desired: Desired) -> Mapping[str, str]:
        return {"amount": self._text(desired.price), "currency": desired.price.currency.code}

    async def _sent(self, command: _Command) -> Mapping[str, Any] | None:
        """Send a command; None when its id was used before, which is no mistake."""
        try:
            reply = await self._api.write(command.method, command.target, render_json(command.body), command.media)
        except Taken:
            return None
        answer: Mapping[str, Any] = self._written(reply, "a price command")
        return answer

    async def _undone(self, command: _Command) -> bool:
        """Whether a command that was sent before has ended, and what it did was undone since."""
        if command.report is None:
            return True
        try:
            ended = _moment((await self._general(command.report)).get("completedAt"))
        except NotThere:  # reports are not kept forever
            return True
        return ended is not None and self._reach.now() - ended > SETTLED

    # --- reports ------------------------------------------------------------------------------------------------

    async def _outcome(
        self, part: Sequence[Desired], command: _Command, count: int | None = None
    ) -> Sequence[PushResult] | None:
        report = command.report or ""
        if await self._reported(lambda: self._ended(report)) is None:
            return None
        tasks: dict[str, Mapping[str, Any]] = {}
        both = len(part) + sum(bool(self._pieces(d)) for d in part)  # a price and its stock are two tasks
        for offset in range(0, count or both, TASKS):
            path = f"{report}/tasks?{urlencode({'limit': TASKS, 'offset': offset})}"
            page = self._read(await self._api.get(path), "the tasks of a command", "tasks")
            tasks |= {_offer_of(task): task for task in records(page["tasks"]) if count or not _of_stock(task)}
        return [_task(d.remote_id, tasks.get(d.remote_id)) for d in part]

    async def _ended(self, report: str) -> bool | None:
        try:
            general = await self._general(report)
        except NotThere:  # taken, and not yet to be seen
            return None
        counts = [within(general, "taskCount", word) for word in ("success", "failed", "total")]
        whole = all(isinstance(count, int) for count in counts) and counts[2] > 0 and counts[0] + counts[1] >= counts[2]
        return True if whole or general.get("completedAt") else None

    async def _general(self, report: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._read(await self._api.get(report), "the report of a command")
        if "taskCount" not in found:
            raise ChannelUnavailable("answered the report of a command with something else", where=self._name)
        return found


def _identity(part: Sequence[Desired], line: int) -> str:
    items = sorted(f"{d.remote_id}@{d.version}={d.price}" for d in part)  # a stock that changed since is not news
    return str(uuid5(NAMESPACE_URL, f"pricewatch:{part[0].channel}:{line}:{','.join(items)}"))


_ISO = re.compile(r"P(?:(\d{1,3})D)?(?:T(\d{1,4})H|T0S)?")


def handled_in(duration: object) -> str:
    """A handling time such as PT24H or P2D in days; empty when it is none."""
    found = _ISO.fullmatch(word(duration))
    if found is None or word(duration) == "P":
        return ""
    return in_days(int(found[1] or 0) + -(-int(found[2] or 0) // 24))


def _duration(days: int) -> str:
    return {0: "PT0S", 1: "PT24H"}.get(days, f"P{days}D")


def _fixed(value: object) -> Mapping[str, object]:
    return {"changeType": "FIXED", "value": value}


def _single(remote_id: str, answer: Mapping[str, Any]) -> PushResult:
    """The answer to a command for one offer: it has no report, so what is queued there is proved by reading."""
    if word(within(answer, "output", "status")) in _FAILURES:
        return PushResult(remote_id, PushStatus.REFUSED, _errors(within(answer, "output", "errors")) or _SILENT)
    if within(answer, "input", "buyNowPrice") is None:
        return PushResult(remote_id, PushStatus.UNKNOWN, "the answer is malformed")
    return PushResult(remote_id, PushStatus.ACCEPTED)


def _task(remote_id: str, task: Mapping[str, Any] | None) -> PushResult:
    status = word(within(task, "status"))
    if task is None or status not in {"SUCCESS", "FAIL"}:
        return PushResult(remote_id, PushStatus.UNKNOWN, "the report does not tell what became of it")
    if status == "SUCCESS":
        return PushResult(remote_id, PushStatus.ACCEPTED)
    return PushResult(remote_id, PushStatus.REFUSED, _errors(task.get("errors")) or str(task.get("message") or _SILENT))


def _of_stock(task: Mapping[str, Any]) -> bool:
    return word(within(task, "subject", "field")) == "stock"


def _offer_of(task: Mapping[str, Any]) -> str:
    return str(within(task, "offer", "id") or within(task, "subject", "offerId") or "")


_SILENT = "no reason given"


def _errors(errors: object) -> str:
    return "; ".join(f"{e.get('code')}: {e.get('userMessage') or e.get('message')}" for e in records(errors))[:300]


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _words(body: bytes) -> str:
    said = parse_json(body)
    return _errors(said.get("errors")) or str(said.get("error_description") or said["error"])
