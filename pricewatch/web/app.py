"""Our prices over HTTP: feed files, the price list, and how pricewatch is doing. Read only."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pricewatch.domain.decision import PriceEntry
from pricewatch.domain.errors import PricewatchError, UsageError
from pricewatch.domain.product import PriceGroup, Product, Sku
from pricewatch.pipeline.lookup import SHOWN, look_up_in
from pricewatch.ports import Clock, Store
from pricewatch.web.answering import file_answer, pack, whole
from pricewatch.web.rendering import Changes, digest, price_fields, render, render_csv
from pricewatch.worker import Health

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FRESH = 1.0  # seconds for which the newest version's number is believed
CATALOGUE_FRESH = 30.0  # seconds for which names and stock are believed
MOST_HITS = 50
JSON, CSV = "application/json", "text/csv; charset=utf-8"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
_TYPES = {
    ".xml": "application/xml",
    ".tsv": "text/tab-separated-values; charset=utf-8",
    ".gz": "application/gzip",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
}


@dataclass(slots=True)
class Prices:
    """The price list of every group, rendered once a version."""

    store: Store
    groups: tuple[str, ...]
    _checked: float = 0.0
    _version: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _entries: dict[str, tuple[int, Mapping[str, PriceEntry]]] = field(default_factory=dict)
    _bodies: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    _packed: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    _gone: tuple[float, frozenset[Sku]] | None = None
    _loaded: tuple[float, Mapping[Sku, Product]] | None = None

    def version(self) -> int:
        """The newest version's number, at most a second old."""
        with self._guard:
            now = time.monotonic()
            if not self._checked or now - self._checked > FRESH:
                newest = self.store.prices.version()
                self._version, self._checked = (newest.version if newest else 0), now
            return self._version

    def entries(self, group: str) -> tuple[int, Mapping[str, PriceEntry]]:
        """A group's entries, and the version that they are complete for."""
        version = self.version()
        kept = self._entries.get(group)
        if kept is None or kept[0] != version:
            kept = version, self.store.prices.current(group)
            self._entries[group] = kept
        return kept

    def changed(self, group: str, since: int) -> Changes:
        """What a puller that has version `since` does not know yet; what it may know already is said once more."""
        version, entries = self.entries(group)
        gone, back = self._moves(min(since, version))
        prices = [e for e in entries.values() if (e.version > since or e.sku in back) and e.sku not in gone]
        return Changes(version, tuple(prices), tuple(sorted(gone & entries.keys())))

    def offered(self, group: str) -> tuple[int, Mapping[str, PriceEntry]]:
        """A group's entries of what is in the catalogue."""
        version, entries = self.entries(group)
        gone = self._withdrawn()
        return version, {sku: e for sku, e in entries.items() if sku not in gone} if gone else entries

    def _withdrawn(self) -> frozenset[Sku]:
        kept, now = self._gone, time.monotonic()
        if kept is None or now - kept[0] > FRESH:
            kept = now, self.store.catalogue.withdrawn()
            self._gone = kept
        return kept[1]

    def _moves(self, since: int) -> tuple[frozenset[Sku], frozenset[Sku]]:
        return self.store.catalogue.moves(self.store.prices.written_at(since) or EPOCH)

    def stamp(self) -> str:
        """What a whole list depends on: the version, and what was withdrawn."""
        gone = self._withdrawn()
        return f"{self.version()}.{digest(gone)}" if gone else str(self.version())

    def body(self, group: str) -> tuple[str, bytes]:
        """The whole list of a group as JSON, and its stamp."""
        stamp = self.stamp()
        kept = self._bodies.get(group)
        if kept is None or kept[0] != stamp:
            version, entries = self.offered(group)
            kept = stamp, render(version, group, list(entries.values()))
            self._bodies[group] = kept
        return kept

    def packed(self, group: str, stamp: str, body: bytes) -> bytes:
        """The compressed form of `body`, made once a stamp."""
        kept = self._packed.get(group)
        if kept is None or kept[0] != stamp:
            kept = stamp, pack(body)
            self._packed[group] = kept
        return kept[1]

    def products(self) -> Mapping[Sku, Product]:
        """The catalogue, at most half a minute old."""
        kept, now = self._loaded, time.monotonic()
        if kept is None or now - kept[0] > CATALOGUE_FRESH:
            kept = now, self.store.catalogue.load().products
            self._loaded = kept
        return kept[1]


