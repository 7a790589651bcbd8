"""An app of the shop's own: told of prices by signed requests, and asked what it shows.

The protocol (docs/how-to/tell-an-app.md): `GET prices` lists what the app shows, `POST prices` tells it what it shall
show. Requests carry the headers of Standard Webhooks (https://www.standardwebhooks.com): webhook-id, webhook-timestamp
and webhook-signature, an HMAC-SHA256 over id, timestamp and body; without a body over the method and the address asked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid4, uuid5

import httpx

from pricewatch.channels.api import Api, parse_json, render_json
from pricewatch.channels.batches import in_batches, sent
from pricewatch.channels.offline.settings import WebhookSettings
from pricewatch.channels.offline.telling import said_price, told
from pricewatch.channels.plain import PlainChannel
from pricewatch.channels.surroundings import Surroundings
from pricewatch.domain.errors import ChannelUnavailable, ConfigError
from pricewatch.domain.listing import Beside, Capabilities, Desired, Listing, PushResult, PushStatus

JSON = "application/json"
PATH = "prices"
ASKED = 100  # ids in one address
SHORTEST_SECRET = 16  # bytes


class Webhook(PlainChannel):
    """An app as a channel; `remote_id` is the app's own id of an item, often the SKU."""

    def __init__(self, name: str, settings: WebhookSettings, around: Surroundings) -> None:
        can = Capabilities(
            role=settings.role,
            batch_size=settings.batch,
            requests_per_minute=settings.rate,
            currency=around.currency,
            read_delay=settings.read_delay,
            late_apply=settings.late_apply,
            carries=frozenset(Beside),
        )
        super().__init__(name, can)
        self._api = Api(
            name,
            settings.url,
            words=_words,
            rate=settings.rate,
            timeout=settings.timeout,
            stopped=around.stopped,
            transport=around.transport,
            login=_Signature(name, settings, around),
        )

    async def close(self) -> None:
        """Let go of all connections."""
        await self._api.close()

    async def listings(self) -> AsyncIterator[Listing]:
        """All items of the app, page by page as long as it says that there is a `next`."""
        cursor, seen = "", {""}
        while True:
            page = await self._page({"cursor": cursor} if cursor else {})
            for record in page["prices"]:
                yield self._listing(record)
            cursor = str(page.get("next") or "")
            if not cursor:
                return
            if cursor in seen:
                raise ChannelUnavailable("answered the same page twice", where=self._name)
            seen.add(cursor)

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by id, up to 100 a request."""
        found: list[Listing] = []
        for part in in_batches(remote_ids, ASKED):
            wanted = set(part)
            page = await self._page({"ids": ",".join(part)})
            found += [self._listing(record) for record in page["prices"] if record["id"] in wanted]
        return found

    async def _page(self, params: Mapping[str, str]) -> Mapping[str, Any]:
        reply = await self._api.get(PATH, params)
        try:
            page = parse_json(reply.body)
        except ValueError:
            page = None
        records = page.get("prices") if isinstance(page, dict) else None
        if not isinstance(records, list) or not all(
            isinstance(record, dict) and isinstance(record.get("id"), str) for record in records
        ):
            hint = "the app answers GET with an object that has `prices`, see docs/how-to/tell-an-app.md"
            raise ChannelUnavailable("answered with something that is no list of prices", where=self._name, hint=hint)
        assert isinstance(page, dict)
        return page

    def _listing(self, record: Mapping[str, Any]) -> Listing:
        return Listing(
            channel=self._name,
            remote_id=str(record["id"]),
            sku=str(record.get("sku") or record["id"]),
            price=said_price(record),
            name=str(record.get("name") or ""),
            url=str(record.get("url") or ""),
            active=record.get("active") is not False,
        )

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Tell the prices; the app answers for each of them."""
        return await sent(self._send, batch, self._capabilities.batch_size)

    async def _send(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        body = render_json(
            {"channel": self._name, "prices": [{"id": desired.remote_id, **told(desired)} for desired in part]}
        )
        reply = await self._api.write("POST", PATH, body, JSON)
        answers = _answers(reply.body)
        return [_result(desired.remote_id, answers.get(desired.remote_id)) for desired in part]


def _answers(body: bytes) -> Mapping[str, Mapping[str, Any]]:
    try:
        said = parse_json(body)
    except ValueError:
        return {}
    results = said.get("results") if isinstance(said, dict) else None
    if not isinstance(results, list):
        return {}
    return {str(each["id"]): each for each in results if isinstance(each, dict) and "id" in each}


def _result(remote_id: str, answer: Mapping[str, Any] | None) -> PushResult:
    """Only `ok` is a yes and only `refused` a no; everything else is found out by reading."""
    status, message = (answer or {}).get("status"), str((answer or {}).get("message") or "")
    if status == "ok":
        return PushResult(remote_id, PushStatus.ACCEPTED)
    if status == "refused":
        return PushResult(remote_id, PushStatus.REFUSED, message or "refused without a reason")
    return PushResult(remote_id, PushStatus.UNKNOWN, message or "the app's answer does not name this item")


def _words(body: bytes) -> str:
    said = parse_json(body)
    return str(said.get("message") or said.get("error"))


class _Signature:
    """Signs each request; the id of a told batch is the same whenever the same prices are told again."""

    def __init__(self, channel: str, settings: WebhookSettings, around: Surroundings) -> None:
        self._channel = channel
        self._secret = settings.secret
        self._now = around.now

    async def headers(self, _client: httpx.AsyncClient, method: str, url: str, body: bytes | None) -> Mapping[str, str]:
        """The three headers of Standard Webhooks."""
        try:
            secret = key_of(self._secret.reveal())
        except ConfigError as error:
            missing = error.problems[0]
            message = f"{missing.file}: {missing.message}"
            raise ChannelUnavailable(message, where=self._channel, hint=missing.hint) from error
        if len(secret) < SHORTEST_SECRET:
            hint = "make one with `openssl rand -base64 32`, and give it to the app, too"
            raise ChannelUnavailable("the secret is too short to sign with", where=self._channel, hint=hint)
        parts = urlsplit(url)
        plain = body if body is not None else f"{method} {parts.path}?{parts.query}".rstrip("?").encode()
        name = uuid4() if body is None else uuid5(NAMESPACE_URL, f"{url}#{hashlib.sha256(body).hexdigest()}")
        return signature(secret, f"msg_{name.hex}", self._now(), plain)

    def forget(self) -> bool:
        """There is nothing newer to show."""
        return False


def key_of(secret: str) -> bytes:
    """The bytes of a secret: base64 after `whsec_`, as Standard Webhooks writes them, or the text itself."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return b""


def signature(secret: bytes, name: str, at: datetime, plain: bytes) -> Mapping[str, str]:
    """The headers that prove a message: its id, the second it was sent, and the HMAC over both and the text."""
    moment = str(int(at.timestamp()))
    proof = hmac.new(secret, b".".join((name.encode(), moment.encode(), plain)), hashlib.sha256).digest()
    return {
        "webhook-id": name,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(proof).decode()}",
    }
