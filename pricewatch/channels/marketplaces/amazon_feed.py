"""Amazon's JSON listings feed: document, upload, feed, and its processing report."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from pricewatch.channels.api import Api, parse_json, render_json
from pricewatch.channels.marketplaces.base import JSON, records, within, word
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown
from pricewatch.wire import Reply

BASE = "feeds/2021-06-30"
CONTENT = "application/json; charset=UTF-8"
REPORT_LIMIT = 64 * 1024 * 1024
_UNDER_WAY = frozenset({"IN_QUEUE", "IN_PROGRESS"})


class ListingsFeed:
    """Submits patches of listings as one feed and reads what became of each message."""

    def __init__(self, channel: str, api: Api, seller: str, store: str) -> None:
        self._channel = channel
        self._api = api
        self._seller = seller
        self._store = store

    async def submit(self, items: Sequence[tuple[str, Mapping[str, object]]]) -> str:
        """Upload the document and create the feed; returns its number. Messages are numbered from 1 in order."""
        made = self._object(await self._api.ask(f"{BASE}/documents", render_json({"contentType": CONTENT}), JSON))
        number, url = made.get("feedDocumentId"), made.get("url")
        if not isinstance(number, str) or not isinstance(url, str):
            raise ChannelUnavailable("made a feed document without its address", where=self._channel)
        await self._api.elsewhere("PUT", url, render_json(self._document(items)), CONTENT)
        feed = {"feedType": "JSON_LISTINGS_FEED", "marketplaceIds": [self._store], "inputFeedDocumentId": number}
        reply = await self._api.write("POST", f"{BASE}/feeds", render_json(feed), JSON)
        try:
            given = word(parse_json(reply.body)["feedId"])
        except (ValueError, LookupError, TypeError):
            given = ""
        if not given:
            raise ChannelUnknown("took a feed without giving its number", where=self._channel)
        return given

    def _document(self, items: Sequence[tuple[str, Mapping[str, object]]]) -> Mapping[str, object]:
        messages = [
            {"messageId": line, "sku": sku, "operationType": "PATCH", **patches}
            for line, (sku, patches) in enumerate(items, start=1)
        ]
        return {"header": {"sellerId": self._seller, "version": "2.0", "issueLocale": "en_US"}, "messages": messages}

    async def report(self, number: str, messages: int) -> Mapping[int, str] | None:
        """The errors by message once the feed is done; None while it is under way. A report that does not account for
        every message is ChannelUnavailable.
        """
        feed = self._object(await self._api.get(f"{BASE}/feeds/{number}"))
        status = word(feed.get("processingStatus"))
        if status in _UNDER_WAY:
            return None
        if status != "DONE":
            raise ChannelUnavailable(f"feed {number} ended as {status!r}", where=self._channel)
        document = await self._processing_report(feed)
        accepted, errors = within(document, "summary", "messagesAccepted"), _errors(document)
        if not isinstance(accepted, int) or accepted + len(errors) < messages:
            raise ChannelUnavailable(f"the report of feed {number} does not tell of every price", where=self._channel)
        return errors

    async def _processing_report(self, feed: Mapping[str, Any]) -> Any:
        found = self._object(await self._api.get(f"{BASE}/documents/{feed.get('resultFeedDocumentId')}"))
        body = await self._api.elsewhere("GET", str(found.get("url")))
        try:
            return parse_json(_inflated(body) if found.get("compressionAlgorithm") == "GZIP" else body)
        except (ValueError, zlib.error):
            return None

    def _object(self, reply: Reply) -> Mapping[str, Any]:
        try:
            found = parse_json(reply.body)
        except ValueError:
            found = None
        if not isinstance(found, Mapping):
            raise ChannelUnavailable("answered something else than a feed", where=self._channel)
        return found


def _errors(document: object) -> Mapping[int, str]:
    errors: dict[int, str] = {}
    for issue in records(within(document, "issues")):
        line = issue.get("messageId")
        if issue.get("severity") == "ERROR" and isinstance(line, int):
            errors[line] = "; ".join(filter(None, (errors.get(line), f"{issue.get('code')}: {issue.get('message')}")))
    return errors


def _inflated(body: bytes) -> bytes:
    """Decompress a report of a bounded size; raises ValueError for one that is larger."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    text = inflater.decompress(body, REPORT_LIMIT)
    if inflater.unconsumed_tail:
        raise ValueError("the report is too large")
    return text