@dataclass(slots=True)
class Feeds:
    """Feed files by channel name, with the hash of each as its strong ETag."""

    files: Mapping[str, Path]
    _hashes: dict[tuple[int, int, int], str] = field(default_factory=dict)

    def open(self, name: str) -> tuple[BinaryIO, str]:
        """Open a feed and say its hash; the file that is open is the file that was hashed, whatever replaces it."""
        try:
            file = self.files[name].open("rb")
        except (KeyError, FileNotFoundError):
            raise HTTPException(404, "there is no such feed, or it was not written yet") from None
        state = os.fstat(file.fileno())
        key = state.st_ino, state.st_mtime_ns, state.st_size
        if key not in self._hashes:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            self._hashes = {key: digest, **dict(list(self._hashes.items())[: len(self.files)])}
        return file, self._hashes[key]


@dataclass(frozen=True, slots=True)
class Site:
    """Everything the pages need."""

    store: Store
    groups: tuple[PriceGroup, ...]
    clock: Clock
    prices: Prices
    feeds: Feeds
    health_file: Path

    def health(self, _request: Request) -> Response:
        """200 while the database answers and the daemon, if there is one, lives; else 503."""
        try:
            version, database = self.prices.version(), True
        except PricewatchError:
            version, database = 0, False
        daemon = Health.read(self.health_file)
        now = self.clock.now()
        well = database and (daemon is None or daemon.well(now))
        body: dict[str, Any] = {
            "status": "ok" if well else "unwell",
            "database": database,
            "price_list": version,
            "daemon": None,
        }
        if daemon is not None:
            body["daemon"] = {
                "state": daemon.state,
                "beat_seconds_ago": round((now - daemon.beat_at).total_seconds()),
                "last_status": daemon.last_status,
                "open_publications": daemon.open_publications,
                "publishing_stopped": daemon.publishing_stopped,
            }
        return _json(body, status=200 if well else 503)

    def all_prices(self, request: Request) -> Response:
        """The price list of `group`, or with `since=VERSION` what changed after that version."""
        group, since = self._group(request), _since(request)
        if since is None:
            stamp, body = self.prices.body(group)
            tag = f'"{group}-{stamp}-all"'
            return whole(
                request,
                lambda: body,
                tag,
                media_type=JSON,
                packed=lambda text: self.prices.packed(group, stamp, text),
            )
        news = self.prices.changed(group, since)

        def made() -> bytes:
            return render(news.version, group, news.prices, news.withdrawn)

        return whole(request, made, f'"{group}-{news.tag}-{since}"', media_type=JSON)

    def all_prices_csv(self, request: Request) -> Response:
        """The same as CSV; the version to ask from next time stands in the header `x-cursor`."""
        group, since = self._group(request), _since(request)
        if since is None:
            version, entries = self.prices.offered(group)
            news = Changes(version, tuple(entries.values()))
        else:
            news = self.prices.changed(group, since)
        tag = f'"{group}-{news.tag}-{"all" if since is None else since}-csv"'
        cursor = {"x-cursor": str(news.version)}
        return whole(request, lambda: render_csv(news.prices, news.withdrawn), tag, media_type=CSV, headers=cursor)

    def one_price(self, request: Request) -> Response:
        """One product's price."""
        group = self._group(request)
        version, entries = self.prices.offered(group)
        entry = entries.get(request.path_params["sku"])
        if entry is None:
            raise HTTPException(404, "there is no price for this SKU")
        fields = {"list_version": version, "group": group, **price_fields(entry)}
        return whole(request, lambda: orjson.dumps(fields), f'"{group}-{entry.version}-{version}"', media_type=JSON)

    def lookup(self, request: Request) -> Response:
        """What a product costs, for people: `q` is a SKU, GTIN, part number or words of its name; as JSON, or with
        `text=1` as one message.
        """
        asked = request.query_params
        group = next(each for each in self.groups if each.name == self._group(request))
        try:
            found = look_up_in(
                self.prices.products(), self.prices.entries(group.name)[1], group, asked.get("q", ""),
                at=self.clock.now(), language=asked.get("language", ""), limit=_hits(request),
            )  # fmt: skip
        except UsageError as error:
            raise HTTPException(400, f"{error.message}; {error.hint}") from None
        plain = asked.get("text", "") not in {"", "0"}
        body = f"{found.text}\n".encode() if plain else orjson.dumps(found.fields())
        tag = f'"{hashlib.sha256(body).hexdigest()}"'
        return whole(request, lambda: body, tag, media_type="text/plain; charset=utf-8" if plain else JSON)

    def _group(self, request: Request) -> str:
        group = request.query_params.get("group", self.prices.groups[0])
        if group not in self.prices.groups:
            raise HTTPException(404, "there is no such price group")
        return group

    def feed(self, request: Request) -> Response:
        """A feed file as it was last written."""
        if "since" in request.query_params:
            raise HTTPException(400, "a feed file is always whole; changes are at /prices and /prices.csv with since=")
        name = request.path_params["name"]
        file, digest = self.feeds.open(name)
        kind = _TYPES.get(self.feeds.files[name].suffix.lower(), "application/octet-stream")
        return file_answer(request, file, f'"{digest}"', kind)


def _hits(request: Request) -> int:
    text = request.query_params.get("limit", str(SHOWN))
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII) or not 1 <= int(text) <= MOST_HITS:
        raise HTTPException(400, f"limit is a number from 1 to {MOST_HITS}")
    return int(text)


def _since(request: Request) -> int | None:
    text = request.query_params.get("since")
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise HTTPException(400, "since is the number of a price list version")
    return int(text)


def _json(body: Any, *, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")


def _failed(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "the price list can't be read now"
    headers = error.headers if isinstance(error, HTTPException) else None
    return Response(orjson.dumps({"error": detail}), status, headers=headers, media_type="application/json")


class Guard:
    """Lets in who knows the token, or, without one, who calls this machine by its own name; adds safe headers."""

    def __init__(self, app: ASGIApp, *, token: str | None, hosts: frozenset[str]) -> None:
        self._app, self._token, self._hosts = app, token, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 or 421 instead of the application where the caller may not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refusal = None if scope["path"] == "/health" else self._refusal(request)
        answer: ASGIApp = refusal or self._app
        await answer(scope, receive, _with_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        if self._token is not None:
            kind, _, given = request.headers.get("authorization", "").partition(" ")
            if kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token.encode()):
                return None
            body = orjson.dumps({"error": "a token is needed: Authorization: Bearer ..."})
            return Response(body, 401, {"www-authenticate": "Bearer"}, "application/json")
        host = re.sub(r":\d+$", "", request.headers.get("host", "")).lower()
        if host in self._hosts:
            return None
        return Response(orjson.dumps({"error": "this server is not known by that name"}), 421, None, "application/json")


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _ in message["headers"]}
            extra = {**SAFE, "cache-control": "private, no-cache"}
            added = [(k.encode(), v.encode()) for k, v in extra.items() if k.encode() not in names]
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return wrapped


def build_app(
    store: Store,
    clock: Clock,
    *,
    groups: tuple[PriceGroup, ...],
    feeds: Mapping[str, Path],
    health_file: Path,
    token: str | None = None,
    hosts: frozenset[str] = LOOPBACK_NAMES,
) -> Starlette:
    """Make the ASGI application; without a token only requests to one of `hosts` are answered."""
    names = tuple(group.name for group in groups)
    site = Site(store, groups, clock, Prices(store, names), Feeds(feeds), health_file)
    pages: tuple[tuple[str, Callable[[Request], Response]], ...] = (
        ("/health", site.health),
        ("/lookup", site.lookup),
        ("/prices", site.all_prices),
        ("/prices.csv", site.all_prices_csv),
        ("/prices/{sku:path}", site.one_price),
        ("/feeds/{name}", site.feed),
    )
    return Starlette(
        routes=[Route(path, page, methods=["GET"]) for path, page in pages],
        middleware=[Middleware(Guard, token=token, hosts=hosts)],
        exception_handlers={HTTPException: _failed, PricewatchError: _failed},
    )
